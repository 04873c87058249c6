package chatspec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

func TestOutcomeOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want chatspec.Outcome
	}{
		{nil, chatspec.OutcomeFinished},
		{&api.Error{Status: 429}, chatspec.OutcomeRefused},
		{&stream.Error{Err: &api.Error{Status: 200}}, chatspec.OutcomeRefused},
		{&stream.Error{Err: fmt.Errorf("%w: %w", stream.ErrTruncated, io.ErrUnexpectedEOF)}, chatspec.OutcomeTruncated},
		{&api.ResponseError{Status: 200, Err: io.ErrUnexpectedEOF}, chatspec.OutcomeTruncated},
		{&url.Error{Op: "Post", Err: io.ErrUnexpectedEOF}, chatspec.OutcomeTransport}, // cut in the headers
		{&stream.Error{Err: &stream.DecodeError{What: "event", Err: io.ErrUnexpectedEOF}}, chatspec.OutcomeMalformed},
		{&api.ResponseError{Err: &api.TooLargeError{What: "body"}}, chatspec.OutcomeTooLarge},
		{&stream.NotStreamError{MediaType: "text/html"}, chatspec.OutcomeNotStream},
		{&api.TimeoutError{Phase: api.PhaseIdle}, chatspec.OutcomeTimeout},
		{&api.TimeoutError{Phase: api.PhaseTotal, Err: context.Canceled}, chatspec.OutcomeTimeout},
		{fmt.Errorf("%w: closed", context.Canceled), chatspec.OutcomeCancelled},
		{&url.Error{Op: "Post", Err: errors.New("connection reset by peer")}, chatspec.OutcomeTransport},
	} {
		if got := chatspec.OutcomeOf(test.err); got != test.want {
			t.Errorf("OutcomeOf(%v) = %s, want %s", test.err, got, test.want)
		}
	}
}

// ended returns a client whose server answers with the replies, and what its hooks were told at End.
func ended(t *testing.T, opts []chatspec.Option, replies ...chattest.Reply) (*chatspec.Client, *[]chatspec.Call) {
	t.Helper()
	srv := chattest.NewServer(t, replies...)
	var calls []chatspec.Call
	client, err := chatspec.New(append([]chatspec.Option{
		chatspec.WithBaseURL(srv.URL), chatspec.WithHTTPClient(srv.Client()), chatspec.WithAPIKey(outcomeKey),
		chatspec.WithHooks(chatspec.Hooks{End: func(_ context.Context, call chatspec.Call) { calls = append(calls, call) }}),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client, &calls
}

const outcomeKey = "sk-outcome-0123456789"

func hi() chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{Model: "m", Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Hi")}}}
}

func TestCallOutcome(t *testing.T) {
	t.Parallel()
	refuse := func(chatspec.Doer) chatspec.Doer {
		return doer(func(*http.Request) (*http.Response, error) { return nil, errors.New("not today") })
	}
	elsewhere := doer(func(req *http.Request) (*http.Response, error) {
		req = req.Clone(req.Context())
		req.URL.Host = "other.internal"
		return &http.Response{StatusCode: http.StatusOK, Request: req}, nil
	})
	for _, test := range []struct {
		name string
		opt  chatspec.Option
		want chatspec.Outcome
	}{
		{"finished", chatspec.WithMaxRetries(0), chatspec.OutcomeFinished},
		{"a middleware refuses", chatspec.WithMiddleware(refuse), chatspec.OutcomeNotSent},
		{"no key", chatspec.WithAPIKeyFunc(func(context.Context) (string, error) { return "", errors.New("no key") }), chatspec.OutcomeNotSent},
		{"no key, by a refusal", chatspec.WithAPIKeyFunc(func(context.Context) (string, error) { return "", &api.Error{Status: 503} }), chatspec.OutcomeNotSent},
		{"no connection", chatspec.WithHTTPClient(refuse(nil)), chatspec.OutcomeTransport},
		{"redirected elsewhere", chatspec.WithHTTPClient(elsewhere), chatspec.OutcomeTransport},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, calls := ended(t, []chatspec.Option{test.opt}, chattest.Text("Hello"))
			_, _ = client.Create(t.Context(), hi())
			if len(*calls) != 1 || (*calls)[0].Outcome() != test.want {
				t.Fatalf("got %+v, want one call with outcome %s", *calls, test.want)
			}
			if sent := (*calls)[0].Response.Attempts > 0; sent == (test.want == chatspec.OutcomeNotSent) {
				t.Errorf("%d attempts", (*calls)[0].Response.Attempts)
			}
		})
	}
}

// doer is a function as a Doer.
type doer func(*http.Request) (*http.Response, error)

func (f doer) Do(req *http.Request) (*http.Response, error) { return f(req) }

// A body that is closed before its end was the caller's choice, whoever reads it.
func TestClosedEarlyIsCancelled(t *testing.T) {
	t.Parallel()
	client, calls := ended(t, nil, chattest.Text("a", "b").Repeated())
	s, err := client.Stream(t.Context(), hi())
	if err != nil || !s.Next() {
		t.Fatal("no chunk:", err)
	}
	_ = s.Close()
	resp, err := client.Raw().CreateChatCompletion(t.Context(), hi())
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if len(*calls) != 2 {
		t.Fatalf("%d calls ended, want 2", len(*calls))
	}
	for _, call := range *calls {
		if call.Outcome() != chatspec.OutcomeCancelled {
			t.Errorf("outcome %s, want cancelled (%v)", call.Outcome(), call.Err)
		}
	}
}

func TestAttemptsOfACallCancelledBetween(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, calls := ended(t, nil, chattest.Error(http.StatusServiceUnavailable, chat.Error{}).WithHeader("Retry-After", "10"))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := client.Create(ctx, hi())
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want context.Canceled", err)
		}
		if got := (*calls)[0].Response.Attempts; got != 1 {
			t.Errorf("%d attempts, want 1", got)
		}
	})
}

// Not every chunk says everything again: what was said stays.
func TestCallKeepsWhatChunksSay(t *testing.T) {
	t.Parallel()
	client, calls := ended(t, nil, chattest.Raw(http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}, "X-Request-Id": {"req-" + outcomeKey}},
		[]byte(`data: {"id":"c1","model":"m-1","service_tier":"flex","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\n"+
			`data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`+"\n\ndata: [DONE]\n\n")))
	s, err := client.Stream(t.Context(), hi())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Result(); err != nil {
		t.Fatal(err)
	}
	call := (*calls)[0]
	if call.ID != "c1" || call.Model != "m-1" || call.ServiceTier != chat.ServiceTierFlex || call.Usage == nil || call.Usage.TotalTokens != 3 {
		t.Errorf("got %+v", call)
	}
	if call.Response.RequestID != "req-[masked]" {
		t.Errorf("request ID %q has the key", call.Response.RequestID)
	}
}
