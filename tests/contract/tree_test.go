package contract_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// tree is a document as plain maps and lists, for rules that look at it and for tests that change it.
type tree struct {
	root map[string]any
}

// load reads a document of the repository.
func load(t *testing.T, name string) *tree {
	t.Helper()
	return &tree{loadDrift(t, name).Root.Plain().(map[string]any)}
}

// loadDrift reads a document for a comparison.
func loadDrift(t *testing.T, name string) *drift.Document {
	t.Helper()
	doc, err := drift.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// Root is the document; whoever changes it changes a [tree.Clone].
func (d *tree) Root() map[string]any { return d.root }

// Clone is a deep copy.
func (d *tree) Clone() *tree { return &tree{clone(d.root).(map[string]any)} }

func clone(node any) any {
	switch n := node.(type) {
	case map[string]any:
		out := make(map[string]any, len(n))
		for key, v := range n {
			out[key] = clone(v)
		}
		return out
	case []any:
		out := make([]any, len(n))
		for i, v := range n {
			out[i] = clone(v)
		}
		return out
	}
	return node
}

// Lookup follows a reference within the document, such as #/components/schemas/Choice.
func (d *tree) Lookup(ref string) (any, error) {
	var node any = d.root
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		next, ok := object(node)[strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")]
		if !ok {
			return nil, fmt.Errorf("reference %q points at nothing", ref)
		}
		node = next
	}
	return node, nil
}

// document is the tree for a comparison.
func (d *tree) document(t *testing.T) *drift.Document {
	t.Helper()
	data, err := json.Marshal(d.root)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := drift.Parse("tree.json", data)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// flatten lists the facts of the operations that the document is about.
func flatten(t *testing.T, doc *drift.Document) *drift.Facts {
	t.Helper()
	out, err := drift.Flatten(doc, scope)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
