package stream_test

import (
	"errors"
	"io"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/stream"
)

// wireEvent is an event as the tests compare it, with a copy of its data and where it ended.
type wireEvent struct {
	Type, Data, ID string
	End            int64
}

// outcome is all that a Decoder says of a stream.
type outcome struct {
	Events     []wireEvent
	Err        error
	Incomplete []byte
}

func decodeAll(t testing.TB, r io.Reader, opts ...stream.Option) outcome {
	t.Helper()
	var out outcome
	d := stream.NewDecoder(r, opts...)
	for {
		e, err := d.Next()
		if err != nil {
			out.Err, out.Incomplete = err, d.Incomplete()
			break
		}
		if d.Incomplete() != nil {
			t.Error("Incomplete is not nil before the end")
		}
		out.Events = append(out.Events, wireEvent{e.Type, string(e.Data), e.ID, d.InputOffset()})
	}
	if e, err := d.Next(); err != out.Err || !reflect.DeepEqual(e, stream.Event{}) {
		t.Errorf("after the end Next returns %v, %v; want no event and %v", e, err, out.Err)
	}
	if d.Events() != len(out.Events) {
		t.Errorf("Events() = %d after %d events", d.Events(), len(out.Events))
	}
	return out
}

// decodeEverySplit decodes in whole, in every two pieces and in single bytes, and fails unless all agree.
func decodeEverySplit(t *testing.T, in string, opts ...stream.Option) outcome {
	t.Helper()
	whole := decodeAll(t, strings.NewReader(in), opts...)
	same := func(how string, r io.Reader) {
		t.Helper()
		if got := decodeAll(t, r, opts...); !reflect.DeepEqual(got, whole) {
			t.Errorf("%s:\n got %+v\nwant %+v", how, got, whole)
		}
	}
	for i := range len(in) + 1 {
		same("split before "+in[i:], io.MultiReader(strings.NewReader(in[:i]), strings.NewReader(in[i:])))
	}
	same("byte by byte", iotest.OneByteReader(strings.NewReader(in)))
	same("half reads", iotest.HalfReader(strings.NewReader(in)))
	same("last bytes with EOF", iotest.DataErrReader(strings.NewReader(in)))
	return whole
}

func TestDecoderStandard(t *testing.T) {
	t.Parallel()
	const bom = "\uFEFF"
	data := func(values ...string) (events []stream.Event) {
		for _, v := range values {
			events = append(events, stream.Event{Data: []byte(v)})
		}
		return events
	}
	for _, c := range []struct {
		name, in   string
		want       []stream.Event
		incomplete []byte
	}{
		{name: "empty stream"},
		{name: "line feeds", in: "data: a\n\ndata: b\n\n", want: data("a", "b")},
		{name: "carriage returns and line feeds", in: "data: a\r\n\r\ndata: b\r\n\r\n", want: data("a", "b")},
		{name: "carriage returns", in: "data: a\r\rdata: b\r\r", want: data("a", "b")},
		{name: "line ends mixed, ended by LF", in: "data: a\r\ndata: b\rdata: c\n\n", want: data("a\nb\nc")},
		{name: "line ends mixed, ended by CR", in: "data: a\n\rdata: b\r\n\rdata: c\n\r\n", want: data("a", "b", "c")},
		{name: "LF CR is two line ends", in: "data: a\n\rdata: b\n\r", want: data("a", "b")},
		{name: "CR LF LF is two line ends", in: "data: a\r\n\ndata: b\r\n\n", want: data("a", "b")},
		{name: "CR CR LF LF is three line ends", in: "data: a\r\r\n\ndata: b\n\n", want: data("a", "b")},
		{name: "blank lines without an event", in: "\n\r\n\r\n\n\rdata: a\n\n\n\n\n\n", want: data("a")},
		{name: "byte order mark", in: bom + "data: a\n\n", want: data("a")},
		{name: "byte order mark alone", in: bom},
		{name: "byte order mark before a blank line", in: bom + "\ndata: a\n\n", want: data("a")},
		{name: "second byte order mark", in: bom + bom + "data: a\n\ndata: b\n\n", want: data("b")},
		{name: "byte order mark later", in: "data: a\n" + bom + "data: b\n\n", want: data("a")},
		{name: "byte order mark in a value", in: "data:" + bom + "a\n\n", want: data(bom + "a")},
		{name: "unfinished byte order mark", in: bom[:2]},
		{name: "broken byte order mark", in: bom[:2] + "data: a\n\ndata: b\n\n", want: data("b")},
		{name: "comments", in: ": hi\ndata: a\n:\n:data: x\ndata: b\n: there\n\n", want: data("a\nb")},
		{name: "comments only", in: ": keep-alive\n\n: keep-alive\n\n"},
		{name: "comment longer than the buffer", in: ":" + strings.Repeat("x", 5000) + "\ndata: a\n\n", want: data("a")},
		{name: "several data lines", in: "data: a\ndata: b\ndata: c\n\n", want: data("a\nb\nc")},
		{name: "data lines of all forms", in: "data\ndata:\ndata: \ndata:  \ndata:a\n\n", want: data("\n\n\n \na")},
		{name: "one leading space only", in: "data:a\n\ndata: a\n\ndata:  a \n\ndata:\ta\n\n", want: data("a", "a", " a ", "\ta")},
		{name: "colons in a value", in: "data:: a:b\n\n", want: data(": a:b")},
		{name: "field without colon", in: "data\n\n", want: data("")},
		{name: "field without value", in: "data:\n\n", want: data("")},
		{name: "field with only a space", in: "data: \n\n", want: data("")},
		{name: "two empty data lines", in: "data\ndata\n\n", want: data("\n")},
		{name: "data ending in line feeds", in: "data: a\ndata:\ndata:\n\n", want: data("a\n\n")},
		{name: "events without data", in: "event: x\n\nid: 1\nevent: y\n\nfoo: bar\n\n"},
		{
			name: "event type", in: "event: add\ndata: a\n\ndata: b\n\n",
			want: []stream.Event{{Type: "add", Data: []byte("a")}, {Data: []byte("b")}},
		},
		{
			name: "event type after the data, the last one wins", in: "event: x\ndata: a\nevent:  y\n\n",
			want: []stream.Event{{Type: " y", Data: []byte("a")}},
		},
		{name: "event type taken back", in: "event: x\nevent\ndata: a\n\n", want: data("a")},
		{name: "event type reset by a blank line without data", in: "event: x\n\ndata: a\n\n", want: data("a")},
		{
			name: "NUL in an event type", in: "event: a\x00b\ndata: a\n\n",
			want: []stream.Event{{Type: "a\x00b", Data: []byte("a")}},
		},
		{
			name: "last event ID is sticky", in: "id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\n",
			want: []stream.Event{{Data: []byte("a"), ID: "1"}, {Data: []byte("b"), ID: "1"}, {Data: []byte("c"), ID: "2"}},
		},
		{
			name: "last event ID of a block without data", in: "id: 1\n\ndata: a\n\n",
			want: []stream.Event{{Data: []byte("a"), ID: "1"}},
		},
		{
			name: "last event ID set back to empty", in: "id: 1\ndata: a\n\nid\ndata: b\n\n",
			want: []stream.Event{{Data: []byte("a"), ID: "1"}, {Data: []byte("b")}},
		},
		{
			name: "ID with NUL is ignored", in: "id: 1\ndata: a\n\nid: 2\x00\ndata: b\n\n",
			want: []stream.Event{{Data: []byte("a"), ID: "1"}, {Data: []byte("b"), ID: "1"}},
		},
		{name: "retry is ignored", in: "retry: 10\ndata: a\nretry: x\nretry\n\n", want: data("a")},
		{
			name: "unknown fields are ignored", want: data("a"),
			in: "foo: 1\nDATA: 2\n data: 3\ndata : 4\ndatas: 5\ndat\ndata: a\neven: 6\ni: 7\n{\"a\": 8}\n\n",
		},
		{name: "bytes stay bytes", in: "data: \xff\x00\xc0\xafü\n\n", want: data("\xff\x00\xc0\xafü")},
		{name: "last event without blank line", in: "data: a\n\ndata: b\n", want: data("a"), incomplete: []byte("b")},
		{name: "last line without end", in: "data: a\n\ndata: b\r\ndata: c", want: data("a"), incomplete: []byte("b\nc")},
		{name: "last line is only data", in: "data: a", incomplete: []byte("a")},
		{name: "last line is data without value", in: "data:", incomplete: []byte{}},
		{name: "last line may become another field", in: "data"},
		{name: "last line is another field", in: "data: a\nevent: b", incomplete: []byte("a")},
		{name: "last line is a comment", in: "data: a\n:data: b", incomplete: []byte("a")},
		{name: "incomplete event without data", in: "data: a\n\nevent: b\nid: 1\n", want: data("a")},
		{name: "large data", in: "data: " + strings.Repeat("x", 5000) + "\n\n", want: data(strings.Repeat("x", 5000))},
		{
			name: "many data lines", in: strings.Repeat("data: x\n", 600) + "\ndata: y\n\n",
			want: data(strings.Repeat("x\n", 599)+"x", "y"),
		},
		{
			name: "data lines without colon, as dense as can be", in: strings.Repeat("data\n", 900) + "data: x\n\n",
			want: data(strings.Repeat("\n", 900) + "x"),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := decodeEverySplit(t, c.in)
			var want []wireEvent
			for i, e := range c.want {
				if i == len(got.Events) {
					t.Fatalf("got %d events, want %d", i, len(c.want))
				}
				want = append(want, wireEvent{e.Type, string(e.Data), e.ID, got.Events[i].End})
			}
			if !reflect.DeepEqual(got.Events, want) {
				t.Errorf("got events %+v\nwant %+v", got.Events, want)
			}
			if got.Err != io.EOF {
				t.Errorf("ends with %v, want io.EOF", got.Err)
			}
			if !reflect.DeepEqual(got.Incomplete, c.incomplete) {
				t.Errorf("Incomplete = %q, want %q", got.Incomplete, c.incomplete)
			}
		})
	}
}

func TestDecoderInputOffset(t *testing.T) {
	t.Parallel()
	in := "\uFEFFdata: a\n\n: x\n\ndata: b\r\n\r\ndata: c\r\rdata: d\n\ndata: e"
	var ends []int64
	for _, e := range decodeEverySplit(t, in).Events {
		ends = append(ends, e.End)
	}
	want := []int64{12, 27, 37, 46} // the second one ends with the CR of the blank line
	if !reflect.DeepEqual(ends, want) {
		t.Errorf("events end at %v, want %v", ends, want)
	}
}

// An event is returned before anything is read beyond the blank line that completes it.
func TestDecoderDoesNotWait(t *testing.T) {
	t.Parallel()
	for _, first := range []string{
		"data: a\n\n", "data: a\r\r", "data: a\r\n\r", "data: a\n\r", "data: a\r\n\n",
		"\uFEFFdata: a\n\n", "data: a\ndata: b\n\n", ": x\n\ndata: a\nevent: b\n\n",
	} {
		reads := 0
		d := stream.NewDecoder(readerFunc(func(p []byte) (int, error) {
			reads++
			switch reads {
			case 1:
				return copy(p, first), nil
			case 2:
				return copy(p, "\ndata: second\n\n"), nil
			}
			return 0, io.EOF
		}))
		if _, err := d.Next(); err != nil || reads != 1 {
			t.Errorf("%q: error %v after %d reads, want no error and one read", first, err, reads)
		}
		if e, err := d.Next(); err != nil || reads != 2 || string(e.Data) != "second" {
			t.Errorf("%q: then %q, %v after %d reads", first, e.Data, err, reads)
		}
	}
}

// What the caller does with the data does not reach the events after it.
func TestDecoderDataBelongsToCaller(t *testing.T) {
	t.Parallel()
	d := stream.NewDecoder(strings.NewReader("data: a\n\ndata: b\n\ndata: c\ndata: d\n\ndata: e\n\n"))
	for _, want := range []string{"a", "b", "c\nd", "e"} {
		e, err := d.Next()
		if err != nil || string(e.Data) != want {
			t.Fatalf("got %q, %v; want %q", e.Data, err, want)
		}
		clear(e.Data)
		_ = append(e.Data, "xxxxxxxxxxxxxxxx"...)
	}
}

func TestDecoderMaxEventBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		counts   int // of the largest event in it
		events   int
	}{
		{"data line", "data: a\n\n", 8, 1},
		{"CRLF counts as one", "data: a\r\ndata: b\r\n\r\n", 16, 1},
		{"byte order mark and blank lines", "\uFEFF\n\n\ndata: a\n\n\n\n\n", 8, 1},
		{"comments", ":12345678901234567890\n:\ndata: a\n:1234567890\n\n", 8, 1},
		{"unknown field", "foo: 1234567890\ndata: a\n\n", 24, 1},
		{"retry", "retry: 1\ndata: a\n\n", 17, 1},
		{"type and ID", "event: a\nid: b\ndata: c\n\n", 23, 1},
		{"many lines", "data\ndata\ndata\ndata\ndata\n\ndata\n\n", 25, 2},
		{"event without data", "foo: 1234567890\n\ndata: a\n\n", 16, 1},
		{"inherited ID", "id: 12345678\ndata\n\ndata: abcdefghij\n\n", 25, 2},
		{"ID replaced", "id: 12345678\n\nid: 1\ndata: a\n\ndata: abc\n\n", 22, 2},
		{"incomplete event", "data: a\n\ndata: abc\nfoo", 13, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := decodeEverySplit(t, c.in, stream.MaxEventBytes(c.counts))
			if len(got.Events) != c.events || got.Err != io.EOF {
				t.Errorf("at the limit: %d events, error %v; want %d, io.EOF", len(got.Events), got.Err, c.events)
			}
			got = decodeEverySplit(t, c.in, stream.MaxEventBytes(c.counts-1))
			checkTooLarge(t, got.Err, "event", int64(c.counts-1))
			if got.Incomplete != nil {
				t.Errorf("Incomplete = %q after a refused event", got.Incomplete)
			}
		})
	}
}

func TestDecoderMaxEventBytesEndless(t *testing.T) {
	t.Parallel()
	const limit = 100_000
	for _, c := range []struct{ name, start, repeat string }{
		{"data line", "data: ", "x"},
		{"data lines", "", "data: x\n"},
		{"data lines ended by CR", "", "data: x\r"},
		{"event line", "event: ", "x"},
		{"ID line", "id: ", "x"},
		{"unknown field", "", "x"},
		{"unknown fields", "", "x\n"},
		{"comments and unknown fields", "", ":x\nx\n"},
		{"retry line", "retry: ", "1"},
		{"line without text", "", "\x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			in := "data: first\n\n" + c.start
			r := &endless{start: []byte(in), repeat: []byte(c.repeat)}
			got := decodeAll(t, r, stream.MaxEventBytes(limit))
			checkTooLarge(t, got.Err, "event", limit)
			if len(got.Events) != 1 {
				t.Errorf("%d events before the error, want 1", len(got.Events))
			}
			if r.sent > 4*limit {
				t.Errorf("read %d bytes before refusing them", r.sent)
			}
		})
	}
}

// No limit of an event ends comments and blank lines.
func TestDecoderKeepAlivesWithoutLimit(t *testing.T) {
	t.Parallel()
	for _, part := range []string{":x", ": keep-alive\n", ": keep-alive\r\n\r\n", "\n", "\r"} {
		in := strings.Repeat(part, 20_000) + "\n\ndata: a\n\n"
		got := decodeAll(t, strings.NewReader(in), stream.MaxEventBytes(16))
		if len(got.Events) != 1 || got.Err != io.EOF {
			t.Errorf("%q: %d events, error %v", part, len(got.Events), got.Err)
		}
	}
}

func TestDecoderMaxTotalBytes(t *testing.T) {
	t.Parallel()
	in := ": hi\n\ndata: a\n\ndata: bc\n\n"
	for limit := int64(1); limit <= int64(len(in)); limit++ {
		got := decodeEverySplit(t, in, stream.MaxTotalBytes(limit))
		if limit == int64(len(in)) {
			if got.Err != io.EOF {
				t.Errorf("limit %d: error %v, want io.EOF", limit, got.Err)
			}
			continue
		}
		checkTooLarge(t, got.Err, "stream", limit)
		if want := strings.Count(in[:limit], "\n\n") - 1; len(got.Events) != max(want, 0) {
			t.Errorf("limit %d: %d events, want %d", limit, len(got.Events), max(want, 0))
		}
		if limit == int64(len(in))-2 && string(got.Incomplete) != "bc" {
			t.Errorf("limit %d: Incomplete = %q", limit, got.Incomplete)
		}
	}
	if got := decodeAll(t, strings.NewReader(in), stream.MaxTotalBytes(math.MaxInt64)); got.Err != io.EOF {
		t.Errorf("the largest limit: %v", got.Err)
	}
}

func TestDecoderOptionErrors(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]stream.Option{
		"MaxEventBytes: 0":  stream.MaxEventBytes(0),
		"MaxEventBytes: -1": stream.MaxEventBytes(-1),
		"MaxTotalBytes: 0":  stream.MaxTotalBytes(0),
		"MaxTotalBytes: -7": stream.MaxTotalBytes(-7),
	} {
		r := &endless{repeat: []byte("data: a\n\n")}
		got := decodeAll(t, r, stream.MaxEventBytes(100), opt)
		if got.Err == nil || !strings.Contains(got.Err.Error(), name) || len(got.Events) > 0 || r.sent > 0 {
			t.Errorf("%s: %d events, error %v, %d bytes read", name, len(got.Events), got.Err, r.sent)
		}
	}
	got := decodeAll(t, strings.NewReader("data: a\n\n"), stream.MaxEventBytes(math.MaxInt))
	if len(got.Events) != 1 || got.Err != io.EOF {
		t.Errorf("the largest event limit: %d events, error %v", len(got.Events), got.Err)
	}
}

func TestDecoderReadErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection broken")
	in := "data: a\n\ndata: b\n\ndata: c"
	for name, r := range map[string]io.Reader{
		"after the bytes":     io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken)),
		"with the last bytes": iotest.DataErrReader(io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken))),
	} {
		got := decodeAll(t, r)
		if len(got.Events) != 2 || got.Err != broken || string(got.Incomplete) != "c" {
			t.Errorf("%s: %d events, error %v, incomplete %q", name, len(got.Events), got.Err, got.Incomplete)
		}
	}
}

func TestDecoderUselessReaders(t *testing.T) {
	t.Parallel()
	empty := decodeAll(t, readerFunc(func([]byte) (int, error) { return 0, nil }))
	if empty.Err != io.ErrNoProgress {
		t.Errorf("a reader that returns nothing: %v", empty.Err)
	}
	turn := 0
	hesitant := decodeAll(t, readerFunc(func(p []byte) (int, error) {
		if turn++; turn%50 != 0 {
			return 0, nil
		}
		if turn == 150 {
			return 0, io.EOF
		}
		return copy(p, "data: a\n\n"), nil
	}))
	if len(hesitant.Events) != 2 || hesitant.Err != io.EOF {
		t.Errorf("a hesitant reader: %d events, %v", len(hesitant.Events), hesitant.Err)
	}
	for _, n := range []int{-1, 1 << 30} {
		got := decodeAll(t, readerFunc(func([]byte) (int, error) { return n, nil }))
		if got.Err == nil || got.Err == io.EOF {
			t.Errorf("a reader that returns %d: %v", n, got.Err)
		}
	}
}

// Memory is measured for the whole process: these tests do not run beside others.

const memoryLimit = 1 << 20 // for an event, in the tests of memory

func TestDecoderMemoryRefused(t *testing.T) { //nolint:paralleltest // measures the heap
	half := strings.Repeat("x", memoryLimit/2)
	for _, c := range []struct{ name, start, repeat string }{
		{"data line", "data: ", "x"},
		{"data lines", "", "data: x\n"},
		{"data lines without colon", "", "data\n"},
		{"event line", "event: ", "x"},
		{"ID line", "id: ", "x"},
		{"unknown field", "", "x"},
		{"type and data", "event: " + half + "\ndata: ", "x"},
		{"inherited ID and data", "id: " + half + "\ndata\n\ndata: ", "x"},
		{"inherited ID, type and data", "id: " + half[:memoryLimit/3] + "\ndata\n\nevent: " + half[:memoryLimit/3] + "\ndata: ", "x"},
		{"after a large event", "data: " + half + "\n\ndata: ", "x"},
		{"after the largest event", "data: " + half + half[:memoryLimit/2-7] + "\n\ndata: ", "x"},
	} {
		g := newGauge(&endless{start: []byte(c.start), repeat: []byte(c.repeat)})
		got := decodeQuietly(g)
		g.close()
		checkTooLarge(t, got, "event", memoryLimit)
		g.check(t, c.name, 2*memoryLimit)
	}
}

func TestDecoderMemoryAccepted(t *testing.T) { //nolint:paralleltest // measures the heap
	full := func(rest int) string { return strings.Repeat("x", memoryLimit-rest) }
	for name, in := range map[string]string{
		"data line":  "data: " + full(7) + "\n\n",
		"data lines": strings.Repeat("data: x\n", memoryLimit/8) + "\n",
		"type":       "event: " + full(13) + "\ndata\n\n",
		"ID":         "id: " + full(10) + "\ndata\n\n",
	} {
		g := newGauge(strings.NewReader(in))
		d := stream.NewDecoder(g, stream.MaxEventBytes(memoryLimit))
		if _, err := d.Next(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		g.close()
		g.check(t, name, 7*memoryLimit/2)
	}
}

func TestDecoderMemoryDropped(t *testing.T) { //nolint:paralleltest // measures the heap
	for _, part := range []string{":x", ": keep-alive\n", "\n", "data: a\n\n", "foo: bar\n\n"} {
		g := newGauge(io.LimitReader(&endless{repeat: []byte(part)}, memoryLimit/4))
		if err := decodeQuietly(g); err != io.EOF {
			t.Errorf("%q: %v", part, err)
		}
		g.close()
		g.check(t, part, 0)
	}
}

// After a large event its buffer is let go, also where the stream then stays open and idle.
func TestDecoderMemoryAfterLargeEvent(t *testing.T) { //nolint:paralleltest // measures the heap
	large := "data: " + strings.Repeat("x", memoryLimit-7) + "\n\n"
	var live uint64
	parts := []string{large, "data: small\n\n", "data: unfinished"}
	base := liveHeap()
	r := readerFunc(func(p []byte) (int, error) {
		if len(parts) == 0 {
			live = liveHeap() // here a live stream would wait
			return 0, io.EOF
		}
		n := copy(p, parts[0])
		if parts[0] = parts[0][n:]; parts[0] == "" {
			parts = parts[1:]
		}
		return n, nil
	})
	if err := decodeQuietly(r); err != io.EOF {
		t.Error(err)
	}
	if live > base+heapTolerance {
		t.Errorf("an idle stream holds %d bytes after a large event", live-base)
	}
}

func TestDecoderAllocations(t *testing.T) { //nolint:paralleltest // counts allocations
	for name, event := range map[string]string{
		"one line":      "data: {\"a\":1}\n\n",
		"CRLF":          "data: {\"a\":1}\r\n\r\n",
		"several lines": ": x\ndata: a\ndata: b\nretry: 1\n\n",
		"same ID":       "id: 17\ndata: a\n\n",
	} {
		d := stream.NewDecoder(&endless{repeat: []byte(event)})
		n := testing.AllocsPerRun(1000, func() {
			if _, err := d.Next(); err != nil {
				t.Error(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations per event, want none", name, n)
		}
	}
}

func checkTooLarge(t *testing.T, err error, what string, limit int64) {
	t.Helper()
	var tooLarge *api.TooLargeError
	if !errors.As(err, &tooLarge) || tooLarge.What != what || tooLarge.Limit != limit {
		t.Errorf("error %v, want that the %s exceeds %d bytes", err, what, limit)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// endless sends start once and then repeat for ever.
type endless struct {
	start, repeat []byte
	at            int // in repeat
	sent          int
}

func (r *endless) Read(p []byte) (int, error) {
	n := copy(p, r.start)
	r.start = r.start[n:]
	for n < len(p) {
		k := copy(p[n:], r.repeat[r.at:])
		n += k
		r.at = (r.at + k) % len(r.repeat)
	}
	r.sent += n
	return n, nil
}

// decodeQuietly decodes to the end and keeps nothing.
func decodeQuietly(r io.Reader) error {
	d := stream.NewDecoder(r, stream.MaxEventBytes(memoryLimit))
	for {
		if _, err := d.Next(); err != nil {
			return err
		}
	}
}

// heapTolerance is what the bounds of memory allow beside what has arrived.
const heapTolerance = 64 << 10

// gauge measures, between two Reads, what was allocated and what may have been alive at once.
type gauge struct {
	r       io.Reader
	base    uint64 // live heap before
	live    uint64 // live heap when the last Read returned
	total   uint64 // bytes ever allocated by then
	arrived uint64

	peak   uint64 // the most that can have been alive at once
	excess uint64 // the most allocated between two Reads above twice what had arrived
}

func newGauge(r io.Reader) *gauge {
	g := &gauge{r: r, base: liveHeap()}
	g.live, g.total = g.base, totalAlloc()
	return g
}

func (g *gauge) Read(p []byte) (int, error) {
	g.close()
	n, err := g.r.Read(p[:min(len(p), 64<<10)])
	g.arrived += uint64(n)
	g.live, g.total = liveHeap(), totalAlloc()
	return n, err
}

// close takes in what happened since the last Read.
func (g *gauge) close() {
	allocated := totalAlloc() - g.total
	g.peak = max(g.peak, g.live+allocated-min(g.live+allocated, g.base))
	g.excess = max(g.excess, allocated-min(allocated, 2*g.arrived))
	g.total += allocated
}

func (g *gauge) check(t *testing.T, name string, limit uint64) {
	t.Helper()
	if g.peak > limit+heapTolerance {
		t.Errorf("%s: up to %d bytes alive, limit %d", name, g.peak, limit)
	}
	if g.excess > heapTolerance {
		t.Errorf("%s: allocated %d bytes more than twice what had arrived", name, g.excess)
	}
}

func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func totalAlloc() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
