package chattest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// A stream opens as the API's does, with empty texts that the next chunks add to.
func TestStreamsOpenEmpty(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("a b"), chattest.ToolCalls(call("weather"), chat.CustomToolCall{Custom: chat.CustomCall{Name: "sql", Input: "SELECT 1"}}))
	for _, want := range [][]string{
		{`{"role":"assistant","content":""}`, `{"content":"a"}`, `{"content":" b"}`, `{}`},
		{
			`{"role":"assistant"}`,
			`{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]}`,
			`{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]}`,
			`{"tool_calls":[{"index":0,"function":{"arguments":" \"New"}}]}`,
			`{"tool_calls":[{"index":0,"function":{"arguments":" York\","}}]}`,
			`{"tool_calls":[{"index":0,"function":{"arguments":" \"days\":"}}]}`,
			`{"tool_calls":[{"index":0,"function":{"arguments":" 3}"}}]}`,
			`{"tool_calls":[{"index":1,"id":"call_2","type":"custom","custom":{"name":"sql","input":""}}]}`,
			`{"tool_calls":[{"index":1,"custom":{"input":"SELECT"}}]}`,
			`{"tool_calls":[{"index":1,"custom":{"input":" 1"}}]}`,
			`{}`,
		},
	} {
		events := create(t, srv, with(`"stream":true`)).events
		if len(events) != len(want)+1 {
			t.Fatalf("%d events: %s", len(events), events)
		}
		for i, delta := range want {
			if !strings.Contains(events[i], `"delta":`+delta+`,`) {
				t.Errorf("event %s, want the delta %s", events[i], delta)
			}
		}
	}
}

// Choices without indexes of their own are numbered by their place, those with some stay as they are.
func TestChoicesAreNumbered(t *testing.T) {
	t.Parallel()
	message := func(text string) chat.ResponseMessage { return chat.ResponseMessage{Content: text} }
	srv := chattest.NewServer(t,
		chattest.Completion(chat.CreateChatCompletionResponse{Choices: []chat.Choice{{Message: message("a")}, {Message: message("b")}}}).Repeated().WhenPrompt("hello"),
		chattest.Completion(chat.CreateChatCompletionResponse{Choices: []chat.Choice{{Index: 1, Message: message("b")}, {Message: message("a")}}}).Repeated())
	for _, body := range []string{hello, with(`"stream":true`), strings.Replace(hello, "hello", "x", 1)} {
		for _, choice := range create(t, srv, body).completion(t).Choices {
			if want := []string{"a", "b"}[choice.Index]; choice.Message.Content != want {
				t.Errorf("%s: choice %d is %q", body, choice.Index, choice.Message.Content)
			}
		}
	}
}

// Every text of the document that appends comes in pieces, wherever it is in a message, and every other value at
// once; nobody has to tell this package of a new one.
func TestEveryFieldIsStreamed(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData([]byte(chatspec.Spec))
	if err != nil {
		t.Fatal(err)
	}
	schemas := document.Components.Schemas
	message := filled(schemas["ResponseMessage"], 0).(map[string]any)
	message["tool_calls"] = []any{filled(schemas["FunctionToolCall"], 0), filled(schemas["CustomToolCall"], 0)}
	data, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	var want chat.ResponseMessage
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	srv := chattest.NewServer(t, chattest.Completion(chat.CreateChatCompletionResponse{Choices: []chat.Choice{{Message: want}}}))
	a := create(t, srv, with(`"stream":true`))
	if got := a.completion(t).Choices[0].Message; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	came := map[string]int{}
	for _, path := range pathsOf(t, a) {
		came[path]++
	}
	texts := appending(schemas["Delta"].Value, "")
	for _, path := range texts {
		if came[path] < 3 { // what opens it, and two words
			t.Errorf("%s came in %d chunks", path, came[path])
		}
	}
	if !slices.Contains(texts, ".content") || !slices.Contains(texts, ".tool_calls.function.arguments") {
		t.Errorf("the test misses texts: it has %q", texts)
	}
}

// filled returns a value of the schema with everything that it has; texts are two words.
func filled(ref *openapi3.SchemaRef, depth int) any {
	s := plain(ref)
	switch {
	case depth > 9:
		return nil
	case s.Const != nil:
		return s.Const
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Includes("object"):
		object := map[string]any{}
		for name, property := range s.Properties {
			object[name] = filled(property, depth+1)
		}
		return object
	case s.Type.Includes("array"):
		return []any{filled(s.Items, depth+1)}
	case s.Type.Includes("string"):
		return "two words"
	case s.Type.Includes("boolean"):
		return true
	}
	return 1
}

// plain returns the schema, or the first that a union has.
func plain(ref *openapi3.SchemaRef) *openapi3.Schema {
	for _, union := range []openapi3.SchemaRefs{ref.Value.AnyOf, ref.Value.OneOf} {
		if len(union) > 0 {
			return union[0].Value
		}
	}
	return ref.Value
}

// appending returns the paths of the texts in the schema of a delta that append, as CONTRIBUTING.md has the rules.
func appending(delta *openapi3.Schema, path string) (list []string) {
	for field, property := range delta.Properties {
		at, s := path+"."+field, plain(property)
		if s.Items != nil {
			s = plain(s.Items)
		}
		how, said := s.Extensions["x-accumulate"]
		switch {
		case s.Extensions["x-accumulates-to"] != nil:
			list = append(list, appending(s, at)...)
		case s.Type.Includes("string") && len(s.Enum) == 0 && (!said || how == "append"):
			list = append(list, at)
		}
	}
	return list
}

// pathsOf returns the paths of all values in the deltas of a stream, without the places in lists.
func pathsOf(t *testing.T, a answer) (list []string) {
	t.Helper()
	var walk func(value any, path string)
	walk = func(value any, path string) {
		switch value := value.(type) {
		case map[string]any:
			for name, member := range value {
				walk(member, path+"."+name)
			}
		case []any:
			for _, element := range value {
				walk(element, path)
			}
		default:
			list = append(list, path)
		}
	}
	for _, event := range a.events {
		if !bytes.HasPrefix([]byte(event), []byte("{")) {
			continue
		}
		var chunk struct {
			Choices []struct{ Delta any }
		}
		if err := json.Unmarshal([]byte(event), &chunk); err != nil {
			t.Fatal(err)
		}
		walk(chunk.Choices[0].Delta, "")
	}
	return list
}

// Tool calls of any kind get IDs, those that have one keep it, and pointers are calls like others.
func TestToolCallIDs(t *testing.T) {
	t.Parallel()
	function, custom := call("f"), chat.CustomToolCall{ID: "own", Custom: chat.CustomCall{Name: "c"}}
	srv := chattest.NewServer(t, chattest.ToolCalls(&function, function, custom))
	var got []string
	for _, c := range create(t, srv, hello).completion(t).ToolCalls() {
		switch c := c.(type) {
		case chat.FunctionToolCall:
			got = append(got, c.ID)
		case chat.CustomToolCall:
			got = append(got, c.ID)
		}
	}
	if fmt.Sprint(got) != "[call_1 call_2 own]" || function.ID != "" {
		t.Errorf("%q", got)
	}
}

// The zero Handler answers as one without a script.
func TestZeroHandler(t *testing.T) {
	t.Parallel()
	var h chattest.Handler
	h.SetClock(nil)
	h.RequireKey("")
	if h.Unused() != 0 || len(h.Requests()) != 0 {
		t.Error("it is not empty")
	}
	if got := serve(t, &h, hello); !strings.Contains(got, introduction) {
		t.Error(got)
	}
}
