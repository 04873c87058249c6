package tool

import (
	"reflect"
	"slices"
	"strings"
)

// field is a member of a JSON object that encoding/json reads into a struct.
type field struct {
	reflect.StructField

	name     string // in JSON
	named    bool   // by its tag
	depth    int    // how many embedded structs it is in
	optional bool   // omitempty, omitzero or a pointer
	quoted   bool   // a number or a bool as a string
}

// fieldsOf returns the fields of a struct by the rules of encoding/json, in their order: those of embedded structs
// are the struct's own, and of several with one name the outermost counts, among those one that its tag names.
func fieldsOf(t reflect.Type) []field {
	all := collect(nil, t, nil)
	byName := map[string][]field{}
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	return slices.DeleteFunc(all, func(f field) bool { return !dominant(f, byName[f.name]) })
}

// dominant says whether f is the one that counts among the fields with its name.
func dominant(f field, all []field) bool {
	for _, other := range all {
		same := slices.Equal(other.Index, f.Index)
		deeper := other.depth > f.depth || other.depth == f.depth && f.named && !other.named
		if !same && !deeper {
			return false
		}
	}
	return true
}

// collect appends the fields of t, which is embedded in the structs of outer; index is the way there.
func collect(index []int, t reflect.Type, outer []reflect.Type) []field {
	if slices.Contains(outer, t) {
		return nil
	}
	outer = append(slices.Clip(outer), t)
	var fields []field
	for sf := range t.Fields() {
		tag := sf.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		sf.Index = append(slices.Clip(index), sf.Index...)
		if tag == "-" {
			continue
		}
		switch embedded := structOf(sf); {
		case embedded != nil && name == "":
			fields = append(fields, collect(sf.Index, embedded, outer)...)
		case embedded != nil, sf.IsExported():
			fields = append(fields, newField(sf, name, strings.Split(options, ","), len(outer)))
		}
	}
	return fields
}

// structOf returns the struct that is embedded as sf, or nil. A pointer to one that is not exported cannot be decoded
// into.
func structOf(sf reflect.StructField) reflect.Type {
	t := sf.Type
	if t.Kind() == reflect.Pointer && sf.IsExported() {
		t = t.Elem()
	}
	if !sf.Anonymous || t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

func newField(sf reflect.StructField, name string, options []string, depth int) field {
	f := field{StructField: sf, name: name, named: name != "", depth: depth}
	if !f.named {
		f.name = sf.Name
	}
	f.optional = slices.Contains(options, "omitempty") || slices.Contains(options, "omitzero") || sf.Type.Kind() == reflect.Pointer
	f.quoted = slices.Contains(options, "string")
	return f
}
