package chattest_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

const introduction = "This is the built-in server of chatspec, not a model."

func sameJSON(t *testing.T, got []byte, want string) bool {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Errorf("%s: %v", got, err)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	return reflect.DeepEqual(a, b)
}

func TestBuiltInText(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t)
	for messages, want := range map[string]string{
		userHello: introduction + " You said: hello",
		userHello + `,{"role":"assistant","content":"x"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"b"}]}`: introduction + " You said: ab",
		userHello + `,{"role":"assistant","tool_calls":[]},{"role":"tool","tool_call_id":"c","content":"42"}`:                                                                            introduction + " The tool returned: 42",
		`{"role":"system","content":"x"}`: introduction + " You said: ",
	} {
		for _, stream := range []string{"false", "true"} {
			c := create(t, srv, `{"model":"m","stream":`+stream+`,"messages":[`+messages+`]}`).completion(t)
			if c.Text() != want || c.FinishReason() != chat.FinishReasonStop {
				t.Errorf("%s: %+v", messages, c)
			}
		}
	}
}

func TestBuiltInIsDeterministic(t *testing.T) {
	t.Parallel()
	first, second := chattest.NewServer(t), chattest.NewServer(t)
	for _, srv := range []*chattest.Server{first, second} {
		srv.SetClock(timeZero)
	}
	for range 3 {
		if a, b := create(t, first, hello), create(t, second, hello); string(a.body) != string(b.body) {
			t.Errorf("%s\n%s", a.body, b.body)
		}
	}
}

func TestBuiltInLimit(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t)
	for _, c := range []struct {
		fields, text string
		reason       chat.FinishReason
		tokens       int
	}{
		{`"max_completion_tokens":3`, "This is the", chat.FinishReasonLength, 3},
		{`"max_tokens":1`, "This", chat.FinishReasonLength, 1},
		{`"max_tokens":1,"max_completion_tokens":2,"stream":false`, "This is", chat.FinishReasonLength, 2},
		{`"max_completion_tokens":0`, "", chat.FinishReasonLength, 0},
		{`"max_completion_tokens":13`, introduction + " You said: hello", chat.FinishReasonStop, 13},
	} {
		got := create(t, srv, with(c.fields)).completion(t)
		if got.Text() != c.text || got.FinishReason() != c.reason || got.Usage.CompletionTokens != c.tokens {
			t.Errorf("%s: %q, %s, %+v", c.fields, got.Text(), got.FinishReason(), got.Usage)
		}
	}
}

func TestBuiltInToolCalls(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t)
	const tools = `"tools":[
		{"type":"function","function":{"name":"first","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}},
		{"type":"function","function":{"name":"second"}},
		{"type":"custom","custom":{"name":"third"}}]`
	function := func(name, arguments string) chat.ToolCall {
		return chat.FunctionToolCall{Type: "function", Function: chat.FunctionCall{Name: name, Arguments: arguments}}
	}
	for choice, want := range map[string]chat.ToolCall{
		`"required"`: function("first", `{"city":""}`),
		`{"type":"function","function":{"name":"second"}}`: function("second", `{}`),
		`{"type":"custom","custom":{"name":"third"}}`:      chat.CustomToolCall{Type: "custom", Custom: chat.CustomCall{Name: "third", Input: "hello"}},
		`{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"second"}}]}}`: function("second", `{}`),
		`{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","name":"second"}]}}`:              function("second", `{}`),
		`{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","name":"second"}]}}`:                  nil,
		`{"type":"function","function":{"name":"unknown"}}`:                                                                       nil,
		`"auto"`: nil,
		`"none"`: nil,
	} {
		for _, stream := range []string{"", `,"stream":true`} {
			c := create(t, srv, with(tools+`,"tool_choice":`+choice+stream)).completion(t)
			if want == nil {
				if c.ToolCalls() != nil || c.Text() == "" {
					t.Errorf("%s: %+v", choice, c)
				}
				continue
			}
			if len(c.ToolCalls()) != 1 || c.FinishReason() != chat.FinishReasonToolCalls || c.Text() != "" {
				t.Fatalf("%s: %+v", choice, c)
			}
			if got := withoutID(c.ToolCalls()[0]); got != want {
				t.Errorf("%s: %+v, want %+v", choice, got, want)
			}
		}
	}
	// once the tool has answered, so does the server
	c := create(t, srv, `{"model":"m",`+tools+`,"tool_choice":"required","messages":[`+userHello+`,{"role":"tool","tool_call_id":"c","content":"42"}]}`).completion(t)
	if c.ToolCalls() != nil || !strings.HasSuffix(c.Text(), "42") {
		t.Errorf("%+v", c)
	}
	if c := create(t, srv, with(`"tool_choice":"required"`)).completion(t); c.ToolCalls() != nil {
		t.Errorf("a call without tools: %+v", c)
	}
}

func TestBuiltInCallsToolsByName(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t)
	const tools = `"tools":[
		{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}},
		{"type":"function","function":{"name":"get_time"}},
		{"type":"custom","custom":{"name":"shell"}}]`
	const onlyShell = `,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"custom","custom":{"name":"shell"}}]}}`
	for _, tc := range []struct{ name, said, fields, want string }{
		{"a name", "How is the weather?", "", `weather {"city":""}`},
		{"capitals", "WEATHER in Oslo", `,"tool_choice":"auto"`, `weather {"city":""}`},
		{"underscores", "call get_time.", "", "get_time {}"},
		{"a custom tool", "Shell: ls", "", "shell Shell: ls"},
		{"two names", "shell or weather", "", `weather {"city":""}`},
		{"part of a word", "weathered, get_time2, my_shell", "", ""},
		{"forbidden", "weather", `,"tool_choice":"none"`, ""},
		{"not among those allowed", "weather", onlyShell, ""},
		{"among those allowed", "weather or shell", onlyShell, "shell weather or shell"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			body := `{"model":"m",` + tools + tc.fields + `,"messages":[{"role":"user","content":"` + tc.said + `"}`
			got := ""
			for _, call := range create(t, srv, body+`]}`).completion(t).ToolCalls() {
				switch call := call.(type) {
				case chat.FunctionToolCall:
					got += call.Function.Name + " " + call.Function.Arguments
				case chat.CustomToolCall:
					got += call.Custom.Name + " " + call.Custom.Input
				}
			}
			if got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
			body += `,{"role":"tool","tool_call_id":"c","content":"weather, get_time, shell"}]}`
			if c := create(t, srv, body).completion(t); c.ToolCalls() != nil {
				t.Errorf("a call right after a result: %+v", c)
			}
		})
	}
}

func withoutID(call chat.ToolCall) chat.ToolCall {
	switch c := call.(type) {
	case chat.FunctionToolCall:
		c.ID = ""
		return c
	case chat.CustomToolCall:
		c.ID = ""
		return c
	}
	return call
}

func TestBuiltInFormats(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t)
	formatted := func(format string) string {
		return create(t, srv, with(`"response_format":`+format)).completion(t).Text()
	}
	if got := formatted(`{"type":"text"}`); !strings.HasPrefix(got, introduction) {
		t.Error(got)
	}
	if got := formatted(`{"type":"json_object"}`); !sameJSON(t, []byte(got), `{"server":"`+introduction+`","said":"hello"}`) {
		t.Error(got)
	}
	for schema, want := range map[string]string{
		`{}`:                `null`,
		`{"type":"object"}`: `{}`,
		`{"type":"object","required":["a","b"],"properties":{"a":{"type":"integer","minimum":2.5},"b":{"type":["null","boolean"]},"c":{"type":"string"}}}`: `{"a":3,"b":false}`,
		`{"properties":{"a":{"type":"string","minLength":2}},"required":["a"]}`:                                                                            `{"a":"xx"}`,
		`{"type":"array","minItems":2,"items":{"enum":["x","y"]}}`:                                                                                         `["x","x"]`,
		`{"type":"array"}`:                                                      `[]`,
		`{"const":{"k":[1,null]}}`:                                              `{"k":[1,null]}`,
		`{"type":"number","exclusiveMinimum":0.5}`:                              `1`,
		`{"type":"number","minimum":0.5}`:                                       `0.5`,
		`{"type":"null"}`:                                                       `null`,
		`{"anyOf":[{"type":"boolean"},{"type":"null"}]}`:                        `false`,
		`{"oneOf":[{"$ref":"#/$defs/a~1b"}],"$defs":{"a/b":{"type":"string"}}}`: `""`,
		`{"allOf":[{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}},{"required":["b"],"properties":{"b":{"const":1}}}]}`: `{"a":"","b":1}`,
		`{"allOf":[{"type":"string"}]}`:         `""`,
		`{"$ref":"https://example.com/schema"}`: `null`,
		`{"$ref":"#"}`:                          `null`,
		`{"type":"object","required":["next"],"properties":{"next":{"anyOf":[{"type":"null"},{"$ref":"#"}]}}}`: `{"next":null}`,
	} {
		got := formatted(`{"type":"json_schema","json_schema":{"name":"n","schema":` + schema + `}}`)
		if !sameJSON(t, []byte(got), want) {
			t.Errorf("%s: %s, want %s", schema, got, want)
		}
	}
	// without a schema there is nothing to obey
	if got := formatted(`{"type":"json_schema","json_schema":{"name":"n"}}`); got != "{}" {
		t.Error(got)
	}
	// a schema that would allow an endless sample
	names := `["a","b","c","d","e","f","g","h"]`
	endless := `{"type":"object","required":` + names + `,"properties":{`
	for i := range 8 {
		endless += string('"') + string(rune('a'+i)) + `":{"$ref":"#"},`
	}
	endless = strings.TrimSuffix(endless, ",") + `}}`
	if got := formatted(`{"type":"json_schema","json_schema":{"name":"n","schema":` + endless + `}}`); len(got) > 100_000 || !json.Valid([]byte(got)) {
		t.Errorf("a sample of %d bytes", len(got))
	}
}

func TestHandlerWithoutScriptStaysBuiltIn(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t)
	for range 3 {
		create(t, srv, hello)
	}
	srv.Script(chattest.Error(http.StatusBadGateway, chat.Error{}))
	create(t, srv, hello).refused(t, http.StatusBadGateway)
}
