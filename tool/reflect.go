package tool

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// form is what a schema is for.
type form int

const (
	strict   form = iota // sent: all properties are required, optional ones may be null, and every property has a name
	loose                // sent: optional properties may be absent
	accepted             // held against what a model wrote: optional properties may be absent or null
)

// The struct tags that say more about a field than its type.
const (
	tagDescription = "jsonschema" // as package jsonschema has it
	tagEnum        = "enum"
)

// allTypes are those of JSON, null last.
var allTypes = []string{"string", "number", "boolean", "object", "array", "null"}

// base64Pattern is the text of a []byte.
const base64Pattern = "^[A-Za-z0-9+/]*={0,2}$"

// reflected returns the schema of what encoding/json reads into a t. Package jsonschema makes those of numbers, bools
// and strings; its own way from structs to schemas knows no recursion and other embedded fields than encoding/json.
func reflected(t reflect.Type, f form) (*jsonschema.Schema, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	b := &builder{form: f, root: t, open: map[reflect.Type]bool{}, refs: map[reflect.Type]string{}, defs: map[string]*jsonschema.Schema{}}
	s, err := b.schema(t)
	if err != nil {
		return nil, err
	}
	if s.Type != "object" {
		return nil, fmt.Errorf("%v is no JSON object: make it a field of a struct", t)
	}
	if len(b.defs) > 0 {
		s.Defs = b.defs
	}
	return s, nil
}

// builder makes the schema of one type. Types that contain themselves are referred to, everything else is in place.
type builder struct {
	form form
	root reflect.Type
	open map[reflect.Type]bool         // those whose schema is being made
	refs map[reflect.Type]string       // to those that contain themselves
	defs map[string]*jsonschema.Schema // of these, but for the root
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	rawType    = reflect.TypeFor[json.RawMessage]()
	numberType = reflect.TypeFor[json.Number]()
	anyType    = reflect.TypeFor[any]()

	jsonReader = reflect.TypeFor[json.Unmarshaler]()
	textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// schema returns the schema of t.
func (b *builder) schema(t reflect.Type) (*jsonschema.Schema, error) {
	switch {
	case t.Kind() == reflect.Pointer:
		s, err := b.schema(t.Elem())
		if err != nil {
			return nil, err
		}
		return b.nullable(s), nil
	case t == timeType:
		return &jsonschema.Schema{Type: "string", Format: "date-time"}, nil
	case t == numberType:
		return &jsonschema.Schema{Type: "number"}, nil
	case t == rawType, t == anyType:
		if b.form == strict {
			return nil, fmt.Errorf("%v can be anything, which has no strict schema", t)
		}
		return &jsonschema.Schema{Types: slices.Clone(allTypes)}, nil // some servers know no schema without a type
	case reflect.PointerTo(t).Implements(jsonReader):
		return nil, fmt.Errorf("%v reads JSON by a method of its own, so its schema is not known", t)
	case reflect.PointerTo(t).Implements(textReader):
		return &jsonschema.Schema{Type: "string"}, nil
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		return b.composite(t)
	case reflect.Interface:
		return nil, fmt.Errorf("%v is an interface, and JSON does not say which type is meant", t)
	default:
		s, err := jsonschema.ForType(t, nil)
		if err != nil {
			return nil, fmt.Errorf("%v has no form in JSON", t)
		}
		return s, nil
	}
}

// composite returns the schema of a type that has others in it, or a reference where it has itself in it.
func (b *builder) composite(t reflect.Type) (*jsonschema.Schema, error) {
	if ref := b.refs[t]; ref != "" {
		return &jsonschema.Schema{Ref: ref}, nil
	}
	if b.open[t] {
		b.refs[t] = b.newRef(t)
		return &jsonschema.Schema{Ref: b.refs[t]}, nil
	}
	if t.Name() != "" {
		b.open[t] = true
		defer delete(b.open, t)
	}
	var s *jsonschema.Schema
	var err error
	switch t.Kind() {
	case reflect.Struct:
		s, err = b.object(t)
	case reflect.Map:
		s, err = b.dictionary(t)
	default:
		s, err = b.list(t)
	}
	ref := b.refs[t]
	if err != nil || ref == "" || t == b.root {
		return s, err
	}
	b.defs[strings.TrimPrefix(ref, defsPrefix)] = s
	return &jsonschema.Schema{Ref: ref}, nil
}

const defsPrefix = "#/$defs/"

// newRef returns a reference to the schema of t.
func (b *builder) newRef(t reflect.Type) string {
	if t == b.root {
		return "#"
	}
	name, taken := identifier(t.Name()), map[string]bool{}
	for _, ref := range b.refs {
		taken[ref] = true
	}
	ref := defsPrefix + name
	for n := 2; taken[ref]; n++ {
		ref = defsPrefix + name + strconv.Itoa(n)
	}
	return ref
}

// object returns the schema of a struct.
func (b *builder) object(t reflect.Type) (*jsonschema.Schema, error) {
	s := &jsonschema.Schema{
		Type:                 "object",
		Properties:           map[string]*jsonschema.Schema{},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}, // which is written as false
	}
	for _, f := range fieldsOf(t) {
		property, err := b.property(f)
		if err != nil {
			return nil, fmt.Errorf("%v.%s: %w", t, f.Name, err)
		}
		s.Properties[f.name] = property
		s.PropertyOrder = append(s.PropertyOrder, f.name)
		if b.form == strict || !f.optional {
			s.Required = append(s.Required, f.name)
		}
	}
	return s, nil
}

// property returns the schema of a field.
func (b *builder) property(f field) (*jsonschema.Schema, error) {
	t := f.Type
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s, err := b.schema(t)
	if err != nil {
		return nil, err
	}
	if f.quoted && t.Kind() == reflect.String {
		return nil, errors.New(`the option "string" puts text in quotes twice, which no schema tells a model`)
	}
	if f.quoted && (s.Type == "integer" || s.Type == "number" || s.Type == "boolean") {
		s = &jsonschema.Schema{Type: "string"}
	}
	if values, ok := f.Tag.Lookup(tagEnum); ok {
		if err := enumerate(s, strings.Split(values, ",")); err != nil {
			return nil, err
		}
	}
	if t != f.Type || f.optional && b.form != loose {
		s = b.nullable(s)
	}
	description := f.Tag.Get(tagDescription)
	if first, _, _ := strings.Cut(description, " "); strings.Contains(first, "=") {
		return nil, fmt.Errorf("the tag %s is a description in plain words, and begins with %q", tagDescription, first)
	}
	return described(s, description), nil
}

// dictionary returns the schema of a map.
func (b *builder) dictionary(t reflect.Type) (*jsonschema.Schema, error) {
	if b.form == strict {
		return nil, errors.New("a map has any keys, which have no strict schema")
	}
	values, err := b.schema(t.Elem())
	if err != nil {
		return nil, err
	}
	return &jsonschema.Schema{Type: "object", AdditionalProperties: values}, nil
}

// list returns the schema of a slice or an array.
func (b *builder) list(t reflect.Type) (*jsonschema.Schema, error) {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		return &jsonschema.Schema{Type: "string", Pattern: base64Pattern}, nil
	}
	items, err := b.schema(t.Elem())
	if err != nil {
		return nil, err
	}
	s := &jsonschema.Schema{Type: "array", Items: items}
	if t.Kind() == reflect.Array {
		s.MinItems, s.MaxItems = new(t.Len()), new(t.Len())
	}
	return s, nil
}

// enumerate lets s, or the items of s, be one of the values only.
func enumerate(s *jsonschema.Schema, values []string) error {
	if s.Type == "array" {
		s = s.Items
	}
	for _, text := range values {
		var value any = strings.TrimSpace(text)
		if s.Type != "string" {
			if err := json.Unmarshal([]byte(text), &value); err != nil {
				return fmt.Errorf("the tag %s has %q, which is not JSON", tagEnum, text)
			}
		}
		s.Enum = append(s.Enum, value)
	}
	return nil
}

// nullable returns s with null allowed. Keywords beside a reference are not for every server.
func (b *builder) nullable(s *jsonschema.Schema) *jsonschema.Schema {
	switch {
	case s.Ref != "" && b.form == accepted:
		// Of anyOf the checker tells why every branch fails, on every level again: the cube of the depth.
		return &jsonschema.Schema{If: &jsonschema.Schema{Types: allTypes[:len(allTypes)-1]}, Then: s}
	case s.Ref != "":
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "null"}}}
	case s.Type != "":
		s.Types, s.Type = []string{s.Type, "null"}, ""
		if s.Enum != nil {
			s.Enum = append(s.Enum, nil)
		}
	}
	return s
}

// described returns s with a description.
func described(s *jsonschema.Schema, description string) *jsonschema.Schema {
	if s.Ref != "" && description != "" {
		s = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s}}
	}
	s.Description = description
	return s
}
