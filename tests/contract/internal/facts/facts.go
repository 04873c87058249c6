// Package facts compares OpenAPI documents by what they mean on the wire, not by how they are written.
//
// [Facts] flattens a document into a sorted list of facts, each with the path that leads to it from an
// operation. References are followed, allOf is merged, anyOf and oneOf become their alternatives, both
// styles of null (nullable: true, and null as a type or alternative) and both styles of constant (const,
// and an enum of one value) are the same fact. What components are called, in which order things stand,
// and every text for people leaves no trace. Keywords that the package does not know become facts as they
// are, so that nothing is lost because nobody thought of it.
//
// [Diff] compares two lists, and [Deviation] lists the differences that are meant.
//
// A path reads like the access to a value:
//
//	POST /chat/completions request application/json.messages[]<role=user>.content[]<type=text>.text
//
// Angle brackets tell the objects of a union apart by the property that is constant in each. Alternatives
// that differ in their JSON type need no mark, since a limit or a field can only belong to one of them.
// [] are the elements of an array, {} the values of a map.
package facts

import (
	"cmp"
	"slices"
	"strings"
)

// Present is the name of the fact that a place exists at all. Each place below an absent one is absent
// too, so [Diff] reports only the first.
const Present = "present"

// Fact is one statement about one place of a document.
type Fact struct {
	At    string // the path of the place, from the operation down
	Name  string // what is said of it: Present, type, required, value, or a keyword such as minimum
	Value string // its value as JSON; empty for Present
}

// String reads "path name value".
func (f Fact) String() string {
	return strings.TrimSpace(f.At + " " + f.Name + " " + f.Value)
}

func compareFacts(a, b Fact) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
}

// Facts flattens the operations below the given path prefix into sorted facts without repetition. It
// fails on a reference that leads nowhere or to itself.
func Facts(doc *Document, prefix string) ([]Fact, error) {
	w := &walker{doc: doc, seen: map[Fact]bool{}}
	paths := object(doc.root["paths"])
	for _, path := range sortedKeys(paths) {
		if strings.HasPrefix(path, prefix) {
			w.pathItem(path, object(paths[path]))
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	out := make([]Fact, 0, len(w.seen))
	for f := range w.seen {
		out = append(out, f)
	}
	slices.SortFunc(out, compareFacts)
	return out, nil
}

// walker collects facts on its way down from the operations.
type walker struct {
	doc  *Document
	seen map[Fact]bool
	err  error // the first thing that went wrong
}

func (w *walker) add(at, name string, value any) {
	w.seen[Fact{At: at, Name: name, Value: literal(value)}] = true
}

func (w *walker) present(at string) {
	w.seen[Fact{At: at, Name: Present}] = true
}

func (w *walker) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}
