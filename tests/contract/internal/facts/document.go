package facts

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Document is an OpenAPI document as it was parsed, with every keyword that is in it. A typed model would
// drop the keywords it does not know, and a comparison cannot see what its model has dropped.
//
// A Document is read only; goroutines may share it.
type Document struct {
	root map[string]any
}

// Load reads a document, in YAML or JSON, from a file.
func Load(name string) (*Document, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	doc, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return doc, nil
}

// Parse reads a document in YAML or JSON.
func Parse(data []byte) (*Document, error) {
	var tree any
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return nil, err
	}
	root, ok := plain(tree).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the document is a %T, not an object", tree)
	}
	return &Document{root: root}, nil
}

// Root is the parsed document. It belongs to the Document: change a [Document.Clone] instead.
func (d *Document) Root() map[string]any { return d.root }

// Clone is a deep copy, for callers that change what Root returns.
func (d *Document) Clone() *Document {
	return &Document{root: plain(d.root).(map[string]any)}
}

// Lookup follows a reference within the document, such as #/components/schemas/Choice.
func (d *Document) Lookup(ref string) (any, error) {
	rest, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil, fmt.Errorf("reference %q does not point into the document", ref)
	}
	var node any = d.root
	for part := range strings.SplitSeq(rest, "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		next, ok := object(node)[part]
		if !ok {
			return nil, fmt.Errorf("reference %q points at nothing", ref)
		}
		node = next
	}
	return node, nil
}

// plain copies a parsed tree into what encoding/json would have made of it: objects with string keys and
// numbers of one type, so that 1 and 1.0 are the same fact.
func plain(node any) any {
	switch n := node.(type) {
	case map[string]any:
		out := make(map[string]any, len(n))
		for k, v := range n {
			out[k] = plain(v)
		}
		return out
	case map[any]any: // a status code without quotes makes the whole map one of these
		out := make(map[string]any, len(n))
		for k, v := range n {
			out[fmt.Sprint(k)] = plain(v)
		}
		return out
	case []any:
		out := make([]any, len(n))
		for i, v := range n {
			out[i] = plain(v)
		}
		return out
	case int:
		return float64(n)
	case int64:
		return float64(n)
	case uint64:
		return float64(n)
	}
	return node
}

// object is the node as an object; a node of another kind has no keys.
func object(node any) map[string]any {
	m, _ := node.(map[string]any)
	return m
}

// list is the node as a list; a node of another kind has no elements.
func list(node any) []any {
	l, _ := node.([]any)
	return l
}

// text is the node as a string; a node of another kind is empty.
func text(node any) string {
	s, _ := node.(string)
	return s
}

// literal is the value as compact JSON, the form in which facts carry values.
func literal(value any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// sortedKeys are the keys of an object in their one order.
func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
