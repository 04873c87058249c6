package stream_test

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/stream"
)

func TestWriterBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		write func(w *stream.Writer) error
		want  string
	}{
		{"event", func(w *stream.Writer) error { return w.Event(stream.Event{Data: []byte("a")}) }, "data: a\n\n"},
		{"event without data", func(w *stream.Writer) error { return w.Event(stream.Event{}) }, "data: \n\n"},
		{
			"event with everything",
			func(w *stream.Writer) error {
				return w.Event(stream.Event{Type: "t", Data: []byte("a\n\nb\n"), ID: "1"})
			},
			"id: 1\nevent: t\ndata: a\ndata: \ndata: b\ndata: \n\n",
		},
		{
			"chunk", func(w *stream.Writer) error { return w.Chunk(map[string]any{"a": "<&>\r\n"}) },
			`data: {"a":"<&>\r\n"}` + "\n\n",
		},
		{
			"chunk with its own JSON, on several lines",
			func(w *stream.Writer) error { return w.Chunk(json.RawMessage("{\r\n\"a\":\n1}")) },
			`data: {"a":1}` + "\n\n",
		},
		{
			"error", func(w *stream.Writer) error { return w.Error(json.RawMessage(`{"error":{"message":"no"}}`)) },
			`data: {"error":{"message":"no"}}` + "\n\n",
		},
		{"comment", func(w *stream.Writer) error { return w.Comment("keep-alive") }, ": keep-alive\n\n"},
		{"empty comment", func(w *stream.Writer) error { return w.Comment("") }, ": \n\n"},
		{
			"comment on several lines", func(w *stream.Writer) error { return w.Comment("a\nb\r\nc\rd\n\n") },
			": a\n: b\n: c\n: d\n: \n: \n\n",
		},
		{"done", (*stream.Writer).Done, "data: [DONE]\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRecorder()
			w := stream.NewWriter(r)
			if len(r.calls) > 0 {
				t.Errorf("before the first event: %v", r.calls)
			}
			for range 2 {
				if err := c.write(w); err != nil {
					t.Fatal(err)
				}
			}
			if want := []string{"write", "flush", "write", "flush"}; !reflect.DeepEqual(r.calls, want) {
				t.Errorf("two events are %v, want %v", r.calls, want)
			}
			again := strings.TrimPrefix(c.want, "id: 1\n")
			if got := r.Body.String(); got != c.want+again {
				t.Errorf("wrote %q, want %q", got, c.want+again)
			}
		})
	}
}

func TestWriterRoundTrip(t *testing.T) {
	t.Parallel()
	events := []stream.Event{
		{Data: []byte("a")},
		{Data: []byte("")},
		{Data: []byte("\n")},
		{Data: []byte(" leading space\n\n and line feeds\n")},
		{Data: []byte("\xff\x00ü\uFEFF: data: x")},
		{Type: "add", Data: []byte("b")},
		{Type: " :add ", Data: []byte("c"), ID: " 1:"},
		{Data: []byte("d"), ID: " 1:"},
		{Data: []byte("e"), ID: "\uFEFF"},
		{Data: []byte("f")},
		{Data: []byte("g"), ID: "2"},
		{Type: "end", Data: []byte(strings.Repeat("x\n", 50_000)), ID: "2"},
	}
	r := httptest.NewRecorder()
	w := stream.NewWriter(r)
	for i, e := range events {
		if err := w.Event(e); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		if err := w.Comment("between\nevents"); err != nil {
			t.Fatal(err)
		}
	}
	checkEvents(t, r.Body, events)
}

// A stream that was read can be written again, with other line ends and the same events.
func TestWriterCopiesDecoder(t *testing.T) {
	t.Parallel()
	in := "\uFEFFid: 1\revent: x\rdata: a\rdata\r\r:c\r\ndata:b\r\n\r\nid\ndata: c\nretry: 1\n\n"
	var events []stream.Event
	r := httptest.NewRecorder()
	w := stream.NewWriter(r)
	d := stream.NewDecoder(strings.NewReader(in))
	for {
		e, err := d.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Event(e); err != nil {
			t.Fatal(err)
		}
		e.Data = []byte(string(e.Data))
		events = append(events, e)
	}
	if len(events) != 3 {
		t.Errorf("read %d events, want 3", len(events))
	}
	checkEvents(t, r.Body, events)
}

func TestWriterRefuses(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(w *stream.Writer) error{
		"CR in data":    func(w *stream.Writer) error { return w.Event(stream.Event{Data: []byte("a\rb")}) },
		"CRLF in data":  func(w *stream.Writer) error { return w.Event(stream.Event{Data: []byte("a\r\nb")}) },
		"LF in type":    func(w *stream.Writer) error { return w.Event(stream.Event{Type: "a\nb"}) },
		"CR in type":    func(w *stream.Writer) error { return w.Event(stream.Event{Type: "a\r"}) },
		"LF in ID":      func(w *stream.Writer) error { return w.Event(stream.Event{ID: "\n"}) },
		"CR in ID":      func(w *stream.Writer) error { return w.Event(stream.Event{ID: "a\rb"}) },
		"NUL in ID":     func(w *stream.Writer) error { return w.Event(stream.Event{ID: "a\x00"}) },
		"not a number":  func(w *stream.Writer) error { return w.Chunk(math.NaN()) },
		"no JSON":       func(w *stream.Writer) error { return w.Chunk(func() {}) },
		"broken JSON":   func(w *stream.Writer) error { return w.Chunk(json.RawMessage(`{"a"`)) },
		"error no JSON": func(w *stream.Writer) error { return w.Error(make(chan int)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecorder()
			w := stream.NewWriter(r)
			if err := write(w); err == nil {
				t.Error("no error")
			}
			if len(r.calls) > 0 || len(r.Header()) > 0 {
				t.Errorf("sent %v %v %q", r.calls, r.Header(), r.Body)
			}
			if err := w.Done(); err != nil || r.Body.String() != "data: [DONE]\n\n" {
				t.Errorf("afterwards: %v, %q", err, r.Body)
			}
		})
	}
}

func TestWriterHeaders(t *testing.T) {
	t.Parallel()
	r := httptest.NewRecorder()
	w := stream.NewWriter(r)
	if len(r.Header()) > 0 {
		t.Errorf("headers before the first event: %v", r.Header())
	}
	if err := w.Comment("hello"); err != nil {
		t.Fatal(err)
	}
	want := http.Header{"Content-Type": {"text/event-stream"}, "Cache-Control": {"no-cache"}}
	if got := r.Result(); got.StatusCode != http.StatusOK || !reflect.DeepEqual(got.Header, want) {
		t.Errorf("status %d, headers %v; want 200, %v", got.StatusCode, got.Header, want)
	}

	r = httptest.NewRecorder()
	r.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	r.Header().Set("Cache-Control", "no-store")
	want = r.Header().Clone()
	if err := stream.NewWriter(r).Done(); err != nil {
		t.Fatal(err)
	}
	if got := r.Result().Header; !reflect.DeepEqual(got, want) {
		t.Errorf("headers of the handler became %v, want %v", got, want)
	}
}

func TestWriterFailures(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection broken")
	for name, r := range map[string]*recorder{
		"write": {ResponseRecorder: httptest.NewRecorder(), writeErr: broken},
		"flush": {ResponseRecorder: httptest.NewRecorder(), flushErr: broken},
	} {
		w := stream.NewWriter(r)
		if err := w.Event(stream.Event{Data: []byte("a"), ID: "1"}); err != broken {
			t.Errorf("%s: %v", name, err)
		}
		calls := len(r.calls)
		if err := w.Done(); err != broken || len(r.calls) > calls {
			t.Errorf("%s: the next call returns %v after %v", name, err, r.calls)
		}
	}
}

func TestWriterWithoutFlush(t *testing.T) {
	t.Parallel()
	r := httptest.NewRecorder()
	w := stream.NewWriter(plainWriter{r})
	for range 2 {
		if err := w.Done(); err != nil {
			t.Errorf("a ResponseWriter that cannot flush: %v", err)
		}
	}
	if got := r.Body.String(); got != "data: [DONE]\n\ndata: [DONE]\n\n" {
		t.Errorf("wrote %q", got)
	}
}

// On a socket, each event arrives while the handler is still running.
func TestWriterDeliversAtOnce(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		w := stream.NewWriter(rw)
		for i := range 3 {
			if err := w.Chunk(i); err != nil {
				t.Error(err)
			}
			<-next
		}
	}))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	d := stream.NewDecoder(resp.Body)
	for _, want := range []string{"0", "1", "2"} {
		e, err := d.Next()
		if err != nil || string(e.Data) != want {
			t.Errorf("got %q, %v; want %q", e.Data, err, want)
		}
		next <- struct{}{}
	}
	if _, err := d.Next(); err != io.EOF {
		t.Errorf("ends with %v", err)
	}
}

func TestWriterAllocations(t *testing.T) { //nolint:paralleltest // counts allocations
	w := stream.NewWriter(discard{})
	e := stream.Event{Type: "add", Data: []byte("a\nb"), ID: "1"}
	n := testing.AllocsPerRun(1000, func() {
		if err := w.Event(e); err != nil {
			t.Error(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations per event, want none", n)
	}
}

func checkEvents(t *testing.T, r io.Reader, want []stream.Event) {
	t.Helper()
	got := decodeAll(t, r)
	if got.Err != io.EOF || got.Incomplete != nil || len(got.Events) != len(want) {
		t.Fatalf("%d events, error %v, incomplete %q; want %d, io.EOF", len(got.Events), got.Err, got.Incomplete, len(want))
	}
	for i, e := range got.Events {
		if e.Type != want[i].Type || e.Data != string(want[i].Data) || e.ID != want[i].ID {
			t.Errorf("event %d is %+v, want %+v", i, e, want[i])
		}
	}
}

// recorder notes each Write and Flush, and fails if told to.
type recorder struct {
	*httptest.ResponseRecorder
	calls              []string
	writeErr, flushErr error
}

func newRecorder() *recorder { return &recorder{ResponseRecorder: httptest.NewRecorder()} }

func (r *recorder) Write(p []byte) (int, error) {
	r.calls = append(r.calls, "write")
	if r.writeErr != nil {
		return 0, r.writeErr
	}
	return r.ResponseRecorder.Write(p)
}

func (r *recorder) FlushError() error {
	r.calls = append(r.calls, "flush")
	return r.flushErr
}

// plainWriter hides what a ResponseWriter can do beside writing.
type plainWriter struct{ w http.ResponseWriter }

func (p plainWriter) Header() http.Header         { return p.w.Header() }
func (p plainWriter) WriteHeader(status int)      { p.w.WriteHeader(status) }
func (p plainWriter) Write(b []byte) (int, error) { return p.w.Write(b) }

// discard is a ResponseWriter to nowhere.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) WriteHeader(int)             {}
func (discard) Flush()                      {}
func (discard) Write(b []byte) (int, error) { return len(b), nil }
