package calls_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
	"github.com/chatspec/chatspec/tests/faults/calls"
)

// keyed are the ways to give a client a key.
var keyed = map[string][]chatspec.Option{
	"WithAPIKey":     {chatspec.WithAPIKey(calls.Key)},
	"WithAPIKeyFunc": {chatspec.WithAPIKeyFunc(func(context.Context) (string, error) { return calls.Key, nil })},
	"WithKeyHeader":  {chatspec.WithAPIKey(calls.Key), chatspec.WithKeyHeader("X-Own")},
	"Authorization":  {chatspec.WithHeader("Authorization", "bearer  "+calls.Key)},
	"Basic":          {chatspec.WithHeader("Authorization", "Basic "+calls.Key)},
	"Api-Key":        {chatspec.WithHeader("Api-Key", calls.Key)},
	"X-Api-Key":      {chatspec.WithHeader("X-Api-Key", calls.Key)},
	"Proxy":          {chatspec.WithHeader("Proxy-Authorization", calls.Key)},
	"Cookie":         {chatspec.WithHeader("Cookie", calls.Key)},
}

// told is what a server sends, as bytes, that repeats the key and, outside of an error's message, the prompt.
var told = map[string]string{
	"message":        answer(401, "application/json", `{"error":{"message":"`+calls.Key+`","type":"`+calls.Key+`","param":"`+calls.Key+`","code":"`+calls.Key+`"}}`),
	"string":         answer(403, "application/json", `{"error":"`+calls.Key+`"}`),
	"problem":        answer(403, "application/problem+json", `{"title":"`+calls.Key+`","detail":"`+calls.Key+`"}`),
	"FastAPI":        answer(422, "application/json", `{"detail":[{"msg":"`+calls.Key+`","input":"`+calls.Prompt+`"}]}`),
	"other JSON":     answer(400, "application/json", `{"headers":"`+calls.Key+`","body":"`+calls.Prompt+`"}`),
	"page":           answer(403, "text/html", "<p>"+calls.Key+calls.Prompt),
	"text":           answer(403, "text/plain", calls.Key),
	"stream refused": answer(403, "text/event-stream", "data: "+calls.Key+calls.Prompt+"\n\n"),
	"page, 200":      answer(200, "text/html", "<p>"+calls.Key+calls.Prompt),
	"text, 200":      answer(200, "text/plain", calls.Key+calls.Prompt),
	"no type":        answer(200, "", calls.Key+calls.Prompt),
	"wrong JSON":     answer(200, "application/json", `{"choices":"`+calls.Key+calls.Prompt+`"}`),
	"broken JSON":    answer(200, "application/json", calls.Key+calls.Prompt),
	"error, 200":     answer(200, "application/json", `{"error":{"message":"`+calls.Key+`"}}`),
	"empty":          answer(200, "application/json", ""),
	"media type":     answer(200, "text/"+calls.Key, "?"),
	"redirect":       "HTTP/1.1 302 " + calls.Key + "\r\nLocation: http://other.internal/?" + calls.Key + "&" + calls.Prompt + "\r\nContent-Length: 0\r\n\r\n",
	"lost redirect":  "HTTP/1.1 307 Found\r\nLocation: http://[" + calls.Key + "/?" + calls.Prompt + "\r\nContent-Length: 0\r\n\r\n",
	"not HTTP":       calls.Key + "\r\n\r\n",
	"echo":           "POST /v1/chat/completions?" + strings.ReplaceAll(calls.Prompt, " ", "+") + " HTTP/1.1\r\n\r\n",
	"status line":    "HTTP/1.1 " + calls.Key + "\r\n\r\n",
	"header":         "HTTP/1.1 200 OK\r\n" + calls.Key + "\r\n\r\n",
	"length":         "HTTP/1.1 200 OK\r\nContent-Length: " + calls.Key + "\r\n\r\n",
	"coding":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + calls.Key + "\r\n\r\n",
	"trailer":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n2\r\n{ \r\n0\r\n" + calls.Key + "\r\n\r\n",
	"events":         answer(200, "text/event-stream", "data: "+calls.Key+calls.Prompt+"\n\n"),
	"wrong chunk":    answer(200, "text/event-stream", `data: {"choices":"`+calls.Key+calls.Prompt+`"}`+"\n\n"),
	"error event":    answer(200, "text/event-stream", "event: error\ndata: "+calls.Key+"\n\n"),
	"cut":            answer(200, "text/event-stream", "data: "+calls.Key+calls.Prompt),
	"cut, trailer":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n2\r\n: \r\n0\r\n" + calls.Key + "\r\n\r\n",
	"reset":          "",
}

// answer is a response whose request ID repeats the key, too.
func answer(status int, contentType, body string) string {
	if contentType != "" {
		contentType = "Content-Type: " + contentType + "\r\n"
	}
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nX-Request-Id: %s\r\n%sContent-Length: %d\r\n\r\n%s", status, calls.Key, calls.Key, contentType, len(body), body)
}

// TestSecrets has servers that repeat the key and the prompt in all that they can send, and looks for both in all
// that a program can print. The prompt may be where a server's message quotes it, which none of these do, and in
// fields that hold what the server sent. The caller's own data, a Call's Request and the Header of an answer, are
// not looked at.
func TestSecrets(t *testing.T) {
	t.Parallel()
	for shape, bytes := range told {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			base := serve(t, bytes)
			for way, opts := range keyed {
				if way != "WithAPIKey" && shape != "page" && shape != "trailer" && shape != "page, 200" {
					continue // one way is enough for most
				}
				w := &witness{t: t, name: shape + ", " + way}
				opts = append(opts, chatspec.WithBaseURL(base+"/v1?key="+calls.Key+"&user="+calls.Filter), chatspec.WithMaxRetries(1),
					chatspec.WithHooks(w.hooks()), chatspec.WithRetryPolicy(func(failed chatspec.Attempt) (time.Duration, bool) {
						w.attempt(failed)
						return 0, true
					}))
				client, err := chatspec.New(opts...)
				if err != nil {
					t.Fatal(err)
				}
				w.client(client)
				w.ask(client)
				client.CloseIdleConnections()
			}
		})
	}
}

// serve answers every request with the same bytes and closes the connection; it resets it where there are none.
func serve(t *testing.T, bytes string) (base string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		if bytes == "" {
			_ = c.(*net.TCPConn).SetLinger(0)
		}
		_, _ = io.WriteString(c, bytes)
		_ = c.Close()
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// witness looks for secrets in what it is shown.
type witness struct {
	t    *testing.T
	name string
}

// ask makes all kinds of calls.
func (w *witness) ask(client *chatspec.Client) {
	ctx := w.t.Context()
	req := chat.CreateChatCompletionRequest{Model: "m", User: calls.Filter, Messages: chat.Messages{chat.UserMessage{Content: chat.Text(calls.Prompt)}}}
	var meta chatspec.Response
	_, err := client.Create(ctx, req, chatspec.WithResponse(&meta))
	w.response(meta)
	w.failure("Create", err)
	st, err := client.Stream(ctx, req, chatspec.WithResponse(&meta))
	w.response(meta)
	if err == nil {
		_, err = st.Result()
		_ = st.Close()
	}
	w.failure("Stream", err)
	for _, err := range client.List(ctx, chat.ListChatCompletionsParams{Metadata: &chat.Metadata{"user": calls.Filter}}, chatspec.WithResponse(&meta)) {
		w.failure("List", err)
	}
	w.response(meta)
	resp, err := client.Raw().CreateChatCompletion(ctx, req)
	if err == nil {
		if st, err = stream.Open(resp); err == nil {
			_, err = st.Result()
			_ = st.Close()
		}
	}
	w.failure("Raw", err)
}

// client looks at what is printed of a client and its parts.
func (w *witness) client(client *chatspec.Client) {
	w.printed("the client", client)
	w.printed("the client's value", *client)
	w.printed("Raw", client.Raw())
	w.printed("Raw's value", *client.Raw())
}

// failure looks at an error, and at those in it that a program finds with errors.As.
func (w *witness) failure(name string, err error) {
	w.t.Helper()
	if err == nil {
		w.t.Errorf("%s: %s: no error", w.name, name)
		return
	}
	w.printed(name, err)
	w.texts(name, err)
	if e, ok := errors.AsType[*api.Error](err); ok {
		w.printed(name+", *api.Error", e)
		w.printed(name+", api.Error", *e)
		w.texts(name, e)
	}
	if e, ok := errors.AsType[*api.ResponseError](err); ok {
		w.printed(name+", *api.ResponseError", e)
		w.texts(name, e)
	}
	if e, ok := errors.AsType[*api.DecodeError](err); ok {
		w.printed(name+", *api.DecodeError", e)
		w.texts(name, e)
	}
	if e, ok := errors.AsType[*stream.Error](err); ok {
		w.printed(name+", *stream.Error", e)
		w.texts(name, e)
	}
	if e, ok := errors.AsType[*stream.NotStreamError](err); ok {
		w.printed(name+", *stream.NotStreamError", e)
		w.texts(name, e)
	}
}

// printed looks for the key in all ways to print v.
func (w *witness) printed(name string, v any) {
	w.t.Helper()
	if way := calls.Find(calls.Key, calls.Printed(v)); way != "" {
		w.t.Errorf("%s: the key is in %s of %s: %s", w.name, way, name, fmt.Sprintf("%.300v", v))
	}
}

// texts looks for the prompt and the query in what is printed of an error without its fields.
func (w *witness) texts(name string, err error) {
	w.t.Helper()
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err)} {
		for _, secret := range []string{calls.Prompt, strings.ReplaceAll(calls.Prompt, " ", "+"), calls.Filter} {
			if strings.Contains(text, secret) {
				w.t.Errorf("%s: %s has %q: %s", w.name, name, secret, text)
			}
		}
		if strings.ContainsAny(text, "\r\n\x00") {
			w.t.Errorf("%s: %s is not one line: %q", w.name, name, text)
		}
	}
}

// response looks at what is known of an answer beside the header.
func (w *witness) response(r chatspec.Response) {
	r.Header = nil
	w.printed("Response", r)
}

// attempt looks at what a hook and a policy see of a failed attempt.
func (w *witness) attempt(a chatspec.Attempt) {
	a.Header = nil
	w.printed("Attempt", a)
	w.failure("Attempt.Err", a.Err)
}

// hooks look at what they see, beside the caller's own data.
func (w *witness) hooks() chatspec.Hooks {
	look := func(_ context.Context, call chatspec.Call) {
		w.printed("Call, as text", fmt.Sprintf("%v %+v", call, call)) // Request is a pointer there
		call.Request, call.Response.Header = nil, nil
		w.printed("Call", call)
		if call.Err != nil {
			w.failure("Call.Err", call.Err)
		}
		for _, secret := range []string{calls.Prompt, calls.Filter} {
			if strings.Contains(fmt.Sprintf("%+v", call), secret) {
				w.t.Errorf("%s: a Call has %q", w.name, secret)
			}
		}
	}
	return chatspec.Hooks{
		Start: func(ctx context.Context, call chatspec.Call) context.Context {
			look(ctx, call)
			return ctx
		},
		Retry:   func(_ context.Context, failed chatspec.Attempt) { w.attempt(failed) },
		Headers: look, FirstEvent: look, End: look,
	}
}

// TestSecretsOfOptions has options that are refused, and clients that send nothing.
func TestSecretsOfOptions(t *testing.T) {
	t.Parallel()
	w := &witness{t: t, name: "options"}
	for name, opt := range map[string]chatspec.Option{
		"key":              chatspec.WithAPIKey(calls.Key + "\n"),
		"header":           chatspec.WithHeader("X-Own", calls.Key+"\x00"),
		"organization":     chatspec.WithOrganization(calls.Key + "\r"),
		"project":          chatspec.WithProject(calls.Key + "\x7f"),
		"user":             chatspec.WithBaseURL("https://user:" + calls.Key + "@h.internal/v1"),
		"broken URL":       chatspec.WithBaseURL("https://" + calls.Key + "\x00/"),
		"broken query":     chatspec.WithBaseURL("https://h.internal/?key=" + calls.Key + "%zz"),
		"fragment":         chatspec.WithBaseURL("https://h.internal/#" + calls.Key),
		"other scheme":     chatspec.WithBaseURL("ftp://h.internal/" + calls.Key),
		"Azure":            chatspec.WithAzure("https://user:"+calls.Key+"@h.internal", "d", "v"),
		"Azure, query":     chatspec.WithAzure("https://h.internal/?key="+calls.Key, "d", "v"),
		"plain http":       chatspec.WithBaseURL("http://h.example/?key=" + calls.Key),
		"retries":          chatspec.WithMaxRetries(-1),
		"no stream option": chatspec.WithStreamOptions(nil),
	} {
		_, err := chatspec.New(chatspec.WithAPIKey(calls.Key), opt)
		w.failure(name, err)
		_, err = chatspec.NewDoer(chatspec.WithAPIKey(calls.Key), opt)
		w.failure(name+", NewDoer", err)
	}
	for name, opts := range keyed {
		opts = append(opts, chatspec.WithBaseURL("https://h.internal/?key="+calls.Key), chatspec.WithHeader("X-Other", calls.Key))
		client, err := chatspec.New(opts...)
		if err != nil {
			t.Fatal(name, err)
		}
		w.client(client)
		doer, err := chatspec.NewDoer(opts...)
		if err != nil {
			t.Fatal(name, err)
		}
		w.printed(name+", NewDoer", doer)
		for _, opt := range opts {
			w.printed(name+", the option", opt)
		}
	}
}

// TestSecretsOfRefusedCalls has calls that are never sent.
func TestSecretsOfRefusedCalls(t *testing.T) {
	t.Parallel()
	w := &witness{t: t, name: "refused"}
	client, err := chatspec.New(chatspec.WithAPIKey(calls.Key), chatspec.WithBaseURL("https://h.internal/v1?key="+calls.Key),
		chatspec.WithHTTPClient(doerFunc(func(req *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("dump: %v %s", req.Header, req.Header.Get("User-Agent")) // what it does not do by itself
		})))
	if err != nil {
		t.Fatal(err)
	}
	req := question()
	ctx := t.Context()
	fails := func(name string, _ any, err error) { w.failure(name, err) }
	c, err := client.Create(ctx, req)
	fails("a transport that dumps", c, err)
	c, err = client.Create(ctx, req, chatspec.WithHeader("X-Own", calls.Key+"\n"))
	fails("a header of the call", c, err)
	c, err = client.Create(ctx, req, chatspec.WithBodyField("model", calls.Prompt))
	fails("a known field", c, err)
	c, err = client.Create(ctx, req, chatspec.WithBodyField("own", func() {}))
	fails("a field that is no JSON", c, err)
	c, err = client.Create(ctx, chat.CreateChatCompletionRequest{Model: calls.Prompt})
	fails("no messages", c, err)
	elsewhere, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://other.internal/?key="+calls.Key, strings.NewReader(calls.Prompt))
	if err != nil {
		t.Fatal(err)
	}
	doer, err := chatspec.NewDoer(chatspec.WithAPIKey(calls.Key))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := doer.Do(elsewhere)
	if err == nil {
		_ = resp.Body.Close()
	}
	fails("another server", resp, err)
}

type doerFunc func(*http.Request) (*http.Response, error)

func (f doerFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

// TestSecretsOfPanics has functions of the caller that panic: what is printed then is theirs and the stack, in
// which texts are addresses.
func TestSecretsOfPanics(t *testing.T) {
	t.Parallel()
	base := serve(t, answer(503, "text/plain", calls.Key))
	boom := func() { panic("boom") }
	for name, opt := range map[string]chatspec.Option{
		"Start":   chatspec.WithHooks(chatspec.Hooks{Start: func(context.Context, chatspec.Call) context.Context { boom(); return nil }}),
		"Retry":   chatspec.WithRetryHook(func(context.Context, chatspec.Attempt) { boom() }),
		"Headers": chatspec.WithHooks(chatspec.Hooks{Headers: func(context.Context, chatspec.Call) { boom() }}),
		"End":     chatspec.WithHooks(chatspec.Hooks{End: func(context.Context, chatspec.Call) { boom() }}),
		"policy":  chatspec.WithRetryPolicy(func(chatspec.Attempt) (time.Duration, bool) { boom(); return 0, false }),
		"key":     chatspec.WithAPIKeyFunc(func(context.Context) (string, error) { boom(); return "", nil }),
		"middleware": chatspec.WithMiddleware(func(chatspec.Doer) chatspec.Doer {
			return doerFunc(func(*http.Request) (*http.Response, error) { boom(); return nil, nil })
		}),
		"Doer": chatspec.WithHTTPClient(doerFunc(func(*http.Request) (*http.Response, error) { boom(); return nil, nil })),
	} {
		client, err := chatspec.New(chatspec.WithBaseURL(base+"?key="+calls.Key), chatspec.WithAPIKey(calls.Key), chatspec.WithHeader("Api-Key", calls.Key), opt,
			chatspec.WithMaxRetries(1))
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				text := fmt.Sprintf("%v\n%s", recover(), debug.Stack())
				if !strings.HasPrefix(text, "boom\n") {
					t.Errorf("%s: %s", name, text)
				}
				for _, secret := range []string{calls.Key, calls.Prompt} {
					if calls.Find(secret, []calls.Output{{Way: "panic", Text: text}}) != "" {
						t.Errorf("%s: %q is in the panic's text", name, secret)
					}
				}
			}()
			_, _ = client.Create(t.Context(), question())
		}()
		client.CloseIdleConnections()
	}
}

// TestUserAgent has the version, and nothing of the program or the machine.
func TestUserAgent(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var headers []http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		headers = append(headers, r.Header)
	}))
	t.Cleanup(srv.Close)
	client, err := chatspec.New(chatspec.WithBaseURL(srv.URL), chatspec.WithAPIKey(calls.Key))
	if err != nil {
		t.Fatal(err)
	}
	(&witness{t: t, name: "an empty answer"}).ask(client)
	known := map[string]bool{"Accept": true, "Accept-Encoding": true, "Authorization": true, "Content-Length": true, "Content-Type": true, "User-Agent": true}
	for _, h := range headers {
		for name := range h {
			if !known[name] {
				t.Errorf("the header %s: %q was sent", name, h[name])
			}
		}
		if got := h.Get("User-Agent"); got != "chatspec/"+chatspec.Version {
			t.Errorf("User-Agent: %s", got)
		}
	}
	if len(headers) != 4 {
		t.Errorf("%d requests", len(headers))
	}
}
