package chattest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

func call(name string) chat.FunctionToolCall {
	return chat.FunctionToolCall{Function: chat.FunctionCall{Name: name, Arguments: `{"city": "New York", "days": 3}`}}
}

// contents returns the pieces of text in the chunks.
func (a answer) contents() []string {
	var list []string
	for i := range a.chunks {
		if text := a.chunks[i].Text(); text != "" {
			list = append(list, text)
		}
	}
	return list
}

func TestText(t *testing.T) {
	t.Parallel()
	const text = " Grüße,\n\n  dear world! "
	srv := chattest.NewServer(t, chattest.Text(text), chattest.Text(text), chattest.Text("in ", "two pieces"))
	whole := create(t, srv, hello).completion(t)
	if whole.Text() != text || whole.FinishReason() != chat.FinishReasonStop || whole.ID != "chatcmpl-1" || whole.Model != "m" {
		t.Errorf("%+v", whole)
	}
	streamed := create(t, srv, with(`"stream":true`))
	if got := streamed.completion(t); got.Text() != text || got.FinishReason() != chat.FinishReasonStop || got.Usage != nil || got.ID != "chatcmpl-2" {
		t.Errorf("%+v", got)
	}
	if got := streamed.contents(); !slices.Equal(got, []string{" Grüße,", "\n\n  dear", " world!", " "}) {
		t.Errorf("pieces %q", got)
	}
	if first := streamed.chunks[0]; first.Choices[0].Delta.Role != "assistant" || first.Text() != "" {
		t.Errorf("first chunk %+v", first)
	}
	if got := create(t, srv, with(`"stream":true`)).contents(); !slices.Equal(got, []string{"in ", "two pieces"}) {
		t.Errorf("pieces %q", got)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	own := chat.CompletionUsage{PromptTokens: 100, CompletionTokens: 20, TotalTokens: 120, CompletionTokensDetails: &chat.CompletionTokensDetails{ReasoningTokens: 7}}
	srv := chattest.NewServer(t, chattest.Text("one two three").Repeated())
	counted := chat.CompletionUsage{PromptTokens: 1, CompletionTokens: 3, TotalTokens: 4}
	withUsage := with(`"stream":true,"stream_options":{"include_usage":true}`)
	if got := create(t, srv, hello).completion(t).Usage; got == nil || !reflect.DeepEqual(*got, counted) {
		t.Errorf("usage %+v", got)
	}
	for _, body := range []string{with(`"stream":true`), with(`"stream":true,"stream_options":{"include_usage":false}`), with(`"stream":true,"stream_options":null`)} {
		for _, chunk := range create(t, srv, body).chunks {
			if chunk.Usage != nil || len(chunk.Choices) == 0 {
				t.Errorf("%s: unwanted usage: %+v", body, chunk)
			}
		}
	}
	chunks := create(t, srv, withUsage).chunks
	for i, chunk := range chunks {
		if isLast := i == len(chunks)-1; isLast != (chunk.Usage != nil) || isLast != (len(chunk.Choices) == 0) {
			t.Errorf("chunk %d: %+v", i, chunk)
		}
	}
	if got := chunks[len(chunks)-1].Usage; !reflect.DeepEqual(*got, counted) {
		t.Errorf("usage %+v", got)
	}
	srv = chattest.NewServer(t, chattest.Text("x").WithUsage(own).Repeated())
	for _, body := range []string{hello, withUsage} {
		if got := create(t, srv, body).completion(t).Usage; got == nil || !reflect.DeepEqual(*got, own) {
			t.Errorf("usage %+v", got)
		}
	}
}

func TestToolCalls(t *testing.T) {
	t.Parallel()
	custom := chat.CustomToolCall{ID: "mine", Custom: chat.CustomCall{Name: "sql", Input: "SELECT 1;\nSELECT 2;"}}
	srv := chattest.NewServer(t, chattest.ToolCalls(call("weather"), custom, call("time")).Repeated())
	for n, body := range []string{hello, with(`"stream":true`)} {
		a := create(t, srv, body)
		got := a.completion(t)
		want := chat.ToolCalls{call("weather"), custom, call("time")}
		for i, id := range [][]string{{"call_1", "mine", "call_2"}, {"call_3", "mine", "call_4"}}[n] {
			switch c := want[i].(type) {
			case chat.FunctionToolCall:
				c.ID, c.Type = id, "function"
				want[i] = c
			case chat.CustomToolCall:
				c.ID, c.Type = id, "custom"
				want[i] = c
			}
		}
		if !reflect.DeepEqual(got.ToolCalls(), want) || got.FinishReason() != chat.FinishReasonToolCalls || got.Usage == nil && n == 0 {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if n == 1 && len(a.chunks) < 10 {
			t.Errorf("the arguments are not in pieces: %s", a.events)
		}
	}
}

func TestChoices(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("one two").Repeated())
	for _, body := range []string{with(`"n":3`), with(`"n":3,"stream":true`)} {
		a := create(t, srv, body)
		c := a.completion(t)
		if len(c.Choices) != 3 {
			t.Fatalf("%d choices", len(c.Choices))
		}
		for i, choice := range c.Choices {
			if choice.Index != i || choice.Message.Content != "one two" || choice.FinishReason != chat.FinishReasonStop {
				t.Errorf("choice %d: %+v", i, choice)
			}
		}
		for i, chunk := range a.chunks {
			if chunk.Choices[0].Index != i%3 {
				t.Errorf("the choices do not alternate: chunk %d is of choice %d", i, chunk.Choices[0].Index)
			}
		}
	}
}

// full uses everything that an answer can have.
const full = `{
	"id": "given", "object": "chat.completion", "created": 17, "model": "other", "service_tier": "flex", "system_fingerprint": "fp",
	"choices": [
		{"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "some text", "refusal": null,
			"annotations": [{"type": "url_citation", "url_citation": {"start_index": 1, "end_index": 2, "url": "u", "title": "t"}}],
			"audio": {"id": "a", "data": "ZGF0YQ==", "expires_at": 3, "transcript": "spoken"},
			"tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}, {"id": "2", "type": "custom", "custom": {"name": "c", "input": "x y"}}],
			"function_call": {"name": "old", "arguments": "{}"}},
			"logprobs": {"content": [{"token": "some", "logprob": -1.5, "bytes": [115], "top_logprobs": [{"token": "t", "logprob": -2, "bytes": null}]}], "refusal": null}},
		{"index": 1, "finish_reason": "content_filter", "message": {"role": "assistant", "content": null, "refusal": "I will not."}, "logprobs": null}],
	"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
	"moderation": {"input": {"type": "error", "code": "c", "message": "m"}, "output": {"type": "moderation_results", "model": "m", "results": []}}
}`

func TestCompletion(t *testing.T) {
	t.Parallel()
	var want chat.CreateChatCompletionResponse
	if err := json.Unmarshal([]byte(full), &want); err != nil {
		t.Fatal(err)
	}
	srv := chattest.NewServer(t, chattest.Completion(want).Repeated())
	for _, body := range []string{hello, with(`"stream":true,"stream_options":{"include_usage":true}`)} {
		if got := create(t, srv, body).completion(t); !reflect.DeepEqual(*got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", body, *got, want)
		}
	}
}

func TestCompletionIsFilled(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t,
		chattest.Completion(chat.CreateChatCompletionResponse{}),
		chattest.Completion(chat.CreateChatCompletionResponse{Choices: []chat.Choice{{FinishReason: chat.FinishReasonContentFilter}}}))
	srv.SetClock(func() time.Time { return time.Unix(99, 0) })
	if got := create(t, srv, hello); !bytes.Contains(got.body, []byte(`"choices":[]`)) {
		t.Errorf("%s", got.body)
	}
	got := create(t, srv, with(`"n":2`)).completion(t)
	if got.ID != "chatcmpl-2" || got.Created != 99 || got.Model != "m" || len(got.Choices) != 2 || got.FinishReason() != chat.FinishReasonContentFilter {
		t.Errorf("%+v", got)
	}
}

func TestWithFinishReason(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("cut").WithFinishReason(chat.FinishReasonLength).Repeated())
	for _, body := range []string{hello, with(`"n":2,"stream":true`)} {
		for _, choice := range create(t, srv, body).completion(t).Choices {
			if choice.FinishReason != chat.FinishReasonLength {
				t.Errorf("%+v", choice)
			}
		}
	}
}

func TestChunks(t *testing.T) {
	t.Parallel()
	chunks := []chat.CreateChatCompletionStreamResponse{
		{Choices: []chat.ChunkChoice{{Index: 1, Delta: chat.Delta{Content: "second"}}, {Index: 0, Delta: chat.Delta{Content: "fi"}}}},
		{ID: "odd", Choices: []chat.ChunkChoice{{Index: 0, Delta: chat.Delta{Content: "rst"}}}},
	}
	srv := chattest.NewServer(t, chattest.Chunks(chunks...).Repeated())
	a := create(t, srv, with(`"stream":true,"stream_options":{"include_usage":true}`))
	if len(a.chunks) != 2 || a.chunks[0].ID != "chatcmpl-1" || a.chunks[1].ID != "odd" || a.chunks[1].Model != "m" || a.chunks[1].Choices[0].FinishReason != "" || a.events[2] != "[DONE]" {
		t.Errorf("%s", a.events)
	}
	if chunks[0].ID != "" {
		t.Error("the chunks of the test were changed")
	}
	r := send(t, chattest.NewServer(t, chattest.Chunks(finished(chunks)...)), "POST", "/chat/completions", hello).completion(t)
	if r.Text() != "first" || r.Choices[1].Message.Content != "second" {
		t.Errorf("%+v", r)
	}
}

// finished adds finish reasons to both choices.
func finished(chunks []chat.CreateChatCompletionStreamResponse) []chat.CreateChatCompletionStreamResponse {
	return append(slices.Clone(chunks), chat.CreateChatCompletionStreamResponse{Choices: []chat.ChunkChoice{
		{Index: 0, FinishReason: chat.FinishReasonStop}, {Index: 1, FinishReason: chat.FinishReasonStop},
	}})
}

func TestError(t *testing.T) {
	t.Parallel()
	want := chat.Error{Message: "Slow down.", Type: "requests", Code: "rate_limit_exceeded"}
	srv := chattest.NewServer(t,
		chattest.Error(http.StatusTooManyRequests, want).WithHeader("Retry-After", "1"),
		chattest.Error(http.StatusInternalServerError, chat.Error{}),
		chattest.Text("at last"))
	a := create(t, srv, with(`"stream":true`))
	if got := a.refused(t, http.StatusTooManyRequests); got != want || a.header.Get("Retry-After") != "1" {
		t.Errorf("%+v, Retry-After %q", got, a.header.Get("Retry-After"))
	}
	create(t, srv, hello).refused(t, http.StatusInternalServerError)
	if got := create(t, srv, hello).completion(t).Text(); got != "at last" {
		t.Error(got)
	}
}

func TestRaw(t *testing.T) {
	t.Parallel()
	header := http.Header{"Content-Type": {"text/html"}, "X-More": {"a", "b"}}
	srv := chattest.NewServer(t,
		chattest.Raw(http.StatusBadGateway, header, []byte("<html>bad gateway</html>")),
		chattest.Raw(http.StatusOK, nil, []byte("data: {}\n\n")),
		chattest.Raw(http.StatusNoContent, nil, nil),
		chattest.Raw(http.StatusOK, header, nil).WithHeader("Content-Type", "text/plain"))
	a := create(t, srv, with(`"stream":true`))
	if a.status != http.StatusBadGateway || string(a.body) != "<html>bad gateway</html>" || a.header.Get("Content-Type") != "text/html" || len(a.header["X-More"]) != 2 {
		t.Errorf("%d %s %v", a.status, a.body, a.header)
	}
	if a = create(t, srv, hello); string(a.body) != "data: {}\n\n" || a.header["Content-Type"] != nil {
		t.Errorf("%s %v", a.body, a.header)
	}
	if a = create(t, srv, hello); a.status != http.StatusNoContent {
		t.Errorf("status %d", a.status)
	}
	if a = create(t, srv, hello); a.header.Get("Content-Type") != "text/plain" || header.Get("Content-Type") != "text/html" {
		t.Errorf("%v, the test's header is %v", a.header, header)
	}
}

func TestFunc(t *testing.T) {
	t.Parallel()
	own := chat.CompletionUsage{TotalTokens: 5}
	srv := chattest.NewServer(t, chattest.Func(func(req chat.CreateChatCompletionRequest) chattest.Reply {
		if req.Temperature != nil {
			return chattest.Error(http.StatusBadRequest, chat.Error{Message: "no"})
		}
		return chattest.Func(func(chat.CreateChatCompletionRequest) chattest.Reply {
			return chattest.Text("for "+req.Model).WithHeader("X-Inner", "1").WithHeader("X-Both", "inner")
		})
	}).WithHeader("X-Both", "outer").WithUsage(own).WithFinishReason(chat.FinishReasonLength).Repeated())
	a := create(t, srv, hello)
	if c := a.completion(t); c.Text() != "for m" || *c.Usage != own || c.FinishReason() != chat.FinishReasonLength {
		t.Errorf("%+v", c)
	}
	if a.header.Get("X-Inner") != "1" || a.header.Get("X-Both") != "outer" {
		t.Errorf("%v", a.header)
	}
	create(t, srv, with(`"temperature":0`)).refused(t, http.StatusBadRequest)
}

func TestScriptRunsOut(t *testing.T) {
	t.Parallel()
	tb := &fakeTB{}
	srv := chattest.NewServer(tb, chattest.Text("1"))
	srv.Script(chattest.Text("2"), chattest.Reply{})
	for _, want := range []string{"1", "2", "You said: hello"} {
		if got := create(t, srv, hello).completion(t).Text(); !strings.HasSuffix(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	const message = `request 4 for a completion, last user message "hello": the script has no reply left; it had 3`
	if e := create(t, srv, hello).refused(t, http.StatusInternalServerError); e.Message != message || e.Type != "server_error" {
		t.Errorf("%+v", e)
	}
	if errs := tb.end(); !slices.Equal(errs, []string{"chattest: " + message}) {
		t.Errorf("errors of the test: %q", errs)
	}
}

func TestRepliesThatFail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reply chattest.Reply
		want  string
	}{
		"panic": {chattest.Func(func(req chat.CreateChatCompletionRequest) chattest.Reply {
			return []chattest.Reply{}[len(req.Messages)]
		}), "panicked: runtime error: index out of range"},
		"no JSON":           {chattest.ToolCalls(chat.Raw(`{"broken`)), "json: error"},
		"no JSON in chunks": {chattest.Chunks(chat.CreateChatCompletionStreamResponse{Moderation: &chat.Moderation{Input: chat.Raw("{")}}), "json: error"},
		"status too small":  {chattest.Raw(100, nil, nil), "status 100"},
		"status too large":  {chattest.Error(1000, chat.Error{}), "status 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tb := &fakeTB{}
			srv := chattest.NewServer(tb, c.reply)
			body := hello
			if strings.Contains(name, "chunks") {
				body = with(`"stream":true`)
			}
			e := create(t, srv, body).refused(t, http.StatusInternalServerError)
			errs := tb.end()
			if !strings.Contains(e.Message, c.want) || len(errs) != 1 || !strings.Contains(errs[0], c.want) {
				t.Errorf("answer %+v, errors %q", e, errs)
			}
		})
	}
}

// A reply is a value: changing a copy does not change what it was made of.
func TestRepliesAreValues(t *testing.T) {
	t.Parallel()
	base := chattest.Text("x").WithHeader("X-A", "1")
	_ = base.WithHeader("X-A", "2").WithHeader("X-B", "3").WithFinishReason(chat.FinishReasonLength).WithDelay(time.Hour)
	a := create(t, chattest.NewServer(t, base), hello)
	if a.header.Get("X-A") != "1" || a.header.Get("X-B") != "" || a.completion(t).FinishReason() != chat.FinishReasonStop {
		t.Errorf("%v", a.header)
	}
}
