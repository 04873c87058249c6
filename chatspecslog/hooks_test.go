package chatspecslog_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chatspecslog"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// What must be in no log, wherever it was.
const (
	key    = "sk-planted-0123456789"
	prompt = "planted-prompt"
	answer = "planted-answer"
)

// request asks with the prompt in every field that takes a text of the user's.
func request() chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{
		Model:            "m",
		Messages:         chat.Messages{chat.SystemMessage{Content: chat.Text(prompt)}, chat.UserMessage{Content: chat.Text(prompt)}},
		Stop:             chat.StopSequence(prompt),
		Metadata:         chat.Metadata{"note": prompt},
		SafetyIdentifier: prompt,
		Tools:            chat.Tools{chat.FunctionTool{Function: chat.FunctionDefinition{Name: prompt, Description: prompt}}},
	}
}

// logged makes calls in a bubble, where time is exact, and returns what was logged from a level on, without
// times and without what all records of a completion share.
func logged(t *testing.T, level slog.Level, calls func(t *testing.T, client *chatspec.Client), replies ...chattest.Reply) string {
	t.Helper()
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		srv := chattest.NewServer(t, replies...)
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTime}))
		client, err := chatspec.New(
			chatspec.WithBaseURL(srv.URL+"?query="+prompt),
			chatspec.WithAPIKey(key),
			chatspec.WithHeader("X-Planted", prompt),
			chatspec.WithHTTPClient(srv.Client()),
			chatspec.WithRetryPolicy(afterASecond),
			chatspec.WithHooks(chatspecslog.Hooks(logger)),
		)
		if err != nil {
			t.Fatal(err)
		}
		calls(t, client)
	})
	for _, secret := range []string{key, prompt, answer} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q was logged:\n%s", secret, out.String())
		}
	}
	return strings.ReplaceAll(out.String(),
		"http.request.method=POST url.full=http://chattest.localhost/v1/chat/completions gen_ai.operation.name=chat gen_ai.request.model=m", "CHAT")
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// afterASecond is the default policy without chance.
func afterASecond(failed chatspec.Attempt) (time.Duration, bool) {
	_, again := chatspec.DefaultRetryPolicy(failed)
	return time.Second, again
}

func check(t *testing.T, got string, want ...string) {
	t.Helper()
	if all := strings.Join(want, "\n") + "\n"; got != all {
		t.Errorf("logged\n%s\nwant\n%s", got, all)
	}
}

// reply answers with a text and a usage.
func reply() chattest.Reply {
	return chattest.Text(answer, answer).WithHeader("X-Request-Id", "req-1").WithDelay(2 * time.Second).WithPace(time.Second).
		WithUsage(chat.CompletionUsage{PromptTokens: 7, CompletionTokens: 2, TotalTokens: 9})
}

func create(t *testing.T, client *chatspec.Client) {
	t.Helper()
	_, _ = client.Create(t.Context(), request())
}

// readAll streams to the end.
func readAll(t *testing.T, client *chatspec.Client) {
	t.Helper()
	req := request()
	req.StreamOptions = &chat.StreamOptions{IncludeUsage: true}
	s, err := client.Stream(t.Context(), req)
	if err != nil {
		return
	}
	defer s.Close()
	_, _ = s.Result()
}

func TestCreate(t *testing.T) {
	t.Parallel()
	check(t, logged(t, slog.LevelDebug, create, reply()),
		`level=DEBUG msg="call started" CHAT gen_ai.request.stream=false`,
		`level=DEBUG msg="headers received" CHAT gen_ai.request.stream=false http.response.status_code=200 request_id=req-1 attempts=1 latency=2`,
		`level=INFO msg="call finished" CHAT gen_ai.request.stream=false outcome=finished http.response.status_code=200 request_id=req-1 attempts=1`+
			` gen_ai.client.operation.duration=2 gen_ai.response.id=chatcmpl-1 gen_ai.response.model=m gen_ai.response.finish_reasons=[stop]`+
			` gen_ai.usage.input_tokens=7 gen_ai.usage.output_tokens=2`)
}

func TestStream(t *testing.T) {
	t.Parallel()
	check(t, logged(t, slog.LevelDebug, readAll, reply()),
		`level=DEBUG msg="call started" CHAT gen_ai.request.stream=true`,
		`level=DEBUG msg="headers received" CHAT gen_ai.request.stream=true http.response.status_code=200 request_id=req-1 attempts=1 latency=2`,
		`level=DEBUG msg="first event" CHAT gen_ai.request.stream=true gen_ai.response.time_to_first_chunk=2`,
		`level=INFO msg="call finished" CHAT gen_ai.request.stream=true outcome=finished http.response.status_code=200 request_id=req-1 attempts=1`+
			` gen_ai.client.operation.duration=6 gen_ai.response.time_to_first_chunk=2 chunks=5 gen_ai.response.id=chatcmpl-1 gen_ai.response.model=m`+
			` gen_ai.response.finish_reasons=[stop] gen_ai.usage.input_tokens=7 gen_ai.usage.output_tokens=2`)
}

func TestStreamClosedEarly(t *testing.T) {
	t.Parallel()
	check(t, logged(t, slog.LevelInfo, func(t *testing.T, client *chatspec.Client) {
		t.Helper()
		s, err := client.Stream(t.Context(), request())
		if err != nil || !s.Next() {
			t.Fatal(err)
		}
		_ = s.Close()
	}, reply()),
		`level=INFO msg="call cancelled" CHAT gen_ai.request.stream=true outcome=cancelled http.response.status_code=200 request_id=req-1 attempts=1`+
			` gen_ai.client.operation.duration=2 gen_ai.response.time_to_first_chunk=2 chunks=1 gen_ai.response.id=chatcmpl-1 gen_ai.response.model=m`)
}

func TestStreamTruncated(t *testing.T) {
	t.Parallel()
	cut := chattest.Raw(http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}},
		[]byte(`data: {"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"content":"`+answer+`"}}]}`+"\n\ndata: {\""+answer))
	check(t, logged(t, slog.LevelInfo, readAll, cut.WithHeader("X-Request-Id", "req-1")),
		`level=ERROR msg="call failed" CHAT gen_ai.request.stream=true outcome=truncated http.response.status_code=200 request_id=req-1 attempts=1`+
			` gen_ai.client.operation.duration=0 gen_ai.response.time_to_first_chunk=0 chunks=1 gen_ai.response.id=c1 gen_ai.response.model=m-1`)
}

// A refusal has the prompt and the key in its text, and a code that is no word.
func TestRefused(t *testing.T) {
	t.Parallel()
	refusal := chattest.Error(http.StatusBadRequest, chat.Error{
		Message: "The key " + key + " may not say " + prompt, Type: "invalid_request_error", Param: "messages[0].content", Code: "because of " + prompt,
	}).WithHeader("X-Request-Id", "req-"+key)
	check(t, logged(t, slog.LevelInfo, create, refusal),
		`level=ERROR msg="call failed" CHAT gen_ai.request.stream=false outcome=refused refusal.type=invalid_request_error refusal.param=messages[0].content`+
			` http.response.status_code=400 request_id=req-[masked] attempts=1 gen_ai.client.operation.duration=0`)
}

func TestRetriedThenSuccess(t *testing.T) {
	t.Parallel()
	busy := chattest.Error(http.StatusTooManyRequests, chat.Error{Message: prompt, Type: "requests", Code: "rate_limit_exceeded"}).WithHeader("X-Request-Id", "req-0")
	check(t, logged(t, slog.LevelInfo, create, busy, reply()),
		`level=WARN msg="attempt failed" CHAT gen_ai.request.stream=false attempt=1 outcome=refused refusal.type=requests refusal.code=rate_limit_exceeded`+
			` http.response.status_code=429 request_id=req-0 wait=1`,
		`level=INFO msg="call finished" CHAT gen_ai.request.stream=false outcome=finished http.response.status_code=200 request_id=req-1 attempts=2`+
			` gen_ai.client.operation.duration=3 gen_ai.response.id=chatcmpl-1 gen_ai.response.model=m gen_ai.response.finish_reasons=[stop]`+
			` gen_ai.usage.input_tokens=7 gen_ai.usage.output_tokens=2`)
}

func TestCancelledWhileRetrying(t *testing.T) {
	t.Parallel()
	busy := chattest.Error(http.StatusServiceUnavailable, chat.Error{}).WithHeader("X-Request-Id", "req-0")
	got := logged(t, slog.LevelInfo, func(t *testing.T, client *chatspec.Client) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		_, _ = client.Create(ctx, request())
	}, busy)
	_, last, _ := strings.Cut(got, "\n")
	check(t, last, `level=INFO msg="call cancelled" CHAT gen_ai.request.stream=false outcome=cancelled attempts=1 gen_ai.client.operation.duration=0.5`)
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	check(t, logged(t, slog.LevelInfo, func(t *testing.T, client *chatspec.Client) {
		t.Helper()
		_, _ = client.Create(t.Context(), request(), chatspec.WithHeaderTimeout(time.Second), chatspec.WithMaxRetries(0))
	}, reply()),
		`level=ERROR msg="call failed" CHAT gen_ai.request.stream=false outcome=timeout timeout.phase=headers attempts=1 gen_ai.client.operation.duration=1`)
}

func TestRaw(t *testing.T) {
	t.Parallel()
	check(t, logged(t, slog.LevelInfo, func(t *testing.T, client *chatspec.Client) {
		t.Helper()
		req := request()
		req.Stream = true
		resp, err := client.Raw().CreateChatCompletion(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		s, err := stream.Open(resp)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, _ = s.Result()
	}, reply()),
		`level=INFO msg="call finished" CHAT gen_ai.request.stream=true outcome=finished http.response.status_code=200 request_id=req-1 attempts=1`+
			` gen_ai.client.operation.duration=5 gen_ai.response.time_to_first_chunk=2 chunks=4 gen_ai.response.id=chatcmpl-1 gen_ai.response.model=m`+
			` gen_ai.response.finish_reasons=[stop]`)
}

// Other operations have neither a model nor a usage.
func TestOtherOperation(t *testing.T) {
	t.Parallel()
	check(t, logged(t, slog.LevelInfo, func(t *testing.T, client *chatspec.Client) {
		t.Helper()
		_, _ = client.Get(t.Context(), "chatcmpl-9")
	}),
		`level=ERROR msg="call failed" http.request.method=GET url.full=http://chattest.localhost/v1/chat/completions/chatcmpl-9 outcome=refused`+
			` refusal.type=invalid_request_error refusal.code=not_found refusal.param=completion_id http.response.status_code=404 request_id=req_1 attempts=1 gen_ai.client.operation.duration=0`)
}

func TestNothingBelowTheLevel(t *testing.T) {
	t.Parallel()
	if got := logged(t, slog.LevelError, create, reply()); got != "" {
		t.Errorf("logged %q", got)
	}
}

// The record has the context of the call.
func TestContext(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text(answer))
	var h contextHandler
	client, err := chatspec.New(chatspec.WithBaseURL(srv.URL), chatspec.WithHTTPClient(srv.Client()), chatspec.WithHooks(chatspecslog.Hooks(slog.New(&h))))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = client.Create(context.WithValue(t.Context(), traceKey{}, "trace 1"), request())
	if len(h.traces) != 3 || h.traces[0] != "trace 1" || h.traces[2] != "trace 1" {
		t.Errorf("got %v, want three records of trace 1", h.traces)
	}
}

type traceKey struct{}

// contextHandler keeps what it finds in the contexts of records.
type contextHandler struct {
	slog.Handler

	mu     sync.Mutex
	traces []any
}

func (h *contextHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *contextHandler) Handle(ctx context.Context, _ slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.traces = append(h.traces, ctx.Value(traceKey{}))
	return nil
}
