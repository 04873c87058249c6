package chattest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// A test gives its client the server's URL and HTTP client, and asserts on what the server got.
func ExampleNewServer() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()  // a *testing.T does this by itself

	srv := chattest.NewServer(t, chattest.Text("Good morning!"))
	client, err := chatspec.New(chatspec.WithBaseURL(srv.URL), chatspec.WithHTTPClient(srv.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := client.Create(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Text())
	fmt.Println(srv.Requests()[0].Body.Model)
	// Output:
	// Good morning!
	// gpt-5.4
}

// A handler serves under any base path. Without a script it answers by itself, here with a stream.
func ExampleNewHandler() {
	w := httptest.NewRecorder()
	chattest.NewHandler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(
		`{"model": "m", "stream": true, "max_completion_tokens": 5, "messages": [{"role": "user", "content": "Hello!"}]}`)))

	s, err := stream.Open(w.Result())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	for text, err := range s.Text() {
		fmt.Printf("%q %v\n", text, err)
	}
	// Output:
	// "This" <nil>
	// " is" <nil>
	// " the" <nil>
	// " built-in" <nil>
	// " server" <nil>
}

// The first request is told to wait, the second gets an answer: a script for a test of retries.
func ExampleError() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	srv := chattest.NewServer(t,
		chattest.Error(http.StatusTooManyRequests, chat.Error{Message: "Slow down.", Code: "rate_limit_exceeded"}).
			WithHeader("Retry-After", "1"),
		chattest.Text("Welcome back."),
	)
	for range 2 {
		resp, err := srv.Client().Post(srv.URL+"/chat/completions", "application/json", strings.NewReader(
			`{"model": "m", "messages": [{"role": "user", "content": "Hello!"}]}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	// Output:
	// 429 1
	// 200
}

// Func answers by what was asked.
func ExampleFunc() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	byModel := chattest.Func(func(req chat.CreateChatCompletionRequest) chattest.Reply {
		if req.Model == "retired" {
			return chattest.Error(http.StatusNotFound, chat.Error{Message: "no such model", Code: "model_not_found"})
		}
		return chattest.Text("I am " + req.Model + ".")
	})
	srv := chattest.NewServer(t, byModel.Repeated())
	client, err := chatspec.New(chatspec.WithBaseURL(srv.URL), chatspec.WithHTTPClient(srv.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, model := range []string{"small", "retired"} {
		res, err := client.Create(context.Background(), chat.CreateChatCompletionRequest{
			Model:    model,
			Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Who are you?")}},
		})
		fmt.Println(res.Text(), err)
	}
	// Output:
	// I am small. <nil>
	//  chatspec: Create: 404 Not Found, model_not_found: no such model
}
