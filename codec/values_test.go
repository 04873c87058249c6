package codec_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/codec"
)

// corpus is JSON, and what is not quite JSON, for comparisons with encoding/json.
var corpus = []string{
	// accepted
	`null`, `true`, `false`, `0`, `-0`, `-1.5e+3`, `""`, `"a"`, `[]`, `{}`, " \t\r\n1 \t\r\n", `[[]]`, `[{}]`, `{"a":{}}`,
	`[null]`, `{"a":null}`, `[1,"a",true,null,[2],{"b":3}]`, `{"a":1,"b":"x","c":[],"d":{"e":false}}`,
	`{"a":1,"a":2}`, `{"a":{"x":1},"a":{"y":2}}`, `{"a":[1,2],"a":[3]}`, `{"a":{"x":1},"a":null}`, `{"":""}`,
	`{"A":1,"a":2}`, `"\ud83d\ude00"`, `"\ud83d"`, `{"\ud83d":1,"\ude00":2}`, "\"\xff\"", "{\"\xff\":1,\"\xfe\":2}",
	`"\u2028\u0000"`, "\"\u2028\x7f\"", `1e-400`, `[1e2,1E2,1e+2,1e-2,0.0,0e0,-0.0e-0]`, `123456789012345678901234567890`,
	nested(70), nested(codec.MaxDepth),
	// refused: the end
	``, ` `, `{`, `[`, `"`, `-`, `[1`, `[1,`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `"a`, `"\`, `"\u`, `"\u12`, `tru`, `n`, `1e`,
	// refused: commas, colons, brackets
	`[,]`, `[1,]`, `[,1]`, `[1,,2]`, `[1 2]`, `{,}`, `{"a":1,}`, `{"a":1,,"b":2}`, `{"a" 1}`, `{"a"::1}`, `{"a":}`, `{:1}`,
	`{"a":1 "b":2}`, `[1}`, `{"a":1]`, `]`, `}`, `,`, `:`, `[]]`, `{}}`, `1 2`, `[] []`, `1,`, `{1:2}`, `{null:1}`, `{[]:1}`,
	`{"a","b"}`, `["a":1]`, `[1:2]`, `{{}}`, `{[]}`,
	// refused: literals, numbers, strings
	`nul`, `nulll`, `True`, `TRUE`, `truefalse`, `undefined`, `NaN`, `-NaN`, `Infinity`, `+1`, `.1`, `1.`, `01`, `-01`, `00`, `1.e1`,
	`1e1.5`, `0x10`, `1_000`, `--1`, `- 1`, `1 .5`, `'a'`, "`a`", `a`, `"\a"`, `"\x41"`, `"\'"`, `"\u004"`, `"\u00g0"`, `"\U0041"`,
	"\"\n\"", "\"\t\"", "\"\x00\"", "\"\x1f\"", `"a"b"`,
	// refused: what is not JSON around it
	"\ufeff1", "1\x00", "\x001", "\v1", "\f1", "\u00a01", "1\u2028", `// 1`, `1 // 1`, `/**/1`, "1;", "[1]\xff", nested(codec.MaxDepth + 1),
	// refused as values: out of range
	`1e400`, `[1,-1e400]`, `{"a":1e999999999999}`,
}

// TestReadAny has no differences to note: into an any, encoding/json accepts the same texts, gives the
// same values and has the same depth limit. Where it differs for other types is in TestDifferences.
func TestReadAny(t *testing.T) {
	t.Parallel()
	for _, text := range corpus {
		checkAny(t, []byte(text))
	}
}

// checkAny compares ReadAny with encoding/json.
func checkAny(t *testing.T, data []byte) {
	t.Helper()
	var want any
	refused := json.Unmarshal(data, &want)
	var d codec.Decoder
	d.Reset(data)
	got := d.ReadAny()
	if err := d.End(); (err == nil) != (refused == nil) {
		t.Fatalf("%.200q: %v, encoding/json says %v", data, err, refused)
	}
	if refused == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%.200q: %v, want %v", data, got, want)
	}
}

// TestDifferences lists where encoding/json decodes into a type in another way, and the reason why this
// package does not.
func TestDifferences(t *testing.T) {
	t.Parallel()
	type inner struct{ X, Y int }
	type outer struct {
		A inner
		L []inner
		M map[string]int
		N int
	}
	decodeInner := func(v *inner, d *codec.Decoder) {
		*v = inner{}
		for more := d.Object(); more; more = d.More() {
			switch string(d.Key()) {
			case "X":
				v.X = d.ReadInt()
			case "Y":
				v.Y = d.ReadInt()
			default:
				d.Skip()
			}
		}
	}
	decodeOuter := func(v *outer, d *codec.Decoder) {
		*v = outer{}
		for more := d.Object(); more; more = d.More() {
			switch string(d.Key()) {
			case "A":
				decodeInner(&v.A, d)
			case "L":
				v.L = codec.Slice(d, decodeInner)
			case "M":
				v.M = codec.Map(d, readInt)
			case "N":
				v.N = d.ReadInt()
			default:
				d.Skip()
			}
		}
	}
	for _, c := range []struct {
		why, json string
		want      outer
	}{
		{"names are compared exactly, or a vendor's field could overwrite ours", `{"N":1,"n":2}`, outer{N: 1}},
		{"the last of two objects wins alone", `{"A":{"X":1},"A":{"Y":2}}`, outer{A: inner{Y: 2}}},
		{"and so for elements", `{"L":[{"X":1},{"X":2}],"L":[{"Y":3}]}`, outer{L: []inner{{Y: 3}}}},
		{"and for maps", `{"M":{"a":1},"M":{"b":2}}`, outer{M: map[string]int{"b": 2}}},
		{"null is a value too, and wins", `{"N":1,"N":null}`, outer{}},
		{"some servers write integers as floats", `{"N":3.0}`, outer{N: 3}},
	} {
		var got, theirs outer
		if err := codec.Unmarshal([]byte(c.json), &got, decodeOuter); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %s: %+v, %v, want %+v", c.why, c.json, got, err, c.want)
		}
		if err := json.Unmarshal([]byte(c.json), &theirs); err == nil && reflect.DeepEqual(theirs, c.want) {
			t.Errorf("%s: %s: encoding/json does the same", c.why, c.json)
		}
	}
}

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	var v event
	if err := codec.Unmarshal([]byte(textEvent), &v, (*event).DecodeJSON); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{textEvent, toolEvent, logprobsEvent} {
		var got event
		var want plainEvent
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if err := codec.Unmarshal([]byte(text), &got, (*event).DecodeJSON); err != nil || !reflect.DeepEqual(got, event(want)) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	if err := codec.Unmarshal([]byte(`{"id":"x","created":"y"}`), &v, (*event).DecodeJSON); err == nil || v.ID != "x" {
		t.Errorf("got %+v, %v: want what was decoded before the error", v, err)
	}
	if err := codec.Unmarshal([]byte(`{"id":"z"} {}`), &v, (*event).DecodeJSON); err == nil || v.ID != "z" {
		t.Errorf("got %+v, %v: want an error for what follows", v, err)
	}
	if err := codec.Unmarshal([]byte(`null`), &v, (*event).DecodeJSON); err != nil || !reflect.DeepEqual(v, event{}) {
		t.Errorf("got %+v, %v: want the zero value for null", v, err)
	}
}

func TestHelpers(t *testing.T) {
	t.Parallel()
	slice := func(d *codec.Decoder) any { return codec.Slice(d, readInt) }
	mapping := func(d *codec.Decoder) any { return codec.Map(d, readInt) }
	pointer := func(d *codec.Decoder) any { return codec.Pointer(d, readInt) }
	value := func(d *codec.Decoder) any { return codec.Value(d, readInt) }
	seven := 7
	for _, c := range []struct {
		json string
		read func(*codec.Decoder) any
		want any // nil for an error
	}{
		{`null`, slice, []int(nil)},
		{`[]`, slice, []int{}},
		{`[1,null,3]`, slice, []int{1, 0, 3}},
		{`{}`, slice, nil},
		{`[1,"x"]`, slice, nil},
		{`null`, mapping, map[string]int(nil)},
		{`{}`, mapping, map[string]int{}},
		{`{"a":1,"b":null,"a":2,"\n":3}`, mapping, map[string]int{"a": 2, "b": 0, "\n": 3}},
		{`[]`, mapping, nil},
		{`{"a":"x"}`, mapping, nil},
		{`null`, pointer, (*int)(nil)},
		{`7`, pointer, &seven},
		{`"7"`, pointer, nil},
		{`null`, value, 0},
		{`7`, value, 7},
		{`"7"`, value, nil},
	} {
		got, err := read(c.json, c.read)
		if (err != nil) != (c.want == nil) || c.want != nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %#v, %v, want %#v", c.json, got, err, c.want)
		}
	}
}

// TestNullElements checks that a decoding function does not see the null that Slice and Map answer for.
func TestNullElements(t *testing.T) {
	t.Parallel()
	decode := func(v *string, d *codec.Decoder) { *v = string(d.Key()) }
	if got, err := read(`[null,null]`, func(d *codec.Decoder) []string { return codec.Slice(d, decode) }); err != nil || len(got) != 2 {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := read(`{"a":null}`, func(d *codec.Decoder) map[string]string { return codec.Map(d, decode) }); err != nil || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
}

// TestMapStartsAfresh has a decoding function that does not reset its value.
func TestMapStartsAfresh(t *testing.T) {
	t.Parallel()
	add := func(v *[]int, d *codec.Decoder) { *v = append(*v, d.ReadInt()) }
	got, err := read(`{"a":1,"b":2,"a":3}`, func(d *codec.Decoder) map[string][]int { return codec.Map(d, add) })
	if want := map[string][]int{"a": {3}, "b": {2}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestPartialResults(t *testing.T) {
	t.Parallel()
	if got, err := read(`[1,2,?`, func(d *codec.Decoder) []int { return codec.Slice(d, readInt) }); err == nil || !reflect.DeepEqual(got, []int{1, 2, 0}) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := read(`{"a":1,"b":?`, func(d *codec.Decoder) map[string]int { return codec.Map(d, readInt) }); err == nil || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestLargeInputs would not end if anything were quadratic.
func TestLargeInputs(t *testing.T) {
	t.Parallel()
	const n = 300_000
	for name, text := range map[string]string{
		"duplicates":    `{` + strings.Repeat(`"a":1,`, n) + `"a":2}`,
		"empty objects": `[` + strings.Repeat(`{}        ,`, n) + `{}]`,
		"escaped names": `{` + strings.Repeat(`"\u0061":"\u0061",`, n) + `"b":"c"}`,
		"white space":   strings.Repeat(" ", n) + `[` + strings.Repeat(" \n", n) + `1` + strings.Repeat("\t", n) + `]`,
		"many errors":   `[` + strings.Repeat(`?,`, n),
	} {
		_, refused := read(text, func(d *codec.Decoder) any { return d.ReadAny() })
		if (refused == nil) != json.Valid([]byte(text)) {
			t.Errorf("%s: %v", name, refused)
		}
	}
}
