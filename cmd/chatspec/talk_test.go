package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/chattest"
	"github.com/chatspec/chatspec/cmd/chatspec/internal/terminal"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tool"
)

// scripted returns a server with a script, and the environment for it.
func scripted(t *testing.T, replies ...chattest.Reply) (*chattest.Server, env) {
	t.Helper()
	srv := chattest.NewSocketServer(t, replies...)
	return srv, env{envBaseURL: srv.URL}
}

// write writes a file of the test and returns its name.
func write(t *testing.T, name, content string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}

// sent returns the messages of a request as JSON.
func sent(t *testing.T, r chattest.Request) string {
	t.Helper()
	data, err := json.Marshal(r.Body.Messages)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestChatAttachments(t *testing.T) {
	t.Parallel()
	srv, e := scripted(t, chattest.Text("Yes."))
	png := write(t, "a.png", "\x89PNG\r\n\x1a\n")
	pdf, txt, empty := write(t, "b.pdf", "%PDF-1.4"), write(t, "c.go", "package c\n"), write(t, "e.txt", "")
	program(t, e, "chat", "-image", png, "-image", "https://example.com/d.png", "-file", pdf, "-file", txt, "-file", empty, "What is it?").
		check(t, exitOK, "Yes.\n", talking+"chatspec: finish reason stop; 7 prompt + 1 completion tokens\n")
	const want = `[{"role":"user","content":[{"type":"text","text":"What is it?"},` +
		`{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}},` +
		`{"type":"image_url","image_url":{"url":"https://example.com/d.png"}},` +
		`{"type":"file","file":{"file_data":"data:application/pdf;base64,JVBERi0xLjQ=","filename":"b.pdf"}},` +
		`{"type":"text","text":"c.go:\n\npackage c\n"},{"type":"text","text":"e.txt:\n\n"}]}]`
	if got := sent(t, srv.Requests()[0]); got != want {
		t.Errorf("sent %s\nwant %s", got, want)
	}
}

// TestChatBadFiles has files that cannot be used, which is found before anything is sent.
func TestChatBadFiles(t *testing.T) {
	t.Parallel()
	text, none := write(t, "a.txt", "no JSON"), filepath.Join(t.TempDir(), "none")
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"-image", none}, "DataURL: open " + none},
		{[]string{"-image", text}, text + " is not an image; /file or -file sends other files"},
		{[]string{"-file", none}, "open " + none},
		{[]string{"-schema", none}, "open " + none},
		{[]string{"-schema", text}, "chatspec: " + text + " is not JSON: invalid character"},
		{[]string{"-schema", write(t, "c.json", `{"type":`)}, "c.json is not JSON: unexpected end of JSON input\n"},
		{[]string{"-schema", write(t, "d.json", `["x"]`)}, "d.json is no JSON Schema: it is an array, want an object\n"},
		{[]string{"-schema", write(t, "e.json", `{"type":"strin"}`)}, `e.json is no JSON Schema: there is no type "strin"; `},
		{[]string{"-schema", write(t, "b.json", `{"pattern":"("}`)}, " is no JSON Schema: "},
		{[]string{"-load", none}, "open " + none},
		{[]string{"-load", text}, text + " has no messages as a JSON array: "},
		{[]string{"-tool", none, "-yes"}, none + " --describe does not print what the tool is for: "},
		{[]string{"-tool", "go version", "-yes"}, "go version --describe does not print what the tool is for: "},
	} {
		t.Run(strings.Join(tc.args[:1], " "), func(t *testing.T) {
			t.Parallel()
			got := program(t, env{}, append([]string{"chat", "Hi"}, tc.args...)...)
			if got.code != exitUsage || got.out != "" || !strings.HasPrefix(got.err, "chatspec: ") || !strings.Contains(got.err, tc.want) || strings.Count(got.err, "\n") != 1 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestChatSchema(t *testing.T) {
	t.Parallel()
	schema := write(t, "a person.json", `{"type":"object","properties":{"age":{"type":"integer"}},"required":["age"],"additionalProperties":false}`)
	srv, e := scripted(t, chattest.Text(`{"age":41}`), chattest.Text(`{"age":"old"}`), chattest.Text("Old."))
	args := []string{"chat", "-schema", schema, "Ann is 41."}
	if got := program(t, e, args...); got.code != exitOK || got.out != `{"age":41}`+"\n" {
		t.Errorf("%+v", got)
	}
	if got := program(t, e, args...); got.code != exitMisfit || got.out != `{"age":"old"}`+"\n" || !strings.Contains(got.err, "chatspec: the answer does not fit -schema: ") {
		t.Errorf("%+v", got)
	}
	if got := program(t, e, args...); got.code != exitMisfit || got.out != "Old.\n" || !strings.Contains(got.err, "chatspec: the answer does not fit -schema: not valid JSON: ") {
		t.Errorf("%+v", got)
	}
	format, ok := srv.Requests()[0].Body.ResponseFormat.(chat.JSONSchemaResponse)
	if !ok || format.JSONSchema.Name != "a_person" || !format.JSONSchema.Strict {
		t.Errorf("%+v", format)
	}
}

func TestChatSavesAndLoads(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "talk.json")
	srv, e := scripted(t, chattest.Text("Cold <0>."), chattest.Text("Warm."))
	program(t, e, "chat", "-save", file, "-system", "Be brief.", "In winter?")
	program(t, e, "chat", "-load", file, "-save", file, "-system", "Be exact.", "In summer?")
	const want = `[{"role":"system","content":"Be exact."},{"role":"user","content":"In winter?"},` +
		`{"role":"assistant","content":"Cold \u003c0\u003e."},{"role":"user","content":"In summer?"}]`
	if got := sent(t, srv.Requests()[1]); got != want {
		t.Errorf("sent %s\nwant %s", got, want)
	}
	messages, err := loadMessages(file)
	if err != nil || len(messages) != 5 {
		t.Errorf("%+v, %v", messages, err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	data, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(data), "Cold <0>.") {
		t.Errorf("%s, %v", data, err)
	}
}

// TestChatSavesWhatCame keeps an answer that broke off, with a mark.
func TestChatSavesWhatCame(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "talk.json")
	e := streaming(t, delta(`"content":"So far"`))
	if got := program(t, e, "chat", "-save", file, "Hi"); got.code != exitBroken || got.out != "So far\n" {
		t.Errorf("%+v", got)
	}
	messages, err := loadMessages(file)
	if err != nil || len(messages) != 2 {
		t.Fatalf("%+v, %v", messages, err)
	}
	if m, ok := messages[1].(chat.AssistantMessage); !ok || m.Content != chat.Text("So far\n\n[interrupted]") {
		t.Errorf("%+v", messages[1])
	}
}

// adder is a tool. It fails where it is told to, and shows whether it gets the key.
const adder = `#!/bin/sh
case "$*" in *--describe)
	echo '{"description": "Adds.", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}'
	exit ;;
esac
read -r in
case $in in *7*) echo "no sevens" >&2; exit 3 ;; esac
echo "$1 $in key:$OPENAI_API_KEY"
`

func TestChatTools(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not run scripts")
	}
	call := func(id, arguments string) chat.ToolCall {
		return chat.FunctionToolCall{ID: id, Function: chat.FunctionCall{Name: "add", Arguments: arguments}}
	}
	command := write(t, "add.sh", adder)
	calls := chattest.ToolCalls(call("c1", `{"a":1}`), call("c2", `{"a":7}`))
	const results = `{"role":"tool","content":"plus {\"a\":1} key:\n","tool_call_id":"c1"},{"role":"tool","content":"`
	srv, e := scripted(t, calls, chattest.Text("Sum."))
	got := program(t, e, "chat", "-yes", "-tool", command+" plus", "What is 1 + 1?")
	const failed = "chatspec: the model calls add {\"a\":7}\nchatspec: add: exit status 3: no sevens\n"
	if got.code != exitOK || got.out != "Sum.\n" || !strings.Contains(got.err, failed) {
		t.Errorf("%+v", got)
	}
	if requests := srv.Requests(); len(requests) != 2 || !strings.Contains(sent(t, requests[1]), results) {
		t.Errorf("sent %s\nwant %s", sent(t, requests[len(requests)-1]), results)
	}
}

// TestChatToolsUnattended has lines on standard input that are prompts, not answers to whether a tool may run.
func TestChatToolsUnattended(t *testing.T) {
	t.Parallel()
	const want = "chatspec: a -tool runs after you were asked, which takes a terminal: or add -yes; see chatspec help chat\n"
	command := write(t, "add", adder)
	programWith(t, env{}, "Hi\ny\n", "chat", "-i", "-tool", command).check(t, exitUsage, "", want)
	programWith(t, env{}, "y\n", "chat", "-tool", command, "Hi").check(t, exitUsage, "", want)
}

// TestApprove answers whether two calls of a tool may run.
func TestApprove(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, typed   string
		first, second bool
	}{
		{"yes, once", "y\n", true, false},
		{"yes, twice", "Yes\n y \n", true, true},
		{"always", "a\n", true, true},
		{"no, then always", "n\nalways\n", false, true},
		{"nothing", "\n\n", false, false},
		{"the end", "", false, false},
		{"anything else", "yes please\nok\n", false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newConsole(nil, io.Discard, io.Discard, env{}.get)
			k := &talk{console: c, flags: new(chatFlags), reader: terminal.NewLines(strings.NewReader(tc.typed), io.Discard)}
			for i, may := range []bool{tc.first, tc.second} {
				err := k.approve(t.Context(), tool.Call{Name: "add", Input: `{"a":1}`})
				if _, denied := errors.AsType[*tool.DeniedError](err); denied == may || err != nil && !denied {
					t.Errorf("call %d: %v", i+1, err)
				}
			}
		})
	}
}

// TestChatToolWithBuiltInServer has the first try of a tool, without a key: the prompt names it.
func TestChatToolWithBuiltInServer(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not run scripts")
	}
	got := program(t, nil, "chat", "-yes", "-tool", write(t, "add", adder), "Add what you like.")
	if got.code != exitOK || !strings.Contains(got.err, "chatspec: the model calls add {") || !strings.Contains(got.out, " The tool returned: ") {
		t.Errorf("%+v", got)
	}
}

// TestChatShowsArguments has arguments that look like others where they are shown as they are.
func TestChatShowsArguments(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not run scripts")
	}
	const arguments = "{\n \"a\": 1, \"b\": \"x  y\u202ez\u009b31m\u00a0\U000e0041\u65e9\"}"
	call := chat.FunctionToolCall{ID: "c1", Function: chat.FunctionCall{Name: "add", Arguments: arguments}}
	_, e := scripted(t, chattest.ToolCalls(call), chattest.Text("Sum."))
	got := program(t, e, "chat", "-yes", "-tool", write(t, "add", adder), "Hi")
	const want = "\nchatspec: the model calls add {\"a\":1,\"b\":\"x  y\\u202ez\\u009b31m\\u00a0\\udb40\\udc41\u65e9\"}\n"
	if got.code != exitOK || !strings.Contains(got.err, want) {
		t.Errorf("%+v", got)
	}
}

// TestChatToolsGoWrong has calls that cannot be made.
func TestChatToolsGoWrong(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows does not run scripts")
	}
	command := write(t, "add", adder)
	call := chattest.ToolCalls(chat.FunctionToolCall{ID: "c1", Function: chat.FunctionCall{Name: "add", Arguments: `{"a":1}`}})
	_, e := scripted(t, call.WithFinishReason(chat.FinishReasonLength), call.Repeated())
	args := []string{"chat", "-yes", "-tool", command, "Hi"}
	if got := program(t, e, args...); got.code != exitCut || !strings.HasSuffix(got.err, "completion tokens\n") {
		t.Errorf("cut: %+v", got)
	}
	if got := program(t, e, args...); got.code != exitFailure || !strings.HasSuffix(got.err, "chatspec: the model called tools 50 times and did not come to an end\n") {
		t.Errorf("without end: %+v", got)
	}
	if got := program(t, e, append(args, "-tool", command)...); got.code != exitFailure || !strings.Contains(got.err, `two tools are called "add"`) {
		t.Errorf("twice: %+v", got)
	}
}

// TestChatReasoning has the fields of compatible servers, which the document has not.
func TestChatReasoning(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"reasoning", "reasoning_content"} {
		events := []string{delta(`"` + field + `":"Let me "`), delta(`"` + field + `":"see.` + "\u009b" + `1m"`), delta(`"content":"Hi."`), stopChunk, usageChunk, "[DONE]"}
		program(t, streaming(t, events...), "chat", "Hi").check(t, exitOK, "Hi.\n", talking+finished)
		program(t, streaming(t, events...), "chat", "-reasoning", "on", "Hi").check(t, exitOK, "Hi.\n", talking+"Let me see.1m\n\n"+finished)
		program(t, streaming(t, events...), "chat", "-reasoning", "on", "-json", "Hi").
			check(t, exitOK, strings.Join(events[:5], "\n")+"\n", talking+finished)
	}
	odd := []string{delta(`"reasoning":{"a":1},"content":"Hi."`), stopChunk, usageChunk, "[DONE]"}
	program(t, streaming(t, odd...), "chat", "-reasoning", "on", "Hi").check(t, exitOK, "Hi.\n", talking+finished)
	e := answering(t, http.StatusOK, "application/json", `{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi.","reasoning":"So."},"finish_reason":"stop"}]}`)
	program(t, e, "chat", "-no-stream", "-reasoning", "on", "Hi").
		check(t, exitOK, "Hi.\n", talking+"So.\n\nchatspec: finish reason stop; usage not reported\n")
}

func TestChatMarkdown(t *testing.T) {
	t.Parallel()
	e := streaming(t, delta(`"content":"- a\n"`), delta(`"content":"- b &amp; c"`), stopChunk, usageChunk, "[DONE]")
	program(t, e, "chat", "Hi").check(t, exitOK, "- a\n- b &amp; c\n", talking+finished)
	if got := program(t, e, "chat", "-markdown", "on", "Hi"); got.code != exitOK || got.out != "• a\n• b & c\n" {
		t.Errorf("%+v", got)
	}
}

func TestHistoryFile(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		env  env
		want string
	}{
		{env{"XDG_STATE_HOME": "/state", "HOME": "/home/a"}, "/state/chatspec/history"},
		{env{"XDG_STATE_HOME": "state", "HOME": "/home/a"}, "/home/a/.local/state/chatspec/history"},
		{env{}, ""},
	} {
		if runtime.GOOS == "windows" {
			t.Skip("the paths are of Unix")
		}
		if got := newConsole(nil, io.Discard, io.Discard, tc.env.get).historyFile(); got != tc.want {
			t.Errorf("%v: %q", tc.env, got)
		}
	}
}
