package drift

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Document is an OpenAPI document. It is read only; goroutines may share it.
type Document struct {
	Name string // the name under which it was read, for errors and reports
	Root *Node
}

// Load reads a document from a file; see [Parse].
func Load(name string) (*Document, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Parse(name, data)
}

// Source is where something stands in a document.
type Source struct {
	Pointer string // a JSON pointer, such as #/components/schemas/Choice
	Line    int    // from 1
}

// Lookup follows a JSON pointer or a reference within the document, such as #/components/schemas/Choice.
func (d *Document) Lookup(ref string) (*Node, error) {
	rest, ok := strings.CutPrefix(ref, "#")
	switch {
	case !ok:
		return nil, fmt.Errorf("reference %.200q leads out of the document; bundle the documents into one first", ref)
	case rest != "" && rest[0] != '/':
		return nil, fmt.Errorf("reference %.200q names an anchor, which is not supported", ref)
	}
	node := d.Root
	for part := range strings.SplitSeq(strings.TrimPrefix(rest, "/"), "/") {
		if rest == "" {
			break
		}
		if decoded, err := url.PathUnescape(part); err == nil {
			part = decoded
		}
		part = unescape(part)
		next := node.Get(part)
		if i, err := strconv.Atoi(part); err == nil && node.Kind == List && i >= 0 && i < len(node.Items) {
			next = node.Items[i]
		}
		if next == nil {
			return nil, fmt.Errorf("reference %.200q points at nothing", ref)
		}
		node = next
	}
	return node, nil
}

// Scope is what a comparison is about: these paths, and all below them.
type Scope []string

// Scope returns the paths of the document that are not below another one.
func (d *Document) Scope() Scope {
	var out Scope
	for _, f := range sortedFields(d.Root.Get("paths")) {
		if strings.HasPrefix(f.Key, "/") && !out.covers(f.Key) {
			out = append(out, f.Key)
		}
	}
	return out
}

func (s Scope) covers(path string) bool {
	return slices.ContainsFunc(s, func(top string) bool {
		rest, ok := strings.CutPrefix(path, top)
		return ok && (rest == "" || rest[0] == '/' || strings.HasSuffix(top, "/"))
	})
}

// base returns what the document puts before the paths of the scope, such as /v1: nothing where it has one
// of them as it is, otherwise what stands before them everywhere.
func (s Scope) base(paths *Node) (string, error) {
	var found []string
	for _, f := range sortedFields(paths) {
		for _, top := range s {
			if before, ok := strings.CutSuffix(f.Key, top); ok && !slices.Contains(found, before) {
				found = append(found, before)
			}
		}
	}
	switch {
	case slices.Contains(found, ""), len(found) == 1:
		return slices.Min(found), nil
	case len(found) == 0:
		return "", fmt.Errorf("has none of the paths that are compared: %s", strings.Join(s, ", "))
	}
	return "", fmt.Errorf("has the paths that are compared more than once: below %s", strings.Join(found, " and "))
}
