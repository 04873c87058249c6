package contract_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// A rule looks at a parsed document and says where it is broken.
type rule func(doc *tree, broken func(path, why string))

// rules are what the generator needs of the document to make good Go of it, and what people need to read
// that Go. The reasons are in the messages.
var rules = map[string]rule{
	"reference": referencesStandAlone,
	"named":     everythingHasAName,
	"null":      nullsAreMarked,
	"query":     queryParametersArePointers,
	"text":      everythingIsDescribed,
	"enum":      enumsSayWhatTheyMean,
	"operation": operationsSayHowTheyFail,
	"response":  responsesAreClosed,
}

func TestDocumentRules(t *testing.T) {
	t.Parallel()
	doc := load(t, documentPath)
	for name, check := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(doc, func(path, why string) { t.Errorf("%s %s", path, why) })
		})
	}
}

// What overlays add becomes Go in the same way.
func TestOverlaysSayWhatEnumsMean(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(chatspec.Sources, "api/overlays/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(chatspec.Sources, name)
		if err != nil {
			t.Fatal(err)
		}
		root, err := drift.ParseNode(name, data)
		if err != nil {
			t.Fatal(err)
		}
		overlay := &tree{root.Plain().(map[string]any)}
		enumsSayWhatTheyMean(overlay, func(path, why string) { t.Errorf("%s: %s %s", name, path, why) })
	}
}

func referencesStandAlone(doc *tree, broken func(path, why string)) {
	each(doc.Root(), "#", func(path string, node map[string]any) {
		if _, ok := node["$ref"].(string); !ok {
			return
		}
		for key := range node {
			if key != "$ref" && !strings.HasPrefix(key, "x-") {
				broken(path, "has "+key+" beside a $ref, which is lost when an overlay is configured; put it on the component")
			}
		}
	})
	components := object(doc.Root()["components"])
	if len(object(components["parameters"])) > 0 {
		broken("#/components/parameters", "becomes Go types of these names; write parameters inline")
	}
}

func everythingHasAName(doc *tree, broken func(path, why string)) {
	for _, s := range sites(doc.Root()) {
		if s.role == "component" || s.node["$ref"] != nil {
			continue
		}
		_, nullable := nullableReference(s.node)
		switch {
		case s.node["enum"] != nil:
			broken(s.path, "is an enum without a name; make it a component")
		case s.node["properties"] != nil, s.node["additionalProperties"] != nil, slices.Contains(types(s.node), "object"):
			broken(s.path, "is an object without a name; make it a component")
		case (s.node["anyOf"] != nil || s.node["oneOf"] != nil || s.node["allOf"] != nil) && !nullable:
			broken(s.path, "is a union without a name; make it a component")
		}
	}
}

func nullsAreMarked(doc *tree, broken func(path, why string)) {
	for _, s := range sites(doc.Root()) {
		if s.node["nullable"] != nil {
			broken(s.path, "has nullable, which OpenAPI 3.1 does not know; add null to the types")
		}
		if s.optional && mayBeNull(doc, s.node) && s.node["x-omitempty"] != true {
			broken(s.path, "is optional and may be null, and needs x-omitempty: true; the next generator would send explicit nulls")
		}
		if ref, ok := nullableReference(s.node); ok {
			target, _ := doc.Lookup(ref)
			if object(target)["oneOf"] != nil || object(target)["anyOf"] != nil {
				broken(s.path, "puts null beside a union, which becomes an anonymous struct; put it into the union, last")
			}
		}
		for _, key := range []string{"anyOf", "oneOf"} {
			branches, _ := s.node[key].([]any)
			for i, b := range branches {
				if object(b)["type"] == "null" && i != len(branches)-1 {
					broken(s.path, "must have its null last")
				}
			}
		}
	}
}

func queryParametersArePointers(doc *tree, broken func(path, why string)) {
	for path, p := range parameters(doc.Root()) {
		if p["in"] == "query" && p["x-go-type-skip-optional-pointer"] != false {
			broken(path, "needs x-go-type-skip-optional-pointer: false; a plain value is sent even when nobody set it")
		}
	}
}

func operationsSayHowTheyFail(doc *tree, broken func(path, why string)) {
	for name, op := range operations(doc.Root()) {
		responses := object(op["responses"])
		if responses["default"] == nil {
			broken(name, "has no default response")
		}
		limited := object(responses["429"])
		if ref, ok := limited["$ref"].(string); ok {
			target, _ := doc.Lookup(ref)
			limited = object(target)
		}
		if object(limited["headers"])["Retry-After"] == nil {
			broken(name, "has no 429 response with a Retry-After header")
		}
	}
}

// responsesAreClosed looks at everything that a response leads to.
func responsesAreClosed(doc *tree, broken func(path, why string)) {
	seen := map[string]bool{}
	var visit func(path string, node any)
	visit = func(path string, node any) {
		each(node, path, func(path string, m map[string]any) {
			if m["additionalProperties"] == true {
				broken(path, "allows further fields in a response, which makes decoding many times slower; the raw JSON has them anyway")
			}
			if ref, ok := m["$ref"].(string); ok && !seen[ref] {
				seen[ref] = true
				target, _ := doc.Lookup(ref)
				visit(ref, target)
			}
		})
	}
	for name, op := range operations(doc.Root()) {
		visit(name, op["responses"])
	}
}

// described matches a description that goes on after the name of a Go field or type: "Model is the …".
var described = regexp.MustCompile("(?s)^[a-z].*[.]$")

func everythingIsDescribed(doc *tree, broken func(path, why string)) {
	check := func(path string, node map[string]any) {
		text, _ := node["description"].(string)
		body, deprecated := strings.CutSuffix(text, "\n\n")
		reason, _ := node["x-deprecated-reason"].(string)
		switch {
		case text == "":
			broken(path, "has no description")
		case !described.MatchString(body):
			broken(path, fmt.Sprintf("has a description that does not go on after a name as a sentence: %q", text))
		case node["deprecated"] == true && !deprecated:
			broken(path, "is deprecated, and its description must end in two newlines, so that Deprecated: becomes a paragraph")
		case node["deprecated"] == true && reason == "":
			broken(path, "is deprecated and needs x-deprecated-reason, which says what to use in its place")
		case node["deprecated"] != true && (deprecated || reason != ""):
			broken(path, "is not deprecated and reads as if it were")
		}
	}
	for _, s := range sites(doc.Root()) {
		if s.role == "component" || s.role == "property" && s.node["$ref"] == nil {
			check(s.path, s.node)
		}
	}
	for path, p := range parameters(doc.Root()) {
		check(path, p)
	}
	for name, op := range operations(doc.Root()) {
		if summary, _ := op["summary"].(string); !described.MatchString(summary) {
			broken(name, "has a summary that does not go on after the name of a method as a sentence")
		}
		if op["description"] == nil {
			broken(name, "has no description")
		}
	}
}

// enumsSayWhatTheyMean looks at every enum, also at those that an overlay adds or adds to.
func enumsSayWhatTheyMean(doc *tree, broken func(path, why string)) {
	each(doc.Root(), "#", func(path string, node map[string]any) {
		values, _ := node["enum"].([]any)
		words := object(node["x-enumDescriptions"])
		for _, value := range values {
			if text, _ := words[fmt.Sprint(value)].(string); !described.MatchString(text) {
				broken(path, fmt.Sprintf("has no words in x-enumDescriptions for %v that go on after a name as a sentence", value))
			}
		}
		for value := range words {
			if !slices.ContainsFunc(values, func(v any) bool { return fmt.Sprint(v) == value }) {
				broken(path, "has words in x-enumDescriptions for "+value+", which is no value")
			}
		}
	})
}

// types are the JSON types that a schema names.
func types(node map[string]any) []string {
	switch t := node["type"].(type) {
	case string:
		return []string{t}
	case []any:
		out := make([]string, len(t))
		for i, v := range t {
			out[i], _ = v.(string)
		}
		return out
	}
	return nil
}

// nullableReference is the reference of an "anyOf: [reference, null]".
func nullableReference(node map[string]any) (string, bool) {
	branches, _ := node["anyOf"].([]any)
	if len(branches) != 2 || object(branches[1])["type"] != "null" {
		return "", false
	}
	ref, ok := object(branches[0])["$ref"].(string)
	return ref, ok
}

// mayBeNull reports whether a schema allows null by itself or by what it refers to.
func mayBeNull(doc *tree, node map[string]any) bool {
	if ref, ok := node["$ref"].(string); ok {
		target, _ := doc.Lookup(ref)
		return mayBeNull(doc, object(target))
	}
	if slices.Contains(types(node), "null") {
		return true
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		branches, _ := node[key].([]any)
		for _, b := range branches {
			if mayBeNull(doc, object(b)) {
				return true
			}
		}
	}
	return false
}
