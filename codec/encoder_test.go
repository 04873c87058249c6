package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/chatspec/chatspec/codec"
)

// large is text that the encoder refers to.
var large = strings.Repeat("0123456789abcdef", 1<<10)

// EncodeJSON is what the templates emit.
func (v *eventUsage) EncodeJSON(e *codec.Encoder) {
	e.BeginObject()
	e.Key("total_tokens").WriteInt(v.TotalTokens)
	e.EndObject()
}

func writeString(v *string, e *codec.Encoder) { e.WriteString(*v) }

func TestEncoder(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, want string
		write      func(e *codec.Encoder)
	}{
		{"nothing", ``, func(*codec.Encoder) {}},
		{"empty object", `{}`, func(e *codec.Encoder) { e.BeginObject(); e.EndObject() }},
		{"members", `{"a":"x","b":{},"c":{"d":1},"e":true}`, func(e *codec.Encoder) {
			e.BeginObject()
			e.Key("a").WriteString("x")
			e.Key("b").BeginObject()
			e.EndObject()
			e.Key("c").BeginObject()
			e.Key("d").WriteInt(1)
			e.EndObject()
			e.Key("e").WriteBool(true)
			e.EndObject()
		}},
		{"constants", `{"type":"text","role":"tool"}`, func(e *codec.Encoder) {
			e.BeginObject()
			e.Key("type").WriteConst("", "text")
			e.Key("role").WriteConst("tool", "user")
			e.EndObject()
		}},
		{"names are escaped", `{"\"\n":1}`, func(e *codec.Encoder) { e.BeginObject(); e.Key("\"\n").WriteInt(1); e.EndObject() }},
		{"optional and empty", `{"z":0}`, func(e *codec.Encoder) { writeEmpty(e, e.OptionalKey) }},
		{
			"nullable and empty", `{"a":null,"b":null,"c":null,"d":null,"e":null,"f":null,"g":null,"h":null,"i":null,"j":null,"z":0}`,
			func(e *codec.Encoder) { writeEmpty(e, e.NullableKey) },
		},
		{
			"just empty", `{"a":"","b":0,"c":0,"d":false,"e":null,"f":null,"g":null,"h":null,"i":null,"j":{"total_tokens":0},"z":0}`,
			func(e *codec.Encoder) { writeEmpty(e, e.Key) },
		},
		{"optional, not empty", `{"a":"","b":[],"c":{"x":""},"d":{"total_tokens":1},"e":{}}`, func(e *codec.Encoder) {
			e.BeginObject()
			codec.WritePointer(e.OptionalKey("a"), new(""), writeString)
			e.OptionalKey("b").WriteAny([]int{})
			codec.WriteMap(e.OptionalKey("c"), map[string]string{"x": ""}, writeString)
			codec.WriteObject(e.OptionalKey("d"), &eventUsage{TotalTokens: 1}, (*eventUsage).EncodeJSON)
			e.OptionalKey("e").BeginObject()
			e.EndObject()
			e.EndObject()
		}},
		{"elements", `[{"total_tokens":0},{"total_tokens":1}]`, func(e *codec.Encoder) {
			codec.WriteSlice(e, []eventUsage{{}, {TotalTokens: 1}}, (*eventUsage).EncodeJSON)
		}},
		{"no elements", `[]`, func(e *codec.Encoder) { codec.WriteSlice(e, []string{}, writeString) }},
		{"sorted", `{"a":"1","b":"2","é":"3"}`, func(e *codec.Encoder) {
			codec.WriteMap(e, map[string]string{"é": "3", "b": "2", "a": "1"}, writeString)
		}},
		{"raw", `{"a":[1,"<"]}`, func(e *codec.Encoder) { e.WriteRaw([]byte("\n{ \"a\" : [1, \"<\"] }")) }},
		{"any", `{"a":"<"}`, func(e *codec.Encoder) { e.WriteAny(map[string]any{"a": "<"}) }},
		{"reopened", `{"a":1,"b":{},"c":2}`, func(e *codec.Encoder) {
			e.BeginObject()
			e.Key("a").WriteInt(1)
			e.Key("b").BeginObject()
			e.EndObject()
			e.EndObject()
			e.ReopenObject()
			e.Key("c").WriteInt(2)
			e.EndObject()
		}},
		{"reopened, empty", `{"a":1}`, func(e *codec.Encoder) {
			e.BeginObject()
			e.EndObject()
			e.ReopenObject()
			e.Key("a").WriteInt(1)
			e.EndObject()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var e codec.Encoder
			test.write(&e)
			if err := e.Err(); err != nil || string(e.Bytes()) != test.want || e.Len() != len(test.want) {
				t.Errorf("got  %s, %v\nwant %s", e.Bytes(), err, test.want)
			}
		})
	}
}

// writeEmpty writes an empty value of every kind, each under a key.
func writeEmpty(e *codec.Encoder, key func(string) *codec.Encoder) {
	e.BeginObject()
	key("a").WriteString("")
	key("b").WriteInt(0)
	key("c").WriteFloat(0)
	key("d").WriteBool(false)
	key("e").WriteAny(nil)
	key("f").WriteRaw(nil)
	codec.WritePointer(key("g"), nil, writeString)
	codec.WriteSlice(key("h"), nil, writeString)
	codec.WriteMap(key("i"), nil, writeString)
	codec.WriteObject(key("j"), &eventUsage{}, (*eventUsage).EncodeJSON)
	e.Key("z").WriteInt(0)
	e.EndObject()
}

func TestEncoderErrors(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(e *codec.Encoder){
		"NaN":                 func(e *codec.Encoder) { e.WriteFloat(math.NaN()) },
		"infinity":            func(e *codec.Encoder) { e.WriteFloat(math.Inf(-1)) },
		"raw":                 func(e *codec.Encoder) { e.WriteRaw([]byte(`{"a"}`)) },
		"empty raw":           func(e *codec.Encoder) { e.WriteRaw([]byte{}) },
		"any":                 func(e *codec.Encoder) { e.WriteAny(func() {}) },
		"nothing to reopen":   (*codec.Encoder).ReopenObject,
		"no object to reopen": func(e *codec.Encoder) { e.WriteInt(1); e.ReopenObject() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e codec.Encoder
			write(&e)
			first := e.Err()
			if first == nil {
				t.Fatalf("no error, but %s", e.Bytes())
			}
			e.WriteRaw([]byte(`}`))
			if !errors.Is(e.Err(), first) {
				t.Errorf("%v is not the first error, %v", e.Err(), first)
			}
		})
	}
}

// TestLargeText: text is referred to from some length on, wherever it stands, and comes out as it went in.
func TestLargeText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		large, large[1:], large + "\n", "\n" + large, large + "\"" + large, strings.Repeat("é", 20<<10), strings.Repeat("\u2028", 10<<10),
		strings.Repeat("\xff", 20<<10), strings.Repeat(large, 20), strings.Repeat(large+"\\", 20), strings.Repeat("line\n", 50<<10),
	} {
		values := []string{"", text, "x", text, text}
		want := marshal(t, values)
		var e codec.Encoder
		codec.WriteSlice(&e, values, writeString)
		if string(e.Bytes()) != want || e.Len() != len(want) {
			t.Fatalf("%d bytes of %.20q... are not what encoding/json writes", len(text), text)
		}
		for range 2 { // a reader does not use up what another reads
			if err := iotest.TestReader(e.NewReader(), []byte(want)); err != nil {
				t.Error(err)
			}
		}
		if got, err := io.ReadAll(iotest.OneByteReader(e.NewReader())); err != nil || string(got) != want {
			t.Errorf("byte by byte it is another text: %v", err)
		}
	}
}

// TestReadersAreApart: two readers that are read by turns give the same.
func TestReadersAreApart(t *testing.T) {
	t.Parallel()
	var e codec.Encoder
	codec.WriteSlice(&e, []string{large, "x", large}, writeString)
	a, b := e.NewReader(), e.NewReader()
	var fromA, fromB bytes.Buffer
	for {
		_, errA := io.CopyN(&fromA, a, 1000)
		_, errB := io.CopyN(&fromB, b, 777)
		if errA != nil && errB != nil {
			break
		}
	}
	if !bytes.Equal(fromA.Bytes(), e.Bytes()) || !bytes.Equal(fromB.Bytes(), e.Bytes()) {
		t.Error("the readers differ")
	}
}

// TestEncoderAllocations pins what is allocated: the Encoder, which has its first buffer inside, and no large text.
//
//nolint:paralleltest // testing.AllocsPerRun counts those of the whole process
func TestEncoderAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	image := strings.Repeat(large, 256) // 4 MiB
	values := []string{"a", "b"}
	for _, c := range []struct {
		name  string
		want  float64
		write func(e *codec.Encoder)
	}{
		{"empty", 1, func(e *codec.Encoder) { e.OptionalKey("a").WriteString("") }},
		{"short", 1, func(e *codec.Encoder) {
			e.BeginObject()
			e.Key("name").WriteString("some text\n")
			e.OptionalKey("n").WriteInt(123)
			e.OptionalKey("f").WriteFloat(0.25)
			e.OptionalKey("b").WriteBool(true)
			e.EndObject()
		}},
		{"slice", 1, func(e *codec.Encoder) { codec.WriteSlice(e, values, writeString) }},
		{"large", 3, func(e *codec.Encoder) { e.WriteString(image) }}, // the list of pieces, which grows
		{"large, read", 4, func(e *codec.Encoder) {
			e.WriteString(image)
			if n, _ := io.Copy(io.Discard, e.NewReader()); n != int64(len(image)+2) {
				t.Error("another length")
			}
		}},
	} {
		if got := testing.AllocsPerRun(100, func() {
			var e codec.Encoder
			c.write(&e)
			if err := e.Err(); err != nil {
				t.Error(err)
			}
		}); got != c.want {
			t.Errorf("%s: %v allocations, want %v", c.name, got, c.want)
		}
	}
}

// FuzzEncoderStrings: strings are what encoding/json makes of them, as values and as names, and are read back as
// they were, except for bytes that are not UTF-8.
func FuzzEncoderStrings(f *testing.F) {
	for _, s := range []string{"", "a", "\x00\x1f\b\f\n\r\t\"\\/\x7f", "<&>", "\u2028\u2029\u202a", "\xe2\x80", "\xed\xa0\x80\xff", "12345678\xe2\x80\xa8"} {
		f.Add(s, uint16(0))
		f.Add(s, uint16(20<<10))
	}
	f.Fuzz(func(t *testing.T, s string, more uint16) {
		s += large[:int(more)%len(large)] + s + large
		want := marshal(t, map[string]string{s: s})
		var e codec.Encoder
		codec.WriteMap(&e, map[string]string{s: s}, writeString)
		if got := string(e.Bytes()); got != want {
			t.Fatalf("got  %q\nwant %q", got, want)
		}
		back, err := read(string(e.Bytes()), func(d *codec.Decoder) map[string]string {
			return codec.Map(d, func(v *string, d *codec.Decoder) { *v = d.ReadString() })
		})
		valid := string([]rune(s))
		if err != nil || len(back) != 1 || back[valid] != valid {
			t.Fatalf("%q was read back as %q, %v", s, back, err)
		}
	})
}

// marshal returns what encoding/json writes without escapes for HTML.
func marshal(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
