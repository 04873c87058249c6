package chatspec_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// fake returns a client of a server in this process that gives these answers, so that the examples run.
func fake(replies ...chattest.Reply) *chatspec.Client {
	handler := chattest.NewHandler(replies...)
	client, err := chatspec.New(
		chatspec.WithBaseURL("http://fake.localhost/v1"),
		chatspec.WithHTTPClient(handlerDoer{handler}),
	)
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func Example() {
	client := fake(chattest.Text("Hello!")) // or chatspec.FromEnv()
	res, err := client.Create(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Text(), res.FinishReason())
	// Output: Hello! stop
}

func ExampleClient_Stream() {
	client := fake(chattest.Text("Hello, ", "world!"))
	s, err := client.Stream(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	for text, err := range s.Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%q ", text)
	}
	res, err := s.Result() // what Create would have returned
	fmt.Println(res.Text(), err)
	// Output: "Hello, " "world!" Hello, world! <nil>
}

// A conversation goes on with the answer as a message, and with what the tools say that it calls.
func ExampleClient_Create_tools() {
	client := fake(
		chattest.ToolCalls(chat.FunctionToolCall{ID: "call_1", Function: chat.FunctionCall{Name: "weather", Arguments: `{"city":"Paris"}`}}),
		chattest.Text("It rains in Paris."),
	)
	req := chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("How is the weather in Paris?")}},
		Tools: chat.Tools{chat.FunctionTool{Function: chat.FunctionDefinition{
			Name:       "weather",
			Parameters: map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}},
		}}},
	}
	for {
		res, err := client.Create(context.Background(), req)
		if err != nil {
			log.Fatal(err)
		}
		if len(res.ToolCalls()) == 0 {
			fmt.Println(res.Text())
			return
		}
		req.Messages = append(req.Messages, res.Message())
		for _, call := range res.ToolCalls() {
			if call, ok := call.(chat.FunctionToolCall); ok {
				fmt.Println(call.Function.Name, call.Function.Arguments)
				req.Messages = append(req.Messages, chat.ToolMessage{ToolCallID: call.ID, Content: chat.Text("rain")})
			}
		}
	}
	// Output:
	// weather {"city":"Paris"}
	// It rains in Paris.
}

func ExampleClient_List() {
	client := fake(chattest.Text("one"), chattest.Text("two"))
	ctx := context.Background()
	for range 2 {
		_, err := client.Create(ctx, chat.CreateChatCompletionRequest{
			Model:    "gpt-5.4",
			Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Count.")}},
			Store:    new(true),
			Metadata: chat.Metadata{"topic": "numbers"},
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	for c, err := range client.List(ctx, chat.ListChatCompletionsParams{Metadata: &chat.Metadata{"topic": "numbers"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(c.Text())
	}
	// Output:
	// one
	// two
}

// The generated client returns the *http.Response, which package stream reads.
func ExampleClient_Raw() {
	raw := fake(chattest.Text("Hello!")).Raw()
	resp, err := raw.CreateChatCompletion(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
		Stream:   true,
	})
	if err != nil {
		log.Fatal(err)
	}
	s, err := stream.Open(resp)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	res, err := s.Result()
	fmt.Println(res.Text(), err)
	// Output: Hello! <nil>
}

// Errors are told apart by errors.Is and errors.As; their texts never need to be read.
func ExampleClient_Create_errors() {
	client := fake(chattest.Error(http.StatusTooManyRequests, chat.Error{
		Type: "rate_limit_error", Code: "rate_limit_exceeded", Message: "Slow down.",
	}))
	_, err := client.Create(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	}, chatspec.WithMaxRetries(0))
	if refused, ok := errors.AsType[*api.Error](err); ok {
		fmt.Println(refused.Status, refused.Code, errors.Is(err, api.ErrRateLimit))
	}
	fmt.Println(err)
	// Output:
	// 429 rate_limit_exceeded true
	// chatspec: Create: 429 Too Many Requests, rate_limit_error, rate_limit_exceeded: Slow down.
}
