// Package drift compares OpenAPI documents by what they mean on the wire, not by how they are written, and
// takes over what another document has added.
//
// [Flatten] turns a document into a sorted list of facts, each with the path that leads to it from an
// operation, and with the place in the document where it is said. References are followed, allOf is merged,
// anyOf and oneOf become their alternatives; both styles of null (nullable: true, and null as a type or
// alternative), of constants (const, and an enum of one value), of exclusive limits and of binary data are the
// same fact. What components are called, in which order things stand, and every text for people leaves no
// trace. Keywords that the package does not know become facts as they are, so that nothing is lost because
// nobody thought of it.
//
// [Diff] compares two lists, [Deviation] lists the differences that are meant, and [Apply] edits a document.
//
// A path reads like the access to a value:
//
//	POST /chat/completions request application/json.messages[]<role=user>.content[]<type=text>.text
//
// Angle brackets tell the objects of a union apart by the property that is constant in each. Alternatives
// that differ in their JSON type need no mark, since a limit or a field can only belong to one of them.
// [] are the elements of an array, {} the values of a map. A name that has one of these characters itself is in
// quotes, as in ["a.b"]. Objects that no constant tells apart share a place, and so do alternatives of the same
// JSON type that are not objects: what is said there is compared, but not which of them says it.
//
// The package serves the command chatspec and the tests of its module. Unlike the packages that programs
// import, it may change with every version.
package drift

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Present is the name of the fact that a place exists at all. Each place below an absent one is absent
// too, so [Diff] reports only the first.
const Present = "present"

// Fact is one statement about one place of a document.
type Fact struct {
	At     string // the path of the place, from the operation down
	Name   string // what is said of it: Present, type, required, value, or a keyword such as minimum
	Value  string // its value as JSON; empty for Present
	Source Source // where the document says so; the first place, if there are several
}

// String reads "path name value".
func (f Fact) String() string {
	return strings.TrimSpace(f.At + " " + f.Name + " " + f.Value)
}

func compareFacts(a, b Fact) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
}

// Facts are what a document says, sorted and without repetition. They are read only; goroutines may share
// them.
type Facts struct {
	List []Fact

	doc      *Document
	scope    Scope
	objects  map[string][]Source  // the schemas in which the fields of a place stand
	variants map[string][]variant // the objects that may stand at a place
}

// Flatten lists the facts about the operations in the scope. Paths may have something before them that the
// scope has not, such as /v1. Errors are of type [*Error]: a reference that leads nowhere, out of the document
// or to itself, and whatever OpenAPI does not allow where it matters.
func Flatten(doc *Document, scope Scope) (*Facts, error) {
	return flatten(doc, scope, nil)
}

func flatten(doc *Document, scope Scope, agreed keys) (*Facts, error) {
	w := &walker{
		doc: doc, agreed: agreed,
		facts: map[factKey]Source{}, objects: map[string][]Source{}, variants: map[string][]variant{},
	}
	w.paths(scope)
	if w.err != nil {
		return nil, w.err
	}
	out := &Facts{List: make([]Fact, 0, len(w.facts)), doc: doc, scope: scope, objects: w.objects, variants: w.variants}
	for f, source := range w.facts {
		out.List = append(out.List, Fact{At: f.at, Name: f.name, Value: f.value, Source: source})
	}
	slices.SortFunc(out.List, compareFacts)
	return out, nil
}

// about are the facts of one place with one name.
func (f *Facts) about(at, name string) []Fact {
	i, _ := slices.BinarySearchFunc(f.List, Fact{At: at, Name: name}, compareFacts)
	j := i
	for j < len(f.List) && f.List[j].At == at && f.List[j].Name == name {
		j++
	}
	return f.List[i:j]
}

// near is where a document that lacks a fact would have it: beside what it says on the same subject, in the
// object that would have the field, or further up.
func (f *Facts) near(at, name string) Source {
	if name != Present {
		if found := f.about(at, name); len(found) > 0 {
			return found[0].Source.whole()
		}
		if found := f.about(at, "type"); len(found) > 0 {
			i := max(slices.IndexFunc(found, func(t Fact) bool { return t.Value != `"null"` }), 0) // null has no keywords
			source := found[i].Source.whole()
			source.Pointer = strings.TrimSuffix(source.Pointer, "/type")
			return source
		}
	}
	for ; at != ""; at = parent(at) {
		if found := f.objects[at]; len(found) > 0 {
			return found[0]
		}
		if found := f.about(at, Present); len(found) > 0 {
			return found[0].Source
		}
	}
	return Source{Pointer: "#/paths", Line: f.doc.Root.Get("paths").Line}
}

// whole is the list of which the source is an element, and the source itself where it is none.
func (s Source) whole() Source {
	if i := strings.LastIndexByte(s.Pointer, '/'); i >= 0 && integer.MatchString(s.Pointer[i+1:]) {
		s.Pointer = s.Pointer[:i]
	}
	return s
}

// parent is the path without its last step.
func parent(at string) string { return at[:max(strings.LastIndexAny(at, separators), 0)] }

// separators begin the steps of a path.
const separators = " .[<{"

// fieldStep is the step of a path that leads to a field.
func fieldStep(name string) string {
	if q := quoted(name); q != name {
		return "[" + q + "]"
	}
	return "." + name
}

// quoted is a name that does not look like steps of a path: as a text of JSON where it otherwise would.
func quoted(name string) string {
	if strings.ContainsAny(name, separators+`"`) {
		return (&Node{Kind: Text, Text: name}).literal()
	}
	return name
}

// walker collects facts on its way down from the operations.
type walker struct {
	doc      *Document
	agreed   keys
	facts    map[factKey]Source
	objects  map[string][]Source
	variants map[string][]variant
	steps    int
	err      error // the first thing that went wrong
}

type factKey struct{ at, name, value string }

// maxSteps bounds the work for references that fan out again and again. The official document takes 5,000.
const maxSteps = 200_000

// step counts work, and reports whether to go on.
func (w *walker) step(s spot, n int) bool {
	if w.steps += n; w.steps > maxSteps {
		w.fail(s, "the references below fan out into too many places to compare")
	}
	return w.err == nil
}

// add notes a fact whose value is written at s.
func (w *walker) add(at, name string, s spot) { w.addText(at, name, s.literal(), s) }

// addText notes a fact with a value that follows from what is written at s.
func (w *walker) addText(at, name, value string, s spot) {
	key := factKey{at, name, value}
	if _, ok := w.facts[key]; !ok && w.step(s, 1+len(value)/64) {
		w.facts[key] = s.source()
	}
}

func (w *walker) present(at string, s spot) { w.addText(at, Present, "", s) }

func (w *walker) fail(s spot, format string, args ...any) {
	if w.err == nil {
		w.err = &Error{File: w.doc.Name, Line: s.Line, Pointer: s.pointer, Reason: fmt.Sprintf(format, args...)}
	}
}
