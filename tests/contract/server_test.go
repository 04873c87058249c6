package contract_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
	"github.com/chatspec/chatspec/validate"
)

// TestFakeServerObeysTheDocument asks the fake server for everything it can answer. The requests, the answers
// and each chunk must be what the document says, and what the official document says, where that is there.
func TestFakeServerObeysTheDocument(t *testing.T) {
	t.Parallel()
	t.Run("ours", func(t *testing.T) {
		t.Parallel()
		v, err := validate.New([]byte(readFile(t, documentPath)))
		if err != nil {
			t.Fatal(err)
		}
		c := checkServer(t, v)
		// Where ours is more than the official document, see api/deviations.yaml: messages of users have no
		// refusal, and errors of every status are there.
		c.get("/chat/completions/" + c.stored + "/messages?order=asc")
		c.get("/chat/completions/none")
	})
	t.Run("upstream", func(t *testing.T) {
		t.Parallel()
		needShared(t, upstreamPath)
		spec, err := os.ReadFile(upstreamPath)
		if err != nil {
			t.Fatal(err)
		}
		v, err := validate.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		checkServer(t, v)
	})
}

func checkServer(t *testing.T, v *validate.Validator) *checker {
	t.Helper()
	srv := chattest.NewServer(t,
		chattest.Text("Hello, ", "world!"),
		chattest.Text("Hello, ", "world!"),
		chattest.ToolCalls(
			chat.FunctionToolCall{ID: "call_1", Function: chat.FunctionCall{Name: "weather", Arguments: `{"city":"Paris"}`}},
			chat.FunctionToolCall{ID: "call_2", Function: chat.FunctionCall{Name: "time", Arguments: `{}`}},
		),
		chattest.ToolCalls(chat.CustomToolCall{ID: "call_3", Custom: chat.CustomCall{Name: "shell", Input: "ls"}}),
		chattest.Error(http.StatusTooManyRequests, chat.Error{Type: "rate_limit_error", Message: "Slow down."}),
		chattest.BuiltIn().Repeated(),
	)
	c := &checker{t: t, v: v, srv: srv}
	const ask = `{"model":"m","messages":[{"role":"user","content":"Hi"}]`
	c.post("/chat/completions", ask+`,"store":true,"metadata":{"k":"v"}}`)
	c.post("/chat/completions", ask+`,"stream":true,"n":2,"stream_options":{"include_usage":true}}`)
	c.post("/chat/completions", ask+`,"stream":true,"tools":[{"type":"function","function":{"name":"weather"}},{"type":"function","function":{"name":"time"}}]}`)
	c.post("/chat/completions", ask+`,"tools":[{"type":"custom","custom":{"name":"shell"}}]}`)
	c.post("/chat/completions", ask+`}`)
	c.post("/chat/completions", ask+`,"max_completion_tokens":2}`)
	c.post("/chat/completions", ask+`,"stream":true,"response_format":{"type":"json_object"}}`)
	c.get("/chat/completions?limit=1&order=desc&metadata%5Bk%5D=v&model=m")
	var list chat.ChatCompletionList
	if err := json.Unmarshal(c.last, &list); err != nil || len(list.Data) != 1 {
		t.Fatalf("%s: %v", c.last, err)
	}
	c.stored = list.Data[0].ID
	c.get("/chat/completions/" + c.stored)
	c.post("/chat/completions/"+c.stored, `{"metadata":{"k":"w"}}`)
	c.post("/chat/completions", ask+`,"store":true}`)
	c.get("/chat/completions?after=" + c.stored)
	if err := json.Unmarshal(c.last, &list); err != nil || len(list.Data) != 1 {
		t.Fatalf("%s: %v", c.last, err)
	}
	c.send(http.MethodDelete, "/chat/completions/"+list.Data[0].ID, "")
	if c.chunks != 27 || c.answers != 10 {
		t.Errorf("%d chunks and %d answers were checked", c.chunks, c.answers)
	}
	return c
}

// checker sends requests and checks what comes back.
type checker struct {
	t               *testing.T
	v               *validate.Validator
	srv             *chattest.Server
	chunks, answers int
	last            []byte // the body of the last answer
	stored          string // the ID of a stored completion
}

func (c *checker) post(path, body string) { c.t.Helper(); c.send(http.MethodPost, path, body) }
func (c *checker) get(path string)        { c.t.Helper(); c.send(http.MethodGet, path, "") }

func (c *checker) send(method, path, body string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.srv.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if err := c.v.Request(req); err != nil {
		c.t.Errorf("%s %s: %v", method, path, err)
	}
	route, err := c.v.Route(req)
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := c.srv.Client().Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	data, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		c.t.Fatal(err)
	}
	c.last = data
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		c.events(data)
		return
	}
	c.answers++
	if err := c.v.Response(route.OperationID, resp.StatusCode, data); err != nil {
		c.t.Errorf("%s %s answers %d: %v\n%s", method, path, resp.StatusCode, err, data)
	}
}

func (c *checker) events(data []byte) {
	c.t.Helper()
	d := stream.NewDecoder(bytes.NewReader(data))
	for {
		event, err := d.Next()
		if err != nil {
			c.t.Fatalf("the stream ended without [DONE]: %v", err)
		}
		if string(event.Data) == "[DONE]" {
			return
		}
		c.chunks++
		if err := c.v.Body("CreateChatCompletionStreamResponse", event.Data); err != nil {
			c.t.Errorf("%v\n%s", err, event.Data)
		}
	}
}
