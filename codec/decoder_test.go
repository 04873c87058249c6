package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/codec"
)

// read decodes data with f, to its end.
func read[T any](data string, f func(*codec.Decoder) T) (T, error) {
	var d codec.Decoder
	d.Reset([]byte(data))
	v := f(&d)
	return v, d.End()
}

func skip(d *codec.Decoder) struct{} {
	d.Skip()
	return struct{}{}
}

// members reads an object of integers, in the order in which they arrive.
func members(d *codec.Decoder) []string {
	var names []string
	for more := d.Object(); more; more = d.More() {
		names = append(names, string(d.Key()))
		d.ReadInt()
	}
	return names
}

func elements(d *codec.Decoder) []int {
	var list []int
	for more := d.Array(); more; more = d.More() {
		list = append(list, d.ReadInt())
	}
	return list
}

func TestObject(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		json string
		want []string
	}{
		{`{}`, nil},
		{` { } `, nil},
		{`null`, nil},
		{`{"a":1}`, []string{"a"}},
		{"\t{\r\n\"a\" : 1 , \"b\":\t2 }\n", []string{"a", "b"}},
		{`{"a":1,"a":2}`, []string{"a", "a"}},
		{`{"":1}`, []string{""}},
		{`{"\u0061\n\"":1}`, []string{"a\n\""}},
		{`{"Ü":1}`, []string{"Ü"}},
		{"{\"\xff\":1}", []string{"\ufffd"}},
	} {
		got, err := read(c.json, members)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, %v, want %q", c.json, got, err, c.want)
		}
	}
}

func TestArray(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		json string
		want []int
	}{
		{`[]`, nil},
		{` [ ] `, nil},
		{`null`, nil},
		{`[1]`, []int{1}},
		{`[1,null,3]`, []int{1, 0, 3}},
		{"\n[\t1 ,\r2\n]\t", []int{1, 2}},
	} {
		got, err := read(c.json, elements)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, %v, want %v", c.json, got, err, c.want)
		}
	}
}

// TestErrors pins what is reported and where. An offset is that of the first byte that is wrong, or of
// the value that is.
func TestErrors(t *testing.T) {
	t.Parallel()
	object := func(d *codec.Decoder) any { return members(d) }
	array := func(d *codec.Decoder) any { return elements(d) }
	str := func(d *codec.Decoder) any { return d.ReadString() }
	integer := func(d *codec.Decoder) any { return d.ReadInt64() }
	float := func(d *codec.Decoder) any { return d.ReadFloat() }
	boolean := func(d *codec.Decoder) any { return d.ReadBool() }
	anything := func(d *codec.Decoder) any { return d.ReadAny() }
	for _, c := range []struct {
		json   string
		read   func(*codec.Decoder) any
		offset int64
		msg    string
	}{
		{``, object, 0, "expected an object, found the end of the input"},
		{` [`, object, 1, "expected an object, found an array"},
		{`"{}"`, object, 0, "expected an object, found a string"},
		{`nul`, object, 0, "expected null"},
		{`{`, object, 1, "expected the name of a member, found the end of the input"},
		{`{1:1}`, object, 1, "expected the name of a member, found a number"},
		{`{a:1}`, object, 1, "expected the name of a member, found something else"},
		{`{"a"}`, object, 4, "expected a colon, found something else"},
		{`{"a" 1}`, object, 5, "expected a colon, found a number"},
		{`{"a":}`, object, 5, "expected an integer, found something else"},
		{`{"a":1`, object, 6, "expected a comma or the end of the object, found the end of the input"},
		{`{"a":1]`, object, 6, "expected a comma or the end of the object, found something else"},
		{`{"a":1 "b":2}`, object, 7, "expected a comma or the end of the object, found a string"},
		{`{"a":1,}`, object, 7, "expected the name of a member, found something else"},
		{`{,}`, object, 1, "expected the name of a member, found something else"},
		{`{"a`, object, 3, "expected the end of the string, found the end of the input"},
		{`{} {}`, object, 3, "expected the end of the input, found an object"},

		{`{}`, array, 0, "expected an array, found an object"},
		{`[`, array, 1, "expected an integer, found the end of the input"},
		{`[1`, array, 2, "expected a comma or the end of the array, found the end of the input"},
		{`[1}`, array, 2, "expected a comma or the end of the array, found something else"},
		{`[1,]`, array, 3, "expected an integer, found something else"},
		{`[,1]`, array, 1, "expected an integer, found something else"},
		{`[1 2]`, array, 3, "expected a comma or the end of the array, found a number"},
		{`[1]]`, array, 3, "expected the end of the input, found something else"},
		{"[1]\x00", array, 3, "expected the end of the input, found something else"},
		{"[1]\v", array, 3, "expected the end of the input, found something else"},
		{"\ufeff[1]", array, 0, "expected an array, found something else"},

		{`1`, str, 0, "expected a string, found a number"},
		{`true`, str, 0, "expected a string, found a boolean"},
		{`'a'`, str, 0, "expected a string, found something else"},
		{`"`, str, 1, "expected the end of the string, found the end of the input"},
		{`"abcdefghijklmnop`, str, 17, "expected the end of the string, found the end of the input"},
		{`"\`, str, 1, "expected a valid escape sequence"},
		{`"\"`, str, 3, "expected the end of the string, found the end of the input"},
		{`"ab\x"`, str, 3, "expected a valid escape sequence"},
		{`"ab\u12g4"`, str, 3, "expected a valid escape sequence"},
		{`"ab\u123`, str, 3, "expected a valid escape sequence"},
		{`"\ud83d\u12"`, str, 7, "expected a valid escape sequence"},
		{"\"a\nb\"", str, 2, "expected no control character in a string"},
		{"\"abcdefgh\x1f\"", str, 9, "expected no control character in a string"},
		{"\"a\\n\x00\"", str, 4, "expected no control character in a string"},

		{`"1"`, integer, 0, "expected an integer, found a string"},
		{` 1.5`, integer, 1, "expected an integer, found another number"},
		{`9223372036854775808`, integer, 0, "expected a number within the range of its type"},
		{`-`, integer, 1, "expected a digit, and no zero before others"},
		{`01`, integer, 0, "expected a digit, and no zero before others"},
		{`-01`, integer, 1, "expected a digit, and no zero before others"},
		{`+1`, integer, 0, "expected an integer, found something else"},
		{`1.`, float, 2, "expected a digit after the decimal point"},
		{`1e`, float, 2, "expected a digit in the exponent"},
		{`1e+`, float, 3, "expected a digit in the exponent"},
		{`.5`, float, 0, "expected a number, found something else"},
		{`NaN`, float, 0, "expected a number, found something else"},
		{`1e400`, float, 0, "expected a number within the range of its type"},
		{`1x`, float, 1, "expected the end of the input, found something else"},

		{`tru`, boolean, 0, "expected true"},
		{`fals`, boolean, 0, "expected false"},
		{`0`, boolean, 0, "expected a boolean, found a number"},
		{`truefalse`, boolean, 4, "expected the end of the input, found a boolean"},

		{`?`, anything, 0, "expected a value, found something else"},
		{`[1,{"a":?}]`, anything, 8, "expected a value, found something else"},
	} {
		v, err := read(c.json, c.read)
		var input *codec.InputError
		if !errors.As(err, &input) {
			t.Errorf("%s: got %v, %v, want an InputError", c.json, v, err)
			continue
		}
		if input.Offset != c.offset || input.Msg != c.msg {
			t.Errorf("%s: %d %q, want %d %q", c.json, input.Offset, input.Msg, c.offset, c.msg)
		}
	}
}

func TestInputErrorText(t *testing.T) {
	t.Parallel()
	_, err := read(`["secret", secret]`, skip)
	if want := "json: expected a value, found something else at byte 11"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestSticky calls everything after an error, on input that each of the calls would like.
func TestSticky(t *testing.T) {
	t.Parallel()
	decode := func(v *int, d *codec.Decoder) { *v = d.ReadInt() }
	for name, zero := range map[string]func(d *codec.Decoder) bool{
		"Object":     func(d *codec.Decoder) bool { return !d.Object() },
		"Array":      func(d *codec.Decoder) bool { return !d.Array() },
		"More":       func(d *codec.Decoder) bool { return !d.More() },
		"Key":        func(d *codec.Decoder) bool { return d.Key() == nil },
		"Null":       func(d *codec.Decoder) bool { return !d.Null() },
		"Kind":       func(d *codec.Decoder) bool { return d.Kind() == codec.KindInvalid },
		"Tag":        func(d *codec.Decoder) bool { return d.Tag("a") == nil },
		"ReadString": func(d *codec.Decoder) bool { return d.ReadString() == "" },
		"ReadInt":    func(d *codec.Decoder) bool { return d.ReadInt() == 0 },
		"ReadInt64":  func(d *codec.Decoder) bool { return d.ReadInt64() == 0 },
		"ReadFloat":  func(d *codec.Decoder) bool { return d.ReadFloat() == 0 },
		"ReadBool":   func(d *codec.Decoder) bool { return !d.ReadBool() },
		"ReadAny":    func(d *codec.Decoder) bool { return d.ReadAny() == nil },
		"ReadRaw":    func(d *codec.Decoder) bool { return d.ReadRaw() == nil },
		"Skip":       func(d *codec.Decoder) bool { d.Skip(); return true },
		"Value":      func(d *codec.Decoder) bool { return codec.Value(d, decode) == 0 },
		"Pointer":    func(d *codec.Decoder) bool { return codec.Pointer(d, decode) == nil },
		"Slice":      func(d *codec.Decoder) bool { return codec.Slice(d, decode) == nil },
		"Map":        func(d *codec.Decoder) bool { return codec.Map(d, decode) == nil },
	} {
		for _, next := range []string{`{"a":"x"}`, `[1]`, `,1`, `"a":1`, `null`, `"a"`, `1`, `true`} {
			var d codec.Decoder
			d.Reset([]byte(`[0,?` + next))
			elements(&d)
			first := d.Err()
			if first == nil {
				t.Fatal("no error to stick")
			}
			if !zero(&d) {
				t.Errorf("%s gives something after an error, before %s", name, next)
			}
			if d.Err() != first || d.End() != first {
				t.Errorf("%s replaces the error %v by %v", name, first, d.Err())
			}
		}
	}
}

// TestUnbalanced has decoding functions that are wrong.
func TestUnbalanced(t *testing.T) {
	t.Parallel()
	if _, err := read(`[1`, func(d *codec.Decoder) int { d.Array(); return d.ReadInt() }); err == nil {
		t.Error("an array may stay open")
	}
	if more, err := read(`1,2`, func(d *codec.Decoder) bool { d.ReadInt(); return d.More() }); more || err == nil {
		t.Error("More goes on outside of everything")
	}
	if _, err := read(`[1,2]`, func(d *codec.Decoder) any {
		return codec.Slice(d, func(*int, *codec.Decoder) {})
	}); err == nil {
		t.Error("an element may stay unread")
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	var d codec.Decoder
	if d.Skip(); d.Err() == nil {
		t.Error("the zero value has input")
	}
	d.Reset([]byte(strings.Repeat("[", 200)))
	for d.Array() {
		continue
	}
	d.Reset([]byte(`{"a":1}`))
	if got := members(&d); d.End() != nil || len(got) != 1 {
		t.Errorf("got %q, %v", got, d.Err())
	}
	d.Reset([]byte(` 7 `))
	if got := d.ReadInt(); d.End() != nil || got != 7 {
		t.Errorf("got %d, %v", got, d.Err())
	}
}

func TestKindAndNull(t *testing.T) {
	t.Parallel()
	for json, want := range map[string]codec.Kind{
		"null": codec.KindNull, "true": codec.KindBool, "false": codec.KindBool, "-1": codec.KindNumber,
		"0": codec.KindNumber, "9": codec.KindNumber, `""`: codec.KindString, "[]": codec.KindArray,
		"{}": codec.KindObject, "": codec.KindInvalid, "]": codec.KindInvalid, "+1": codec.KindInvalid,
		"/": codec.KindInvalid, ":": codec.KindInvalid, "\x00": codec.KindInvalid,
	} {
		var d codec.Decoder
		d.Reset([]byte(" \n" + json))
		if d.Kind() != want || d.Kind() != want || d.Err() != nil {
			t.Errorf("%q: kind %d, %v, want %d", json, d.Kind(), d.Err(), want)
		}
		if null := d.Null(); null != (want == codec.KindNull) || d.Err() != nil {
			t.Errorf("%q: null %v, %v", json, null, d.Err())
		}
		if left := d.Kind(); want == codec.KindNull && left != codec.KindInvalid || want != codec.KindNull && left != want {
			t.Errorf("%q: %d is left", json, left)
		}
	}
	var d codec.Decoder
	d.Reset([]byte("nil"))
	if d.Null() || d.Err() == nil {
		t.Error("nil is taken for null")
	}
}

func TestTag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		json string
		want []byte
	}{
		{`{"type":"text"}`, []byte("text")},
		{` { "a" : {"type":"inner"}, "type" : "text" , "b":[{"type":1}]} `, []byte("text")},
		{`{"type":"a","type":"b"}`, []byte("b")},
		{`{"type":"a","type":1}`, nil},
		{`{"type":1,"type":"b"}`, []byte("b")},
		{`{"type":""}`, []byte{}},
		{`{"ty\u0070e":"te\u0078t\n"}`, []byte("text\n")},
		{"{\"type\":\"\xff\"}", []byte("\ufffd")},
		{`{"type":null}`, nil},
		{`{"type":{"type":"a"}}`, nil},
		{`{"Type":"text"}`, nil},
		{`{}`, nil},
		{`null`, nil},
		{`[]`, nil},
		{`["type"]`, nil},
		{`"type"`, nil},
		{``, nil},
		{`{"type":"text"`, nil},
		{`{"type":"text",}`, nil},
		{`{"type":"te`, nil},
		{`{"type":"text"} {`, []byte("text")},
	} {
		var d codec.Decoder
		d.Reset([]byte(c.json))
		if got := d.Tag("type"); !bytes.Equal(got, c.want) || got == nil != (c.want == nil) {
			t.Errorf("%s: %q, want %q", c.json, got, c.want)
		}
		if d.Err() != nil {
			t.Errorf("%s: %v", c.json, d.Err())
		}
	}
}

// TestTagInside asks within objects and arrays, on both sides of the 64 levels after which the
// decoder notes the levels elsewhere.
func TestTagInside(t *testing.T) {
	t.Parallel()
	for depth := range 200 {
		var d codec.Decoder
		d.Reset([]byte(strings.Repeat(`[{"a":`, depth) + `{"deep":[{"x":[]}],"type":"here"}` +
			strings.Repeat(`}]`, depth)))
		for range depth {
			if !d.Array() || !d.Object() || string(d.Key()) != "a" {
				t.Fatal(d.Err())
			}
		}
		if got := d.Tag("type"); string(got) != "here" {
			t.Errorf("at %d levels: %q, %v", depth, got, d.Err())
		}
		d.Skip()
		for range depth {
			if d.More() || d.More() {
				t.Fatal("more than there is")
			}
		}
		if err := d.End(); err != nil {
			t.Errorf("after %d levels: %v", depth, err)
		}
	}
}

func TestReadBool(t *testing.T) {
	t.Parallel()
	for json, want := range map[string]bool{"true": true, " false ": false, "null": false} {
		if got, err := read(json, (*codec.Decoder).ReadBool); got != want || err != nil {
			t.Errorf("%s: %v, %v", json, got, err)
		}
	}
}

func TestReadRaw(t *testing.T) {
	t.Parallel()
	for json, want := range map[string]string{
		" 1.50e0 ":              "1.50e0",
		"\t{ \"a\" : [ 1 ] }\n": `{ "a" : [ 1 ] }`,
		"\"\xff\\u0041\"":       "\"\xff\\u0041\"",
		"1e999":                 "1e999",
	} {
		data := []byte(json)
		var d codec.Decoder
		d.Reset(data)
		got := d.ReadRaw()
		if err := d.End(); err != nil {
			t.Errorf("%s: %v", json, err)
		}
		clear(data)
		if string(got) != want {
			t.Errorf("%s: %s, want %s", json, got, want)
		}
	}
	if got, err := read(" null", (*codec.Decoder).ReadRaw); got != nil || err != nil {
		t.Errorf("null: %q, %v", got, err)
	}
	if got, err := read(`{"a":01}`, (*codec.Decoder).ReadRaw); got != nil || err == nil {
		t.Errorf("malformed: %q, %v", got, err)
	}
}

func TestSkip(t *testing.T) {
	t.Parallel()
	for _, text := range corpus {
		_, err := read(text, skip)
		if want := json.Valid([]byte(text)); (err == nil) != want {
			t.Errorf("%q: %v, json.Valid says %v", text, err, want)
		}
	}
}

// nested returns levels objects and arrays within each other.
func nested(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString([]string{`[`, `{"a":`, `[1,`}[i%3])
	}
	b.WriteString("2")
	for i := levels - 1; i >= 0; i-- {
		b.WriteString([]string{`]`, `}`, `]`}[i%3])
	}
	return b.String()
}

func TestDepth(t *testing.T) {
	t.Parallel()
	functions := map[string]func(*codec.Decoder) bool{
		"Skip":    func(d *codec.Decoder) bool { d.Skip(); return d.Err() == nil },
		"ReadRaw": func(d *codec.Decoder) bool { return d.ReadRaw() != nil },
		"ReadAny": func(d *codec.Decoder) bool { return d.ReadAny() != nil },
	}
	for _, levels := range []int{1, 63, 64, 65, 127, 128, 129, codec.MaxDepth - 1, codec.MaxDepth, codec.MaxDepth + 1, 1_000_000} {
		data := nested(levels)
		for name, f := range functions {
			got, err := read(data, f)
			if want := levels <= codec.MaxDepth; got != want || (err == nil) != want {
				t.Errorf("%s at %d levels: %v, %v", name, levels, got, err)
			}
		}
		open := strings.Repeat("[", levels)
		if _, err := read(open, skip); err == nil {
			t.Errorf("%d levels may stay open", levels)
		}
		if got, err := read(`{"a":`+data+`,"type":"x"}`, func(d *codec.Decoder) []byte {
			tag := d.Tag("type")
			d.Skip()
			return tag
		}); (err == nil) != (levels < codec.MaxDepth) || (string(got) == "x") != (levels < codec.MaxDepth) {
			t.Errorf("Tag around %d levels: %q, %v", levels, got, err)
		}
	}
}

// TestDepthOfHelpers decodes a type that contains itself.
func TestDepthOfHelpers(t *testing.T) {
	t.Parallel()
	for _, levels := range []int{codec.MaxDepth - 1, codec.MaxDepth, codec.MaxDepth + 1, 1_000_000} {
		var v tree
		err := codec.Unmarshal([]byte(strings.Repeat("[", levels)+strings.Repeat("]", levels)), &v, decodeTree)
		if (err == nil) != (levels <= codec.MaxDepth) {
			t.Errorf("%d levels: %v", levels, err)
		}
	}
}

type tree []tree

func decodeTree(v *tree, d *codec.Decoder) { *v = codec.Slice(d, decodeTree) }
