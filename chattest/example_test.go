package chattest_test

import (
	"context"
	"errors"
	"fmt"
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

// A test takes a client from the server, and asserts on what the server got.
func ExampleNewServer() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()  // a *testing.T does this by itself

	srv := chattest.NewServer(t, chattest.Text("Good morning!"))
	res, err := srv.NewClient().Create(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	fmt.Println(res.Text(), err)
	fmt.Println(srv.Requests()[0].Body.Model)
	// Output:
	// Good morning! <nil>
	// gpt-5.4
}

// A server on a socket is for other programs, which get its URL, and for what only TCP does.
func ExampleNewSocketServer() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	srv := chattest.NewSocketServer(t, chattest.Text("Good morning!"))
	curl := &http.Client{Transport: &http.Transport{}} // for example with OPENAI_BASE_URL=srv.URL in its environment
	defer curl.CloseIdleConnections()
	resp, err := curl.Post(srv.URL+"/chat/completions", "application/json", strings.NewReader(
		`{"model": "m", "messages": [{"role": "user", "content": "Hello!"}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

// Options lead clients of the caller's own to the server.
func ExampleServer_Options() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	srv := chattest.NewServer(t, chattest.Text("in"))
	srv.RequireKey("sk-test")
	client, err := chatspec.New(append(srv.Options(), chatspec.WithAPIKey("sk-test"))...)
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := client.Create(context.Background(), ask("Hello!"))
	fmt.Println(res.Text(), err)
	// Output: in <nil>
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

// The first request is told to come back, the second gets an answer. In a testing/synctest bubble a test may ask for
// a minute.
func ExampleStatus() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	srv := chattest.NewServer(t,
		chattest.Status(http.StatusTooManyRequests).WithRetryAfter(time.Millisecond),
		chattest.Text("Welcome back."),
	)
	res, err := srv.NewClient().Create(context.Background(), ask("Hello!"))
	fmt.Println(res.Text(), err)
	// Output: Welcome back. <nil>
}

// Error has an error object of one's own.
func ExampleError() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	srv := chattest.NewServer(t, chattest.Error(http.StatusBadRequest,
		chat.Error{Message: "That was too long.", Type: "invalid_request_error", Code: "context_length_exceeded"}))
	_, err := srv.NewClient().Create(context.Background(), ask("Hello!"))
	fmt.Println(errors.Is(err, api.ErrContextLength))
	fmt.Println(err)
	// Output:
	// true
	// chatspec: Create: 400 Bad Request, invalid_request_error, context_length_exceeded: That was too long.
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
	client := srv.NewClient()
	for _, model := range []string{"small", "retired"} {
		req := ask("Who are you?")
		req.Model = model
		res, err := client.Create(context.Background(), req)
		fmt.Println(res.Text(), err)
	}
	// Output:
	// I am small. <nil>
	//  chatspec: Create: 404 Not Found, model_not_found: no such model
}

// Without a script the server answers by itself.
func ExampleBuiltIn() {
	fmt.Println(read(chattest.BuiltIn()))
	// Output: This is the built-in server of chatspec, not a model. You said: Hello! <nil>
}

// A streamed text comes in the pieces that it is given in.
func ExampleText() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	s, err := chattest.NewServer(t, chattest.Text("Hel", "lo")).NewClient().Stream(context.Background(), ask("Hello!"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	for text, err := range s.Text() {
		fmt.Printf("%q %v\n", text, err)
	}
	// Output:
	// "Hel" <nil>
	// "lo" <nil>
}

// A stream may have anything that the document has; what a chunk must have and lacks is filled in.
func ExampleChunks() {
	delta := func(content string) chat.CreateChatCompletionStreamResponse {
		return chat.CreateChatCompletionStreamResponse{Choices: []chat.ChunkChoice{{Delta: chat.Delta{Content: content}}}}
	}
	fmt.Println(read(chattest.Chunks(delta("Hel"), delta("lo"))))
	// Output: Hello <nil>
}

// A completion is streamed, too, where that is asked for.
func ExampleCompletion() {
	fmt.Println(read(chattest.Completion(chat.CreateChatCompletionResponse{
		ServiceTier: "flex",
		Choices:     []chat.Choice{{Message: chat.ResponseMessage{Content: "Hello"}, FinishReason: chat.FinishReasonLength}},
	})))
	// Output: Hello <nil>
}

// Raw stands for a server, or a proxy, that does not speak the API.
func ExampleRaw() {
	_, err := read(chattest.Raw(http.StatusOK, http.Header{"Content-Type": {"text/html"}}, []byte("<h1>Log in</h1>")))
	fmt.Println(err)
	// Output: chatspec: Stream: the answer is "text/html", not an event stream
}

// A round with a tool: the model calls it, and answers when the result is there.
func ExampleToolCalls() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	srv := chattest.NewServer(t,
		chattest.ToolCalls(chat.FunctionToolCall{Function: chat.FunctionCall{Name: "weather", Arguments: `{"city":"Paris"}`}}),
		chattest.Text("Take an umbrella.").WhenToolResult("rain"),
		chattest.Text("Take a hat.").WhenToolResult("sun"),
	)
	client := srv.NewClient()
	req := ask("What do I need in Paris?")
	for {
		res, err := client.Create(context.Background(), req)
		if err != nil {
			fmt.Println(err)
			return
		}
		req.Messages = append(req.Messages, res.Message())
		for _, call := range res.ToolCalls() {
			call := call.(chat.FunctionToolCall)
			fmt.Println(call.ID, call.Function.Name, call.Function.Arguments)
			req.Messages = append(req.Messages, chat.ToolMessage{ToolCallID: call.ID, Content: chat.Text("rain")})
		}
		if len(res.ToolCalls()) == 0 {
			fmt.Println(res.Text())
			return
		}
	}
	// Output:
	// call_1 weather {"city":"Paris"}
	// Take an umbrella.
}

// Replies that are for some prompts, and one for all others.
func ExampleReply_WhenPrompt() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	client := chattest.NewServer(t,
		chattest.Text("It rains.").WhenPrompt("weather").Repeated(),
		chattest.Text("I do not know.").Repeated(),
	).NewClient()
	for _, prompt := range []string{"How are you?", "How is the weather?"} {
		res, err := client.Create(context.Background(), ask(prompt))
		fmt.Println(res.Text(), err)
	}
	// Output:
	// I do not know. <nil>
	// It rains. <nil>
}

// A condition of one's own.
func ExampleReply_When() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	hasTools := func(req chat.CreateChatCompletionRequest) bool { return len(req.Tools) > 0 }
	srv := chattest.NewServer(t,
		chattest.Text("I have tools.").When(hasTools),
		chattest.Text("I have none."),
	)
	res, err := srv.NewClient().Create(context.Background(), ask("Hello!"))
	fmt.Println(res.Text(), err)
	fmt.Println(srv.Unused(), "reply is left")
	// Output:
	// I have none. <nil>
	// 1 reply is left
}

// Diff says where a request is not what it should be.
func ExampleDiff() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	srv := chattest.NewServer(t, chattest.Text("Hello"))
	req := ask("Good evening!")
	req.Temperature = new(0.5)
	if _, err := srv.NewClient().Create(context.Background(), req); err != nil {
		fmt.Println(err)
	}
	fmt.Print(chattest.Diff(ask("Good morning!"), srv.Requests()[0].Body))
	// Output:
	// messages[0].content: want "Good morning!", got "Good evening!"
	// temperature: want nothing, got 0.5
}

// Equal fails the test with what [chattest.Diff] says. What is wanted may be JSON.
func ExampleEqual() {
	t := &fakeTB{} // in a test, its *testing.T
	chattest.Equal(t, []byte(`[{"role": "user", "content": "Hi"}]`), ask("Hello!").Messages)
	fmt.Print(t.end()[0])
	// Output:
	// not what was wanted:
	// [0].content: want "Hi", got "Hello!"
}

// ask is a request with one message.
func ask(text string) chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text(text)}},
	}
}

// read asks a server with the reply for a stream, and returns the text and the error that the stream ends in.
func read(reply chattest.Reply, opts ...chatspec.Option) (text string, err error) {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	s, err := chattest.NewServer(t, reply).NewClient(opts...).Stream(context.Background(), ask("Hello!"))
	if err != nil {
		return "", err
	}
	defer s.Close()
	for s.Next() {
		text += s.Chunk().Text()
	}
	return text, s.Err()
}
