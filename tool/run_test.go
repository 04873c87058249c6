package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"sync"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
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

// said returns what the tools said in a conversation, by the ID of their calls.
func said(messages chat.Messages) (ids, texts []string) {
	for _, m := range messages {
		if m, ok := m.(chat.ToolMessage); ok {
			text, _ := m.Content.(chat.Text)
			ids, texts = append(ids, m.ToolCallID), append(texts, string(text))
		}
	}
	return ids, texts
}

type place struct {
	City string `json:"city"`
	Unit string `json:"unit,omitempty" enum:"celsius,fahrenheit"`
}

type weather struct {
	City    string `json:"city"`
	Degrees int    `json:"degrees"`
}

// warm returns a tool that says how warm it is: a degree for each letter.
func warm() tool.Tool {
	return tool.New("get_weather", "Get the weather.", func(_ context.Context, in place) (weather, error) {
		return weather{City: in.City, Degrees: len(in.City)}, nil
	})
}

// TestRun leads a conversation of three answers, whole and streamed, and compares everything that was sent.
func TestRun(t *testing.T) {
	t.Parallel()
	for name, streamed := range map[string]bool{"whole": false, "streamed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, srv := newClient(t,
				chattest.ToolCalls(call("a", "get_weather", `{"city":"Paris","unit":null}`), call("b", "get_weather", `{"city":"Rome"}`)),
				chattest.ToolCalls(call("c", "get_weather", `{"city":"Oslo","unit":"celsius"}`)),
				chattest.Text("It is 5, 4 and 4 degrees."),
			)
			req := question()
			req.Stream = streamed
			req.Messages = append(make(chat.Messages, 0, 10), req.Messages...)
			req.Tools = make(chat.Tools, 0, 10)
			result, err := tool.Run(t.Context(), client, req, warm())
			if err != nil {
				t.Fatal(err)
			}
			if got, want := result.Text(), "It is 5, 4 and 4 degrees."; got != want || result.Rounds != 3 {
				t.Errorf("the answer is %q after %d rounds, want %q after 3", got, result.Rounds, want)
			}
			if message, first := req.Messages[:2][1], req.Tools[:1][0]; message != nil || first != nil {
				t.Errorf("the request was changed: %v, %v", message, first)
			}
			want := chat.Messages{
				req.Messages[0],
				chat.AssistantMessage{ToolCalls: chat.ToolCalls{
					call("a", "get_weather", `{"city":"Paris","unit":null}`), call("b", "get_weather", `{"city":"Rome"}`),
				}},
				chat.ToolMessage{ToolCallID: "a", Content: chat.Text(`{"city":"Paris","degrees":5}`)},
				chat.ToolMessage{ToolCallID: "b", Content: chat.Text(`{"city":"Rome","degrees":4}`)},
				chat.AssistantMessage{ToolCalls: chat.ToolCalls{call("c", "get_weather", `{"city":"Oslo","unit":"celsius"}`)}},
				chat.ToolMessage{ToolCallID: "c", Content: chat.Text(`{"city":"Oslo","degrees":4}`)},
				chat.AssistantMessage{Content: chat.Text("It is 5, 4 and 4 degrees.")},
			}
			sameValue(t, "the transcript", result.Messages, want)
			requests := srv.Requests()
			if len(requests) != 3 {
				t.Fatalf("%d requests were sent, want 3", len(requests))
			}
			for i, length := range []int{1, 4, 6} {
				sameValue(t, "a request", requests[i].Body.Messages, want[:length])
				if requests[i].Body.Stream != streamed || len(requests[i].Body.Tools) != 1 {
					t.Errorf("request %d has stream %t and tools %v", i, requests[i].Body.Stream, requests[i].Body.Tools)
				}
			}
		})
	}
}

// sameValue compares two values as they are written, whatever the order of names.
func sameValue(t *testing.T, what string, got, want any) {
	t.Helper()
	var texts [2]string
	for i, value := range []any{got, want} {
		written, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(written, &v); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(again)
	}
	if texts[0] != texts[1] {
		t.Errorf("%s is\n%s\nwant\n%s", what, texts[0], texts[1])
	}
}

// TestRunGoesOn sends the transcript of a run, and then that of one that ended early, as the next turn. The fake
// server checks requests.
func TestRunGoesOn(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t,
		chattest.ToolCalls(call("a", "get_weather", `{"city":"Paris"}`)), chattest.Text("5 degrees."),
		chattest.ToolCalls(call("b", "get_weather", `{"city":"Rome"}`)),
		chattest.Text("I do not know."),
	)
	req := question()
	for _, test := range []struct {
		rounds int
		want   error
		text   string
	}{{0, nil, "5 degrees."}, {1, tool.ErrRounds, ""}, {0, nil, "I do not know."}} {
		result, err := tool.Runner{Client: client, MaxRounds: test.rounds}.Run(t.Context(), req, warm())
		if !errors.Is(err, test.want) || result.Text() != test.text {
			t.Fatalf("the answer is %q, %v; want %q, %v", result.Text(), err, test.text, test.want)
		}
		req.Messages = append(result.Messages, chat.UserMessage{Content: chat.Text("And now?")})
	}
	ids, texts := said(req.Messages)
	if want := []string{"a", "b"}; !reflect.DeepEqual(ids, want) {
		t.Errorf("calls %v were answered, want %v", ids, want)
	}
	if want := "error: the call was not made, because the run ended before"; texts[1] != want {
		t.Errorf("the call that was not made is answered by %q, want %q", texts[1], want)
	}
}

func TestRunUsage(t *testing.T) {
	t.Parallel()
	usage := func(n int) chat.CompletionUsage {
		return chat.CompletionUsage{
			PromptTokens: n, CompletionTokens: 2 * n, TotalTokens: 3 * n,
			PromptTokensDetails: &chat.PromptTokensDetails{CachedTokens: n},
		}
	}
	for name, streamed := range map[string]bool{"whole": false, "streamed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, _ := newClient(t,
				chattest.ToolCalls(call("a", "get_weather", `{"city":"Paris"}`)).WithUsage(usage(10)), chattest.Text("5").WithUsage(usage(1)))
			req := question()
			if streamed {
				req.Stream, req.StreamOptions = true, &chat.StreamOptions{IncludeUsage: true}
			}
			result, err := tool.Run(t.Context(), client, req, warm())
			if err != nil {
				t.Fatal(err)
			}
			sameValue(t, "the usage", result.Usage, usage(11))
		})
	}
}

func TestRunShowsChunks(t *testing.T) {
	t.Parallel()
	client, srv := newClient(t, chattest.ToolCalls(call("a", "get_weather", `{"city":"Paris"}`)), chattest.Text("5 ", "degrees"))
	texts, calls := map[int]string{}, 0
	runner := tool.Runner{Client: client, OnChunk: func(_ context.Context, round int, chunk *chat.CreateChatCompletionStreamResponse) {
		texts[round] += chunk.Text()
		for _, choice := range chunk.Choices {
			calls += len(choice.Delta.ToolCalls)
		}
	}}
	if _, err := runner.Run(t.Context(), question(), warm()); err != nil {
		t.Fatal(err)
	}
	if want := map[int]string{1: "", 2: "5 degrees"}; !reflect.DeepEqual(texts, want) || calls == 0 {
		t.Errorf("the chunks have the texts %v and %d pieces of calls, want %v", texts, calls, want)
	}
	if !srv.Requests()[0].Body.Stream {
		t.Error("the run was not streamed")
	}
}

// TestRunToolChoice shows what becomes of a demand after the first answer.
func TestRunToolChoice(t *testing.T) {
	t.Parallel()
	allowed := func(mode chat.AllowedToolsMode) chat.ToolChoice {
		return chat.AllowedToolsChoice{AllowedTools: chat.AllowedTools{
			Mode: mode, Tools: []chat.AllowedTool{{"type": "function", "function": map[string]any{"name": "get_weather"}}},
		}}
	}
	for _, test := range []struct {
		name        string
		choice, end chat.ToolChoice
	}{
		{"none given", nil, nil},
		{"auto", chat.ToolChoiceModeAuto, chat.ToolChoiceModeAuto},
		{"required", chat.ToolChoiceModeRequired, nil},
		{"a function", chat.FunctionToolChoice{Function: chat.ToolName{Name: "get_weather"}}, nil},
		{"a custom tool", chat.CustomToolChoice{Custom: chat.ToolName{Name: "get_weather"}}, nil},
		{"one of some", allowed(chat.AllowedToolsModeRequired), allowed(chat.AllowedToolsModeAuto)},
		{"some", allowed(chat.AllowedToolsModeAuto), allowed(chat.AllowedToolsModeAuto)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, srv := newClient(t, chattest.ToolCalls(call("a", "get_weather", `{"city":"Paris"}`)), chattest.Text("5"))
			req := question()
			req.ToolChoice = test.choice
			if _, err := tool.Run(t.Context(), client, req, warm()); err != nil {
				t.Fatal(err)
			}
			sameValue(t, "the first choice", srv.Requests()[0].Body.ToolChoice, test.choice)
			sameValue(t, "the second choice", srv.Requests()[1].Body.ToolChoice, test.end)
		})
	}
}

// TestRunRefuses shows what is an error before anything is sent.
func TestRunRefuses(t *testing.T) {
	t.Parallel()
	client, srv := newClient(t)
	several, one := question(), question()
	several.N, one.N = new(2), new(1)
	noFunction := tool.New[place, string]("f", "", nil)
	for _, test := range []struct {
		name   string
		runner tool.Runner
		req    chat.CreateChatCompletionRequest
		tools  []tool.Tool
		want   string
	}{
		{"no client", tool.Runner{}, question(), nil, "tool: Run: there is no client"},
		{"negative rounds", tool.Runner{Client: client, MaxRounds: -1}, question(), nil, "tool: Run: MaxRounds, MaxCalls and Parallel must not be negative"},
		{"negative calls", tool.Runner{Client: client, MaxCalls: -1}, question(), nil, "tool: Run: MaxRounds, MaxCalls and Parallel must not be negative"},
		{"negative parallel", tool.Runner{Client: client, Parallel: -1}, question(), nil, "tool: Run: MaxRounds, MaxCalls and Parallel must not be negative"},
		{"several choices", tool.Runner{Client: client}, several, nil, "tool: Run: the request asks for 2 choices (n); there must be one"},
		{"one name twice", tool.Runner{Client: client}, question(), []tool.Tool{warm(), warm()}, `tool: Run: two tools are called "get_weather"`},
		{"the zero Tool", tool.Runner{Client: client}, question(), []tool.Tool{{}}, "tool: Run: the zero Tool is none; use New, NewRaw or NewCustom"},
		{"no function", tool.Runner{Client: client}, question(), []tool.Tool{noFunction}, `tool: Run: the tool "f": there is no function`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			result, err := test.runner.Run(t.Context(), test.req, test.tools...)
			if err == nil || err.Error() != test.want {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
			sameValue(t, "the transcript", result.Messages, test.req.Messages)
		})
	}
	if _, err := tool.Run(t.Context(), client, one); err != nil {
		t.Error(err)
	}
	if n := len(srv.Requests()); n > 1 {
		t.Errorf("%d requests were sent, want at most 1", n)
	}
}

// TestToolIsShared uses a tool and a Runner in several runs at once.
func TestToolIsShared(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t, chattest.Func(func(req chat.CreateChatCompletionRequest) chattest.Reply {
		if len(req.Messages) > 1 {
			return chattest.Text("done")
		}
		return chattest.ToolCalls(call("a", "get_weather", `{"city":"Paris"}`), call("b", "get_weather", `{"city":5}`))
	}).Repeated())
	shared, runner := warm(), tool.Runner{Client: client, Parallel: 2}
	var runs sync.WaitGroup
	for range 8 {
		runs.Go(func() {
			if result, err := runner.Run(t.Context(), question(), shared); err != nil || len(result.Messages) != 5 {
				t.Errorf("the result is %v, %v", result, err)
			}
		})
	}
	runs.Wait()
}

// TestRunCutCalls shows that calls that may be in part are not made.
func TestRunCutCalls(t *testing.T) {
	t.Parallel()
	for reason, want := range map[chat.FinishReason]error{
		chat.FinishReasonLength:        tool.ErrLength,
		chat.FinishReasonContentFilter: tool.ErrContentFilter,
	} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			client, _ := newClient(t, chattest.ToolCalls(call("a", "never", `{}`), call("b", "never", `{"ci`)).WithFinishReason(reason))
			result, err := tool.Run(t.Context(), client, question(), never(t))
			cut, ok := errors.AsType[*tool.AnswerError](err)
			if !ok || !errors.Is(err, want) {
				t.Fatalf("the error is %v, want %v", err, want)
			}
			if len(cut.Completion.ToolCalls()) != 2 || result.Completion != cut.Completion || len(result.Messages) != 1 {
				t.Errorf("the error has %v, the result %v", cut.Completion, result)
			}
		})
	}
}

// never returns a tool that fails the test.
func never(t *testing.T) tool.Tool {
	return tool.New("never", "", func(context.Context, struct{}) (string, error) {
		t.Error("the tool was called")
		return "", nil
	})
}

// TestRunLeavesAnswersAlone shows that a refusal and a cut text are answers.
func TestRunLeavesAnswersAlone(t *testing.T) {
	t.Parallel()
	refused := chat.CreateChatCompletionResponse{Choices: []chat.Choice{{Message: chat.ResponseMessage{Refusal: "no"}}}}
	client, _ := newClient(t, chattest.Completion(refused), chattest.Text("It is").WithFinishReason(chat.FinishReasonLength))
	for _, want := range []chat.ResponseMessage{{Refusal: "no"}, {Content: "It is"}} {
		result, err := tool.Run(t.Context(), client, question(), warm())
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Completion.Choices[0].Message; got.Refusal != want.Refusal || got.Content != want.Content {
			t.Errorf("the answer is %v, want %v", got, want)
		}
	}
}

// odd is a client that answers what servers do not.
type odd struct {
	tool.Client

	completion chat.CreateChatCompletionResponse
}

func (o odd) Create(context.Context, chat.CreateChatCompletionRequest, ...chatspec.CallOption) (*chat.CreateChatCompletionResponse, error) {
	return &o.completion, nil
}

func TestRunOddAnswers(t *testing.T) {
	t.Parallel()
	raw := chat.CreateChatCompletionResponse{Choices: []chat.Choice{{Message: chat.ResponseMessage{ToolCalls: chat.ToolCalls{chat.Raw(`{"type":"new"}`)}}}}}
	for _, test := range []struct {
		name       string
		completion chat.CreateChatCompletionResponse
		want       error
	}{
		{"no choice", chat.CreateChatCompletionResponse{}, tool.ErrEmpty},
		{"a call of an unknown kind", raw, tool.ErrUnknownTool},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := tool.Run(t.Context(), odd{completion: test.completion}, question(), warm())
			if answer, ok := errors.AsType[*tool.AnswerError](err); !ok || !errors.Is(err, test.want) || answer.Completion == nil {
				t.Errorf("the error is %v, want %v", err, test.want)
			}
		})
	}
}

// TestRunClientFails shows that what was done before an error of the client is not lost.
func TestRunClientFails(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t, chattest.ToolCalls(call("a", "get_weather", `{"city":"Paris"}`)), chattest.Error(400, chat.Error{Message: "no"}))
	result, err := tool.Run(t.Context(), client, question(), warm())
	if _, ok := errors.AsType[*api.Error](err); !ok {
		t.Fatalf("the error is %v, want an api.Error", err)
	}
	if result.Rounds != 1 || len(result.Messages) != 3 {
		t.Errorf("the result is %v, want one round and three messages", result)
	}
}

// TestRunTruncated shows that the calls of a stream that broke off are not made.
func TestRunTruncated(t *testing.T) {
	t.Parallel()
	const half = `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[` +
		`{"index":0,"id":"a","type":"function","function":{"name":"never","arguments":"{}"}}]}}]}` + "\n\n"
	client, _ := newClient(t, chattest.Raw(200, http.Header{"Content-Type": {"text/event-stream"}}, []byte(half)))
	req := question()
	req.Stream = true
	result, err := tool.Run(t.Context(), client, req, never(t))
	if !errors.Is(err, stream.ErrTruncated) {
		t.Fatalf("the error is %v, want %v", err, stream.ErrTruncated)
	}
	if len(result.Completion.ToolCalls()) != 1 || len(result.Messages) != 1 {
		t.Errorf("the result is %v", result)
	}
}

// TestRunSocket leads a conversation over a connection.
func TestRunSocket(t *testing.T) {
	t.Parallel()
	srv := chattest.NewSocketServer(t, chattest.ToolCalls(call("a", "get_weather", `{"city":"Paris"}`)), chattest.Text(`{"city":"Paris","degrees":5}`))
	client, err := chatspec.New(chatspec.WithBaseURL(srv.URL))
	if err != nil {
		t.Fatal(err)
	}
	format, err := tool.Format[weather]()
	if err != nil {
		t.Fatal(err)
	}
	req := question()
	req.Stream, req.ResponseFormat = true, format
	result, err := tool.Run(t.Context(), client, req, warm())
	if err != nil {
		t.Fatal(err)
	}
	got, err := tool.Decode[weather](result.Completion, format)
	if want := (weather{City: "Paris", Degrees: 5}); got != want || err != nil {
		t.Errorf("the answer is %v, %v; want %v", got, err, want)
	}
}
