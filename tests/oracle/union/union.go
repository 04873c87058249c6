// Package union decodes the unions of a document with json/v2, from a list of their variants.
package union

import (
	"bytes"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Union says which variants a union has.
type Union interface{ Variants() []Variant }

// Variant is one of the types that a union holds.
type Variant struct {
	Type reflect.Type
	Kind jsontext.Kind // of the JSON it is made of: '"', '0', 't', '[' or '{'
	// Objects are told apart by the value of the member called Tag. Without values, a variant takes every
	// object that no other does.
	Tag    string
	Values []string
}

// String returns the variant T that is a JSON string.
func String[T any]() Variant { return Variant{Type: reflect.TypeFor[T](), Kind: '"'} }

// Bool returns the variant T that is true or false.
func Bool[T any]() Variant { return Variant{Type: reflect.TypeFor[T](), Kind: 't'} }

// Number returns the variant T that is a JSON number.
func Number[T any]() Variant { return Variant{Type: reflect.TypeFor[T](), Kind: '0'} }

// Array returns the variant T that is a JSON array.
func Array[T any]() Variant { return Variant{Type: reflect.TypeFor[T](), Kind: '['} }

// Object returns the variant T that is an object whose member called tag has one of the values. The empty
// value stands for an object whose tag is absent or no string as well.
func Object[T any](tag string, values ...string) Variant {
	return Variant{reflect.TypeFor[T](), '{', tag, values}
}

// Value is an Of whatever its union.
type Value interface {
	Union
	Get() any
}

// Of is a value of the union U.
type Of[U Union] struct {
	// Value is nil for null, a pointer to one of the variants, or the jsontext.Value of what no variant takes.
	Value any
}

// Get returns the value.
func (o Of[U]) Get() any { return o.Value }

// Variants returns those of U.
func (Of[U]) Variants() []Variant {
	var u U
	return u.Variants()
}

// UnmarshalJSONFrom decodes the next value into the variant it is for.
func (o *Of[U]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	o.Value = nil
	if raw.Kind() == 'n' {
		return nil
	}
	t := choose(o.Variants(), raw)
	if t == nil {
		o.Value = jsontext.Value(bytes.Clone(raw))
		return nil
	}
	v := reflect.New(t).Interface()
	o.Value = v
	return json.Unmarshal(raw, v, d.Options())
}

// choose returns the type of the variant that takes raw, or nil.
func choose(variants []Variant, raw jsontext.Value) reflect.Type {
	kind := raw.Kind()
	if kind == 'f' {
		kind = 't'
	}
	var rest reflect.Type
	for _, v := range variants {
		switch {
		case v.Kind != kind:
		case kind != '{':
			return v.Type
		case slices.Contains(v.Values, tag(raw, v.Tag)):
			return v.Type
		case len(v.Values) == 0:
			rest = v.Type
		}
	}
	return rest
}

// tag returns the last string called name of an object, "" if the last member of that name is no string.
func tag(raw jsontext.Value, name string) (value string) {
	d := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	_, _ = d.ReadToken() // the brace; all of it has been read before, so that nothing fails
	for d.PeekKind() == '"' {
		member, _ := d.ReadToken()
		found := member.String() == name
		if found {
			value = ""
		}
		if found && d.PeekKind() == '"' {
			token, _ := d.ReadToken()
			value = token.String()
		} else {
			_ = d.SkipValue()
		}
	}
	return value
}
