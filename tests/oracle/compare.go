package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chatspec/chatspec/tests/oracle/union"
)

// compare returns where got, a value of our generated package, is not what want, of the plain one, says, and in
// what; "" if it is nowhere. It finds its way by reflection, so it knows no type of the document.
func compare(got, want any) string {
	return compareValues(reflect.ValueOf(got), reflect.ValueOf(want))
}

func compareValues(got, want reflect.Value) string {
	return pairOf(got.Type(), want.Type()).difference(got, want)
}

// pair is what is known of a type of ours and the plain type beside it.
type pair struct {
	kind     reflect.Kind // reflect.Interface is a union
	mismatch string       // why their values cannot be compared
	fields   []*pair
	elem     *pair // of a pointer, slice or map
}

var (
	pairs   = map[[2]reflect.Type]*pair{}
	pairsMu sync.Mutex
)

func pairOf(got, want reflect.Type) *pair {
	pairsMu.Lock()
	defer pairsMu.Unlock()
	return knownPair(got, want)
}

func knownPair(got, want reflect.Type) *pair {
	key := [2]reflect.Type{got, want}
	p := pairs[key]
	if p == nil {
		p = &pair{kind: got.Kind()}
		pairs[key] = p // before its parts, which may hold the type again
		p.learn(got, want)
	}
	return p
}

func (p *pair) learn(got, want reflect.Type) {
	isUnion := want.Implements(reflect.TypeFor[union.Value]())
	switch {
	case isUnion && p.kind == reflect.Interface:
		return
	case p.kind == reflect.Interface && want.Kind() == reflect.Interface:
		p.kind = reflect.Invalid // a value that the document leaves open
		return
	case isUnion, got.Kind() != want.Kind():
		p.mismatch = fmt.Sprintf("%s, the plain type is %s", got, want)
		return
	}
	switch p.kind {
	case reflect.Struct:
		p.learnFields(got, want)
	case reflect.Pointer, reflect.Slice, reflect.Map:
		p.elem = knownPair(got.Elem(), want.Elem())
	default:
	}
}

func (p *pair) learnFields(got, want reflect.Type) {
	if got.NumField() != want.NumField() {
		p.mismatch = fmt.Sprintf("%s has %d fields, the plain type %d", got, got.NumField(), want.NumField())
		return
	}
	for i := range got.NumField() {
		ours, plain := got.Field(i), want.Field(i)
		if ours.Name != plain.Name {
			p.mismatch = fmt.Sprintf("%s has the field %s where the plain type has %s", got, ours.Name, plain.Name)
			return
		}
		p.fields = append(p.fields, knownPair(ours.Type, plain.Type))
	}
}

// difference returns the path to what differs, a colon and what it is.
func (p *pair) difference(got, want reflect.Value) string {
	switch {
	case p.mismatch != "":
		return ": " + p.mismatch + ": run make generate"
	case p.kind == reflect.Struct:
		for i, field := range p.fields {
			if d := field.difference(got.Field(i), want.Field(i)); d != "" {
				return "." + got.Type().Field(i).Name + d
			}
		}
		return ""
	case p.kind == reflect.Interface:
		u, _ := reflect.TypeAssert[union.Value](want) // see learn
		return unionDifference(got, u)
	case p.elem == nil:
		return scalarDifference(got, want)
	case got.IsNil() || want.IsNil():
		return nilDifference(got, want)
	}
	switch p.kind {
	case reflect.Pointer:
		return p.elem.difference(got.Elem(), want.Elem())
	case reflect.Slice:
		return p.sliceDifference(got, want)
	default:
		return p.mapDifference(got, want)
	}
}

// nilDifference compares values one of which is nil.
func nilDifference(got, want reflect.Value) string {
	if got.IsNil() == want.IsNil() {
		return ""
	}
	return fmt.Sprintf(": %s, want %s", show(got), show(want))
}

func (p *pair) sliceDifference(got, want reflect.Value) string {
	if got.Len() != want.Len() {
		return fmt.Sprintf(": %d elements, want %d", got.Len(), want.Len())
	}
	for i := range got.Len() {
		if d := p.elem.difference(got.Index(i), want.Index(i)); d != "" {
			return fmt.Sprintf("[%d]%s", i, d)
		}
	}
	return ""
}

func (p *pair) mapDifference(got, want reflect.Value) string {
	if got.Len() != want.Len() {
		return fmt.Sprintf(": %d entries, want %d", got.Len(), want.Len())
	}
	for entries := got.MapRange(); entries.Next(); {
		d := ": not wanted"
		if value := want.MapIndex(entries.Key()); value.IsValid() {
			d = p.elem.difference(entries.Value(), value)
		}
		if d != "" {
			return fmt.Sprintf("[%q]%s", entries.Key(), d)
		}
	}
	return ""
}

func scalarDifference(got, want reflect.Value) string {
	var same bool
	switch got.Kind() {
	case reflect.Interface: // of a value that the document leaves open
		same = reflect.DeepEqual(got.Interface(), want.Interface())
	case reflect.Float64: // -0 is not 0
		same = math.Float64bits(got.Float()) == math.Float64bits(want.Float())
	case reflect.String:
		same = got.String() == want.String()
	case reflect.Int, reflect.Int64:
		same = got.Int() == want.Int()
	default:
		same = got.Equal(want.Convert(got.Type()))
	}
	if same {
		return ""
	}
	return fmt.Sprintf(": %s, want %s", show(got), show(want))
}

// unionDifference compares a sealed interface with the variant that is wanted.
func unionDifference(got reflect.Value, want union.Value) string {
	value := want.Get()
	if got.IsNil() || value == nil {
		if got.IsNil() == (value == nil) {
			return ""
		}
		return fmt.Sprintf(": %s, want %s", show(got), show(reflect.ValueOf(value)))
	}
	got = got.Elem()
	name := got.Type().Name()
	if raw, ok := value.(jsontext.Value); ok {
		if name != "Raw" {
			return fmt.Sprintf(": the variant %s, want Raw", name)
		}
		return rawDifference(got.Bytes(), raw)
	}
	wanted := reflect.ValueOf(value).Elem()
	if name != wanted.Type().Name() {
		return fmt.Sprintf(": the variant %s, want %s", name, wanted.Type().Name())
	}
	return compareValues(got, wanted)
}

// rawDifference compares JSON by its value, as what is wanted may have been written anew.
func rawDifference(got, want []byte) string {
	if bytes.Equal(got, want) {
		return ""
	}
	a, errA := canonical(got)
	b, errB := canonical(want)
	if errA == nil && errB == nil && bytes.Equal(a, b) {
		return ""
	}
	return fmt.Sprintf(": the JSON %q (%v), want %q (%v)", got, errA, want, errB)
}

func canonical(raw []byte) ([]byte, error) {
	tree, err := parse(raw)
	if err != nil {
		return nil, err
	}
	tree.plainIntegers()
	tree.unique()
	return tree.append(nil), nil
}

// show returns a value for people.
func show(v reflect.Value) string {
	if !v.IsValid() {
		return "nil"
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
