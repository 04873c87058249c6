package drift

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Placeholder begins every text that [Apply] leaves to be written by hand. The tests of openapi.yaml refuse a
// document that has it.
const Placeholder = "TODO describe"

// Plan is what [Apply] would do to a document.
type Plan struct {
	Text    []byte // the document after the edits
	Applied []Applied
	Refused []Refused
}

// Applied is a difference that an edit removes.
type Applied struct {
	Difference
	Pointer string // what was added to the document
}

// Refused is a difference that needs thought.
type Refused struct {
	Difference
	Why string
}

// Apply plans to take over into a document, whose YAML text is given, what another one has added: optional
// fields and enum values. Each edit is as small as the text allows, and is made only if it removes
// differences, makes none and changes nothing else in the document. What is meant to differ is left alone;
// everything else is refused, with the reason.
func Apply(text []byte, ours, theirs *Document, scope Scope, meant []Deviation) (*Plan, error) {
	a := &applier{name: ours.Name, text: text, doc: ours, scope: scope, meant: meant}
	var err error
	if a.theirs, err = Flatten(theirs, scope); err != nil {
		return nil, err
	}
	if a.ours, err = Flatten(ours, scope); err != nil {
		return nil, err
	}
	a.open = Sift(Diff(a.ours, a.theirs), meant).Rest
	plan := &Plan{}
	for _, d := range a.open {
		if pointer, ok := a.settled(d); ok {
			plan.Applied = append(plan.Applied, Applied{d, pointer})
			continue
		}
		pointer, err := a.try(d)
		if err != nil {
			plan.Refused = append(plan.Refused, Refused{d, err.Error()})
			continue
		}
		plan.Applied = append(plan.Applied, Applied{d, pointer})
	}
	plan.Text = a.text
	return plan, nil
}

// applier edits a document step by step.
type applier struct {
	name   string
	scope  Scope
	meant  []Deviation
	theirs *Facts

	// The document after the edits so far.
	text []byte
	doc  *Document
	ours *Facts
	open []Difference // what still differs
	done []string     // the pointers that were added
}

// settled reports whether an edit for another place has removed a difference too, and which edit that was.
func (a *applier) settled(d Difference) (pointer string, ok bool) {
	if slices.ContainsFunc(a.open, d.same) {
		return "", false
	}
	for _, pointer := range slices.Backward(a.done) {
		if strings.HasPrefix(a.sourceOf(d).Pointer, pointer) {
			return pointer, true
		}
	}
	return a.done[len(a.done)-1], true
}

// sourceOf is where our document now says what it lacked.
func (a *applier) sourceOf(d Difference) Source {
	for _, f := range a.ours.about(d.At, d.Fact) {
		if f.Value == d.New {
			return f.Source
		}
	}
	return Source{}
}

// same reports whether two differences are the same one, wherever it stands.
func (d Difference) same(e Difference) bool {
	return d.Kind == e.Kind && d.At == e.At && d.Fact == e.Fact && d.Old == e.Old && d.New == e.New
}

// try makes the edit that removes a difference. The error says why it makes none.
func (a *applier) try(d Difference) (pointer string, err error) {
	e, err := a.propose(d)
	if err != nil {
		return "", err
	}
	text, err := e.apply(a.text)
	if err != nil {
		return "", err
	}
	doc, err := Parse(a.name, text)
	if err != nil {
		return "", fmt.Errorf("the edit would break the document: %w", err)
	}
	if !reflect.DeepEqual(without(doc.Root, e.pointers()), a.doc.Root.Plain()) {
		return "", fmt.Errorf("the edit at %s would change more than it should", e.pointer)
	}
	facts, err := Flatten(doc, a.scope)
	if err != nil {
		return "", fmt.Errorf("the edit would break the document: %w", err)
	}
	open := Sift(Diff(facts, a.theirs), a.meant).Rest
	for _, left := range open {
		switch {
		case left.same(d):
			return "", fmt.Errorf("an edit at %s does not do it", e.pointer)
		case !slices.ContainsFunc(a.open, left.same):
			return "", fmt.Errorf("an edit at %s would make another difference, because the schema serves several places: %s", e.pointer, left)
		}
	}
	a.text, a.doc, a.ours, a.open, a.done = text, doc, facts, open, append(a.done, e.pointer)
	return e.pointer, nil
}

// without is the plain value of a document without what stands at the pointers.
func without(root *Node, pointers []string) any {
	plain := root.Plain()
	for _, pointer := range pointers {
		remove(plain, pointer)
	}
	return plain
}

// remove takes out of a plain value what stands at the pointer, where something does.
func remove(plain any, pointer string) {
	parts := strings.Split(strings.TrimPrefix(pointer, "#/"), "/")
	set := func(any) {} // puts a value into the place of the one that is looked at
	v := plain
	for i, part := range parts {
		last := i == len(parts)-1
		switch n := v.(type) {
		case map[string]any:
			key := unescape(part)
			if last {
				delete(n, key)
			}
			set, v = func(v any) { n[key] = v }, n[key]
		case []any:
			at, err := strconv.Atoi(part)
			if err != nil || at < 0 || at >= len(n) {
				return
			}
			if last {
				set(slices.Delete(n, at, at+1))
			}
			set, v = func(v any) { n[at] = v }, n[at]
		}
	}
}
