package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"strconv"
	"strings"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tool"
)

// fake returns a client that gets its answers from a script instead of a server; a program uses chatspec.FromEnv.
func fake(replies ...chattest.Reply) *chatspec.Client {
	client, _ := newClient(noTest{}, replies...)
	return client
}

// noTest is a chattest.TB for examples.
type noTest struct{}

func (noTest) Helper()                           {}
func (noTest) Cleanup(func())                    {}
func (noTest) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (noTest) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

// ask returns a request with one question.
func ask(text string) chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{Model: "gpt-5.4", Messages: chat.Messages{chat.UserMessage{Content: chat.Text(text)}}}
}

// Weather is what a tool returns, and what a model answers with.
type Weather struct {
	Degrees int    `json:"degrees"`
	Sky     string `json:"sky" enum:"clear,cloudy"`
}

func lookUp(_ context.Context, city, unit string) (Weather, error) {
	if city != "Paris" || unit == "fahrenheit" {
		return Weather{}, errors.New("no such station") // which the model is told
	}
	return Weather{Degrees: 21, Sky: "clear"}, nil
}

// What README.md shows: a function that is called, and an answer that is a value.
func Example() {
	ctx := context.Background()
	client := fake(
		chattest.ToolCalls(call("call_1", "get_weather", `{"city": "Paris", "unit": null}`)),
		chattest.Text("It is 21 degrees."),
		chattest.Text(`{"degrees": 21, "sky": "cl`).WithFinishReason(chat.FinishReasonLength),
	)
	req := ask("How is the weather in Paris?")

	type Place struct {
		City string `json:"city" jsonschema:"the name of the city, in English"`
		Unit string `json:"unit,omitempty" enum:"celsius,fahrenheit"`
	}
	weather := tool.New("get_weather", "Get the weather in a city.", func(ctx context.Context, in Place) (Weather, error) {
		return lookUp(ctx, in.City, in.Unit)
	})

	// Asks, calls, asks again, until the model has answered; result.Messages is the whole conversation.
	result, err := tool.Run(ctx, client, req, weather)
	fmt.Println(result.Text(), len(result.Messages), err)

	// One answer, as a value of the type; tool.ParseStream shows it while it grows.
	answer, err := tool.Parse[Weather](ctx, client, req)
	fmt.Println(answer, err)

	var failed *tool.AnswerError
	errors.As(err, &failed)
	switch {
	case errors.Is(err, tool.ErrRefusal): // failed.Refusal
	case errors.Is(err, tool.ErrLength), errors.Is(err, tool.ErrContentFilter): // failed.Text, as far as it came
		fmt.Println(failed.Text)
	case errors.Is(err, tool.ErrInvalid): // failed.Reason
	}
	// Output:
	// It is 21 degrees. 4 <nil>
	// <nil> tool: Parse: the answer was cut at the limit of tokens
	// {"degrees": 21, "sky": "cl
}

// A function becomes a tool, and the model calls it before it answers.
func ExampleRun() {
	client := fake(
		chattest.ToolCalls(call("call_1", "get_temperature", `{"city": "Paris"}`)),
		chattest.Text("It is 21 degrees in Paris."),
	)
	type place struct {
		City string `json:"city" jsonschema:"the name of the city, in English"`
	}
	temperature := tool.New("get_temperature", "Get the temperature in a city, in degrees Celsius.",
		func(_ context.Context, in place) (int, error) {
			if in.City != "Paris" {
				return 0, fmt.Errorf("no station in %s", in.City) // which the model is told
			}
			return 21, nil
		})
	result, err := tool.Run(context.Background(), client, ask("How warm is it in Paris?"), temperature)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text())
	// Output: It is 21 degrees in Paris.
}

// The schema follows from the type of the argument: fields with omitempty may be null.
func ExampleNew() {
	type search struct {
		Query string   `json:"query" jsonschema:"what to look for"`
		In    []string `json:"in" enum:"books,papers"`
		Limit int      `json:"limit,omitempty"`
	}
	t := tool.New("search", "Search the library.", func(context.Context, search) ([]string, error) { return nil, nil })
	definition, err := t.Definition()
	if err != nil {
		log.Fatal(err)
	}
	schema, err := json.MarshalIndent(definition.(chat.FunctionTool).Function.Parameters, "", "  ")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(schema))
	// Output:
	// {
	//   "type": "object",
	//   "properties": {
	//     "query": {
	//       "type": "string",
	//       "description": "what to look for"
	//     },
	//     "in": {
	//       "type": "array",
	//       "items": {
	//         "type": "string",
	//         "enum": [
	//           "books",
	//           "papers"
	//         ]
	//       }
	//     },
	//     "limit": {
	//       "type": [
	//         "integer",
	//         "null"
	//       ]
	//     }
	//   },
	//   "required": [
	//     "query",
	//     "in",
	//     "limit"
	//   ],
	//   "additionalProperties": false
	// }
}

// A map has no strict schema. A schema that is not strict has one for it.
func ExampleTool_Loose() {
	type labels struct {
		Labels map[string]string `json:"labels"`
	}
	t := tool.New("label", "Label a file.", func(context.Context, labels) (string, error) { return "done", nil })
	_, err := t.Definition()
	fmt.Println(err)
	_, err = t.Loose().Definition()
	fmt.Println(t.Name(), err)
	// Output:
	// tool: Definition: the tool "label": tool_test.labels.Labels: a map has any keys, which have no strict schema
	// label <nil>
}

// A definition as another program wrote it, such as an MCP server, with a function that passes arguments on.
func ExampleNewRaw() {
	client := fake(chattest.ToolCalls(call("call_1", "echo", `{"text": "hello"}`)), chattest.Text("It said hello."))
	echo := tool.NewRaw(chat.FunctionDefinition{
		Name:       "echo",
		Parameters: json.RawMessage(`{"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}`),
	}, func(_ context.Context, arguments json.RawMessage) (string, error) {
		fmt.Println("called with", string(arguments))
		return string(arguments), nil
	})
	result, err := tool.Run(context.Background(), client, ask("Say hello to echo."), echo)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text())
	// Output:
	// called with {"text": "hello"}
	// It said hello.
}

// A custom tool takes free text, here in the form of a grammar.
func ExampleNewCustom() {
	client := fake(
		chattest.ToolCalls(chat.CustomToolCall{ID: "call_1", Custom: chat.CustomCall{Name: "add", Input: "17+4"}}),
		chattest.Text("The sum is 21."),
	)
	add := tool.NewCustom(chat.CustomDefinition{
		Name:        "add",
		Description: "Add two numbers.",
		Format:      chat.GrammarFormat{Grammar: chat.Grammar{Syntax: chat.GrammarSyntaxRegex, Definition: `\d+\+\d+`}},
	}, func(_ context.Context, input string) (string, error) {
		var a, b int
		if _, err := fmt.Sscanf(input, "%d+%d", &a, &b); err != nil {
			return "", err
		}
		return strconv.Itoa(a + b), nil
	})
	result, err := tool.Run(context.Background(), client, ask("What is 17 and 4?"), add)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text())
	// Output: The sum is 21.
}

// A Runner with bounds, with text that is shown as it arrives, and with somebody who approves calls.
func ExampleRunner() {
	client := fake(
		chattest.ToolCalls(call("call_1", "delete", `{"path": "/"}`), call("call_2", "delete", `{"path": "/tmp/x"}`)),
		chattest.Text("I deleted ", "only one ", "of them."),
	)
	type file struct {
		Path string `json:"path"`
	}
	remove := tool.New("delete", "Delete a file.", func(_ context.Context, in file) (string, error) {
		return "deleted " + in.Path, nil
	})
	runner := tool.Runner{
		Client:    client,
		MaxRounds: 5,
		Approve: func(_ context.Context, call tool.Call) error {
			if !strings.Contains(call.Input, "/tmp/") {
				return tool.Deny("only files in /tmp may be deleted")
			}
			return nil
		},
		OnResult: func(_ context.Context, call tool.Call) { fmt.Printf("%s %q %v\n", call.Name, call.Output, call.Err) },
		OnChunk: func(_ context.Context, _ int, chunk *chat.CreateChatCompletionStreamResponse) {
			fmt.Print(chunk.Text())
		},
	}
	result, err := runner.Run(context.Background(), ask("Delete everything."), remove)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("\n%d rounds, %d messages\n", result.Rounds, len(result.Messages))
	// Output:
	// delete "" the call was not allowed: only files in /tmp may be deleted
	// delete "deleted /tmp/x" <nil>
	// I deleted only one of them.
	// 2 rounds, 5 messages
}

// The next turn of a conversation begins with the messages of the last.
func ExampleResult() {
	client := fake(chattest.Text("Hello!"), chattest.Text("You said hello."))
	req := ask("Hello.")
	for _, next := range []string{"What did I say?", ""} {
		result, err := tool.Run(context.Background(), client, req)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.Text(), len(result.Messages))
		req.Messages = append(result.Messages, chat.UserMessage{Content: chat.Text(next)})
	}
	// Output:
	// Hello! 2
	// You said hello. 4
}

// A function knows which call it answers.
func ExampleCallFrom() {
	client := fake(chattest.ToolCalls(call("call_1", "log", `{}`)), chattest.Text("Logged."))
	t := tool.New("log", "Log this.", func(ctx context.Context, _ struct{}) (string, error) {
		if call, ok := tool.CallFrom(ctx); ok {
			fmt.Println(call.ID, call.Name, call.Round)
		}
		return "done", nil
	})
	if _, err := tool.Run(context.Background(), client, ask("Log."), t); err != nil {
		log.Fatal(err)
	}
	// Output: call_1 log 1
}

// An error of a function ends the run instead of being told to the model.
func ExampleCallError() {
	client := fake(chattest.ToolCalls(call("call_1", "pay", `{}`)))
	pay := tool.New("pay", "Pay the bill.", func(context.Context, struct{}) (string, error) {
		return "", errors.New("the account is empty")
	})
	runner := tool.Runner{Client: client, Fatal: func(error) bool { return true }}
	_, err := runner.Run(context.Background(), ask("Pay."), pay)
	if failed, ok := errors.AsType[*tool.CallError](err); ok {
		fmt.Println(failed.Call.ID, err)
	}
	// Output: call_1 tool: Run: tool "pay": the account is empty
}

// A call that is denied is answered with the reason, and the run goes on.
func ExampleDeny() {
	client := fake(chattest.ToolCalls(call("call_1", "pay", `{}`)), chattest.Text("I was not allowed to."))
	pay := tool.New("pay", "Pay the bill.", func(context.Context, struct{}) (string, error) { return "paid", nil })
	runner := tool.Runner{
		Client:  client,
		Approve: func(context.Context, tool.Call) error { return tool.Deny("ask again tomorrow") },
		OnResult: func(_ context.Context, call tool.Call) {
			if denied, ok := errors.AsType[*tool.DeniedError](call.Err); ok {
				fmt.Println("denied:", denied.Reason)
			}
		},
	}
	result, err := runner.Run(context.Background(), ask("Pay."), pay)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Messages[2].(chat.ToolMessage).Content)
	fmt.Println(result.Text())
	// Output:
	// denied: ask again tomorrow
	// error: the call was not allowed: ask again tomorrow
	// I was not allowed to.
}

// A hook sees what was wrong with a call: its arguments, the function, or that somebody denied it.
func ExampleCall() {
	client := fake(chattest.ToolCalls(
		call("call_1", "divide", `{"a": 6, "b": "two"}`), call("call_2", "divide", `{"a": 6, "b": 0}`), call("call_3", "divide", `{"a": 6, "b": 2}`),
	), chattest.Text("3"))
	type numbers struct {
		A int `json:"a"`
		B int `json:"b"`
	}
	divide := tool.New("divide", "Divide a by b.", func(_ context.Context, in numbers) (int, error) { return in.A / in.B, nil })
	runner := tool.Runner{Client: client, Parallel: 1, OnResult: func(_ context.Context, call tool.Call) {
		invalid, _ := errors.AsType[*tool.ArgumentsError](call.Err)
		panicked, _ := errors.AsType[*tool.PanicError](call.Err)
		switch {
		case invalid != nil:
			fmt.Println(call.ID, "is invalid:", invalid.Err)
		case panicked != nil:
			fmt.Println(call.ID, "panicked:", panicked.Value)
		default:
			fmt.Println(call.ID, "returned", call.Output)
		}
	}}
	if _, err := runner.Run(context.Background(), ask("What is 6 by 2?"), divide); err != nil {
		log.Fatal(err)
	}
	// Output:
	// call_1 is invalid: /properties/b: type: two has type "string", want "integer"
	// call_2 panicked: runtime error: integer divide by zero
	// call_3 returned 3
}

// frugal is a client that always asks for short answers.
type frugal struct{ tool.Client }

// Create sets a limit.
func (f frugal) Create(ctx context.Context, req chat.CreateChatCompletionRequest, opts ...chatspec.CallOption) (*chat.CreateChatCompletionResponse, error) {
	req.MaxCompletionTokens = new(3)
	return f.Client.Create(ctx, req, opts...)
}

// A client of one's own, around that of the module.
func ExampleClient() {
	client := frugal{fake(chattest.BuiltIn())}
	result, err := tool.Run(context.Background(), client, ask("Tell me everything."))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Text(), result.Completion.FinishReason())
	// Output: This is the length
}

type city struct {
	Name       string   `json:"name"`
	Population int      `json:"population"`
	Rivers     []string `json:"rivers"`
}

// An answer as a value.
func ExampleParse() {
	client := fake(chattest.Text(`{"name": "Paris", "population": 2100000, "rivers": ["Seine"]}`))
	answer, err := tool.Parse[city](context.Background(), client, ask("Tell me about Paris."))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Value.Name, answer.Value.Rivers, answer.Completion.Usage != nil)
	// Output: Paris [Seine] true
}

// What a model answers instead of what it was asked for is told apart by errors.Is.
func ExampleAnswerError() {
	client := fake(chattest.Text(`{"name": "Par`).WithFinishReason(chat.FinishReasonLength))
	_, err := tool.Parse[city](context.Background(), client, ask("Tell me about Paris."))
	switch failed, _ := errors.AsType[*tool.AnswerError](err); {
	case errors.Is(err, tool.ErrRefusal):
		fmt.Println("refused:", failed.Refusal)
	case errors.Is(err, tool.ErrLength), errors.Is(err, tool.ErrContentFilter):
		fmt.Println("cut:", failed.Text)
	case errors.Is(err, tool.ErrInvalid):
		fmt.Println("invalid:", failed.Reason)
	}
	// Output: cut: {"name": "Par
}

// A value that grows while the answer is streamed.
func ExampleParseStream() {
	client := fake(chattest.Text(`{"name": "Par`, `is", "population": 21`, `00000, "rivers": ["Se`, `ine"]}`))
	s, err := tool.ParseStream[city](context.Background(), client, ask("Tell me about Paris."))
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	for partial, err := range s.All() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(*partial)
	}
	// Output:
	// {Par 0 []}
	// {Paris 0 []}
	// {Paris 2100000 [Se]}
	// {Paris 2100000 [Seine]}
	// {Paris 2100000 [Seine]}
}

// The last value alone, with what it cost.
func ExampleValueStream_Result() {
	client := fake(chattest.Text(`{"name": "Paris", `, `"population": 2100000, "rivers": []}`))
	req := ask("Tell me about Paris.")
	req.StreamOptions = &chat.StreamOptions{IncludeUsage: true}
	s, err := tool.ParseStream[city](context.Background(), client, req)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	answer, err := s.Result()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Value.Population, answer.Completion.Usage != nil)
	// Output: 2100000 true
}

// Tools first, and then a value: the format goes with the request, and Decode reads the last answer.
func ExampleDecode() {
	client := fake(
		chattest.ToolCalls(call("call_1", "count", `{"city": "Paris"}`)),
		chattest.Text(`{"name": "Paris", "population": 2100000, "rivers": []}`),
	)
	count := tool.New("count", "Count the people in a city.", func(_ context.Context, _ place) (int, error) { return 2100000, nil })
	format, err := tool.Format[city]()
	if err != nil {
		log.Fatal(err)
	}
	req := ask("Tell me about Paris.")
	req.ResponseFormat = format
	result, err := tool.Run(context.Background(), client, req, count)
	if err != nil {
		log.Fatal(err)
	}
	paris, err := tool.Decode[city](result.Completion, format)
	fmt.Println(paris.Population, err)
	// Output: 2100000 <nil>
}

// A schema that somebody wrote, and an answer that stays JSON.
func ExampleFormat() {
	format, err := tool.Format[city]()
	if err != nil {
		log.Fatal(err)
	}
	own := chat.JSONSchemaResponse{JSONSchema: chat.NamedSchema{Name: "yes_or_no", Schema: json.RawMessage(`{"enum": ["yes", "no"]}`)}}
	client := fake(chattest.Text(`"yes"`))
	req := ask("Is Paris a city?")
	req.ResponseFormat = own // in place of that of a type
	answer, err := tool.Parse[json.RawMessage](context.Background(), client, req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(format.JSONSchema.Name, format.JSONSchema.Strict, string(answer.Value))
	// Output: city true "yes"
}

// The arguments of a call, as far as they have been streamed.
func ExampleComplete() {
	for _, beginning := range []string{`{"path": "/tmp/`, `{"path": "/tmp/x", "size": 12`, `{"path": "/tmp/x", "size": 128}`} {
		fmt.Println(string(tool.Complete([]byte(beginning))))
	}
	// Output:
	// {"path": "/tmp/"}
	// {"path": "/tmp/x"}
	// {"path": "/tmp/x", "size": 128}
}
