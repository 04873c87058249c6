package codec_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/codec"
)

// TestAmplification decodes JSON whose tiny elements would take many times its size.
func TestAmplification(t *testing.T) { //nolint:paralleltest // it counts what is allocated meanwhile
	type element struct {
		_ [200]byte
	}
	skip := func(_ *element, d *codec.Decoder) { d.Skip() }
	const size = 4 << 20
	tests := map[string]struct {
		data   string
		decode func(d *codec.Decoder)
	}{
		"objects in a list": {"[" + strings.Repeat("{},", size/3) + "{}]", func(d *codec.Decoder) { codec.Slice(d, skip) }},
		"nulls in a list":   {"[" + strings.Repeat("null,", size/5) + "{}]", func(d *codec.Decoder) { codec.Slice(d, skip) }},
		"lists of any":      {"[" + strings.Repeat("[],", size/3) + "{}]", func(d *codec.Decoder) { d.ReadAny() }},
		"objects of any":    {"[" + strings.Repeat("{\"\":0},", size/7) + "{}]", func(d *codec.Decoder) { d.ReadAny() }},
		"pointers in a list": {"[" + strings.Repeat("{},", size/3) + "{}]", func(d *codec.Decoder) {
			for more := d.Array(); more; more = d.More() {
				codec.Pointer(d, skip)
			}
		}},
	}
	for name, test := range tests {
		var d codec.Decoder
		d.Reset([]byte(test.data))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		test.decode(&d)
		runtime.ReadMemStats(&after)
		if d.End() == nil {
			t.Errorf("%s: accepted", name)
		}
		// Slices that grow by a quarter allocate five times what they hold in the end.
		if got := after.TotalAlloc - before.TotalAlloc; got > 30*size {
			t.Errorf("%s: %d bytes allocated for %d", name, got, size)
		}
	}
}
