package contract_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// TestRandomEditsOfUpstream edits the official document, one edit at a time.
func TestRandomEditsOfUpstream(t *testing.T) {
	t.Parallel()
	needShared(t, upstreamPath)
	testRandomEdits(t, loadDrift(t, upstreamPath), 200, 100)
}

// TestRandomEditsOfOurs edits our document, which is here always, beside an operation that it has not.
func TestRandomEditsOfOurs(t *testing.T) {
	t.Parallel()
	doc := load(t, documentPath).Clone()
	object(doc.root["paths"])["/models"] = map[string]any{"get": map[string]any{"responses": map[string]any{
		"200": map[string]any{"content": map[string]any{"application/json": map[string]any{"schema": map[string]any{"$ref": "#/components/schemas/Model"}}}},
	}}}
	schemas := object(object(doc.root["components"])["schemas"])
	schemas["Model"] = map[string]any{
		"type": "object", "required": []any{"id"},
		"properties": map[string]any{
			"id":   map[string]any{"type": "string", "maxLength": 9},
			"kind": map[string]any{"type": "string", "enum": []any{"a", "b"}},
		},
	}
	testRandomEdits(t, doc.document(t), 60, 10)
}

// TestRandomEditsAgainstOurs edits the official document and compares each edit with ours, as maintainers do: it
// is reported unless it changes what is listed as a deviation.
func TestRandomEditsAgainstOurs(t *testing.T) {
	t.Parallel()
	needShared(t, upstreamPath)
	doc, ours, meant := loadDrift(t, upstreamPath), flatten(t, loadDrift(t, documentPath)), deviations(t)
	used, _ := schemasOf(doc)
	twice := declaredTwice(doc)
	random := rand.New(rand.NewPCG(3, 4))
	for n := 0; n < 100; {
		e, ok := randomEdit(random, doc, used[random.IntN(len(used))], twice)
		if !ok {
			continue
		}
		n++
		got := drift.Sift(drift.Diff(ours, flatten(t, e.doc)), meant)
		listed := slices.ContainsFunc(got.Listed, func(l drift.Listed) bool { return l.NewSource.Pointer == e.pointer })
		if len(got.Rest)+len(got.Stale) == 0 && !listed {
			t.Errorf("%s at %s is not reported", e.kind, e.pointer)
		}
	}
}

// testRandomEdits makes edits below the paths, each of which must be reported at its pointer, and edits
// elsewhere, which must not be reported at all.
func testRandomEdits(t *testing.T, doc *drift.Document, below, elsewhere int) {
	t.Helper()
	before := flatten(t, doc)
	used, all := schemasOf(doc)
	twice := declaredTwice(doc)
	random := rand.New(rand.NewPCG(1, 2)) // the same edits in every run
	kinds := map[string]int{}
	for n := 0; n < below; {
		e, ok := randomEdit(random, doc, used[random.IntN(len(used))], twice)
		if !ok {
			continue
		}
		n++
		kinds[e.kind]++
		diffs := drift.Diff(before, flatten(t, e.doc))
		if !slices.ContainsFunc(diffs, func(d drift.Difference) bool {
			return d.Kind != drift.Added && d.OldSource.Pointer == e.pointer || d.Kind != drift.Removed && d.NewSource.Pointer == e.pointer
		}) {
			t.Errorf("%s at %s is not reported there, but as %v", e.kind, e.pointer, diffs)
		}
	}
	others := slices.DeleteFunc(slices.Clone(all), func(p string) bool {
		return slices.ContainsFunc(used, func(u string) bool { return u == p || strings.HasPrefix(u, p+"/") })
	})
	for n := 0; n < elsewhere; {
		e, ok := randomEdit(random, doc, others[random.IntN(len(others))], nil)
		if !ok {
			continue
		}
		n++
		if diffs := drift.Diff(before, flatten(t, e.doc)); len(diffs) > 0 {
			t.Errorf("%s at %s is reported, although it is elsewhere: %v", e.kind, e.pointer, diffs)
		}
	}
	t.Logf("%d of %d schemas are below the paths; edits: %v", len(used), len(all), kinds)
	if len(kinds) < 8 {
		t.Errorf("only %d kinds of edits were made", len(kinds))
	}
}

// edited is a document with one edit, and where that is.
type edited struct {
	kind, pointer string
	doc           *drift.Document
}

// randomEdit makes a random edit of the schema at the pointer; false where that edit is not possible there, or
// is about a field that is declared twice.
func randomEdit(random *rand.Rand, doc *drift.Document, pointer string, twice map[string]bool) (edited, bool) {
	schema, err := doc.Lookup(pointer)
	if err != nil || schema.Kind != drift.Object {
		return edited{}, false
	}
	names := []string{"field added", "field removed", "type", "value added", "value removed", "constant", "required", "optional", "limit", "limit added", "default"}
	kind := names[random.IntN(len(names))]
	at, edit := editOf(random, kind, schema)
	if edit == nil || slices.ContainsFunc(parts(pointer+at), func(name string) bool { return twice[name] }) {
		return edited{}, false
	}
	root := replaced(doc.Root, parts(pointer), edit)
	return edited{kind, pointer + at, &drift.Document{Name: doc.Name, Root: root}}, true
}

// editOf returns what an edit of that kind does to a schema, and where below it; nil where it does not apply.
func editOf(random *rand.Rand, kind string, schema *drift.Node) (at string, edit func(*drift.Node) *drift.Node) {
	text := func(s string) *drift.Node { return &drift.Node{Kind: drift.Text, Text: s, Line: 1} }
	number := func(s string) *drift.Node { return &drift.Node{Kind: drift.Number, Text: s, Line: 1} }
	typed := schema.Get("type") != nil && schema.Get("type").Kind == drift.Text
	properties, required, enum := schema.Get("properties"), schema.Get("required"), schema.Get("enum")
	switch kind {
	case "field added":
		if properties != nil {
			field := &drift.Node{Kind: drift.Object, Line: 1, Fields: []drift.Field{{Key: "type", Line: 1, Value: text("string")}}}
			return "/properties/x_new", setting(field, "properties", "x_new")
		}
	case "field removed":
		if properties != nil && len(properties.Fields) > 0 {
			name := properties.Fields[random.IntN(len(properties.Fields))].Key
			return "/properties/" + name, setting(nil, "properties", name)
		}
	case "type":
		if typed && schema.Get("type").Text != "null" && schema.Get("$ref") == nil {
			other := "boolean"
			if schema.Get("type").Text == other {
				other = "string"
			}
			return "/type", setting(text(other), "type")
		}
	case "value added":
		if enum != nil {
			i := strconv.Itoa(len(enum.Items))
			return "/enum/" + i, setting(text("x_new"), "enum", i)
		}
	case "value removed":
		if enum != nil && len(enum.Items) > 1 {
			i := strconv.Itoa(random.IntN(len(enum.Items)))
			return "/enum/" + i, setting(nil, "enum", i)
		}
	case "constant":
		if schema.Get("const") != nil {
			return "/const", setting(text("x_new"), "const")
		}
	case "required":
		if properties != nil && required != nil {
			for _, f := range properties.Fields {
				if !slices.ContainsFunc(required.Items, func(r *drift.Node) bool { return r.Text == f.Key }) {
					i := strconv.Itoa(len(required.Items))
					return "/required/" + i, setting(text(f.Key), "required", i)
				}
			}
		}
	case "optional":
		if required != nil && len(required.Items) > 0 {
			i := strconv.Itoa(random.IntN(len(required.Items)))
			return "/required/" + i, setting(nil, "required", i)
		}
	case "limit":
		for _, f := range schema.Fields {
			if strings.HasPrefix(f.Key, "m") && f.Value.Kind == drift.Number {
				return "/" + f.Key, setting(number(f.Value.Text+"5"), f.Key)
			}
		}
	case "limit added":
		if typed && schema.Get("type").Text == "string" && schema.Get("minLength") == nil {
			return "/minLength", setting(number("3"), "minLength")
		}
	case "default":
		if typed && schema.Get("type").Text == "string" && schema.Get("const") == nil {
			return "/default", setting(text("x_new"), "default")
		}
	}
	return "", nil
}

// setting returns an edit that puts a value at a path, or takes it out when it is nil.
func setting(value *drift.Node, path ...string) func(*drift.Node) *drift.Node {
	return func(n *drift.Node) *drift.Node {
		return replaced(n, path[:len(path)-1], func(n *drift.Node) *drift.Node { return withMember(n, path[len(path)-1], value) })
	}
}

// withMember is a copy of an object or list with one member set, or without it when the value is nil.
func withMember(n *drift.Node, key string, value *drift.Node) *drift.Node {
	out := *n
	if n.Kind == drift.List {
		i, _ := strconv.Atoi(key)
		out.Items = slices.Concat(n.Items[:i], n.Items[min(i+1, len(n.Items)):])
		if value != nil {
			out.Items = slices.Insert(out.Items, i, value)
		}
		return &out
	}
	i := slices.IndexFunc(n.Fields, func(f drift.Field) bool { return f.Key == key })
	switch {
	case i < 0:
		out.Fields = append(slices.Clip(n.Fields), drift.Field{Key: key, Line: 1, Value: value})
	case value == nil:
		out.Fields = slices.Delete(slices.Clone(n.Fields), i, i+1)
	default:
		out.Fields = slices.Clone(n.Fields)
		out.Fields[i].Value = value
	}
	return &out
}

// replaced is a copy of the tree with what is at the path edited; everything beside the way there is shared.
func replaced(n *drift.Node, path []string, edit func(*drift.Node) *drift.Node) *drift.Node {
	if len(path) == 0 {
		return edit(n)
	}
	next := n.Get(path[0])
	if n.Kind == drift.List {
		i, _ := strconv.Atoi(path[0])
		next = n.Items[i]
	}
	return withMember(n, path[0], replaced(next, path[1:], edit))
}

// parts are the keys of a pointer.
func parts(pointer string) []string {
	var out []string
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "#/"), "/") {
		out = append(out, strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~"))
	}
	return out
}

// schemasOf lists the pointers of the schemas that the paths lead to, and of all schemas. It knows nothing of
// facts: it follows references and the keywords that hold schemas.
func schemasOf(doc *drift.Document) (used, all []string) {
	for _, f := range doc.Root.Get("paths").Fields {
		list := &all
		if strings.HasPrefix(f.Key, scope[0]) {
			list = &used
		}
		collect(doc, "#/paths/"+strings.ReplaceAll(f.Key, "/", "~1"), f.Value, list, map[string]bool{})
	}
	seen := map[string]bool{}
	for _, f := range doc.Root.Get("components").Get("schemas").Fields {
		collect(doc, "#/components/schemas/"+f.Key, f.Value, &all, seen)
	}
	all = append(all, used...)
	for _, list := range []*[]string{&used, &all} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return used, all
}

// declaredTwice are the names of fields that several parts of an allOf declare: an edit of one of them may
// change nothing, because the other still says it.
func declaredTwice(doc *drift.Document) map[string]bool {
	out := map[string]bool{}
	for _, f := range doc.Root.Get("components").Get("schemas").Fields {
		if parts := f.Value.Get("allOf"); parts != nil {
			count := map[string]int{}
			for _, part := range parts.Items {
				countFields(doc, part, count)
			}
			for name, n := range count {
				out[name] = out[name] || n > 1
			}
		}
	}
	return out
}

func countFields(doc *drift.Document, schema *drift.Node, count map[string]int) {
	if ref := schema.Get("$ref"); ref != nil {
		schema, _ = doc.Lookup(ref.Text)
	}
	if properties := schema.Get("properties"); properties != nil {
		for _, f := range properties.Fields {
			count[f.Key]++
		}
	}
	if parts := schema.Get("allOf"); parts != nil {
		for _, part := range parts.Items {
			countFields(doc, part, count)
		}
	}
}

// collect adds the pointers of the schemas at and below a node.
func collect(doc *drift.Document, pointer string, n *drift.Node, out *[]string, seen map[string]bool) {
	if n.Kind == drift.List {
		for i, item := range n.Items {
			collect(doc, fmt.Sprintf("%s/%d", pointer, i), item, out, seen)
		}
	}
	if n.Kind != drift.Object || seen[pointer] {
		return
	}
	seen[pointer] = true
	if ref := n.Get("$ref"); ref != nil && ref.Kind == drift.Text {
		if target, err := doc.Lookup(ref.Text); err == nil {
			collect(doc, ref.Text, target, out, seen)
		}
	}
	for _, key := range []string{"type", "enum", "properties", "anyOf", "oneOf", "allOf", "const"} {
		if n.Get(key) != nil && !strings.HasSuffix(pointer, "/properties") {
			*out = append(*out, pointer)
			break
		}
	}
	for _, f := range n.Fields {
		inProperties := strings.HasSuffix(pointer, "/properties")
		skip := f.Key == "example" || f.Key == "examples" || f.Key == "discriminator" || f.Key == "const" || f.Key == "default" ||
			f.Key == "security" || strings.HasPrefix(f.Key, "x-")
		if inProperties || !skip {
			collect(doc, pointer+"/"+strings.ReplaceAll(f.Key, "/", "~1"), f.Value, out, seen)
		}
	}
}
