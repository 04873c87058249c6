package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// served is a Doer that a handler answers, in place of an *http.Client.
type served struct{ http.Handler }

func (s served) Do(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return w.Result(), nil
}

// create asks a server that gives this one reply.
func create(reply chattest.Reply, opts ...chatspec.Option) error {
	client, err := chatspec.New(append(opts,
		chatspec.WithBaseURL("http://fake.localhost/v1"),
		chatspec.WithHTTPClient(served{chattest.NewHandler(reply)}))...)
	if err != nil {
		return err
	}
	_, err = client.Create(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	}, chatspec.WithMaxRetries(0))
	return err
}

// What a server refuses, and why: by a sentinel, and by what it said.
func ExampleError() {
	err := create(chattest.Error(http.StatusBadRequest, chat.Error{
		Type: "invalid_request_error", Code: "context_length_exceeded", Message: "The prompt is too long.",
	}))
	if errors.Is(err, api.ErrContextLength) {
		fmt.Println("ask for less")
	}
	if refused, ok := errors.AsType[*api.Error](err); ok {
		fmt.Println(refused.Status, refused.Code, refused.Attempts)
	}
	// Output:
	// ask for less
	// 400 context_length_exceeded 1
}

// A proxy on the way answers with its login page: a success by its status, and of no use.
func ExampleResponseError() {
	err := create(chattest.Raw(http.StatusOK, http.Header{
		"Content-Type": {"text/html"}, "X-Request-Id": {"req_1"},
	}, []byte("<!doctype html><title>Log in</title>")))
	if unusable, ok := errors.AsType[*api.ResponseError](err); ok {
		fmt.Println(unusable.Status, unusable.RequestID)
	}
	if failed, ok := errors.AsType[*api.DecodeError](err); ok {
		fmt.Println(failed.What, "is", failed.MediaType)
	}
	// Output:
	// 200 req_1
	// response is text/html
}

// An answer beyond the limit is not read to its end.
func ExampleTooLargeError() {
	err := create(chattest.Text(strings.Repeat("hello ", 1000)), chatspec.WithMaxBodyBytes(4096))
	if large, ok := errors.AsType[*api.TooLargeError](err); ok {
		fmt.Println(large.What, large.Limit)
	}
	// Output: body 4096
}

// Which wait was too long decides what to do: ask another server, or for less.
func ExampleTimeoutError() {
	err := create(chattest.Text("Hello!").WithDelay(time.Hour), chatspec.WithHeaderTimeout(time.Millisecond))
	if late, ok := errors.AsType[*api.TimeoutError](err); ok {
		switch late.Phase {
		case api.PhaseHeaders, api.PhaseFirstEvent:
			fmt.Println("no answer came in", late.Limit)
		case api.PhaseIdle, api.PhaseTotal:
			fmt.Println("the answer took too long")
		}
	}
	// Output: no answer came in 1ms
}

// A program that sends requests by itself tells refusals, limits and timeouts apart as the client does.
func ExampleFromResponse() {
	call := func(ctx context.Context, doer api.Doer, req *http.Request) ([]byte, error) {
		resp, err := doer.Do(req)
		if err != nil {
			return nil, api.Interrupted(ctx, err)
		}
		if resp.StatusCode/100 != 2 {
			return nil, api.FromResponse(resp, api.DefaultMaxErrorBytes) // which closes the body
		}
		defer resp.Body.Close()
		body, err := api.ReadBody(resp.Body, 1<<20, resp.ContentLength)
		if err != nil {
			return nil, api.Interrupted(ctx, err)
		}
		if refused := api.FromBody(resp, body); refused != nil {
			return nil, refused // an error that comes with status 200
		}
		return body, nil
	}

	ctx := context.Background()
	for _, reply := range []chattest.Reply{
		chattest.Raw(http.StatusOK, nil, []byte(`{"data":[]}`)),
		chattest.Raw(http.StatusOK, nil, []byte(`{"error":{"message":"no such model","code":"model_not_found"}}`)),
		chattest.Raw(http.StatusBadGateway, nil, []byte("<html>")),
	} {
		req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/chat/completions", strings.NewReader(
			`{"model": "m", "messages": [{"role": "user", "content": "Hello!"}]}`))
		body, err := call(ctx, served{chattest.NewHandler(reply)}, req)
		fmt.Printf("%s %v\n", body, err)
	}
	// Output:
	// {"data":[]} <nil>
	//  error in the answer, model_not_found: no such model
	//  502 Bad Gateway
}

// Some servers report a failure within a stream by an event of a type of its own.
func ExampleFromEvent() {
	resp := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(
		"event: error\ndata: {\"type\":\"overloaded_error\",\"message\":\"Busy.\"}\n\n"))}
	event, err := stream.NewDecoder(resp.Body).Next()
	if err != nil {
		fmt.Println(err)
		return
	}
	if event.Type == "error" {
		refused := api.FromEvent(resp, event.Data)
		fmt.Println(refused, errors.Is(refused, api.ErrServer))
	}
	// Output: error in the answer, overloaded_error: Busy. true
}

// watched is a Doer around another that sees how much a server still allows.
type watched struct{ api.Doer }

func (w watched) Do(req *http.Request) (*http.Response, error) {
	resp, err := w.Doer.Do(req)
	if err == nil {
		left := api.ParseRateLimit(resp.Header, time.Now()).Tokens
		fmt.Println(api.RequestID(resp.Header), "after", api.Attempts(resp), "attempt:", left.Remaining, "tokens left, all in", left.Reset)
	}
	return resp, err
}

// A middleware looks at the headers of every answer.
func ExampleParseRateLimit() {
	err := create(chattest.Text("Hello!").WithHeader("X-Request-Id", "req_1").
		WithHeader("X-Ratelimit-Remaining-Tokens", "149984").WithHeader("X-Ratelimit-Reset-Tokens", "6m0s"),
		chatspec.WithMiddleware(func(next api.Doer) api.Doer { return watched{next} }))
	fmt.Println(err)
	// Output:
	// req_1 after 1 attempt: 149984 tokens left, all in 6m0s
	// <nil>
}

// The wait that a server asks for is a number of seconds, a date, or a number of milliseconds.
func ExampleRetryAfter() {
	now := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	fmt.Println(api.RetryAfter(http.Header{"Retry-After": {"20"}}, now))
	fmt.Println(api.RetryAfter(http.Header{"Retry-After": {"Mon, 23 Nov 2026 12:01:00 GMT"}}, now))
	fmt.Println(api.RetryAfter(http.Header{"Retry-After-Ms": {"250"}}, now))
	// Output:
	// 20s
	// 1m0s
	// 250ms
}
