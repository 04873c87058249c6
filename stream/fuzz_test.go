package stream_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/chatspec/chatspec/stream"
)

// Whatever the input, the limits and the pieces in which it arrives, a Decoder finds the same events and
// the same end; and without limits these are the ones of the standard, read word by word.
func FuzzDecoderSplit(f *testing.F) {
	for _, in := range []string{
		"data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d",
		"\uFEFFid: 1\nevent: x\ndata: a\ndata\n\n:c\ndata:  b\n\nid\x00\nid: 2\x00\n\n",
		"\xef\xbbdata: a\n\n\xef\xbb\xbfdata: b\n\n",
		"retry: 1\nfoo\nfoo: bar\ndata\n\r\n\rdata:\r\n\r",
		strings.Repeat("data: 0123456789\r", 300) + "\nx\ndata: x\n\n",
	} {
		f.Add([]byte(in), []byte{1, 2, 3}, uint16(0), uint16(0), byte(0))
		f.Add([]byte(in), []byte{7}, uint16(12), uint16(0), byte(1))
		f.Add([]byte(in), []byte{255, 1}, uint16(0), uint16(40), byte(0))
		f.Add([]byte(in), []byte{}, uint16(0), uint16(0), byte(200))
	}
	f.Fuzz(func(t *testing.T, in, pieces []byte, maxEvent, maxTotal uint16, longer byte) {
		in = bytes.ReplaceAll(in, []byte("x"), bytes.Repeat([]byte("x"), 1+int(longer)*10)) // than a buffer
		var opts []stream.Option
		if maxEvent > 0 {
			opts = append(opts, stream.MaxEventBytes(int(maxEvent)))
		}
		if maxTotal > 0 {
			opts = append(opts, stream.MaxTotalBytes(int64(maxTotal)))
		}
		whole := decodeAll(t, bytes.NewReader(in), opts...)
		for how, r := range map[string]io.Reader{
			"in pieces":    &pieceReader{rest: in, pieces: pieces},
			"byte by byte": iotest.OneByteReader(bytes.NewReader(in)),
		} {
			if got := decodeAll(t, r, opts...); !reflect.DeepEqual(got, whole) {
				t.Errorf("%s:\n got %+v\nwant %+v", how, got, whole)
			}
		}
		if len(opts) > 0 {
			return
		}
		want := interpret(string(in))
		for i := range whole.Events {
			whole.Events[i].End = 0
		}
		if whole.Err != io.EOF || !reflect.DeepEqual(whole.Events, want) {
			t.Errorf("ends with %v:\n got %+v\nwant %+v", whole.Err, whole.Events, want)
		}
	})
}

// The same for streams larger than the first buffers, with lines of every length, from fixed seeds.
func TestDecoderRandomStreams(t *testing.T) {
	t.Parallel()
	tokens := []string{
		"data: ", "data:", "data", "event: ", "id: ", "id", "foo: ", ":", "retry: 5\n", "a", " ", "\x00", "\uFEFF",
		"\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n",
	}
	for seed := range uint64(1000) {
		random := rand.New(rand.NewPCG(seed, 0))
		below := func(bits int) int { return random.IntN(1 << random.IntN(bits)) } // small ones more often
		var in []byte
		for range random.IntN(120) {
			in = append(in, tokens[random.IntN(len(tokens))]...)
			if random.IntN(10) == 0 {
				in = append(in, strings.Repeat("x", below(15))...)
			}
		}
		pieces := make([]byte, 1+random.IntN(5))
		for i := range pieces {
			pieces[i] = byte(below(9))
		}
		limit := stream.MaxEventBytes(1 + below(16))
		limited := decodeAll(t, bytes.NewReader(in), limit)
		if got := decodeAll(t, &pieceReader{rest: in, pieces: pieces}, limit); !reflect.DeepEqual(got, limited) {
			t.Errorf("seed %d: the end depends on the pieces: %v, %v", seed, got.Err, limited.Err)
		}
		for how, r := range map[string]*pieceReader{
			"whole":     {rest: in, least: len(in)},
			"in pieces": {rest: in, least: len(in), pieces: pieces},
		} {
			got := decodeAll(t, r)
			for i := range got.Events {
				got.Events[i].End = 0
			}
			if got.Err != io.EOF || !reflect.DeepEqual(got.Events, interpret(string(in))) {
				t.Errorf("seed %d, %s: wrong events or end %v", seed, how, got.Err)
			}
			if r.least < min(512, len(in)) {
				t.Errorf("seed %d, %s: a Read of %d bytes only", seed, how, r.least)
			}
		}
	}
}

// Whatever events a Writer accepts, a Decoder reads back.
func FuzzWriterDecoder(f *testing.F) {
	f.Add("", []byte("a"), "", "x", []byte("b\nc"), "1", "hello")
	f.Add("x", []byte("\n"), "1", "", []byte(""), "", "a\r\nb")
	f.Add(" x", []byte(" \n "), " 1", ":", []byte(":"), ":", "\r\rdata: x\n\n")
	f.Add("\x00", []byte("\x00\xff"), "\uFEFF", "\uFEFF", []byte("\uFEFF"), "\xff", "\uFEFF")
	f.Add("a\r", []byte("\r"), "\n", "\n", []byte("data: a\n\ndata: b"), "\x00", "")
	f.Fuzz(func(t *testing.T, type1 string, data1 []byte, id1, type2 string, data2 []byte, id2, comment string) {
		rec := httptest.NewRecorder()
		w := stream.NewWriter(rec)
		var want []stream.Event
		for _, e := range []stream.Event{
			{Type: type1, Data: data1, ID: id1},
			{Type: type2, Data: data2, ID: id2},
			{Type: type2, Data: data1, ID: id2},
		} {
			if err := w.Comment(comment); err != nil {
				t.Fatal(err)
			}
			before := rec.Body.Len()
			err := w.Event(e)
			if writable := bytes.IndexByte(e.Data, '\r') < 0 && !strings.ContainsAny(e.Type, "\r\n") &&
				!strings.ContainsAny(e.ID, "\r\n\x00"); writable != (err == nil) {
				t.Errorf("%+v: %v", e, err)
			}
			if err == nil {
				want = append(want, e)
			} else if rec.Body.Len() > before {
				t.Errorf("%+v: wrote %q and %v", e, rec.Body.Bytes()[before:], err)
			}
		}
		checkEvents(t, rec.Body, want)
	})
}

// interpret returns the events of a whole stream, step by step as the standard has it.
func interpret(in string) (events []wireEvent) {
	in = strings.TrimPrefix(in, "\uFEFF")
	in = strings.ReplaceAll(in, "\r\n", "\n")
	in = strings.ReplaceAll(in, "\r", "\n")
	lines := strings.Split(in, "\n")
	var data, name, id string
	for _, line := range lines[:len(lines)-1] {
		if line == "" {
			if data != "" {
				events = append(events, wireEvent{Type: name, Data: strings.TrimSuffix(data, "\n"), ID: id})
			}
			data, name = "", ""
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "data":
			data += value + "\n"
		case "event":
			name = value
		case "id":
			if !strings.Contains(value, "\x00") {
				id = value
			}
		}
	}
	return events
}

// pieceReader returns its bytes in pieces of the given lengths, over and over.
type pieceReader struct {
	rest, pieces []byte
	turn         int
	full         bool // the last Read took all the room it was given
	least        int  // the least room a Read was given after such a one
}

func (r *pieceReader) Read(p []byte) (int, error) {
	if r.full {
		r.least = min(r.least, len(p))
	}
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	n := len(p)
	if len(r.pieces) > 0 {
		n = min(n, 1+int(r.pieces[r.turn%len(r.pieces)]))
		r.turn++
	}
	n = copy(p[:n], r.rest)
	r.rest, r.full = r.rest[n:], n == len(p)
	return n, nil
}
