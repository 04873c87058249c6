package tool_test

import (
	"context"
	"errors"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tool"
)

// newClient returns a client of a server that answers with the replies.
func newClient(t chattest.TB, replies ...chattest.Reply) (*chatspec.Client, *chattest.Server) {
	t.Helper()
	srv := chattest.NewServer(t, replies...)
	client, err := chatspec.New(chatspec.WithBaseURL(srv.URL), chatspec.WithHTTPClient(srv.Client()))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return client, srv
}

// question returns a request.
func question() chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{Model: "m", Messages: chat.Messages{chat.UserMessage{Content: chat.Text("How warm is it?")}}}
}

// call returns a call of a function.
func call(id, name, arguments string) chat.ToolCall {
	return chat.FunctionToolCall{ID: id, Function: chat.FunctionCall{Name: name, Arguments: arguments}}
}

type place struct {
	City string `json:"city"`
	Unit string `json:"unit,omitempty" enum:"celsius,fahrenheit"`
}

type weather struct {
	City    string `json:"city"`
	Degrees int    `json:"degrees"`
}

// warm returns a tool that says how warm it is.
func warm() tool.Tool {
	return tool.New("get_weather", "Get the weather.", func(_ context.Context, in place) (weather, error) {
		if in.City == "" {
			return weather{}, errors.New("the city is empty")
		}
		return weather{City: in.City, Degrees: len(in.City)}, nil
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	for _, streamed := range []bool{false, true} {
		client, srv := newClient(t,
			chattest.ToolCalls(call("a", "get_weather", `{"city":"Paris","unit":null}`), call("b", "get_weather", `{"city":"Rome"}`)),
			chattest.Text("5 and 4 degrees"),
		)
		req := question()
		req.Stream = streamed
		result, err := tool.Run(t.Context(), client, req, warm())
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Text(); got != "5 and 4 degrees" {
			t.Errorf("the answer is %q", got)
		}
		if len(srv.Requests()) != 2 || result.Rounds != 2 {
			t.Errorf("%d requests, %d rounds", len(srv.Requests()), result.Rounds)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t, chattest.Text(`{"city":"Paris","degrees":5}`))
	answer, err := tool.Parse[weather](t.Context(), client, question())
	if err != nil {
		t.Fatal(err)
	}
	if want := (weather{City: "Paris", Degrees: 5}); answer.Value != want {
		t.Errorf("got %v, want %v", answer.Value, want)
	}
}
