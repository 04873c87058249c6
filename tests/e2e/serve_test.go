package e2e_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func testOpenAIAgainstServe(t *testing.T, command string) {
	for _, scenario := range []struct {
		name  string
		serve []string // flags
		check func(t *testing.T, lines lines)
	}{
		{name: "create", check: testCreate},
		{name: "stream", check: testStream},
		{name: "tools", check: testTools},
		{name: "list", check: testList},
		{name: "get", check: testGet},
		{name: "update", check: testUpdate},
		{name: "delete", check: testDelete},
		{name: "messages", check: testMessages},
		{name: "unauthorized", check: testUnauthorized},
		{name: "notFound", check: testNotFound},
		{name: "badRequest", check: testBadRequest},
		{name: "retry", serve: []string{"-fail-first", "429"}, check: testRetry},
		{name: "abort", check: testAbort},
	} {
		t.Run(scenario.name, func(t *testing.T) {
			t.Parallel()
			address := startServe(t, command, scenario.serve...)
			env := environment("OPENAI_BASE_URL="+address, "OPENAI_API_KEY="+key)
			stdout, stderr, code := run(t, env, nil, nodePath(), "openai.mjs", scenario.name)
			if code != 0 {
				t.Fatalf("openai.mjs %s: exit code %d\n%s%s", scenario.name, code, stdout, stderr)
			}
			scenario.check(t, lines(strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")))
			if t.Failed() {
				t.Logf("openai.mjs %s:\n%s%s", scenario.name, stdout, stderr)
			}
		})
	}
}

var serveAddress = regexp.MustCompile(`(?m)^OPENAI_BASE_URL=(http://127\.0\.0\.1:\d+/v1)\n`)

// startServe starts chatspec serve and returns the base URL that it prints.
func startServe(t *testing.T, command string, flags ...string) string {
	t.Helper()
	args := append([]string{"serve", "-addr", "127.0.0.1:0", "-key", key}, flags...)
	return startServer(t, serveAddress, environment(), command, args...)
}

// lines is what openai.mjs printed: one JSON value a line.
type lines []string

// next decodes the first line into v and drops it.
func (l *lines) next(t *testing.T, v any) {
	t.Helper()
	if len(*l) == 0 {
		t.Fatal("openai.mjs printed too few lines")
	}
	if err := json.Unmarshal([]byte((*l)[0]), v); err != nil {
		t.Fatalf("%s: %v", (*l)[0], err)
	}
	*l = (*l)[1:]
}

// The types below are written by hand: decoding into package generated would use the code under test to
// judge itself.

type completion struct {
	ID       string
	Object   string
	Created  int64
	Model    string
	Metadata map[string]string
	Choices  []struct {
		Index   int
		Message struct {
			Role      string
			Content   *string
			Refusal   *string
			ToolCalls []toolCall `json:"tool_calls"`
		}
		FinishReason string `json:"finish_reason"`
	}
	Usage *usage
}

type usage struct {
	Choices          int // beside it, in a chunk
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

func (u usage) ok() bool {
	return u.PromptTokens > 0 && u.CompletionTokens > 0 && u.TotalTokens == u.PromptTokens+u.CompletionTokens
}

type toolCall struct {
	Index    int // in deltas
	ID       string
	Type     string
	Function struct{ Name, Arguments string }
}

// seen is what openai.mjs noted of a stream.
type seen struct {
	Chunks        int
	IDs           []string
	Objects       []string
	Text          string
	FinishReasons []string
	Usages        []usage
	ToolCalls     []toolCall
}

// failed is what an error of npm openai says.
type failed struct {
	Class     string
	Status    int
	Type      string
	Code      *string
	Param     *string
	Message   string
	RequestID string
}

// nextCompletion returns the next line as a completion with one choice and the text want in it.
func (l *lines) nextCompletion(t *testing.T, want string) completion {
	t.Helper()
	var c completion
	l.next(t, &c)
	checkCompletion(t, c, want)
	return c
}

func checkCompletion(t *testing.T, c completion, want string) {
	t.Helper()
	if c.ID == "" || c.Object != "chat.completion" || c.Created == 0 || c.Model != model || len(c.Choices) != 1 {
		t.Fatalf("completion %+v", c)
	}
	choice := c.Choices[0]
	if choice.Index != 0 || choice.Message.Role != "assistant" || choice.FinishReason != "stop" ||
		choice.Message.Content == nil || !strings.Contains(*choice.Message.Content, want) || choice.Message.Refusal != nil {
		t.Errorf("choice %+v lacks %q", choice, want)
	}
	if c.Usage == nil || !c.Usage.ok() {
		t.Errorf("usage %+v", c.Usage)
	}
}

func (l *lines) nextFailure(t *testing.T, class string, status int) failed {
	t.Helper()
	var f failed
	l.next(t, &f)
	if f.Class != class || f.Status != status || f.Type != "invalid_request_error" || f.Message == "" || f.RequestID == "" {
		t.Errorf("error %+v, want %s with status %d", f, class, status)
	}
	return f
}

func testCreate(t *testing.T, l lines) {
	var got struct {
		Completion  completion
		ContentType string
		RequestID   string
	}
	l.next(t, &got)
	checkCompletion(t, got.Completion, "Say hello")
	if got.ContentType != "application/json" || got.RequestID == "" {
		t.Errorf("content type %q, request ID %q", got.ContentType, got.RequestID)
	}
}

func testStream(t *testing.T, l lines) {
	var with, without seen
	l.next(t, &with)
	l.next(t, &without)
	final := l.nextCompletion(t, "Say hello")
	for name, got := range map[string]seen{"with usage": with, "without": without} {
		if got.Chunks < 4 || len(got.IDs) != 1 || !slices.Equal(got.Objects, []string{"chat.completion.chunk"}) ||
			got.Text != *final.Choices[0].Message.Content || !slices.Equal(got.FinishReasons, []string{"stop"}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if len(with.Usages) != 1 || with.Usages[0].Choices != 0 || !with.Usages[0].ok() {
		t.Errorf("usage in the stream: %+v, want one in a chunk of its own", with.Usages)
	}
	if len(without.Usages) != 0 {
		t.Errorf("usage in the stream, although nobody asked for it: %+v", without.Usages)
	}
}

func testTools(t *testing.T, l lines) {
	var created, final completion
	var deltas seen
	l.next(t, &created)
	l.next(t, &deltas)
	l.next(t, &final)
	var streamed toolCall
	for i, delta := range deltas.ToolCalls {
		if delta.Index != 0 || (i == 0) != (delta.ID != "") || (i == 0) != (delta.Function.Name != "") {
			t.Errorf("delta %d: %+v", i, delta)
		}
		streamed.ID += delta.ID
		streamed.Type += delta.Type
		streamed.Function.Name += delta.Function.Name
		streamed.Function.Arguments += delta.Function.Arguments
	}
	if len(deltas.ToolCalls) < 2 || !slices.Equal(deltas.FinishReasons, []string{"tool_calls"}) {
		t.Errorf("%d deltas of tool calls, finish reasons %v", len(deltas.ToolCalls), deltas.FinishReasons)
	}
	calls := map[string]toolCall{"stream": streamed}
	for name, c := range map[string]completion{"create": created, "accumulated": final} {
		if len(c.Choices) != 1 || len(c.Choices[0].Message.ToolCalls) != 1 || c.Choices[0].FinishReason != "tool_calls" || c.Choices[0].Message.Content != nil {
			t.Fatalf("%s: %+v", name, c)
		}
		calls[name] = c.Choices[0].Message.ToolCalls[0]
	}
	for name, call := range calls {
		if call.ID == "" || call.Type != "function" || call.Function.Name != "get_weather" {
			t.Errorf("%s: %+v", name, call)
		}
		var arguments map[string]string
		if err := json.Unmarshal([]byte(call.Function.Arguments), &arguments); err != nil || len(arguments) != 1 || len(arguments["city"]) < 5 {
			t.Errorf("%s: arguments %q do not obey the schema: %v", name, call.Function.Arguments, err)
		}
	}
	var loop struct{ Answer string }
	if l.next(t, &loop); !strings.Contains(loop.Answer, "rain and wind") {
		t.Errorf("the answer after the call of the tool is %q", loop.Answer)
	}
}

func testList(t *testing.T, l lines) {
	var got struct {
		Stored []string
		Pages  []struct {
			IDs  []string
			More bool
		}
		Descending, After, None []string
	}
	l.next(t, &got)
	var listed []string
	var sizes []int
	for i, page := range got.Pages {
		listed = append(listed, page.IDs...)
		sizes = append(sizes, len(page.IDs))
		if page.More != (i < len(got.Pages)-1) {
			t.Errorf("page %d: has_more is %t", i, page.More)
		}
	}
	if len(got.Stored) != 5 || !slices.Equal(listed, got.Stored) || !slices.Equal(sizes, []int{2, 2, 1}) {
		t.Errorf("stored %v, pages %+v", got.Stored, got.Pages)
	}
	slices.Reverse(got.Descending)
	if !slices.Equal(got.Descending, got.Stored) {
		t.Errorf("descending, reversed: %v", got.Descending)
	}
	if !slices.Equal(got.After, got.Stored[3:]) || len(got.None) != 0 {
		t.Errorf("after the third %v, with other metadata %v", got.After, got.None)
	}
}

func testGet(t *testing.T, l lines) {
	first, second := l.nextCompletion(t, "keep this"), l.nextCompletion(t, "keep this too")
	if first.ID == second.ID {
		t.Errorf("two completions have the ID %s", first.ID)
	}
	if want := (map[string]string{"topic": "keeping"}); !reflect.DeepEqual(second.Metadata, want) {
		t.Errorf("metadata %v", second.Metadata)
	}
}

func testUpdate(t *testing.T, l lines) {
	for _, c := range []completion{l.nextCompletion(t, "change me"), l.nextCompletion(t, "change me")} {
		if want := (map[string]string{"state": "new"}); !reflect.DeepEqual(c.Metadata, want) {
			t.Errorf("metadata %v", c.Metadata)
		}
	}
}

func testDelete(t *testing.T, l lines) {
	var got struct {
		ID      string
		Object  string
		Deleted bool
	}
	l.next(t, &got)
	if got.ID == "" || got.Object != "chat.completion.deleted" || !got.Deleted {
		t.Errorf("%+v", got)
	}
	l.nextFailure(t, "NotFoundError", 404)
	l.nextFailure(t, "NotFoundError", 404)
}

func testMessages(t *testing.T, l lines) {
	var got struct {
		Items []struct{ ID, Role, Content string }
	}
	l.next(t, &got)
	var said, ids []string
	for _, item := range got.Items {
		said = append(said, item.Role+": "+item.Content)
		ids = append(ids, item.ID)
	}
	if !slices.Equal(said, []string{"system: You are terse.", "user: First.", "assistant: Second.", "user: Third."}) {
		t.Errorf("messages %q", said)
	}
	if slices.Sort(ids); slices.Contains(ids, "") || len(slices.Compact(ids)) != len(got.Items) {
		t.Errorf("IDs %q", ids)
	}
}

func testUnauthorized(t *testing.T, l lines) {
	f := l.nextFailure(t, "AuthenticationError", 401)
	if f.Code == nil || *f.Code != "invalid_api_key" || f.Param != nil || strings.Contains(f.Message, "sk-") {
		t.Errorf("error %+v", f)
	}
	l.nextCompletion(t, "Say hello")
}

func testNotFound(t *testing.T, l lines) {
	l.nextFailure(t, "NotFoundError", 404)
	l.nextFailure(t, "NotFoundError", 404)
}

func testBadRequest(t *testing.T, l lines) {
	for _, param := range []string{"messages", "temperature"} {
		if f := l.nextFailure(t, "BadRequestError", 400); f.Param == nil || *f.Param != param {
			t.Errorf("error %+v, want one that names %s", f, param)
		}
	}
}

func testRetry(t *testing.T, l lines) {
	l.nextCompletion(t, "Say hello")
	var got struct{ Statuses []int }
	l.next(t, &got)
	if !slices.Equal(got.Statuses, []int{429, 200}) {
		t.Errorf("statuses %v", got.Statuses)
	}
}

func testAbort(t *testing.T, l lines) {
	var chunk struct{ Object string }
	l.next(t, &chunk)
	if chunk.Object != "chat.completion.chunk" {
		t.Errorf("chunk %+v", chunk)
	}
	l.nextCompletion(t, "Say hello")
}
