package codec_test

import (
	"strings"
	"testing"

	"github.com/chatspec/chatspec/codec"
)

// TestAllocations pins what is allocated: the strings, slices and values handed out, and nothing else.
// It cannot be parallel because testing.AllocsPerRun counts those of the whole process.
//
//nolint:paralleltest // see above
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	deep := nested(codec.MaxDepth)
	for _, c := range []struct {
		name, json string
		want       float64
		read       func(d *codec.Decoder)
	}{
		{"Skip", logprobsEvent, 0, (*codec.Decoder).Skip},
		{"Skip, escapes", toolEvent, 0, (*codec.Decoder).Skip},
		{"Skip, all levels", deep, 0, (*codec.Decoder).Skip},
		{"Key", `{"a":1,"b":2,"Ü":null}`, 0, func(d *codec.Decoder) {
			for more := d.Object(); more; more = d.More() {
				switch string(d.Key()) {
				case "a":
					d.ReadInt()
				default:
					d.Skip()
				}
			}
		}},
		{"Kind", `true`, 0, func(d *codec.Decoder) { d.Kind(); d.ReadBool() }},
		{"Null", `null`, 0, func(d *codec.Decoder) { d.Null() }},
		{"Tag", `{"a":{"b":[]},"type":"text"}`, 0, func(d *codec.Decoder) {
			if string(d.Tag("type")) != "text" {
				t.Error("another tag")
			}
			d.Skip()
		}},
		{"Tag, all levels but one", `{"a":` + nested(codec.MaxDepth-1) + `}`, 0, func(d *codec.Decoder) { d.Tag("type"); d.Skip() }},
		{"ReadInt", `-1234567890`, 0, func(d *codec.Decoder) { d.ReadInt() }},
		{"ReadInt, a float", `123.450e2`, 0, func(d *codec.Decoder) { d.ReadInt() }},
		{"ReadFloat", `-0.25`, 0, func(d *codec.Decoder) { d.ReadFloat() }},
		{"ReadFloat, long", `-0.31725305318832397e-10`, 0, func(d *codec.Decoder) { d.ReadFloat() }},
		{"ReadString, empty", `""`, 0, func(d *codec.Decoder) { d.ReadString() }},
		{"ReadString", `"Grüße, 世界"`, 1, func(d *codec.Decoder) { d.ReadString() }},
		{"ReadString, escapes", `"a\n\u00e9` + strings.Repeat(`x\"`, 1000) + `"`, 1, func(d *codec.Decoder) { d.ReadString() }},
		{"ReadRaw", `{"a":[1,2,3]}`, 1, func(d *codec.Decoder) { d.ReadRaw() }},
		{"Value", `{"total_tokens":7}`, 0, func(d *codec.Decoder) { codec.Value(d, (*eventUsage).DecodeJSON) }},
		{"Value, a literal", `7`, 0, func(d *codec.Decoder) {
			codec.Value(d, func(v *int, d *codec.Decoder) { *v = d.ReadInt() })
		}},
		{"Pointer", `{"total_tokens":7}`, 1, func(d *codec.Decoder) { codec.Pointer(d, (*eventUsage).DecodeJSON) }},
		{"Pointer, a literal", `7`, 1, func(d *codec.Decoder) {
			codec.Pointer(d, func(v *int, d *codec.Decoder) { *v = d.ReadInt() })
		}},
		{"Slice, null", `null`, 0, func(d *codec.Decoder) { codec.Slice(d, readInt) }},
		{"Slice, empty", `[]`, 0, func(d *codec.Decoder) { codec.Slice(d, readInt) }},
		{"Slice", `[{"total_tokens":7}]`, 1, func(d *codec.Decoder) { codec.Slice(d, (*eventUsage).DecodeJSON) }},
		{"Slice, a literal", `[7]`, 1, func(d *codec.Decoder) {
			codec.Slice(d, func(v *int, d *codec.Decoder) { *v = d.ReadInt() })
		}},
		// The map is two; then the value that decode writes to, whatever the number of members, and a name.
		{"Map", `{"a name":7}`, 4, func(d *codec.Decoder) { codec.Map(d, (*int64Value).DecodeJSON) }},
	} {
		data := []byte(c.json)
		var d codec.Decoder
		got := testing.AllocsPerRun(100, func() {
			d.Reset(data)
			c.read(&d)
			if err := d.End(); err != nil {
				t.Error(err)
			}
		})
		if got != c.want {
			t.Errorf("%s: %v allocations, want %v", c.name, got, c.want)
		}
	}
}

type int64Value int64

func (v *int64Value) DecodeJSON(d *codec.Decoder) { *v = int64Value(d.ReadInt64()) }

// TestAllocationsOfErrors: an error is two allocations, itself and its text, and later calls are none.
//
//nolint:paralleltest // see TestAllocations
func TestAllocationsOfErrors(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	data := []byte(`{"id":7,"model":"never read"}`)
	var d codec.Decoder
	var v event
	if got := testing.AllocsPerRun(100, func() {
		d.Reset(data)
		v.DecodeJSON(&d)
		for range 10 {
			v.DecodeJSON(&d)
			d.Skip()
			d.ReadAny()
		}
	}); got != 2 {
		t.Errorf("%v allocations, want 2", got)
	}
}
