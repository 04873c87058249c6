package chatspec_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

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

// What an answer said beside its content: here that it came with the second attempt.
func ExampleWithResponse() {
	client := fake(
		chattest.Error(http.StatusServiceUnavailable, chat.Error{Message: "Busy."}).WithHeader("Retry-After-Ms", "1"),
		chattest.Text("Hello!").WithHeader("X-Ratelimit-Remaining-Tokens", "149984"),
	)
	var meta chatspec.Response
	res, err := client.Create(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	}, chatspec.WithResponse(&meta))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Text(), meta.Status, meta.Attempts, meta.RateLimit.Tokens.Remaining)
	// Output: Hello! 200 2 149984
}

// Hooks watch calls from their start to the end of their streams.
func ExampleWithHooks() {
	handler := chattest.NewHandler(chattest.Text("Hello, ", "world!"))
	client, err := chatspec.New(
		chatspec.WithBaseURL("http://fake.localhost/v1"),
		chatspec.WithHTTPClient(handlerDoer{handler}),
		chatspec.WithHooks(chatspec.Hooks{
			End: func(_ context.Context, call chatspec.Call) {
				fmt.Println(call.Request.Model, call.Chunks > 0, call.FinishReasons, call.Err)
			},
		}),
	)
	if err != nil {
		log.Fatal(err)
	}
	s, err := client.Stream(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Result(); err != nil {
		log.Fatal(err)
	}
	// Output: gpt-5.4 true [stop] <nil>
}

// A policy of one's own: never longer than five seconds, and else as the default has it.
func ExampleWithRetryPolicy() {
	client, err := chatspec.New(
		chatspec.WithAPIKey("key"),
		chatspec.WithRetryPolicy(func(failed chatspec.Attempt) (time.Duration, bool) {
			wait, again := chatspec.DefaultRetryPolicy(failed)
			return wait, again && wait <= 5*time.Second
		}),
	)
	fmt.Println(client != nil, err)
	// Output: true <nil>
}

// A deployment of Azure OpenAI with tokens of Microsoft Entra ID; with a key it is WithAPIKey alone.
func ExampleWithAzure() {
	token := func(context.Context) (string, error) { return "a token, fetched and kept", nil }
	client, err := chatspec.New(
		chatspec.WithAzure("https://example.openai.azure.com", "my-deployment", "2024-10-21"),
		chatspec.WithAPIKeyFunc(token),
		chatspec.WithKeyHeader("Authorization"),
	)
	fmt.Println(client != nil, err)
	// Output: true <nil>
}
