package chattest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
	"github.com/chatspec/chatspec/validate"
)

var _ chattest.TB = testing.TB(nil)

const (
	// planted stands for a prompt: no refusal may show it.
	planted = "PLANTED-SECRET"

	userHello = `{"role":"user","content":"hello"}`
	hello     = `{"model":"m","messages":[` + userHello + `]}`
)

// with returns a valid request with more fields.
func with(fields string) string {
	return `{"model":"m","messages":[` + userHello + `],` + fields + `}`
}

// fakeTB is a test that may fail.
type fakeTB struct {
	mu       sync.Mutex
	errors   []string
	cleanups []func()
}

func (*fakeTB) Helper() {}

func (f *fakeTB) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Fatalf(format string, args ...any) { f.Errorf(format, args...) }
func (f *fakeTB) Cleanup(cleanup func())            { f.cleanups = append(f.cleanups, cleanup) }

// end runs the cleanups and returns the errors.
func (f *fakeTB) end() []string {
	for _, cleanup := range f.cleanups {
		cleanup()
	}
	return f.errors
}

// answer is what a server sent.
type answer struct {
	status int
	header http.Header
	body   []byte
	chunks []chat.CreateChatCompletionStreamResponse
	events []string
}

// send sends a request to the server and holds what comes back to the document.
func send(t testing.TB, srv *chattest.Server, method, path, body string, header ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header}
	if resp.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s %s: no X-Request-Id", method, path)
	}
	if resp.Header.Get("Content-Type") == "text/event-stream" {
		a.events, a.chunks = readEvents(t, resp.Body)
		return a
	}
	if a.body, err = io.ReadAll(resp.Body); err != nil {
		t.Error(err)
	}
	if resp.Header.Get("Content-Type") == "application/json" {
		checkJSON(t, r, a)
	}
	return a
}

// create sends a request for a completion.
func create(t testing.TB, srv *chattest.Server, body string) answer {
	t.Helper()
	return send(t, srv, http.MethodPost, "/chat/completions", body)
}

func checkJSON(t testing.TB, r *http.Request, a answer) {
	t.Helper()
	v, err := validate.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if route, routeErr := v.Route(r); routeErr == nil {
		err = v.Response(route.OperationID, a.status, a.body)
	} else {
		err = v.Body("ErrorResponse", a.body)
	}
	if err != nil {
		t.Errorf("%s %s: the answer %s: %v", r.Method, r.URL.Path, a.body, err)
	}
}

// readEvents reads a whole stream.
func readEvents(t testing.TB, body io.Reader) (events []string, chunks []chat.CreateChatCompletionStreamResponse) {
	t.Helper()
	v, err := validate.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	d := stream.NewDecoder(body)
	for {
		event, err := d.Next()
		if errors.Is(err, io.EOF) {
			return events, chunks
		}
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, string(event.Data))
		if string(event.Data) == "[DONE]" {
			continue
		}
		if err := v.Chunk(event.Data); err != nil {
			t.Errorf("chunk %s: %v", event.Data, err)
		}
		var chunk chat.CreateChatCompletionStreamResponse
		if err := json.Unmarshal(event.Data, &chunk); err != nil {
			t.Fatal(err)
		}
		chunks = append(chunks, chunk)
	}
}

// completion returns the completion that was sent, whole or in chunks.
func (a answer) completion(t testing.TB) *chat.CreateChatCompletionResponse {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if a.events == nil {
		return decode[chat.CreateChatCompletionResponse](t, a)
	}
	if a.events[len(a.events)-1] != "[DONE]" {
		t.Errorf("the last event is %s", a.events[len(a.events)-1])
	}
	var sum chat.Accumulator
	for i := range a.chunks {
		if err := sum.Add(&a.chunks[i]); err != nil {
			t.Fatal(err)
		}
	}
	return sum.Result()
}

func decode[T any](t testing.TB, a answer) *T {
	t.Helper()
	var v T
	if err := json.NewDecoder(bytes.NewReader(a.body)).Decode(&v); err != nil {
		t.Fatalf("status %d: %s: %v", a.status, a.body, err)
	}
	return &v
}

// refused returns the error object of an answer.
func (a answer) refused(t testing.TB, status int) chat.Error {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if bytes.Contains(a.body, []byte(planted)) {
		t.Errorf("the refusal shows the prompt: %s", a.body)
	}
	return decode[chat.ErrorResponse](t, a).Error
}

// newClient returns the generated client for a server.
func newClient(t testing.TB, srv *chattest.Server) *chat.Client {
	t.Helper()
	client, err := chat.NewClient(srv.URL, chat.WithHTTPClient(srv.Client()))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// question is a request of the generated client.
func question(stream bool) chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{
		Model:    "m",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("hello")}},
		Stream:   stream,
	}
}

// open sends a streamed request and returns the answer, whose body the caller closes.
func open(ctx context.Context, t testing.TB, srv *chattest.Server) *http.Response {
	t.Helper()
	resp, err := newClient(t, srv).CreateChatCompletion(ctx, question(true))
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func timeZero() time.Time { return time.Unix(0, 0) }

// serve returns the body of a handler's answer to a request for a completion.
func serve(t testing.TB, h http.Handler, body string) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/chat/completions", strings.NewReader(body)))
	return w.Body.String()
}
