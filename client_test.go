package chatspec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// server is a Doer that answers requests in memory and keeps them.
type server struct {
	answers  []string // JSON bodies, one a request; the last is repeated
	status   int      // 200 unless set
	header   http.Header
	requests []*http.Request
	bodies   []string
	open     int // bodies that were not closed
}

func (s *server) Do(req *http.Request) (*http.Response, error) {
	body := []byte{}
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	answer := s.answers[min(len(s.requests), len(s.answers)-1)]
	s.requests, s.bodies = append(s.requests, req), append(s.bodies, string(body))
	h := s.header.Clone()
	if h == nil {
		h = http.Header{"Content-Type": {"application/json"}}
	}
	s.open++
	return &http.Response{StatusCode: max(s.status, 200), Header: h, Body: &countedBody{Reader: strings.NewReader(answer), open: &s.open}, Request: req}, nil
}

// countedBody counts down when it is closed.
type countedBody struct {
	io.Reader
	open *int
}

func (b *countedBody) Close() error { *b.open--; return nil }

const hello = `{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}`

func question() chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{Model: "m", Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Hi")}}}
}

// newClient returns a client of srv.
func newClient(t *testing.T, srv *server, opts ...chatspec.Option) *chatspec.Client {
	t.Helper()
	if srv != nil {
		t.Cleanup(func() {
			if srv.open != 0 {
				t.Errorf("%d bodies were not closed once", srv.open)
			}
		})
	}
	c, err := chatspec.New(append([]chatspec.Option{chatspec.WithBaseURL("http://test.internal/v1"), chatspec.WithHTTPClient(srv)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		option chatspec.Option
		want   string
	}{
		"nothing":          {nil, "no API key: use WithAPIKey or OPENAI_API_KEY, or WithBaseURL or OPENAI_BASE_URL"},
		"other scheme":     {chatspec.WithBaseURL("ftp://x"), "WithBaseURL: want http://"},
		"no scheme":        {chatspec.WithBaseURL("localhost:8080"), "WithBaseURL: want http://"},
		"no host":          {chatspec.WithBaseURL("http:///v1"), "no host"},
		"user":             {chatspec.WithBaseURL("http://u:geheim@x"), "has a user"},
		"fragment":         {chatspec.WithBaseURL("http://x/v1#"), "has a fragment"},
		"a whole path":     {chatspec.WithBaseURL("http://x/v1/chat/completions"), "leave out /chat/completions, which is added"},
		"with a slash":     {chatspec.WithBaseURL("http://x/chat/completions/?v=1"), "leave out /chat/completions, which is added"},
		"port only":        {chatspec.WithBaseURL("http://:80/v1"), "no host"},
		"query":            {chatspec.WithBaseURL("http://x/?geheim=%zz"), "the query of the URL is malformed"},
		"not a URL":        {chatspec.WithBaseURL("http://geheim\x7f"), "WithBaseURL: want http://"},
		"key with newline": {chatspec.WithAPIKey("geheim\n"), "WithAPIKey: the value has control characters"},
		"header name":      {chatspec.WithHeader("a b", "x"), "WithHeader"},
		"header Host":      {chatspec.WithHeader("host", "x"), "WithHeader: Host follows"},
		"header value":     {chatspec.WithHeader("a", "geheim\r\nb: c"), "WithHeader: the value has control characters"},
		"nil client":       {chatspec.WithHTTPClient(nil), "WithHTTPClient"},
		"nil middleware":   {chatspec.WithMiddleware(nil), "WithMiddleware"},
		"no Doer":          {chatspec.WithMiddleware(func(chatspec.Doer) chatspec.Doer { return nil }), "the middleware returned nil"},
		"key header":       {chatspec.WithKeyHeader("a b"), "WithKeyHeader"},
		"nil key function": {chatspec.WithAPIKeyFunc(nil), "WithAPIKeyFunc: nil"},
		"nil policy":       {chatspec.WithRetryPolicy(nil), "WithRetryPolicy: nil"},
		"retries":          {chatspec.WithMaxRetries(-1), "WithMaxRetries: -1 is negative"},
		"plain http":       {chatspec.WithBaseURL("http://example.com"), "a key would go over plain http to example.com"},
		"nil http.Client":  {chatspec.WithHTTPClient((*http.Client)(nil)), "WithHTTPClient"},
		"stream option":    {chatspec.WithStreamOptions(stream.IdleTimeout(0)), "WithStreamOptions: stream: IdleTimeout"},
		"no stream option": {chatspec.WithStreamOptions(nil), "an option is nil"},
		"body limit":       {chatspec.WithMaxBodyBytes(0), "WithMaxBodyBytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var opts []chatspec.Option
			if test.option != nil {
				opts = []chatspec.Option{chatspec.WithAPIKey("k"), test.option}
			}
			c, err := chatspec.New(opts...)
			if c != nil || err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "geheim") {
				t.Errorf("%v, %v; want %q", c, err, test.want)
			}
		})
	}
}

func TestFromEnv(t *testing.T) { //nolint:paralleltest // it sets environment variables
	for name, value := range map[string]string{"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://env.internal/x/", "OPENAI_ORG_ID": "o", "OPENAI_PROJECT_ID": "p"} {
		t.Setenv(name, value)
	}
	srv := &server{answers: []string{hello}}
	c, err := chatspec.FromEnv(chatspec.WithHTTPClient(srv), chatspec.WithProject("mine"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Create(t.Context(), question()); err != nil {
		t.Fatal(err)
	}
	req := srv.requests[0]
	if got := req.URL.String(); got != "http://env.internal/x/chat/completions" {
		t.Error(got)
	}
	for name, want := range map[string]string{"Authorization": "Bearer k", "OpenAI-Organization": "o", "OpenAI-Project": "mine", "User-Agent": "chatspec/" + chatspec.Version} {
		if got := req.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"http://h":              "http://h/chat/completions",
		"http://h/":             "http://h/chat/completions",
		"https://h:1/v1":        "https://h:1/v1/chat/completions",
		"https://h/v1/":         "https://h/v1/chat/completions",
		"https://h/a%2Fb/c":     "https://h/a%2Fb/c/chat/completions",
		chatspec.DefaultBaseURL: "https://api.openai.com/v1/chat/completions",
	} {
		srv := &server{answers: []string{hello}}
		if _, err := newClient(t, srv, chatspec.WithBaseURL(base)).Create(t.Context(), question()); err != nil {
			t.Fatal(err)
		}
		if got := srv.requests[0].URL.String(); got != want {
			t.Errorf("%s: %s, want %s", base, got, want)
		}
	}
	if !strings.Contains(chatspec.Spec, "- url: "+chatspec.DefaultBaseURL+"\n") {
		t.Error("the document names another server")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	srv := &server{answers: []string{hello}}
	c := newClient(t, srv, chatspec.WithAPIKey("k"), chatspec.WithHeader("x-a", "client"), chatspec.WithHeader("x-b", "client"))
	_, err := c.Create(t.Context(), question(), chatspec.WithHeader("X-A", "call"), chatspec.WithHeader("authorization", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "c1"); err != nil {
		t.Fatal(err)
	}
	resp, err := c.Raw().GetChatCompletion(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	for i, want := range []string{"call client ", "client client Bearer k", "client client Bearer k"} {
		h := srv.requests[i].Header
		if got := h.Get("X-A") + " " + h.Get("X-B") + " " + h.Get("Authorization"); got != want {
			t.Errorf("request %d has %q, want %q", i, got, want)
		}
	}
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	var order []string
	layer := func(name string) func(chatspec.Doer) chatspec.Doer {
		return func(next chatspec.Doer) chatspec.Doer {
			return doerFunc(func(req *http.Request) (*http.Response, error) {
				order = append(order, name+req.Header.Get("Authorization"))
				return next.Do(req)
			})
		}
	}
	srv := &server{answers: []string{hello}}
	c := newClient(t, srv, chatspec.WithAPIKey("k"), chatspec.WithMiddleware(layer("outer")), chatspec.WithMiddleware(layer("inner")))
	if _, err := c.Create(t.Context(), question()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"outer", "inner"}; !slices.Equal(order, want) || srv.requests[0].Header.Get("Authorization") != "Bearer k" {
		t.Errorf("%q, want %q", order, want)
	}
}

// TestCallsAreApart: what a middleware or a Doer does to the request of one call, no other call sees.
func TestCallsAreApart(t *testing.T) {
	t.Parallel()
	spoil := func(req *http.Request) {
		req.URL.Host, req.URL.Path = "elsewhere.internal", "/"
		req.Header.Set("Content-Type", "spoiled")
		req.Header.Set("X-Spoiled", "yes")
	}
	for name, spoiling := range map[string]func(*testing.T, *server) *chatspec.Client{
		"a middleware": func(t *testing.T, srv *server) *chatspec.Client {
			return newClient(t, srv, chatspec.WithMiddleware(func(next chatspec.Doer) chatspec.Doer {
				return doerFunc(func(req *http.Request) (*http.Response, error) {
					resp, err := next.Do(req)
					spoil(req)
					return resp, err
				})
			}))
		},
		"a Doer": func(t *testing.T, srv *server) *chatspec.Client {
			return newClient(t, nil, chatspec.WithHTTPClient(doerFunc(func(req *http.Request) (*http.Response, error) {
				resp, err := srv.Do(req.Clone(req.Context()))
				spoil(req)
				return resp, err
			})))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := &server{answers: []string{hello, hello}}
			c := spoiling(t, srv)
			for range 2 {
				if _, err := c.Create(t.Context(), question()); err != nil {
					t.Fatal(err)
				}
			}
			first, second := srv.requests[0], srv.requests[1]
			if first.URL.String() != second.URL.String() || second.Header.Get("Content-Type") != "application/json" || second.Header.Get("X-Spoiled") != "" {
				t.Errorf("%s %v", second.URL, second.Header)
			}
		})
	}
}

// TestSentAgainByMiddleware: each answer knows of its own attempts, however often a middleware sends the call.
func TestSentAgainByMiddleware(t *testing.T) {
	t.Parallel()
	var attempts []int
	srv := &script{steps: []step{{status: 500, header: http.Header{"Retry-After-Ms": {"1"}}}, success}}
	c := srv.client(t, chatspec.WithMiddleware(func(next chatspec.Doer) chatspec.Doer {
		return doerFunc(func(req *http.Request) (*http.Response, error) {
			var answers []*http.Response
			for range 3 {
				resp, err := next.Do(req)
				if err != nil {
					return nil, err
				}
				answers = append(answers, resp)
				if req.Body, err = req.GetBody(); err != nil {
					return nil, err
				}
			}
			for _, resp := range answers {
				attempts = append(attempts, api.Attempts(resp))
			}
			_, _ = answers[0].Body.Close(), answers[1].Body.Close()
			return answers[2], nil
		})
	}))
	if _, err := c.Create(t.Context(), question()); err != nil {
		t.Fatal(err)
	}
	if want := []int{2, 1, 1}; !slices.Equal(attempts, want) {
		t.Errorf("%v attempts, want %v", attempts, want)
	}
}

type doerFunc func(*http.Request) (*http.Response, error)

func (f doerFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

// TestBadInput has what is refused before anything is sent.
func TestBadInput(t *testing.T) {
	t.Parallel()
	srv := &server{answers: []string{hello}}
	c := newClient(t, srv)
	ctx := t.Context()
	streaming := question()
	streaming.Stream = true
	holed := question()
	holed.Messages = append(holed.Messages, nil)
	create := func(req chat.CreateChatCompletionRequest, opts ...chatspec.CallOption) error {
		_, err := c.Create(ctx, req, opts...)
		return err
	}
	tests := map[string]struct {
		err  error
		want string
	}{
		"stream set":     {create(streaming), "use the method Stream"},
		"no messages":    {create(chat.CreateChatCompletionRequest{Model: "m"}), "no messages"},
		"nil message":    {create(holed), "messages[1] is nil"},
		"known field":    {create(question(), chatspec.WithBodyField("model", "x")), `"model" is a field of the document`},
		"unwritable":     {create(question(), chatspec.WithBodyField("x", func() {})), "WithBodyField"},
		"bad header":     {create(question(), chatspec.WithHeader("", "x")), "WithHeader"},
		"stream, empty":  {second(c.Stream(ctx, chat.CreateChatCompletionRequest{})), "no messages"},
		"get":            {second(c.Get(ctx, "")), "Get: the completion ID is empty"},
		"get, parent":    {second(c.Get(ctx, "..")), "is not a completion ID"},
		"update":         {second(c.Update(ctx, "", chat.ChatCompletionUpdate{})), "Update: the completion ID is empty"},
		"delete":         {second(c.Delete(ctx, "")), "Delete: the completion ID is empty"},
		"messages":       {last(c.Messages(ctx, "", chat.GetChatCompletionMessagesParams{})), "Messages: the completion ID is empty"},
		"field, no body": {second(c.Get(ctx, "c1", chatspec.WithBodyField("x", 1))), "the call has no body"},
	}
	for name, test := range tests {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, test.err, test.want)
		}
	}
	if n := len(srv.requests); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func second[T any](_ T, err error) error { return err }

func last[T any](seq func(func(T, error) bool)) (err error) {
	seq(func(_ T, e error) bool { err = e; return true })
	return err
}

func TestBodyFields(t *testing.T) {
	t.Parallel()
	srv := &server{answers: []string{hello}}
	_, err := newClient(t, srv).Create(t.Context(), question(),
		chatspec.WithBodyField("x_test_field", 4), chatspec.WithBodyField("x_test_field", 5), chatspec.WithBodyField("x_test_object", map[string]any{"a": map[string]any{}}))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"model":"m","messages":[{"role":"user","content":"Hi"}],"x_test_field":5,"x_test_object":{"a":{}}}`
	if srv.bodies[0] != want {
		t.Errorf("%s\nwant\n%s", srv.bodies[0], want)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	res, err := newClient(t, &server{answers: []string{hello}}).Create(t.Context(), question())
	if err != nil {
		t.Fatal(err)
	}
	if res.Text() != "Hello" || res.FinishReason() != chat.FinishReasonStop || res.ToolCalls() != nil {
		t.Errorf("%+v", res)
	}
	if want := (chat.AssistantMessage{Role: "assistant", Content: chat.Text("Hello")}); !reflect.DeepEqual(res.Message(), want) {
		t.Errorf("%+v, want %+v", res.Message(), want)
	}
	empty := new(chat.CreateChatCompletionResponse)
	if empty.Text() != "" || empty.FinishReason() != "" || empty.ToolCalls() != nil || empty.Message().Content != nil {
		t.Error("a response without choices says something")
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	srv := &server{
		header:  http.Header{"Content-Type": {"text/event-stream"}},
		answers: []string{"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\n"},
	}
	c := newClient(t, srv)
	s, err := c.Stream(t.Context(), question())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if res, err := s.Result(); err != nil || res.Text() != "Hello" {
		t.Errorf("%+v, %v", res, err)
	}
	if !strings.Contains(srv.bodies[0], `"stream":true`) || srv.requests[0].Header.Get("Accept") != "text/event-stream" {
		t.Error(srv.bodies[0], srv.requests[0].Header)
	}

	two := question()
	two.N = new(2)
	withUsage := question()
	withUsage.StreamOptions = &chat.StreamOptions{IncludeUsage: true}
	for _, req := range []chat.CreateChatCompletionRequest{two, withUsage} {
		s, err := c.Stream(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Result(); !errors.Is(err, stream.ErrTruncated) {
			t.Errorf("an answer without all that was asked for: %v", err)
		}
		_ = s.Close()
	}
}

// TestAnswers has answers that are not what was asked for.
func TestAnswers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status      int
		contentType string
		body        string
		check       func(error) bool
	}{
		"refused": {401, "application/json", `{"error":{"message":"no","type":"invalid_request_error","code":"invalid_api_key","param":"x"}}`, is(api.ErrAuthentication)},
		"login page": {200, "text/html; charset=x", "<html>", func(err error) bool {
			var e *api.DecodeError
			return errors.As(err, &e) && e.MediaType == "text/html"
		}},
		"empty":          {200, "application/json", "", isDecodeError},
		"other JSON":     {200, "application/json", "{}", isDecodeError},
		"no choices":     {200, "application/json", `{"choices":[]}`, isDecodeError},
		"error in a 200": {200, "application/json", `{"error":{"message":"no","code":429}}`, is(api.ErrRateLimit)},
		"null error":     {200, "application/json", `{"error":null,` + hello[1:], func(err error) bool { return err == nil }},
		"blank lines":    {200, "application/json", strings.Repeat("\n", 100) + hello, func(err error) bool { return err == nil }},
		"too large":      {200, "application/json", hello + strings.Repeat(" ", 1000), func(err error) bool { var e *api.TooLargeError; return errors.As(err, &e) }},
		"a chunk":        {200, "application/json", `{"object":"chat.completion.chunk","choices":[{"finish_reason":"stop"}]}`, isDecodeError},
		"empty choice":   {200, "application/json", `{"choices":[{}]}`, isDecodeError},
		"null choice":    {200, "application/json", `{"choices":[null]}`, isDecodeError},
		"events":         {200, "text/event-stream", "data: {}\n\n", isDecodeError},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := &server{status: test.status, header: http.Header{"Content-Type": {test.contentType}}, answers: []string{test.body}}
			if _, err := newClient(t, srv).Create(t.Context(), question(), chatspec.WithMaxBodyBytes(900)); !test.check(err) {
				t.Error(err)
			}
		})
	}
}

func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

func isDecodeError(err error) bool { var e *api.DecodeError; return errors.As(err, &e) }

// listPage is a page of completions with these IDs.
func listPage(more bool, lastID string, ids ...string) string {
	var items []string
	for _, id := range ids {
		items = append(items, strings.Replace(hello, "c1", id, 1))
	}
	return fmt.Sprintf(`{"object":"list","data":[%s],"first_id":"","last_id":%q,"has_more":%v}`, strings.Join(items, ","), lastID, more)
}

func TestList(t *testing.T) {
	t.Parallel()
	srv := &server{answers: []string{listPage(true, "b", "a", "b"), listPage(true, "", "c", "d"), listPage(false, "e", "e")}}
	c := newClient(t, srv)
	params := chat.ListChatCompletionsParams{Limit: new(2), Metadata: &chat.Metadata{"k & k": "v"}, Order: new(chat.OrderDesc)}
	var ids []string
	for item, err := range c.List(t.Context(), params) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, item.ID)
	}
	if got := strings.Join(ids, ""); got != "abcde" {
		t.Errorf("items %s", got)
	}
	const fixed = "limit=2&metadata[k & k]=v&order=desc"
	for i, after := range []string{"", "after=b&", "after=d&"} {
		if got := srv.requests[i].URL.Query().Encode(); got != query(after+fixed) {
			t.Errorf("request %d asks %s, want %s", i, got, query(after+fixed))
		}
	}
	if params.After != nil {
		t.Error("the caller's params were changed")
	}
	for _, err := range c.List(t.Context(), params) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if n := len(srv.requests); n != 4 {
		t.Errorf("%d requests, want 4: leaving the loop ends it", n)
	}
}

func query(s string) string {
	req, _ := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://x/?"+strings.NewReplacer(" ", "%20", "k & k", "k+%26+k").Replace(s), http.NoBody)
	return req.URL.Query().Encode()
}

func TestListErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answers []string
		want    string
		items   int
	}{
		"refused on the second page": {[]string{listPage(true, "a", "a"), `{"error":"gone"}`}, "gone", 1},
		"not a list":                 {[]string{`{}`}, "not what the operation answers", 0},
		"no items, no way on":        {[]string{listPage(true, "")}, "not from where", 0},
		"no way on":                  {[]string{listPage(true, "a", "a"), listPage(true, "a", "a")}, "not from where", 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items, errs := 0, 0
			for item, err := range newClient(t, &server{answers: test.answers}).List(t.Context(), chat.ListChatCompletionsParams{}) {
				if err == nil {
					items++
					continue
				}
				errs++
				if item != nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("%v, %v; want %q", item, err, test.want)
				}
			}
			if items != test.items || errs != 1 {
				t.Errorf("%d items, %d errors", items, errs)
			}
		})
	}
}

func TestStoredCompletions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	srv := &server{answers: []string{
		hello, hello, `{"id":"a/b","object":"chat.completion.deleted","deleted":true}`,
		`{"object":"list","data":[{"id":"m1","role":"user","content":"Hi"}],"has_more":false}`,
	}}
	c := newClient(t, srv)
	if res, err := c.Get(ctx, "a/b"); err != nil || res.ID != "c1" {
		t.Error(res, err)
	}
	if res, err := c.Update(ctx, "a/b", chat.ChatCompletionUpdate{Metadata: chat.Metadata{"k": "v"}}); err != nil || res.ID != "c1" {
		t.Error(res, err)
	}
	if res, err := c.Delete(ctx, "a/b"); err != nil || !res.Deleted {
		t.Error(res, err)
	}
	for m, err := range c.Messages(ctx, "a/b", chat.GetChatCompletionMessagesParams{}) {
		if err != nil || m.ID != "m1" || m.Content != "Hi" {
			t.Error(m, err)
		}
	}
	for i, want := range []string{"GET /v1/chat/completions/a%2Fb ", `POST /v1/chat/completions/a%2Fb {"metadata":{"k":"v"}}`, "DELETE /v1/chat/completions/a%2Fb ", "GET /v1/chat/completions/a%2Fb/messages "} {
		if got := srv.requests[i].Method + " " + srv.requests[i].URL.RequestURI() + " " + srv.bodies[i]; got != want {
			t.Errorf("request %d is %s, want %s", i, got, want)
		}
	}
}

func TestNewDoer(t *testing.T) {
	t.Parallel()
	srv := &server{answers: []string{hello}}
	doer, err := chatspec.NewDoer(chatspec.WithAPIKey("k"), chatspec.WithHTTPClient(srv))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.openai.com/v1/other", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := doer.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if srv.requests[0].Header.Get("Authorization") != "Bearer k" || len(req.Header) > 0 {
		t.Error(srv.requests[0].Header, req.Header)
	}
	for _, elsewhere := range []string{"https://other.example/v1", "http://api.openai.com/v1", "https://api.openai.com:8443/v1"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, elsewhere, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := doer.Do(req); err == nil || len(srv.requests) > 1 {
			t.Errorf("%s got the key", elsewhere)
			_ = resp.Body.Close()
		}
	}
}

// TestKeyIsNotPrinted prints a client, its generated client and its Doer in every way that reaches fields.
func TestKeyIsNotPrinted(t *testing.T) {
	t.Parallel()
	c := newClient(t, &server{answers: []string{hello}}, chatspec.WithAPIKey("geheim"))
	doer, err := chatspec.NewDoer(chatspec.WithAPIKey("geheim"))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{c, *c, c.Raw(), *c.Raw(), doer} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "geheim") || strings.Contains(got, "67656865696d") {
				t.Errorf("%s prints %s", verb, got)
			}
		}
	}
}

func TestDataURL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, want := range map[string]string{
		"a.png": "data:image/png;base64,aGk=",
		"a.pdf": "data:application/pdf;base64,aGk=",
		"a":     "data:text/plain;base64,aGk=",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("hi"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := chatspec.DataURL(path, 2); got != want || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		var tooLarge *api.TooLargeError
		if _, err := chatspec.DataURL(path, 1); !errors.As(err, &tooLarge) || tooLarge.What != "file" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := chatspec.DataURL(filepath.Join(dir, "none"), 1); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestOddDoers has Doers that break their contract, and one whose error names a URL with a query.
func TestOddDoers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doer doerFunc
		want string
	}{
		"nothing": {func(*http.Request) (*http.Response, error) { return nil, nil }, "neither a response nor an error"}, //nolint:nilnil // that is what is tested
		"no body": {func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusInternalServerError}, nil
		}, "500 Internal Server Error"},
		"empty": {func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: http.StatusOK}, nil }, "malformed response"},
		"query": {func(req *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: req.URL.String() + "?user=geheim", Err: errors.New("no route")}
		}, `http://test.internal/v1/chat/completions": no route`},
	} {
		_, err := newClient(t, nil, chatspec.WithHTTPClient(test.doer)).Create(t.Context(), question())
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// TestErrorFields holds api.Error against the document's error schema, which it repeats.
func TestErrorFields(t *testing.T) {
	t.Parallel()
	for f := range reflect.TypeFor[chat.Error]().Fields() {
		if _, ok := reflect.TypeFor[api.Error]().FieldByName(f.Name); !ok {
			t.Errorf("api.Error has no %s", f.Name)
		}
	}
}

// TestStreamOptionsStayWithStreams has one request for both methods.
func TestStreamOptionsStayWithStreams(t *testing.T) {
	t.Parallel()
	s := &script{steps: []step{success, {status: http.StatusOK, body: "data: [DONE]\n\n"}}}
	client := s.client(t)
	req := question()
	req.StreamOptions = &chat.StreamOptions{IncludeUsage: true}
	if _, err := client.Create(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	st, err := client.Stream(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if strings.Contains(s.body[0], "stream_options") || !strings.Contains(s.body[1], `"stream_options":{"include_usage":true}`) || req.StreamOptions == nil {
		t.Errorf("%q, and the request has %v", s.body, req.StreamOptions)
	}
}
