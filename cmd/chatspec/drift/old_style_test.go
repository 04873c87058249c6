package drift_test

import (
	"encoding/json"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// TestOldStyle writes our whole document in the style of OpenAPI 3.0 and as JSON: nothing differs.
func TestOldStyle(t *testing.T) {
	t.Parallel()
	doc, err := drift.Parse("new", []byte(chatspec.Spec))
	if err != nil {
		t.Fatal(err)
	}
	changes := 0
	old := oldStyle(doc.Root.Plain(), &changes).(map[string]any)
	old["openapi"] = "3.0.3"
	data, err := json.MarshalIndent(old, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	again, err := drift.Parse("old", data)
	if err != nil {
		t.Fatal(err)
	}
	before, after := mustFlatten(t, doc), mustFlatten(t, again)
	for _, d := range drift.Diff(before, after) {
		t.Error(d)
	}
	if changes < 100 || len(before.List) < 1000 {
		t.Errorf("%d changes of style, %d facts", changes, len(before.List))
	}
}

func mustFlatten(t *testing.T, doc *drift.Document) *drift.Facts {
	t.Helper()
	facts, err := drift.Flatten(doc, doc.Scope())
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

// oldStyle turns null into nullable, constants into enums of one value, and references with null beside them
// into allOf, everywhere.
func oldStyle(node any, changes *int) any {
	switch n := node.(type) {
	case []any:
		for i := range n {
			n[i] = oldStyle(n[i], changes)
		}
	case map[string]any:
		for key := range n {
			n[key] = oldStyle(n[key], changes)
		}
		if types, ok := n["type"].([]any); ok && len(types) == 2 && types[1] == "null" {
			*changes++
			n["type"], n["nullable"] = types[0], true
		}
		if c, ok := n["const"]; ok {
			*changes++
			delete(n, "const")
			n["enum"] = []any{c}
		}
		for _, key := range []string{"anyOf", "oneOf"} {
			branches, _ := n[key].([]any)
			if len(branches) < 2 {
				continue
			}
			if last, _ := branches[len(branches)-1].(map[string]any); len(last) != 1 || last["type"] != "null" {
				continue
			}
			*changes++
			n[key], n["nullable"] = branches[:len(branches)-1], true
			if len(branches) == 2 {
				delete(n, key)
				n["allOf"] = branches[:1]
			}
		}
	}
	return node
}
