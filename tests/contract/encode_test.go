package contract_test

import (
	"bytes"
	"encoding/json"
	"math"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
)

// encodes is what the templates emit for every object, list and map.
type encodes interface{ EncodeJSON(e *codec.Encoder) }

// TestEncodersWriteWhatEncodingJSONWrites makes values of every root schema from the document, as they are and
// with every string, number, pointer, list, map and variant in them replaced by odd ones. Each must be written,
// or refused, as encoding/json does it.
func TestEncodersWriteWhatEncodingJSONWrites(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	types := map[string]bool{}
	for name, newValue := range roots {
		seen := map[string]bool{}
		for _, sample := range samples(doc.Components.Schemas[name].Value, map[*openapi3.Schema]bool{}) {
			data, err := json.Marshal(sample)
			if err != nil {
				t.Fatal(err)
			}
			v := newValue()
			if err := json.Unmarshal(data, v); err != nil {
				t.Fatal(err)
			}
			root, ok := v.(encodes)
			if !ok {
				t.Fatalf("%T has no encoder", v)
			}
			compareEncoding(t, root)
			x := &variation{check: func() { compareEncoding(t, root) }, seen: seen, types: types}
			x.vary(reflect.ValueOf(v).Elem(), name)
		}
	}
	for name, schema := range doc.Components.Schemas {
		for _, branch := range schema.Value.OneOf {
			if variant := path.Base(branch.Ref); branch.Ref != "" && !types[variant] {
				t.Errorf("no value of the union %s was a %s", name, variant)
			}
		}
	}
}

func compareEncoding(t *testing.T, v encodes) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	wantErr := enc.Encode(v)
	var e codec.Encoder
	v.EncodeJSON(&e)
	switch err := e.Err(); {
	case (err == nil) != (wantErr == nil):
		t.Fatalf("%T: error %v, want %v", v, err, wantErr)
	case err == nil && string(e.Bytes()) != strings.TrimSuffix(b.String(), "\n"):
		t.Fatalf("%T:\ngot  %q\nwant %q", v, e.Bytes(), b.String())
	}
}

// Odd values of every kind.
var (
	oddStrings = []string{
		"", "<&>\u007f", "\x00\x1f\b\f\n\r\t\"\\/", "\u2028\u2029\u202a", "é世🙂", "\xff\xc3\xe2\x80", "12345678\xe2\x80\xa8" + "\xe2\x80",
		strings.Repeat("large ", 4000), strings.Repeat("lärge ", 4000), strings.Repeat("large\n", 4000), strings.Repeat("large \u2028", 4000),
	}
	oddInts   = []int64{0, -1, math.MaxInt64, math.MinInt64}
	oddFloats = []float64{
		0, math.Copysign(0, -1), -1.5, 1e20, 1e21, -1e21, 1e-6, 9.99e-7, 1e-9, 1e-10, 1e100, 1e-100,
		math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(), math.Inf(1),
	}
	oddRaws = []chat.Raw{
		nil, {}, chat.Raw(` { "a" : [ 1 , "\u2028 < ` + "\u2028" + `" ] } `), chat.Raw(`{"a":1`), chat.Raw(`1 2`), chat.Raw(`"\x"`),
	}
	oddAnys = []any{
		(*int)(nil), 0, "<\u2028\xff", json.RawMessage(` {"a": "<"}`), json.RawMessage(`{`),
		[]any{},
		map[string]any{"b": 1, "a<": nil},
		json.Number("1e5"), math.NaN(), func() {},
	}
)

// embedding is a type of a caller's own that passes for a message.
type embedding struct {
	chat.UserMessage

	Extra string `json:"extra"`
}

// variation replaces what is in a value by odd values, one at a time, calls check for each, and puts back what was
// there.
type variation struct {
	check func()
	seen  map[string]bool // the places that were varied in another sample
	types map[string]bool // found in unions
}

// vary varies v, which is at this place, and everything below it.
func (x *variation) vary(v reflect.Value, place string) {
	before := reflect.New(v.Type()).Elem()
	before.Set(v)
	defer v.Set(before)
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			x.vary(v.Field(i), place+"."+v.Type().Field(i).Name)
		}
		return
	case reflect.Slice:
		for i := range v.Len() {
			x.vary(v.Index(i), place+"[]")
		}
	case reflect.Pointer:
		if !v.IsNil() {
			x.vary(v.Elem(), place)
		}
	case reflect.Interface:
		x.varyInterface(v, place)
	}
	if x.seen[place] {
		return
	}
	x.seen[place] = true
	v.SetZero()
	x.check()
	switch v.Kind() {
	case reflect.String:
		try(x, v, oddStrings)
	case reflect.Int, reflect.Int64:
		try(x, v, oddInts)
	case reflect.Float64:
		try(x, v, oddFloats)
	case reflect.Bool:
		try(x, v, []bool{true})
	case reflect.Slice:
		for _, n := range []int{0, 2} {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			x.check()
		}
	case reflect.Map:
		x.varyMap(v, place)
	}
}

func try[T any](x *variation, v reflect.Value, odd []T) {
	for _, o := range odd {
		v.Set(reflect.ValueOf(o).Convert(v.Type()))
		x.check()
	}
}

func (x *variation) varyMap(v reflect.Value, place string) {
	v.Set(reflect.MakeMap(v.Type()))
	x.check()
	elem := reflect.New(v.Type().Elem()).Elem()
	inner := &variation{seen: x.seen, types: x.types, check: func() {
		for _, name := range oddStrings {
			v.SetMapIndex(reflect.ValueOf(name), elem)
		}
		x.check()
	}}
	inner.vary(elem, place+"{}")
}

func (x *variation) varyInterface(v reflect.Value, place string) {
	if v.IsNil() {
		return
	}
	if v.NumMethod() == 0 {
		for _, odd := range oddAnys {
			v.Set(reflect.ValueOf(odd))
			x.check()
		}
		return
	}
	variant := v.Elem().Type()
	x.types[variant.Name()] = true
	held := reflect.New(variant)
	held.Elem().Set(v.Elem())
	inner := &variation{seen: x.seen, types: x.types, check: func() { v.Set(held.Elem()); x.check() }}
	inner.vary(held.Elem(), place+"("+variant.Name()+")")
	odd := []reflect.Value{held, reflect.Zero(held.Type()), reflect.ValueOf(embedding{}), reflect.ValueOf(&embedding{Extra: "<"})}
	for _, raw := range oddRaws {
		odd = append(odd, reflect.ValueOf(raw), reflect.ValueOf(&raw))
	}
	for _, other := range odd {
		if other.Type().AssignableTo(v.Type()) {
			v.Set(other)
			x.check()
		}
	}
}

// TestNullOnTheWire: what may be null and is required is a plain value in Go, and null again on the wire, for
// encoding/json too.
func TestNullOnTheWire(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		value encodes
		want  string
	}{
		{&chat.ResponseMessage{}, `{"role":"assistant","content":null,"refusal":null}`},
		{&chat.ResponseMessage{Content: "<"}, `{"role":"assistant","content":"<","refusal":null}`},
		{&chat.ChunkChoice{}, `{"index":0,"delta":{},"finish_reason":null}`},
		{&chat.ChunkChoice{FinishReason: "stop"}, `{"index":0,"delta":{},"finish_reason":"stop"}`},
		{&chat.Choice{}, `{"index":0,"message":{"role":"assistant","content":null,"refusal":null},"finish_reason":"","logprobs":null}`},
		{&chat.FunctionMessage{Name: "f"}, `{"role":"function","content":null,"name":"f"}`},
		{&chat.StoredMessage{ID: "m", Role: "user"}, `{"id":"m","role":"user","content":null}`},
		{&chat.ErrorResponse{}, `{"error":{"message":"","type":"","code":null,"param":null}}`},
		{&chat.TopLogprob{}, `{"token":"","logprob":0,"bytes":null}`},
		{&chat.ChatCompletionUpdate{}, `{"metadata":null}`},
	} {
		var e codec.Encoder
		test.value.EncodeJSON(&e)
		if string(e.Bytes()) != test.want || e.Err() != nil {
			t.Errorf("got  %s, %v\nwant %s", e.Bytes(), e.Err(), test.want)
		}
		compareEncoding(t, test.value)
	}
}
