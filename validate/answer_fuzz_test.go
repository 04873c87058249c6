package validate_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/stream"
	"github.com/chatspec/chatspec/validate"
)

// FuzzAnswers compares with package stream: what is handed out has the events before the first that breaks the
// document, and all of a stream in which none does, however it is cut into pieces.
func FuzzAnswers(f *testing.F) {
	for i, text := range []string{
		oddStream,
		"data: " + goodChunk + "\n\ndata: " + brokenChunk + "\n\n",
		":\r\ndata: {}\r\n\r\n: x\n\n",
		"data: {\"error\":{}}\n\ndata: {}\n\n",
		"event: error\rdata: x\r\r",
		"event: end\n\n\uFEFFdata: {}\n\n",
		"\uFEFF\ndata: 1\n\n",
	} {
		f.Add([]byte(text), i)
	}
	v, err := validate.New(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		got, err := readAll(watched(t, v, events(&pieces{inPieces(string(text), max(1, size%100)), io.EOF})))
		want, found := model(v, text)
		if found == nil {
			if got != string(text) || err != io.EOF {
				t.Errorf("got %q, %v of a stream without a violation", got, err)
			}
			return
		}
		if err == nil || err.Error() != found.Error() {
			t.Errorf("got %v, want %v", err, found)
		}
		kept := decode([]byte(got))
		if len(kept) != want || !strings.HasPrefix(string(text), got) {
			t.Errorf("%d events before the violation, want %d", len(kept), want)
		}
	})
}

// model returns how many events stand before the first that breaks the document, and what that breaks.
func model(v *validate.Validator, text []byte) (int, error) {
	for i, event := range decode(text) {
		data := bytes.TrimSpace(event.Data)
		switch {
		case string(data) == "[DONE]", event.Type == "done", event.Type == "end", event.Type == "error":
			return 0, nil
		case len(data) == 0:
			continue
		}
		found := v.Chunk(data)
		if found == nil {
			continue
		}
		if api.FromBody(nil, data) != nil {
			found = nil
		}
		return i, found
	}
	return 0, nil
}

// decode returns the events of a stream.
func decode(text []byte) []stream.Event {
	var list []stream.Event
	decoder := stream.NewDecoder(bytes.NewReader(text))
	for {
		event, err := decoder.Next()
		if err != nil {
			return list
		}
		event.Data = bytes.Clone(event.Data)
		list = append(list, event)
	}
}

func BenchmarkAnswers(b *testing.B) {
	v, err := validate.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	const chunks = 100
	text := strings.Repeat("data: "+goodChunk+"\n\n", chunks)
	next := doerFunc(func(req *http.Request) (*http.Response, error) {
		header := http.Header{"Content-Type": {"text/event-stream"}}
		return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(text)), Request: req}, nil
	})
	doer := v.Middleware(validate.Answers())(next)
	b.ReportAllocs()
	for b.Loop() {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://localhost/v1/chat/completions", strings.NewReader(with(`"n":1`)))
		if err != nil {
			b.Fatal(err)
		}
		resp, err := doer.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, resp.Body); n != int64(len(text)) || err != nil {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/chunks, "ns/chunk")
}
