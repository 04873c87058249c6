package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptrace"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

func TestClientAgainstAimock(t *testing.T) {
	t.Parallel()
	server := startAimock(t)
	for name, test := range map[string]func(*testing.T, aimock){
		"text":                testText,
		"what is sent":        testSent,
		"result is create's":  testResult,
		"tool calls":          testToolCalls,
		"reasoning":           testReasoning,
		"OpenRouter":          testOpenRouter,
		"Azure":               testAzure,
		"generated client":    testGeneratedClient,
		"connection is kept":  testConnectionKept,
		"ended early":         testCancel,
		"cut streams":         testCutStreams,
		"malformed answers":   testMalformed,
		"malformed chunk":     testMalformedChunk,
		"connection closed":   testHungUp,
		"errors":              testErrors,
		"unknown to a server": testUnknownOperation,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server)
		})
	}
}

func testText(t *testing.T, server aimock) {
	client := server.client(t, "/v1/") // with the slash: both are allowed
	res, err := client.Create(t.Context(), ask("Say hello"))
	if err != nil {
		t.Fatal(err)
	}
	if res.Text() != hello || res.FinishReason() != "stop" || res.ID != "chatcmpl-hello" || res.Model != model {
		t.Errorf("Create: %+v", res)
	}
	usage := chat.CompletionUsage{PromptTokens: 11, CompletionTokens: 23, TotalTokens: 34}
	if res.Usage == nil || *res.Usage != usage {
		t.Errorf("Create: usage %+v", res.Usage)
	}

	s, err := client.Stream(t.Context(), ask("Say hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var pieces []string
	for piece, err := range s.Text() {
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, piece)
	}
	if got := strings.Join(pieces, ""); got != hello || len(pieces) < 10 {
		t.Errorf("Stream: %d pieces: %q", len(pieces), got)
	}
	if s.Err() != nil || !s.Done() || !s.Streamed() {
		t.Errorf("Stream: Err %v, Done %t, Streamed %t", s.Err(), s.Done(), s.Streamed())
	}
	if res, err := s.Result(); err != nil || res.Usage != nil {
		t.Errorf("Result: usage %+v, which nobody asked for; error %v", res.Usage, err)
	}
}

// testSent looks at the requests from the other side.
func testSent(t *testing.T, server aimock) {
	client := server.client(t, "/v1")
	req := ask("Say hello")
	req.Temperature = new(0.0)
	if _, err := client.Create(t.Context(), req, chatspec.WithHeader("X-Request-Id", "sent-create"), chatspec.WithBodyField("top_k", 7)); err != nil {
		t.Fatal(err)
	}
	s, err := client.Stream(t.Context(), askUsage("Say hello"), chatspec.WithHeader("X-Request-Id", "sent-stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if id := s.Response().Header.Get("X-Request-Id"); id != "sent-stream" {
		t.Errorf("the answer has the request ID %q", id)
	}
	if _, err := s.Result(); err != nil {
		t.Fatal(err)
	}
	messages := []any{map[string]any{"role": "user", "content": "Say hello"}}
	for id, want := range map[string]map[string]any{
		"sent-create": {"model": model, "messages": messages, "temperature": 0.0, "top_k": 7.0},
		"sent-stream": {"model": model, "messages": messages, "stream": true, "stream_options": map[string]any{"include_usage": true}},
	} {
		entries := server.journal(t, id)
		if len(entries) != 1 {
			t.Fatalf("%s: the server saw %d requests", id, len(entries))
		}
		got := entries[0]
		for name := range got.Body {
			if strings.HasPrefix(name, "_") { // aimock's own
				delete(got.Body, name)
			}
		}
		if got.Method != http.MethodPost || got.Path != "/v1/chat/completions" || !reflect.DeepEqual(got.Body, want) {
			t.Errorf("%s: %s %s %v", id, got.Method, got.Path, got.Body)
		}
		if got.Headers["content-type"] != "application/json" || got.Headers["user-agent"] != "chatspec/"+chatspec.Version {
			t.Errorf("%s: headers %v", id, got.Headers)
		}
	}
}

// testResult holds a stream's Result to what Create returns for the same fixture.
func testResult(t *testing.T, server aimock) {
	client := server.client(t, "/v1")
	for _, text := range []string{"Say hello", "cut by length", "call two tools", "tool before text", "think first"} {
		want, err := client.Create(t.Context(), ask(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got := streamed(t, client, text)
		if text != "Say hello" { // whose fixture fixes them; aimock makes them up for each other answer
			got.ID, got.Created = want.ID, want.Created
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\nCreate %s\nResult %s", text, toJSON(t, want), toJSON(t, got))
		}
	}
}

func testToolCalls(t *testing.T, server aimock) {
	want := chat.ToolCalls{
		chat.FunctionToolCall{ID: "call_weather", Type: "function", Function: chat.FunctionCall{
			Name: "get_weather", Arguments: `{"city":"Zürich","units":["celsius","kelvin"]}`,
		}},
		chat.FunctionToolCall{ID: "call_clock", Type: "function", Function: chat.FunctionCall{
			Name: "get_clock", Arguments: `{"zone":"Europe/Zurich"}`,
		}},
	}
	client := server.client(t, "/v1")
	req := askUsage("call two tools")
	req.Tools = chat.Tools{
		chat.FunctionTool{Function: chat.FunctionDefinition{Name: "get_weather", Parameters: map[string]any{"type": "object"}}},
		chat.FunctionTool{Function: chat.FunctionDefinition{Name: "get_clock"}},
	}
	s, err := client.Stream(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	deltas := 0
	for chunk, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		for _, choice := range chunk.Choices {
			deltas += len(choice.Delta.ToolCalls)
		}
	}
	res, err := s.Result()
	if err != nil || deltas < 10 {
		t.Fatalf("%d deltas of tool calls, error %v", deltas, err)
	}
	if !reflect.DeepEqual(res.ToolCalls(), want) || res.FinishReason() != "tool_calls" || res.Text() != "One moment." {
		t.Errorf("%s", toJSON(t, res))
	}
	if res.Usage == nil || res.Usage.TotalTokens != 57 {
		t.Errorf("usage %+v", res.Usage)
	}

	// The next turn: what the model said and what the tools answered go back.
	req.Messages = append(req.Messages, res.Message(),
		chat.ToolMessage{ToolCallID: "call_weather", Content: chat.Text("12 degrees")},
		chat.ToolMessage{ToolCallID: "call_clock", Content: chat.Text("noon")},
	)
	req.Messages = append(req.Messages, chat.UserMessage{Content: chat.Text("Say hello")})
	req.StreamOptions = nil
	if res, err := client.Create(t.Context(), req); err != nil || res.Text() != hello {
		t.Errorf("next turn: %v, %v", res, err)
	}
}

// testReasoning reads a field that the document lacks from the bytes of the chunks.
func testReasoning(t *testing.T, server aimock) {
	s, err := server.client(t, "/v1").Stream(t.Context(), ask("think first"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var reasoning strings.Builder
	for s.Next() {
		var vendor struct {
			Choices []struct {
				Delta struct {
					ReasoningContent string `json:"reasoning_content"`
				}
			}
		}
		if err := json.Unmarshal(s.Raw(), &vendor); err != nil {
			t.Fatal(err)
		}
		for _, choice := range vendor.Choices {
			reasoning.WriteString(choice.Delta.ReasoningContent)
		}
	}
	res, err := s.Result()
	if err != nil || reasoning.String() != "Six times seven." || res.Text() != "Forty-two." {
		t.Errorf("reasoning %q, answer %q, error %v", &reasoning, res.Text(), err)
	}
}

// testOpenRouter reads a stream that begins with comments and has a vendor's fields.
func testOpenRouter(t *testing.T, server aimock) {
	client := server.client(t, "/api/v1")
	res := streamed(t, client, "comments first")
	if res.Text() != "Past the comments." || res.FinishReason() != "stop" || res.Usage == nil || !strings.HasPrefix(res.ID, "gen-") {
		t.Errorf("%s", toJSON(t, res))
	}
	want, err := client.Create(t.Context(), ask("comments first"))
	if err != nil {
		t.Fatal(err)
	}
	if res.ID, res.Created = want.ID, want.Created; !reflect.DeepEqual(res, want) {
		t.Errorf("Create %s\nResult %s", toJSON(t, want), toJSON(t, res))
	}
}

// testAzure uses the path, the query and the header of Azure's deployments.
func testAzure(t *testing.T, server aimock) {
	version := func(next chatspec.Doer) chatspec.Doer {
		return doerFunc(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			query := req.URL.Query()
			query.Set("api-version", "2024-10-21")
			req.URL.RawQuery = query.Encode()
			return next.Do(req)
		})
	}
	client, err := chatspec.New(
		chatspec.WithBaseURL(server.url+"/openai/deployments/gpt-5.4"), chatspec.WithMiddleware(version),
		chatspec.WithHeader("api-key", key), chatspec.WithHeader("X-Request-Id", "azure"),
	)
	if err != nil {
		t.Fatal(err)
	}
	if res := streamed(t, client, "Say hello"); res.Text() != hello || res.Usage == nil {
		t.Errorf("%s", toJSON(t, res))
	}
	entries := server.journal(t, "azure")
	if len(entries) != 1 || entries[0].Path != "/openai/deployments/gpt-5.4/chat/completions?api-version=2024-10-21" {
		t.Fatalf("the server saw %v", entries)
	}
	if _, sent := entries[0].Headers["authorization"]; sent || entries[0].Headers["api-key"] == "" {
		t.Errorf("the server saw the headers %v", entries[0].Headers)
	}
}

// testGeneratedClient uses nothing but package generated and stream.Open.
func testGeneratedClient(t *testing.T, server aimock) {
	raw, err := chat.NewClient(server.url+"/v1", chat.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
		req.Header.Set("Authorization", "Bearer "+key)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, asked := range []bool{true, false} { // Open does not need to know
		req := ask("Say hello")
		req.Stream = asked
		resp, err := raw.CreateChatCompletion(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		s, err := stream.Open(resp)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		res, err := s.Result()
		if err != nil || res.Text() != hello || s.Streamed() != asked {
			t.Errorf("stream %t: %s, error %v, Streamed %t", asked, toJSON(t, res), err, s.Streamed())
		}
	}
}

// testConnectionKept finds that a stream read to its end leaves its connection for the next request.
func testConnectionKept(t *testing.T, server aimock) {
	client := server.client(t, "/v1")
	var reused []bool
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { reused = append(reused, info.Reused) },
	})
	for range 3 {
		s, err := client.Stream(ctx, ask("Say hello"))
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range s.Text() {
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(reused, []bool{false, true, true}) {
		t.Errorf("connections reused: %v", reused)
	}
}

// streamed returns the Result of a stream that must finish well.
func streamed(t *testing.T, client *chatspec.Client, text string) *chat.CreateChatCompletionResponse {
	t.Helper()
	s, err := client.Stream(t.Context(), askUsage(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer s.Close()
	res, err := s.Result()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if !s.Done() || !s.Streamed() {
		t.Errorf("%s: Done %t, Streamed %t", text, s.Done(), s.Streamed())
	}
	return res
}

// toJSON returns v for the text of a failure.
func toJSON(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// doerFunc is a function as a Doer.
type doerFunc func(*http.Request) (*http.Response, error)

func (f doerFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }
