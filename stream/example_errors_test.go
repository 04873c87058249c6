package stream_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/stream"
)

// How a stream ended, if not well, and how far it came.
func ExampleError() {
	s, err := stream.Open(body("data: {\"choices\":[]}\n\ndata: {\"choices\":7}\n\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	_, err = s.Result()
	if ended, ok := errors.AsType[*stream.Error](err); ok {
		fmt.Println("at event", ended.Events, "which ends at byte", ended.Offset)
	}
	if malformed, ok := errors.AsType[*stream.DecodeError](err); ok {
		fmt.Println(malformed.Err)
	}
	// Output:
	// at event 2 which ends at byte 43
	// json: expected an array, found a number at byte 11
}

// A login page instead of a stream.
func ExampleNotStreamError() {
	_, err := stream.Open(&http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		Body:       io.NopCloser(strings.NewReader("<!doctype html><title>Log in</title>")),
	})
	if page, ok := errors.AsType[*stream.NotStreamError](err); ok {
		fmt.Printf("%s: %.15s\n", page.MediaType, page.Snippet)
	}
	// Output: text/html: <!doctype html>
}

// A server falls silent within an answer. What had arrived stays; a program would wait for seconds.
func ExampleIdleTimeout() {
	silent, server := io.Pipe()
	defer server.Close()
	go fmt.Fprint(server, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Well,\"}}]}\n\n")

	resp := body("")
	resp.Body = silent
	s, err := stream.Open(resp, stream.IdleTimeout(time.Millisecond))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	res, err := s.Result()
	fmt.Println(res.Text())
	if late, ok := errors.AsType[*stream.TimeoutError](err); ok {
		fmt.Println(late.Phase == api.PhaseIdle, late.Limit)
	}
	// Output:
	// Well,
	// true 1ms
}

// A stream cannot be longer, nor an event or the body of a refusal larger, than a program has memory for.
func ExampleMaxEventBytes() {
	limits := []stream.Option{stream.MaxEventBytes(1024), stream.MaxTotalBytes(1 << 20), stream.MaxErrorBytes(4096)}
	s, err := stream.Open(body("data: {\"id\":\""+strings.Repeat("x", 5000)+"\"}\n\n"), limits...)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	_, err = s.Result()
	if large, ok := errors.AsType[*stream.TooLargeError](err); ok {
		fmt.Println(large.What, large.Limit)
	}
	// Output: event 1024
}

// Options that are kept until there is a response, such as those of a configuration, are checked at once.
func ExampleCheckOptions() {
	opts := []stream.Option{stream.FirstEventTimeout(2 * time.Minute), stream.IdleTimeout(-time.Second)}
	fmt.Println(stream.CheckOptions(opts...))
	// Output: stream: IdleTimeout: -1s is not positive
}

// An answer without a mark at its end is complete when it has all that was asked for. Here the usage is missing.
func ExampleExpect() {
	const events = `data: {"choices":[{"index":0,"delta":{"content":"Hello!"},"finish_reason":"stop"}]}` + "\n\n"
	for _, opts := range [][]stream.Option{nil, {stream.Expect(1, true)}} {
		s, err := stream.Open(body(events), opts...)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer s.Close()
		res, err := s.Result()
		fmt.Println(res.Text(), errors.Is(err, stream.ErrTruncated))
	}
	// Output:
	// Hello! false
	// Hello! true
}
