package codec_test

import (
	"fmt"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/codec"
)

// decodeChunk decodes as package stream does, and says whether the chunk was recognized.
func decodeChunk[C any](t *testing.T, c *codec.Chunks[C], text string, again bool, decode func(*C, *codec.Decoder)) (v *C, known bool) {
	t.Helper()
	data := []byte(text)
	defer clear(data)
	if v := c.Recognize(data, "error", again); v != nil {
		return v, true
	}
	v, err := c.Decode(data, "error", decode)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v, false
}

// TestRecognized says of pairs of chunks whether the second is recognized after the first. All are decoded right.
func TestRecognized(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		why, first, second string
		want               bool
	}{
		{"another text", `{"id":"a"}`, `{"id":"bc"}`, true},
		{"the same", `{"id":"a"}`, `{"id":"a"}`, true},
		{"an escape", `{"id":"a"}`, `{"id":"\u00e9\n"}`, true},
		{"no UTF-8", `{"id":"a"}`, "{\"id\":\"\xff\"}", true},
		{"a broken escape", `{"id":"a"}`, `{"id":"\x"} `, false},
		{"other integers", `{"created":1,"choices":[{"index":0}]}`, `{"created":-20,"choices":[{"index":7}]}`, true},
		{"an integer of another form", `{"created":1}`, `{"created":1e0}`, false},
		{"a decimal point", `{"created":1}`, `{"created":1.0}`, false},
		{"a longer integer", `{"created":1}`, `{"created":1234567890123456789}`, false},
		{"null", `{"id":"a"}`, `{"id":null}`, false},
		{"one more member", `{"id":"a"}`, `{"id":"a","model":"m"}`, false},
		{"other white space", `{"id":"a"}`, `{"id": "a"}`, false},
		{"two of a name", `{"id":"a","id":"b"}`, `{"id":"c","id":"d"}`, false},
		{"two of a name, one null", `{"id":"a","id":null}`, `{"id":"c","id":null}`, false},
		{"values that nobody reads", `{"x":{"y":["a",1.5]}}`, `{"x":{"y":["b",2e9]}}`, true},
		{"a float that nobody reads", `{"logprobs":0.5}`, `{"logprobs":0.25}`, true},
		{
			"a float that somebody reads", `{"choices":[{"logprobs":{"content":[{"logprob":0.5}]}}]}`,
			`{"choices":[{"logprobs":{"content":[{"logprob":0.25}]}}]}`, false,
		},
		{"a longer list", `{"choices":[{"index":1}]}`, `{"choices":[{"index":1},{"index":2}]}`, false},
		{"the word to avoid, as a name", `{"error":"a"}`, `{"error":"b"}`, false},
		{"the word to avoid, as a value", `{"id":"a"}`, `{"id":"error"}`, false},
	} {
		var chunks codec.Chunks[event]
		if strings.HasPrefix(c.why, "a broken") {
			decodeChunk(t, &chunks, c.first, false, (*event).DecodeJSON)
			if chunks.Recognize([]byte(c.second), "error", false) != nil {
				t.Errorf("%s: recognized", c.why)
			}
			continue
		}
		for i, text := range []string{c.first, c.second, c.second} {
			var want event
			if err := codec.Unmarshal([]byte(text), &want, (*event).DecodeJSON); err != nil {
				t.Fatal(err)
			}
			got, known := decodeChunk(t, &chunks, text, false, (*event).DecodeJSON)
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("%s: %+v, want %+v", c.why, *got, want)
			}
			if i == 1 && known != c.want {
				t.Errorf("%s: recognized: %v", c.why, known)
			}
		}
	}
}

// TestTwoNamesOfOneField reads a field that two servers name differently, and one sends both.
func TestTwoNamesOfOneField(t *testing.T) {
	t.Parallel()
	decode := func(v *event, d *codec.Decoder) {
		*v = event{}
		for more := d.Object(); more; more = d.More() {
			switch string(d.Key()) {
			case "reasoning", "reasoning_content":
				d.StringTo(&v.ID)
			default:
				d.Skip()
			}
		}
	}
	for _, end := range []string{`null`, `""`, `"z"`} {
		var chunks codec.Chunks[event]
		for _, value := range []string{"", "a", "b"} {
			text := fmt.Sprintf(`{"reasoning":%q,"reasoning_content":%s}`, value, end)
			got, _ := decodeChunk(t, &chunks, text, false, decode)
			if want := strings.Trim(strings.Trim(end, "nul"), `"`); got.ID != want {
				t.Errorf("%s: %q", text, got.ID)
			}
		}
	}
}

// TestKeptChunkPins keeps one of many chunks: what it holds beside its own bytes stays below 64 KiB, also with
// neighbors that become much larger than their JSON.
func TestKeptChunkPins(t *testing.T) { //nolint:paralleltest // it measures the heap
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	large := `{"choices":[` + strings.Repeat(`{},`, 1000) + `{}],"id":"` + strings.Repeat("x", 900) + `"}`
	for name, texts := range map[string][]string{
		"text":           {textEvent},
		"tools":          {toolEvent, textEvent},
		"logprobs":       {logprobsEvent},
		"tiny elements":  {large, textEvent},
		"invalid UTF-8":  {`{"id":"` + strings.Repeat("\xff", 4000) + `"}`, textEvent},
		"single strings": {`{"id":"` + strings.Repeat("x", 4000) + `"}`, textEvent},
	} {
		var kept []*event
		const keep, each = 8, 300
		before := liveHeap()
		for range keep {
			var chunks codec.Chunks[event]
			for i := range each {
				v, _ := decodeChunk(t, &chunks, strings.Replace(texts[i%len(texts)], "world", strconv.Itoa(i), 1), false, (*event).DecodeJSON)
				if i == each/2+1 { // text or the only kind
					kept = append(kept, v)
				}
			}
		}
		if pinned := int64(liveHeap()-before) / keep; pinned > 64<<10 {
			t.Errorf("%s: a chunk holds %d bytes", name, pinned)
		}
		runtime.KeepAlive(kept)
	}
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
