package chatspec_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
)

// withImage is a request with text and an image of so many bytes.
func withImage(size int) chat.CreateChatCompletionRequest {
	url := "data:image/png;base64," + strings.Repeat("iVBORw0KGgo+", size/12)
	return chat.CreateChatCompletionRequest{Model: "m", Messages: chat.Messages{chat.UserMessage{Content: chat.UserParts{
		chat.TextPart{Text: "What is <this>?\n"},
		chat.ImagePart{ImageURL: chat.ImageURL{URL: url}},
		chat.TextPart{Text: "And this?"},
		chat.ImagePart{ImageURL: chat.ImageURL{URL: url}},
	}}}}
}

// wire returns v as it must be sent.
func wire(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// atOnce retries without a wait.
func atOnce(chatspec.Attempt) (time.Duration, bool) { return 0, true }

// TestBodyOnSockets: over HTTP/1.1 and HTTP/2 a body arrives whole and with its length, also after a redirect that
// asks for it again, and after a refusal.
func TestBodyOnSockets(t *testing.T) {
	t.Parallel()
	for _, protocol := range []int{1, 2} {
		t.Run(fmt.Sprintf("HTTP/%d", protocol), func(t *testing.T) {
			t.Parallel()
			srv := &bodyServer{t: t, protocol: protocol}
			server := httptest.NewUnstartedServer(srv)
			server.EnableHTTP2 = protocol == 2
			server.StartTLS()
			t.Cleanup(server.Close)
			client, err := chatspec.New(chatspec.WithBaseURL(server.URL), chatspec.WithHTTPClient(server.Client()), chatspec.WithRetryPolicy(atOnce))
			if err != nil {
				t.Fatal(err)
			}
			for _, request := range []chat.CreateChatCompletionRequest{question(), withImage(1 << 20)} {
				srv.bodies, srv.refused = nil, false
				if _, err := client.Create(t.Context(), request, chatspec.WithBodyField("x_last", "<")); err != nil {
					t.Fatal(err)
				}
				want := strings.TrimSuffix(wire(t, request), "}") + `,"x_last":"<"}`
				if len(srv.bodies) != 4 { // twice redirected, and refused once behind that
					t.Errorf("%d requests, want 4", len(srv.bodies))
				}
				for i, got := range srv.bodies {
					if got != want {
						t.Errorf("request %d has %d bytes, want %d: %.100s", i, len(got), len(want), got)
					}
				}
			}
		})
	}
}

// bodyServer redirects each request and refuses the first that comes where that leads. It reads all of them.
type bodyServer struct {
	t        *testing.T
	protocol int

	mu      sync.Mutex
	bodies  []string
	refused bool
}

func (s *bodyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	s.bodies = append(s.bodies, string(body))
	if err != nil || r.ContentLength != int64(len(body)) || r.ProtoMajor != s.protocol || r.Header.Get("Content-Type") != "application/json" {
		s.t.Errorf("%s %v: %d bytes, %v", r.Proto, r.Header, r.ContentLength, err)
	}
	switch {
	case r.URL.Path == "/chat/completions":
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	case !s.refused:
		s.refused = true
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, hello)
	}
}

// TestBodyCanBeReadAgain: what a middleware and a Doer see of a body is the same at any time, and reading one
// does not use up another.
func TestBodyCanBeReadAgain(t *testing.T) {
	t.Parallel()
	request := withImage(100 << 10)
	want := wire(t, request)
	srv := &server{answers: []string{hello}}
	client := newClient(t, srv, chatspec.WithMiddleware(func(next chatspec.Doer) chatspec.Doer {
		return doerFunc(func(req *http.Request) (*http.Response, error) {
			for range 2 {
				body, err := req.GetBody()
				if err != nil {
					t.Fatal(err)
				}
				got := new(bytes.Buffer)
				if _, err := io.CopyBuffer(struct{ io.Writer }{got}, body, make([]byte, 1000)); err != nil || got.String() != want || body.Close() != nil {
					t.Errorf("GetBody gives %d bytes, %v", got.Len(), err)
				}
			}
			return next.Do(req)
		})
	}))
	if _, err := client.Create(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if srv.bodies[0] != want || srv.requests[0].ContentLength != int64(len(want)) {
		t.Errorf("sent %d bytes, length %d, want %d", len(srv.bodies[0]), srv.requests[0].ContentLength, len(want))
	}
	if wire(t, request) != want {
		t.Error("the request has changed")
	}
}

// drain is a Doer that reads bodies, keeps nothing, and refuses every second request.
type drain struct {
	answer    string
	mediaType string
	requests  int
	bytes     int64
}

func (d *drain) Do(req *http.Request) (*http.Response, error) {
	n, err := io.Copy(io.Discard, req.Body)
	d.bytes += n
	status := http.StatusOK
	if d.requests++; d.requests%2 == 1 {
		status = http.StatusServiceUnavailable
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {d.mediaType}}, Body: io.NopCloser(strings.NewReader(d.answer)), Request: req,
	}, err
}

// TestLargeRequestsAreNotCopied: a request with images of 4 MB takes less than 0.1 MB, one retry included.
//
//nolint:paralleltest // it counts the allocations of the whole process
func TestLargeRequestsAreNotCopied(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	request := withImage(2 << 20) // twice
	streamed := request
	streamed.Stream = true
	for name, test := range map[string]struct {
		sent chat.CreateChatCompletionRequest
		doer *drain
		call func(context.Context, *chatspec.Client) error
	}{
		"Create": {request, &drain{answer: hello, mediaType: "application/json"}, func(ctx context.Context, c *chatspec.Client) error {
			_, err := c.Create(ctx, request)
			return err
		}},
		"Stream": {streamed, &drain{answer: "data: [DONE]\n\n", mediaType: "text/event-stream"}, func(ctx context.Context, c *chatspec.Client) error {
			s, err := c.Stream(ctx, request)
			if err != nil {
				return err
			}
			return s.Close()
		}},
	} {
		client, err := chatspec.New(chatspec.WithBaseURL("http://test.internal/v1"), chatspec.WithHTTPClient(test.doer), chatspec.WithRetryPolicy(atOnce))
		if err != nil {
			t.Fatal(err)
		}
		const calls = 20
		size := int64(len(wire(t, test.sent)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range calls {
			if err := test.call(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		if test.doer.bytes != 2*calls*size {
			t.Errorf("%s: %d bytes were sent, want %d", name, test.doer.bytes, 2*calls*size)
		}
		if each := (after.TotalAlloc - before.TotalAlloc) / calls; each > 100_000 {
			t.Errorf("%s: a request of %d bytes allocates %d", name, size, each)
		}
	}
}

// TestAllocationsOfDoer pins what retries and authentication allocate around each request.
//
//nolint:paralleltest // testing.AllocsPerRun counts those of the whole process
func TestAllocationsOfDoer(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	resp := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}
	doer, err := chatspec.NewDoer(chatspec.WithAPIKey("key-for-tests"), chatspec.WithBaseURL("https://test.internal/v1"),
		chatspec.WithHTTPClient(doerFunc(func(*http.Request) (*http.Response, error) { return resp, nil })))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://test.internal/v1/chat/completions", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	// Of the call: the context with the attempt, and the request with that. Of the attempt: the request, its URL
	// and header (two), what is masked, and the body that does it.
	const want = 2 + 6
	if got := testing.AllocsPerRun(100, func() {
		if _, err := doer.Do(req); err != nil {
			t.Error(err)
		}
	}); got != want {
		t.Errorf("%v allocations, want %d", got, want)
	}
}

// TestAllocationsOfStream pins what a call with a short stream allocates, beside what its Doer does.
//
//nolint:paralleltest // testing.AllocsPerRun counts those of the whole process
func TestAllocationsOfStream(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	const events = `data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hello"}}]}` + "\n\n" +
		`data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n" + "data: [DONE]\n\n"
	body := strings.NewReader(events)
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}}
	client, err := chatspec.New(chatspec.WithAPIKey("key-for-tests"), chatspec.WithBaseURL("https://test.internal/v1"),
		chatspec.WithHTTPClient(doerFunc(func(*http.Request) (*http.Response, error) {
			body.Reset(events)
			resp.Body = io.NopCloser(body)
			return resp, nil
		})))
	if err != nil {
		t.Fatal(err)
	}
	req := question()
	// Before it is sent: the options with the JSON of the call, its context, the request, and its body (four). Of the
	// attempt: as in TestAllocationsOfDoer.
	//
	// Of the answer: its body, which the Doer makes, and the stream; the accumulator, an element of it and its text; the
	// result, its choices and their text; the wait for the end of the body (two).
	const want = 7 + 6 + 10
	if got := testing.AllocsPerRun(100, func() {
		s, err := client.Stream(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := s.Result(); err != nil || r.Text() != "Hello" {
			t.Error(r, err)
		}
		_ = s.Close()
	}); got != want {
		t.Errorf("%v allocations, want %d", got, want)
	}
}

// TestAccept: a stream asks for events, unless the caller asks for something else.
func TestAccept(t *testing.T) {
	t.Parallel()
	srv := &server{answers: []string{hello}}
	ours, theirs := newClient(t, srv), newClient(t, srv, chatspec.WithHeader("accept", "text/plain"))
	for _, call := range []func() error{
		func() error { return second(ours.Create(t.Context(), question())) },
		func() error { return closed(ours.Stream(t.Context(), question())) },
		func() error { return closed(theirs.Stream(t.Context(), question())) },
		func() error {
			return closed(theirs.Stream(t.Context(), question(), chatspec.WithHeader("Accept", "*/*")))
		},
		func() error { return closed(ours.Stream(t.Context(), question())) },
	} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"", "text/event-stream", "text/plain", "*/*", "text/event-stream"} {
		if got := srv.requests[i].Header.Get("Accept"); got != want {
			t.Errorf("request %d accepts %q, want %q", i, got, want)
		}
	}
}

func closed(s io.Closer, err error) error {
	if err != nil {
		return err
	}
	return s.Close()
}
