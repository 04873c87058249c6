package generate_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/chatspec/chatspec/cmd/chatspec/internal/generate"
)

// refused is an entry of testdata/refused.yaml.
type refused struct {
	What, At string

	Request, Delta, Usage, Required, Schema, Schemas, Actions yaml.Node
}

// TestRefused has everything that the templates cannot make Go of: each must be refused with the place in the
// document, before anything is compiled.
func TestRefused(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("takes minutes under the race detector")
	}
	data, err := os.ReadFile("testdata/refused.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var all []refused
	if err := yaml.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for _, test := range all {
		t.Run(test.What, func(t *testing.T) {
			t.Parallel()
			_, err := generate.Generate(config(generate.File{Name: "mine.yaml", Data: test.overlay(t)}))
			var problems generate.DocumentErrors
			if !errors.As(err, &problems) {
				t.Fatalf("%v, want a problem at %s", err, test.At)
			}
			for _, p := range problems {
				if p.File != "mine.yaml" && p.File != "openapi.yaml" || p.Line == 0 || p.Reason == "" {
					t.Errorf("%+v", p)
				}
			}
			if problems[0].Pointer != test.At {
				t.Errorf("%v, want it at %s", problems, test.At)
			}
		})
	}
}

// overlay makes an overlay of the entry.
func (r *refused) overlay(t *testing.T) []byte {
	t.Helper()
	var b strings.Builder
	b.WriteString("overlay: 1.0.0\ninfo: {title: A mistake, version: 1.0.0}\nactions:\n")
	const schemas = "$.components.schemas"
	update := func(target string, update any) {
		data, err := yaml.Marshal([]any{map[string]any{"target": target, "update": update}})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(data)
	}
	x := func(schema *yaml.Node) map[string]any { return map[string]any{"x": schema} }
	if !r.Schemas.IsZero() {
		update(schemas, &r.Schemas)
	}
	if !r.Schema.IsZero() {
		update(schemas, map[string]any{"X": &r.Schema})
		update(schemas+".CreateChatCompletionRequest.properties", map[string]any{"x": map[string]any{"$ref": "#/components/schemas/X"}})
	}
	if !r.Request.IsZero() {
		update(schemas+".CreateChatCompletionRequest.properties", x(&r.Request))
	}
	if !r.Required.IsZero() {
		update(schemas+".CreateChatCompletionRequest.properties", x(&r.Required))
		update(schemas+".CreateChatCompletionRequest.required", []string{"x"})
	}
	if !r.Delta.IsZero() {
		update(schemas+"['Delta','ResponseMessage'].properties", x(&r.Delta))
	}
	if !r.Usage.IsZero() {
		update(schemas+".CompletionUsage.properties", x(&r.Usage))
	}
	if !r.Actions.IsZero() {
		data, err := yaml.Marshal(&r.Actions)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(data)
	}
	return []byte(b.String())
}

// TestBadFiles has files that are wrong by themselves.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	const head = "overlay: 1.0.0\ninfo: {title: A mistake, version: 1.0.0}\n"
	for name, test := range map[string]struct{ document, overlay, want string }{
		"no YAML":              {"openapi: 3.1.0\n\tinfo: {}\n", "", "spec.yaml:2: found a tab character that violates indentation"},
		"no YAML either":       {"openapi: 3.1.0\ninfo: {title: a\n", "", "spec.yaml:1: did not find expected ',' or '}'"},
		"empty":                {"", "", "spec.yaml: the file is empty"},
		"no object":            {"- a\n", "", "spec.yaml:1: want an OpenAPI document, which is an object"},
		"no document":          {"swagger: '2.0'\n", "", `spec.yaml:1: #/openapi: "": want OpenAPI 3.1`},
		"other version":        {"openapi: 3.0.3\n", "", `spec.yaml:1: #/openapi: "3.0.3": want OpenAPI 3.1`},
		"key twice":            {"openapi: 3.1.0\ninfo: {}\ninfo: {}\n", "", `spec.yaml:3: mapping key "info" already defined at line 2`},
		"no paths":             {"openapi: 3.1.0\ninfo: {title: a, version: a}\n", "", "spec.yaml:1: #/paths: the document has no operation"},
		"overlay is no YAML":   {"", "a: b: c\n", "mine.yaml: mapping values are not allowed in this context"},
		"overlay is no map":    {"", "[]\n", "mine.yaml:1: want an OpenAPI Overlay, which is an object"},
		"overlay of a type":    {"", head + "actions: x\n", "mine.yaml:3: cannot unmarshal !!str `x` into []overlay.Action"},
		"overlay no version":   {"", "info: {title: a, version: a}\nactions: [{target: $, remove: true}]\n", "mine.yaml:1: #: overlay version is invalid"},
		"no actions":           {"", head, "mine.yaml:1: #: overlay must define at least one action"},
		"no effect":            {"", head + "actions:\n  - target: $.info\n    updates: {title: a}\n", "mine.yaml:4: #/actions/0: the action has neither update nor remove nor copy"},
		"matches nothing":      {"", head + "actions:\n  - target: $.info\n    update: {title: b}\n  - target: $.components.schemas.Dleta.properties\n    update: {x: {}}\n", `mine.yaml:6: #/actions/1/target: selector "$.components.schemas.Dleta.properties" did not match any targets`},
		"no JSONPath":          {"", head + "actions:\n  - target: components[\n    update: {x: {}}\n", "mine.yaml:4: #/actions/0/target: "},
		"two documents":        {"", head + "actions: [{target: $.info, update: {title: b}}]\n---\n" + head, "mine.yaml: the file has more than one document"},
		"replaces an object":   {"", head + "actions: [{target: $.components.schemas.Delta, update: x}]\n", "mine.yaml: #/components/schemas/Delta: want"},
		"removes what is used": {"", head + "actions:\n  - target: $.components.schemas.Delta\n    remove: true\n", "openapi.yaml:1515: #/components/schemas/ChunkChoice/properties/delta/$ref: there is no schema Delta"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config()
			if test.overlay != "" {
				c = config(generate.File{Name: "mine.yaml", Data: []byte(test.overlay)})
			} else {
				c.Document = generate.File{Name: "spec.yaml", Data: []byte(test.document)}
			}
			_, err := generate.Generate(c)
			var problems generate.DocumentErrors
			if !errors.As(err, &problems) || !strings.HasPrefix(fmt.Sprint(err), test.want) {
				t.Errorf("%v\nwant %s", err, test.want)
			}
		})
	}
}
