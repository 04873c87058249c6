// Package migrate holds the guides for those who come from other clients: each pair of snippets runs against the same
// server, and the guide shows what ran.
package migrate_test

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// guide is a document about moving from a library whose client is an Old. Its snippets are the bodies of the functions
// called NAMEBefore and NAMEAfter in source, and the tests there as they are.
type guide[Old any] struct {
	document, source string
	clients          map[string]clientPair[Old]
	call             string // the name of the task that shows what a client is like
	tasks            map[string]task[Old]
}

// clientPair makes a client in both libraries.
type clientPair[Old any] struct {
	before func(key, url string) (Old, error)
	after  func(key, url string) (*chatspec.Client, error)
}

// task does the same in both libraries.
type task[Old any] struct {
	before  func(context.Context, Old) (string, error)
	after   func(context.Context, *chatspec.Client) (string, error)
	replies func() []chattest.Reply
	text    string // that both return
	differs string // where the requests differ, as chattest.Diff has it
}

// strict is how the requests of package tool differ, which makes the schema.
const strict = `tools[0].function.parameters.additionalProperties: want nothing, got false
tools[0].function.parameters.required: want nothing, got ["city"]
tools[0].function.strict: want nothing, got true
`

// What the server replies.
func hello() []chattest.Reply {
	return []chattest.Reply{chattest.Text("Hello, ", "world!").WithUsage(chat.CompletionUsage{PromptTokens: 14, CompletionTokens: 5, TotalTokens: 19})}
}

// slow has a chunk, and then none for longer than anybody waits.
func slow() []chattest.Reply {
	piece := func(text string) chat.CreateChatCompletionStreamResponse {
		return chat.CreateChatCompletionStreamResponse{Choices: []chat.ChunkChoice{{Delta: chat.Delta{Content: text}}}}
	}
	return []chattest.Reply{chattest.Chunks(piece("Hello, "), piece("world!")).WithPace(time.Hour)}
}

func city() []chattest.Reply {
	return []chattest.Reply{chattest.Text(`{"name": "Paris", "people": 2100000}`)}
}

func toolRound() []chattest.Reply {
	call := chat.FunctionToolCall{ID: "call_1", Function: chat.FunctionCall{Name: "temperature", Arguments: `{"city": "Paris"}`}}
	return []chattest.Reply{chattest.ToolCalls(call), chattest.Text("It is 21 degrees.")}
}

func tooLong() []chattest.Reply {
	return []chattest.Reply{chattest.Error(http.StatusBadRequest, chat.Error{Message: "too long", Type: "invalid_request_error", Code: "context_length_exceeded"})}
}

func limited() []chattest.Reply {
	refusal := chattest.Error(http.StatusTooManyRequests, chat.Error{Message: "slow down", Type: "requests", Code: "rate_limit_exceeded"})
	return append([]chattest.Reply{refusal.WithHeader("Retry-After-Ms", "1")}, hello()...)
}

// What the snippets use.
var citySchema = json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["name", "people"],
	"properties": {"name": {"type": "string"}, "people": {"type": "integer"}}}`)

func temperature(arguments string) string {
	var place struct {
		City string `json:"city"`
	}
	if err := json.Unmarshal([]byte(arguments), &place); err != nil {
		return err.Error()
	}
	return temperatureIn(place.City)
}

func temperatureIn(city string) string { return "21 degrees in " + city }

// test looks for all pairs in the document, and runs them.
func (g guide[Old]) test(t *testing.T) {
	t.Helper()
	g.testDocument(t)
	for name, pair := range g.clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g.tasks[g.call].run(t, pair)
		})
	}
	for name, task := range g.tasks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for clientName, pair := range g.clients {
				if strings.HasSuffix(clientName, "Client") {
					task.run(t, pair)
				}
			}
		})
	}
}

// run does the task with both clients, each with a server that replies the same, and compares what the servers got.
func (p task[Old]) run(t *testing.T, clients clientPair[Old]) {
	t.Helper()
	before, after := chattest.NewSocketServer(t, p.replies()...), chattest.NewSocketServer(t, p.replies()...)
	old, err := clients.before("test-key", before.URL)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := p.before(t.Context(), old); text != p.text || err != nil {
		t.Errorf("before: %q, %v, want %q", text, err, p.text)
	}
	client, err := clients.after("test-key", after.URL)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := p.after(t.Context(), client); text != p.text || err != nil {
		t.Errorf("after: %q, %v, want %q", text, err, p.text)
	}
	was, is := before.Requests(), after.Requests()
	if len(was) != len(is) || len(was) != len(p.replies()) {
		t.Fatalf("%d requests before, %d after, want %d", len(was), len(is), len(p.replies()))
	}
	for i := range was {
		if got := chattest.Diff(was[i].Raw, is[i].Raw); got != p.differs {
			t.Errorf("request %d differs:\n%swant:\n%s", i+1, got, p.differs)
		}
		if was[i].Path != is[i].Path || was[i].Query.Encode() != is[i].Query.Encode() {
			t.Errorf("request %d: %s?%s before, %s?%s after", i+1, was[i].Path, was[i].Query.Encode(), is[i].Path, is[i].Query.Encode())
		}
		for _, name := range []string{"Authorization", "Api-Key", "Openai-Organization", "Openai-Project"} {
			if b, a := was[i].Header.Get(name), is[i].Header.Get(name); b != a {
				t.Errorf("request %d: %s %q before, %q after", i+1, name, b, a)
			}
		}
	}
}

// testDocument holds the document against the source: it shows every snippet, and no other Go.
func (g guide[Old]) testDocument(t *testing.T) {
	t.Helper()
	source, err := os.ReadFile(g.source)
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../../../docs/" + g.document)
	if err != nil {
		t.Fatal(err)
	}
	var ran, shown []string
	for _, decl := range parse(t, g.source).Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		switch code := string(source[f.Pos()-1 : f.End()-1]); {
		case strings.HasSuffix(f.Name.Name, "Before"), strings.HasSuffix(f.Name.Name, "After"):
			ran = append(ran, body(code))
		case strings.HasPrefix(f.Name.Name, "TestGreeting"):
			ran = append(ran, code+"\n")
		}
	}
	for _, block := range goBlock.FindAllSubmatch(document, -1) {
		shown = append(shown, string(block[1]))
	}
	for _, code := range ran {
		if !slices.Contains(shown, code) {
			t.Errorf("docs/%s does not show\n%s", g.document, code)
		}
	}
	for _, code := range shown {
		if !slices.Contains(ran, code) {
			t.Errorf("docs/%s shows what nothing runs:\n%s", g.document, code)
		}
	}
}

// goBlock is a block of Go in a document.
var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

func parse(t *testing.T, name string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// body returns what is between the first and the last line of a function, as it stands at the margin.
func body(code string) string {
	var lines strings.Builder
	all := strings.Split(code, "\n")
	for _, line := range all[1 : len(all)-1] {
		lines.WriteString(strings.TrimPrefix(line, "\t") + "\n")
	}
	return lines.String()
}
