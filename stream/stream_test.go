package stream_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

const eventStream = "text/event-stream; charset=utf-8"

// answer builds a response as net/http would hand it out.
func answer(status int, contentType string, body io.Reader) *http.Response {
	h := http.Header{"X-Request-Id": {"req_1"}}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	return &http.Response{StatusCode: status, Header: h, Body: &closing{Reader: body}}
}

// closing is a body that knows whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// sse writes each piece as the data of one event.
func sse(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		b.WriteString("data: " + d + "\n\n")
	}
	return b.String()
}

// say is a chunk of text of one choice; finish is its finish reason, if not empty.
func say(index int, text, finish string) string {
	reason := "null"
	if finish != "" {
		reason = `"` + finish + `"`
	}
	return fmt.Sprintf(`{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":%d,"delta":{"content":%q},"finish_reason":%s}]}`, index, text, reason)
}

const usage = `{"id":"c1","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`

// outcomes are the ways a stream can end, each with the test that finds it.
var outcomes = map[string]func(error) bool{
	"finished":   func(err error) bool { return err == nil },
	"api error":  func(err error) bool { var e *api.Error; return errors.As(err, &e) },
	"truncated":  func(err error) bool { return errors.Is(err, stream.ErrTruncated) },
	"malformed":  func(err error) bool { var e *stream.DecodeError; return errors.As(err, &e) },
	"too large":  func(err error) bool { var e *stream.TooLargeError; return errors.As(err, &e) },
	"not stream": func(err error) bool { var e *stream.NotStreamError; return errors.As(err, &e) },
	"timeout":    func(err error) bool { var e *stream.TimeoutError; return errors.As(err, &e) },
	"cancelled":  func(err error) bool { return errors.Is(err, context.Canceled) },
	"transport":  func(err error) bool { return errors.Is(err, errTransport) },
}

var errTransport = errors.New("connection reset")

// checkOutcome checks that err is the wanted outcome and no other.
func checkOutcome(t *testing.T, err error, want string) {
	t.Helper()
	for name, is := range outcomes {
		if is(err) != (name == want) {
			t.Errorf("%q: is it %s? %v, want outcome %s", err, name, is(err), want)
		}
	}
	if errors.Is(err, stream.ErrTruncated) != errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v: truncated, but not io.ErrUnexpectedEOF or the other way round", err)
	}
}

func TestEndings(t *testing.T) {
	t.Parallel()
	hello := []string{say(0, "Hel", ""), say(0, "lo", "")}
	whole := sse(append(hello, say(0, "", "stop"))...)
	completion := `{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}`
	html := "<html><body>Please log in</body></html>"
	failing := func(body string) io.Reader {
		return io.MultiReader(strings.NewReader(body), iotest.ErrReader(errTransport))
	}
	tests := map[string]struct {
		contentType string
		body        io.Reader
		opts        []stream.Option
		want, text  string
	}{
		"done marker":                   {eventStream, strings.NewReader(whole + sse("[DONE]")), nil, "finished", "Hello"},
		"done marker with spaces":       {eventStream, strings.NewReader(whole + "data:  [DONE] \n\n"), nil, "finished", "Hello"},
		"done marker, cut blank line":   {eventStream, strings.NewReader(sse(hello...) + "data: [DONE]"), nil, "finished", "Hello"},
		"done without finish reason":    {eventStream, strings.NewReader(sse(hello...) + sse("[DONE]")), nil, "finished", "Hello"},
		"done and nothing else":         {eventStream, strings.NewReader(sse("[DONE]")), nil, "truncated", ""},
		"event done":                    {eventStream, strings.NewReader(whole + "event: done\ndata: {}\n\n"), nil, "finished", "Hello"},
		"event end":                     {eventStream, strings.NewReader(sse(hello...) + "event: end\ndata: {}\n\n"), nil, "finished", "Hello"},
		"bytes after the marker":        {eventStream, failing(whole + sse("[DONE]", "garbage")), nil, "finished", "Hello"},
		"no marker, all finished":       {eventStream, strings.NewReader(whole), nil, "finished", "Hello"},
		"no marker, not finished":       {eventStream, strings.NewReader(sse(hello...)), nil, "truncated", "Hello"},
		"no marker, one of two choices": {eventStream, strings.NewReader(sse(say(0, "a", "stop"), say(1, "b", ""))), nil, "truncated", "a"},
		"n not reached":                 {eventStream, strings.NewReader(whole), []stream.Option{stream.Expect(2, false)}, "truncated", "Hello"},
		"usage asked for, missing":      {eventStream, strings.NewReader(whole), []stream.Option{stream.Expect(1, true)}, "truncated", "Hello"},
		"usage asked for, there":        {eventStream, strings.NewReader(whole + sse(usage)), []stream.Option{stream.Expect(1, true)}, "finished", "Hello"},
		"usage only":                    {eventStream, strings.NewReader(sse(usage)), nil, "truncated", ""},
		"empty":                         {eventStream, strings.NewReader(""), nil, "truncated", ""},
		"comments only":                 {eventStream, strings.NewReader(": hi\n\n: ho\n\n"), nil, "truncated", ""},
		"keep-alives between":           {eventStream, strings.NewReader(": hi\n\n" + sse(hello...) + ":\n\ndata:\n\n" + sse(say(0, "", "stop"))), nil, "finished", "Hello"},
		"cut event":                     {eventStream, strings.NewReader(sse(hello...) + "data: {\"cho"), nil, "truncated", "Hello"},
		"unexpected EOF":                {eventStream, io.MultiReader(strings.NewReader(sse(hello...)), iotest.ErrReader(io.ErrUnexpectedEOF)), nil, "truncated", "Hello"},
		"transport error":               {eventStream, failing(sse(hello...)), nil, "transport", "Hello"},
		"cancelled":                     {eventStream, io.MultiReader(strings.NewReader(sse(hello...)), iotest.ErrReader(context.Canceled)), nil, "cancelled", "Hello"},
		"deadline":                      {eventStream, io.MultiReader(strings.NewReader(sse(hello...)), iotest.ErrReader(context.DeadlineExceeded)), nil, "timeout", "Hello"},
		"malformed JSON":                {eventStream, strings.NewReader(sse(hello...) + sse(`{"choices":[`)), nil, "malformed", "Hello"},
		"wrong type":                    {eventStream, strings.NewReader(sse(hello...) + sse(`{"choices":[{"index":"x"}]}`)), nil, "malformed", "Hello"},
		"not JSON":                      {eventStream, strings.NewReader(sse(hello...) + sse(`hello`)), nil, "malformed", "Hello"},
		"event too large":               {eventStream, strings.NewReader(sse(hello...) + sse(say(0, strings.Repeat("x", 1000), ""))), []stream.Option{stream.MaxEventBytes(500)}, "too large", "Hello"},
		"stream too large":              {eventStream, strings.NewReader(sse(hello...) + sse(say(0, strings.Repeat("x", 1000), ""))), []stream.Option{stream.MaxTotalBytes(500)}, "too large", "Hello"},
		"error object":                  {eventStream, strings.NewReader(sse(hello...) + sse(`{"error":{"message":"overloaded","code":"busy"}}`)), nil, "api error", "Hello"},
		"error object, spaced":          {eventStream, strings.NewReader(sse(hello...) + sse("{ \"x\" : 1 , \"error\" : { \"message\" : \"overloaded\" } }")), nil, "api error", "Hello"},
		"error string":                  {eventStream, strings.NewReader(sse(hello...) + sse(`{"error":"overloaded"}`)), nil, "api error", "Hello"},
		"error event with key":          {eventStream, strings.NewReader(sse(hello...) + "event: error\ndata: {\"error\":{\"message\":\"overloaded\"}}\n\n"), nil, "api error", "Hello"},
		"error event without key":       {eventStream, strings.NewReader(sse(hello...) + "event: error\ndata: {\"message\":\"overloaded\"}\n\n"), nil, "api error", "Hello"},
		"error event of text":           {eventStream, strings.NewReader(sse(hello...) + "event: error\ndata: overloaded\n\n"), nil, "api error", "Hello"},
		"error and choices":             {eventStream, strings.NewReader(sse(hello[0]) + sse(`{"error":{"message":"overloaded"},"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"error"}]}`)), nil, "api error", "Hello"},
		"error in a cut event":          {eventStream, strings.NewReader(sse(hello...) + `data: {"error":{"message":"overloaded"}}`), nil, "api error", "Hello"},
		"error event, cut":              {eventStream, strings.NewReader(sse(hello[0]) + sse(say(0, "lo", "stop")) + "event: error\ndata: {\"message\":\"boom\"}\n"), nil, "api error", "Hello"},
		"error event, no data":          {eventStream, strings.NewReader(whole + "event: error\ndata:\n\n"), nil, "api error", "Hello"},
		"event done, no data":           {eventStream, strings.NewReader(sse(hello...) + "event: done\ndata:\n\n"), nil, "finished", "Hello"},
		"error, then reset":             {eventStream, failing(sse(hello...) + "data: {\"error\":\"boom\"}\n"), nil, "api error", "Hello"},
		"marker, then reset":            {eventStream, failing(whole + "data: [DONE]\n"), nil, "finished", "Hello"},
		"cut error without type":        {"", strings.NewReader("data: {\"error\":\"boom\"}\n"), nil, "api error", ""},
		"cut chunk without type":        {"", strings.NewReader("data: {\"choi"), nil, "truncated", ""},
		"error object as stream":        {eventStream, strings.NewReader(`{"error":{"message":"boom"}}`), nil, "api error", ""},
		"completion as stream":          {eventStream, strings.NewReader(completion), nil, "finished", "Hello"},
		"page as stream":                {eventStream, strings.NewReader(html), nil, "truncated", ""},
		"null error":                    {eventStream, strings.NewReader(sse(`{"error":null,"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}`)), nil, "finished", "Hello"},
		"error told in the text":        {eventStream, strings.NewReader(sse(say(0, `"error"`, "stop"))), nil, "finished", `"error"`},
		"completion as JSON":            {"application/json", strings.NewReader(completion), nil, "finished", "Hello"},
		"completion as text":            {"text/plain", strings.NewReader(completion), nil, "finished", "Hello"},
		"completion after blank lines":  {"application/json", strings.NewReader(strings.Repeat("\n", 4<<10) + completion), nil, "finished", "Hello"},
		"completion with object null":   {"application/json", strings.NewReader(strings.Replace(completion, `"chat.completion"`, "null", 1)), nil, "finished", "Hello"},
		"completion with empty object":  {"application/json", strings.NewReader(strings.Replace(completion, `"chat.completion"`, `""`, 1)), nil, "finished", "Hello"},
		"completion without type":       {"", strings.NewReader(completion), nil, "finished", "Hello"},
		"no choices as JSON":            {"application/json", strings.NewReader(`{"choices":[]}`), nil, "truncated", ""},
		"events as text":                {"text/plain", strings.NewReader(whole), nil, "finished", "Hello"},
		"events without type":           {"", strings.NewReader(whole + sse("[DONE]")), nil, "finished", "Hello"},
		"page without type":             {"", strings.NewReader(html), nil, "not stream", ""},
		"page as text":                  {"text/plain", strings.NewReader(html), nil, "not stream", ""},
		"nothing as text":               {"text/plain", strings.NewReader(""), nil, "not stream", ""},
		"error as text":                 {"text/plain", strings.NewReader(`{"error":"overloaded"}`), nil, "api error", ""},
		"cut completion as text":        {"text/plain", strings.NewReader(completion[:len(completion)-1]), nil, "not stream", ""},
		"long completion as text":       {"text/plain", strings.NewReader(completion), []stream.Option{stream.MaxErrorBytes(100)}, "not stream", ""},
		"media type in capitals":        {"TEXT/Event-Stream", strings.NewReader(whole), nil, "finished", "Hello"},
		"broken media type parameters":  {"text/event-stream; charset", strings.NewReader(whole), nil, "finished", "Hello"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := stream.Open(answer(200, test.contentType, test.body), test.opts...)
			if err != nil {
				t.Fatal(err)
			}
			for chunk, err := range s.All() {
				if (chunk == nil) == (err == nil) {
					t.Errorf("All yields %v, %v", chunk, err)
				}
			}
			checkOutcome(t, s.Err(), test.want)
			result, err := s.Result()
			if result == nil || result.Text() != test.text || err != s.Err() {
				t.Errorf("Result() = %q, %v; want %q, %v", result.Text(), err, test.text, s.Err())
			}
			if again, err2 := s.Result(); again != result || err2 != err {
				t.Error("Result changed its answer")
			}
			if s.Next() || s.Chunk() != nil || s.Raw() != nil {
				t.Error("there is a chunk after the end")
			}
			if want := strings.HasPrefix(name, "completion "); want == s.Streamed() && test.want == "finished" {
				t.Errorf("Streamed() = %v", s.Streamed())
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			var end *stream.Error
			if s.Err() != nil && (!errors.As(s.Err(), &end) || end.RequestID != "req_1") {
				t.Errorf("%v has no request ID", s.Err())
			}
		})
	}
}

// TestOpenRefuses has the answers that are known to be no stream before anything is read of one.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status            int
		contentType, body string
		want, message     string
	}{
		"error object":         {429, "application/json", `{"error":{"message":"slow down","type":"rate_limit_error","code":"rate_limit_exceeded"}}`, "api error", "slow down"},
		"error string":         {500, "application/json", `{"error":"broken"}`, "api error", "broken"},
		"message":              {400, "application/json", `{"object":"error","message":"bad","type":"BadRequestError","code":400}`, "api error", "bad"},
		"detail":               {404, "application/json", `{"detail":"Not Found"}`, "api error", "Not Found"},
		"problem":              {503, "application/problem+json", `{"title":"Down","status":503}`, "api error", "Down"},
		"page":                 {502, "text/html", "<html>Bad gateway</html>", "api error", ""},
		"text":                 {404, "text/plain", "404 page not found", "api error", "404 page not found"},
		"empty":                {500, "", "", "api error", ""},
		"events":               {500, eventStream, sse(`{"error":"x"}`), "api error", ""},
		"redirect":             {302, "", "", "api error", ""},
		"error in a 200":       {200, "application/json", `{"error":{"message":"slow down"}}`, "api error", "slow down"},
		"page in a 200":        {200, "text/html; charset=utf-8", "<html>Log in</html>", "not stream", ""},
		"a chunk":              {200, "application/json", `{"object":"chat.completion.chunk","choices":[{"delta":{"content":"x"},"message":{}}]}`, "not stream", ""},
		"a completion of text": {200, "application/json", `{"object":"text_completion","choices":[{"text":"hello"}]}`, "not stream", ""},
		"no message":           {200, "application/json", `{"choices":[{}]}`, "not stream", ""},
		"null choice":          {200, "application/json", `{"choices":[null]}`, "not stream", ""},
		"other JSON":           {200, "application/json", `{"hello":1}`, "not stream", ""},
		"JSON list":            {200, "application/json", `[{"choices":[]}]`, "not stream", ""},
		"empty JSON":           {200, "application/json", ``, "not stream", ""},
		"cut completion":       {200, "application/json", `{"choices":[`, "not stream", ""},
		"lines of JSON":        {200, "application/x-ndjson", "{\"choices\":[]}\n{\"choices\":[]}\n", "not stream", ""},
		"null error alone":     {200, "application/json", `{"error":null}`, "not stream", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := answer(test.status, test.contentType, strings.NewReader(test.body))
			s, err := stream.Open(resp)
			if s != nil {
				t.Fatal("there is a stream")
			}
			checkOutcome(t, err, test.want)
			if body, ok := resp.Body.(*closing); !ok || !body.closed {
				t.Error("the body is open")
			}
			var e *api.Error
			if errors.As(err, &e) && (e.Status != test.status || e.Message != test.message || e.RequestID != "req_1" || e.Attempts != 1) {
				t.Errorf("%+v", e)
			}
			var n *stream.NotStreamError
			if errors.As(err, &n) && (string(n.Snippet) != test.body || n.RequestID != "req_1" || strings.Contains(n.Error(), "Log in")) {
				t.Errorf("%+v: %v", n, n)
			}
		})
	}
}

// TestOpenLimits has an unstreamed completion that is longer than an event may be.
func TestOpenLimits(t *testing.T) {
	t.Parallel()
	body := `{"choices":[{"index":0,"message":{"content":"` + strings.Repeat("x", 1000) + `"},"finish_reason":"stop"}]}`
	for limit, want := range map[int]string{len(body): "finished", len(body) - 1: "too large"} {
		s, err := stream.Open(answer(200, "application/json", strings.NewReader(body)), stream.MaxEventBytes(limit))
		if err == nil {
			_, err = s.Result()
		}
		checkOutcome(t, err, want)
	}
}

// TestEveryCut cuts a stream at each byte. Whatever is left of it, the answer is told to be truncated until
// the last finish reason has arrived whole.
func TestEveryCut(t *testing.T) {
	t.Parallel()
	whole := sse(say(0, "Hel", ""), say(1, "Bon", ""), say(0, "lo", "stop"), say(1, "jour", "stop"))
	complete := len(whole)
	whole += sse("[DONE]")
	for i := range len(whole) + 1 {
		s, err := stream.Open(answer(200, eventStream, iotest.OneByteReader(strings.NewReader(whole[:i]))))
		if err != nil {
			t.Fatal(err)
		}
		result, err := s.Result()
		if i < complete {
			checkOutcome(t, err, "truncated")
		} else {
			checkOutcome(t, err, "finished")
		}
		for _, c := range result.Choices {
			if want := []string{"Hello", "Bonjour"}[c.Index]; !strings.HasPrefix(want, c.Message.Content) {
				t.Errorf("cut at %d: choice %d is %q", i, c.Index, c.Message.Content)
			}
		}
	}
}

// TestSplitResponse holds a response against what its stream accumulates to.
func TestSplitResponse(t *testing.T) {
	t.Parallel()
	var want chat.CreateChatCompletionResponse
	err := json.Unmarshal([]byte(`{"id":"c1","object":"chat.completion","created":7,"model":"m","service_tier":"flex","system_fingerprint":"fp",
		"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},
		"choices":[
			{"index":0,"finish_reason":"tool_calls","logprobs":{"content":[{"token":"a","logprob":-1,"bytes":[97],"top_logprobs":[]},{"token":"b","logprob":-2,"bytes":null,"top_logprobs":[]}],"refusal":null},
			 "message":{"role":"assistant","content":"abc","refusal":"no",
				"annotations":[{"type":"url_citation","url_citation":{"start_index":0,"end_index":1,"title":"t","url":"u"}}],
				"audio":{"id":"a1","data":"AAAA","expires_at":9,"transcript":"hi"},
				"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"t2","type":"custom","custom":{"name":"g","input":"free text"}}]}},
			{"index":1,"finish_reason":"stop","logprobs":null,"message":{"role":"assistant","content":"","refusal":"","function_call":{"name":"old","arguments":"{}"}}}]}`), &want)
	if err != nil {
		t.Fatal(err)
	}
	var acc stream.Accumulator
	if err := acc.Add(chat.Codec{}.Chunk(&want)); err != nil {
		t.Fatal(err)
	}
	if got := acc.Result(); !reflect.DeepEqual(got, &want) {
		t.Errorf("got  %+v\nwant %+v", got, &want)
	}
	if err := acc.Add(nil); err == nil {
		t.Error("a nil chunk is no error")
	}
}

func TestResultOff(t *testing.T) {
	t.Parallel()
	s, err := stream.Open(answer(200, eventStream, strings.NewReader(sse(say(0, "a", "stop")))), stream.WithoutResult())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Partial(); !errors.Is(err, stream.ErrNoResult) {
		t.Error(err)
	}
	if r, err := s.Result(); r != nil || !errors.Is(err, stream.ErrNoResult) || s.Err() != nil {
		t.Error(r, err, s.Err())
	}
}

func TestPartialAndText(t *testing.T) {
	t.Parallel()
	s, err := stream.Open(answer(200, eventStream, strings.NewReader(sse(say(0, "a", ""), say(1, "x", "stop"), say(0, "", ""), say(0, "b", "stop"), "[DONE]"))))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for text, err := range s.Text() {
		if err != nil {
			t.Fatal(err)
		}
		partial, err := s.Partial()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, text+"/"+partial.Text())
	}
	if want := []string{"a/a", "b/ab"}; !reflect.DeepEqual(got, want) || !s.Done() {
		t.Errorf("%q, done %v", got, s.Done())
	}
}

// TestLeavingTheLoop stops in the middle of a stream, goes on, and closes.
func TestLeavingTheLoop(t *testing.T) {
	t.Parallel()
	s, err := stream.Open(answer(200, eventStream, strings.NewReader(sse(say(0, "a", ""), say(0, "b", ""), say(0, "c", "stop"), "[DONE]"))))
	if err != nil {
		t.Fatal(err)
	}
	for chunk, err := range s.All() {
		if err != nil || chunk.Text() != "a" || !strings.Contains(string(s.Raw()), `"content":"a"`) {
			t.Errorf("%+v, %s", chunk, s.Raw())
		}
		break
	}
	if !s.Next() || s.Chunk().Text() != "b" {
		t.Error("the loop's end closed the stream")
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if s.Next() {
		t.Error("a chunk after Close")
	}
	checkOutcome(t, s.Err(), "cancelled")
}
