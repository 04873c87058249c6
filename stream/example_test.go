package stream_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// body is the answer of a server, as the generated client returns it.
func body(events string) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/event-stream"}},
		Body:       io.NopCloser(strings.NewReader(events)),
	}
}

func ExampleOpen() {
	resp := body(`data: {"choices":[{"index":0,"delta":{"content":"Hello, "}}]}

data: {"choices":[{"index":0,"delta":{"content":"world!"},"finish_reason":"stop"}]}

data: [DONE]

`)
	s, err := stream.Open(resp) // resp, err := client.CreateChatCompletion(ctx, req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	for s.Next() {
		fmt.Printf("%q\n", s.Chunk().Text())
	}
	if err := s.Err(); err != nil {
		fmt.Println(err)
		return
	}
	res, err := s.Result()
	fmt.Println(res.Text(), res.FinishReason(), err)
	// Output:
	// "Hello, "
	// "world!"
	// Hello, world! stop <nil>
}

// A stream that was cut is an error. What had arrived stays.
func ExampleReader_Result() {
	s, err := stream.Open(body(`data: {"choices":[{"index":0,"delta":{"content":"Hello, "}}]}

data: {"choices":[{"ind`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	res, err := s.Result()
	fmt.Printf("%q\n", res.Text())
	fmt.Println(errors.Is(err, stream.ErrTruncated), err)
	// Output:
	// "Hello, "
	// true stream truncated: it ended in the middle of an event (after 1 event, 63 bytes)
}

// A proxy copies a stream event by event. Types, IDs and data arrive as they were sent, whatever is in them.
func ExampleDecoder() {
	upstream := strings.NewReader(": keep-alive\r\n\r\nevent: ping\r\ndata: {}\r\n\r\nid: 7\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n")
	proxy := func(w http.ResponseWriter, _ *http.Request) {
		in, out := stream.NewDecoder(upstream), stream.NewWriter(w)
		for {
			event, err := in.Next()
			if err != nil {
				return // io.EOF, or what went wrong upstream
			}
			if err := out.Event(event); err != nil {
				return // the client is gone
			}
		}
	}
	w := httptest.NewRecorder()
	proxy(w, nil)
	fmt.Print(w.Body)
	// Output:
	// event: ping
	// data: {}
	//
	// id: 7
	// data: {"a":
	// data: 1}
}

func ExampleWriter() {
	w := httptest.NewRecorder() // the http.ResponseWriter of a handler
	out := stream.NewWriter(w)
	err := errors.Join(
		out.Comment("keep-alive"),
		out.Chunk(map[string]any{"choices": []any{}}),
		out.Error(map[string]any{"error": map[string]any{"message": "overloaded"}}),
		out.Done(),
	)
	fmt.Println(w.Header().Get("Content-Type"), err)
	fmt.Print(w.Body)
	// Output:
	// text/event-stream <nil>
	// : keep-alive
	//
	// data: {"choices":[]}
	//
	// data: {"error":{"message":"overloaded"}}
	//
	// data: [DONE]
}

// Chunks that come another way, such as from a queue, add up too.
func ExampleAccumulator() {
	var whole stream.Accumulator
	for _, message := range []string{
		`{"id":"c1","choices":[{"index":0,"delta":{"content":"Hello, "}}]}`,
		`{"id":"c1","choices":[{"index":0,"delta":{"content":"world!"},"finish_reason":"stop"}]}`,
	} {
		var chunk chat.CreateChatCompletionStreamResponse
		if err := json.Unmarshal([]byte(message), &chunk); err != nil {
			fmt.Println(err)
			return
		}
		if err := whole.Add(&chunk); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(whole.Result().Text(), whole.Result().FinishReason())
	// Output: Hello, world! stop
}
