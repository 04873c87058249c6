package drift

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// propose is the edit for a difference; the error says why it needs thought.
func (a *applier) propose(d Difference) (edit, error) {
	switch {
	case d.Kind == Removed:
		return edit{}, errors.New("the other document has it no more, or never had it: take it out by hand, or list it as a deviation")
	case d.Kind == Changed:
		return edit{}, errors.New("a change of what is there breaks those who rely on it")
	case d.Fact == "value", d.Fact == "known":
		return a.proposeValue(d)
	case d.Fact != Present:
		return edit{}, fmt.Errorf("%s is neither a new field nor a new value", d.Fact)
	}
	i := strings.LastIndex(d.NewSource.Pointer, "/properties/")
	if i < 0 {
		return edit{}, errors.New("only fields and values are added; this needs names of its own")
	}
	name := unescape(d.NewSource.Pointer[i+len("/properties/"):])
	owner, ok := strings.CutSuffix(d.At, fieldStep(name))
	if !ok {
		return edit{}, errors.New("only fields and values are added; this needs names of its own")
	}
	return a.proposeField(d, owner, name)
}

// proposeValue adds a value to the list that has the others.
func (a *applier) proposeValue(d Difference) (edit, error) {
	known := a.ours.about(d.At, d.Fact)
	if len(known) == 0 {
		return edit{}, errors.New("our document lists no values here")
	}
	pointer := known[0].Source.whole().Pointer
	schema, ok := strings.CutSuffix(pointer, "/enum")
	if !ok {
		return edit{}, errors.New("our document has a constant here, which would become an enum")
	}
	if n, err := a.doc.Lookup(schema); err == nil && n.Get("x-enum-varnames") != nil {
		return edit{}, fmt.Errorf("x-enum-varnames of %s needs a Go name for it", schema)
	}
	list, err := a.doc.Lookup(pointer)
	if err != nil {
		return edit{}, err
	}
	value, err := ParseNode("", []byte(d.New))
	if err != nil {
		return edit{}, err
	}
	e := edit{pointer: pointer + "/" + strconv.Itoa(len(list.Items)), list: list, value: value}
	if words, err := a.doc.Lookup(schema + "/x-enumDescriptions"); err == nil {
		e.words = &edit{
			pointer: schema + "/x-enumDescriptions/" + escape(value.Text),
			object:  words, key: value.Text, text: Placeholder + " this value",
		}
	}
	return e, nil
}

// proposeField adds an optional field to the object that has the others.
func (a *applier) proposeField(d Difference, owner, name string) (edit, error) {
	switch {
	case len(a.theirs.about(d.At, "required")) > 0:
		return edit{}, errors.New("a required field breaks those who do not send it")
	case len(a.theirs.about(d.At, "deprecated")) > 0:
		return edit{}, errors.New("it is deprecated already: say what takes its place")
	}
	holders := a.ours.objects[owner]
	if len(holders) != 1 {
		return edit{}, fmt.Errorf("%d schemas hold the fields of this object", len(holders))
	}
	properties, err := a.doc.Lookup(holders[0].Pointer + "/properties")
	if err != nil {
		return edit{}, err
	}
	schema, err := a.fieldSchema(d)
	if err != nil {
		return edit{}, err
	}
	if err := a.accumulates(holders[0].Pointer, name, d); err != nil {
		return edit{}, err
	}
	return edit{pointer: holders[0].Pointer + "/properties/" + escape(name), object: properties, key: name, lines: schema}, nil
}

// accumulates says why a field of a streamed object needs thought: how its pieces add up.
func (a *applier) accumulates(schema, name string, d Difference) error {
	n, err := a.doc.Lookup(schema)
	if err != nil {
		return err
	}
	whole := n.Get("x-accumulates-to").text()
	if whole == "" {
		return nil
	}
	for _, f := range a.theirs.about(d.At, "type") {
		if f.Value == `"string"` || f.Value == `"array"` {
			return errors.New("it is streamed: say with x-accumulate how its pieces add up")
		}
	}
	if fields, err := a.doc.Lookup("#/components/schemas/" + escape(whole) + "/properties"); err != nil || fields.Get(name) == nil {
		return fmt.Errorf("it is streamed, and %s, to which chunks add up, has no such field", whole)
	}
	return nil
}

// copied are the facts of a scalar that are written as they are.
var copied = []string{
	"format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
	"minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "default",
}

// fieldSchema is the YAML of a new field, line by line: a scalar, a list of scalars, or whatever a component
// of ours says already.
func (a *applier) fieldSchema(d Difference) ([]string, error) {
	if lines := a.knownSchema(d.At); lines != nil {
		return lines, nil
	}
	kind, null, err := a.onlyType(d.At)
	if err != nil {
		return nil, err
	}
	lines := []string{"type: " + kind}
	if null {
		lines = []string{"type: [" + kind + ", 'null']", "x-omitempty: true"}
	}
	below := ""
	if kind == "array" {
		below = d.At + "[]"
		item, null, err := a.onlyType(below)
		if err != nil || null || item == "array" {
			return nil, errors.New("its elements need a component of their own")
		}
		keywords, err := a.keywords(below)
		if err != nil {
			return nil, err
		}
		lines = append(lines, "items: {"+strings.Join(append([]string{"type: " + item}, keywords...), ", ")+"}")
	}
	keywords, err := a.keywords(d.At)
	if err != nil {
		return nil, err
	}
	for _, f := range a.theirs.List {
		if inside(f.At, d.At) && f.At != d.At && f.At != below {
			return nil, errors.New("it needs a component of its own, with a name and a description")
		}
	}
	lines = append(append(lines, keywords...), "description: "+Placeholder+" this field")
	if strings.Contains(d.At, " request ") && slices.Contains([]string{"boolean", "integer", "number"}, kind) {
		lines = append(lines, "x-go-type-skip-optional-pointer: false")
	}
	return lines, nil
}

// onlyType is the one JSON type of a place besides null.
func (a *applier) onlyType(at string) (kind string, null bool, err error) {
	for _, f := range a.theirs.about(at, "type") {
		switch t := strings.Trim(f.Value, `"`); {
		case t == "null":
			null = true
		case t == "object", t == "any", t == never, kind != "":
			return "", false, errors.New("it needs a component of its own, with a name and a description")
		default:
			kind = t
		}
	}
	if kind == "" {
		return "", false, errors.New("it has no type")
	}
	return kind, null, nil
}

// keywords writes what else is said of a place.
func (a *applier) keywords(at string) ([]string, error) {
	var out []string
	i, _ := slices.BinarySearchFunc(a.theirs.List, Fact{At: at}, compareFacts)
	for _, f := range a.theirs.List[i:] {
		switch {
		case f.At != at:
			return out, nil
		case f.Name == Present, f.Name == "type":
		case f.Name == "value", f.Name == "known":
			return nil, errors.New("an enum needs a component of its own, with a name and a description")
		case !slices.Contains(copied, f.Name):
			return nil, fmt.Errorf("it has %s, which needs a look", f.Name)
		default:
			out = append(out, f.Name+": "+f.Value) // JSON is YAML
		}
	}
	return out, nil
}

// knownSchema looks for a field of ours that refers to a component and means the same, and writes the new
// field as that one; nil where there is none.
func (a *applier) knownSchema(at string) []string {
	want := a.theirs.below(at)
	for _, f := range a.ours.List {
		if f.Name != Present || !strings.Contains(f.Source.Pointer, "/properties/") {
			continue
		}
		n, err := a.doc.Lookup(f.Source.Pointer)
		if err != nil {
			continue
		}
		ref, null := reference(n)
		if ref == "" || !slices.Equal(a.ours.below(f.At), want) {
			continue
		}
		if !null {
			return []string{"$ref: '" + ref + "'"}
		}
		return []string{"anyOf: [{$ref: '" + ref + "'}, {type: 'null'}]", "x-omitempty: true", "description: " + Placeholder + " this field"}
	}
	return nil
}

// reference is the target of a reference, alone or with null beside it.
func reference(n *Node) (ref string, null bool) {
	if branches := n.Get("anyOf"); branches != nil && len(branches.Items) == 2 && branches.Items[1].Get("type").text() == "null" {
		return branches.Items[0].Get("$ref").text(), true
	}
	return n.Get("$ref").text(), false
}

// below are the facts of a place and all below it, without the way there and without whether it is required.
func (f *Facts) below(at string) []string {
	var out []string
	i, _ := slices.BinarySearchFunc(f.List, Fact{At: at}, compareFacts)
	for _, fact := range f.List[i:] {
		if !strings.HasPrefix(fact.At, at) {
			break
		}
		if inside(fact.At, at) && (fact.At != at || fact.Name != "required") {
			fact.At = fact.At[len(at):]
			out = append(out, fact.String())
		}
	}
	return out
}

// inside reports whether a path is that of the place or of something below it.
func inside(path, place string) bool {
	rest, ok := strings.CutPrefix(path, place)
	return ok && (rest == "" || strings.IndexByte(separators, rest[0]) >= 0)
}
