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
	return difference(reflect.ValueOf(got), reflect.ValueOf(want))
}

// difference returns the path to what differs, a colon and what it is.
func difference(got, want reflect.Value) string {
	p := pairOf(got.Type(), want.Type())
	switch {
	case p.mismatch != "":
		return ": " + p.mismatch + ": run make generate"
	case p.union:
		return unionDifference(got, want.Interface().(union.Value))
	}
	switch got.Kind() {
	case reflect.Struct:
		for i := range got.NumField() {
			if d := difference(got.Field(i), want.Field(i)); d != "" {
				return "." + got.Type().Field(i).Name + d
			}
		}
		return ""
	case reflect.Pointer:
		if got.IsNil() || want.IsNil() {
			return nilDifference(got, want)
		}
		return difference(got.Elem(), want.Elem())
	case reflect.Slice:
		return sliceDifference(got, want)
	case reflect.Map:
		return mapDifference(got, want)
	default:
		return scalarDifference(got, want)
	}
}

// pair is what is known of a type of ours and the plain type beside it.
type pair struct {
	union    bool
	mismatch string // why their values cannot be compared
}

var pairs sync.Map // of [2]reflect.Type to pair

func pairOf(got, want reflect.Type) pair {
	key := [2]reflect.Type{got, want}
	if known, ok := pairs.Load(key); ok {
		return known.(pair)
	}
	p := newPair(got, want)
	pairs.Store(key, p)
	return p
}

func newPair(got, want reflect.Type) pair {
	plainUnion := want.Implements(reflect.TypeFor[union.Value]())
	if plainUnion && got.Kind() == reflect.Interface {
		return pair{union: true}
	}
	if plainUnion || got.Kind() != want.Kind() {
		return pair{mismatch: fmt.Sprintf("%s, the plain type is %s", got, want)}
	}
	if got.Kind() != reflect.Struct {
		return pair{}
	}
	if got.NumField() != want.NumField() {
		return pair{mismatch: fmt.Sprintf("%s has %d fields, the plain type %d", got, got.NumField(), want.NumField())}
	}
	for i := range got.NumField() {
		if ours, plain := got.Field(i).Name, want.Field(i).Name; ours != plain {
			return pair{mismatch: fmt.Sprintf("%s has the field %s where the plain type has %s", got, ours, plain)}
		}
	}
	return pair{}
}

// nilDifference compares values one of which is nil.
func nilDifference(got, want reflect.Value) string {
	if got.IsNil() == want.IsNil() {
		return ""
	}
	return fmt.Sprintf(": %s, want %s", show(got), show(want))
}

func sliceDifference(got, want reflect.Value) string {
	if got.IsNil() || want.IsNil() {
		return nilDifference(got, want)
	}
	if got.Len() != want.Len() {
		return fmt.Sprintf(": %d elements, want %d", got.Len(), want.Len())
	}
	for i := range got.Len() {
		if d := difference(got.Index(i), want.Index(i)); d != "" {
			return fmt.Sprintf("[%d]%s", i, d)
		}
	}
	return ""
}

func mapDifference(got, want reflect.Value) string {
	if got.IsNil() || want.IsNil() {
		return nilDifference(got, want)
	}
	if got.Len() != want.Len() {
		return fmt.Sprintf(": %d entries, want %d", got.Len(), want.Len())
	}
	for entries := got.MapRange(); entries.Next(); {
		d := ": not wanted"
		if value := want.MapIndex(entries.Key()); value.IsValid() {
			d = difference(entries.Value(), value)
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
	return difference(got, wanted)
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
