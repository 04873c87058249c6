package calls_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chatspecslog"
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
	"chunk":          answer(200, "text/event-stream", `data: {"id":"`+calls.Key+`","model":"`+calls.Key+`","service_tier":"`+calls.Key+`","choices":[]}`+"\n\n"),
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
	for shape, sent := range told {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			base := serve(t, sent)
			for way, opts := range keyed {
				if way != "WithAPIKey" && shape != "page" && shape != "trailer" && shape != "page, 200" {
					continue // one way is enough for most
				}
				w := &witness{t: t, name: shape + ", " + way}
				var logged bytes.Buffer
				logger := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
				opts = append(opts, chatspec.WithBaseURL(base+"/v1?key="+calls.Key+"&user="+calls.Filter), chatspec.WithMaxRetries(1),
					chatspec.WithHooks(w.hooks()), chatspec.WithHooks(chatspecslog.Hooks(logger)), chatspec.WithRetryPolicy(func(failed chatspec.Attempt) (time.Duration, bool) {
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
				for _, secret := range []string{calls.Key, calls.Prompt, calls.Filter} {
					if calls.Find(secret, []calls.Output{{Way: "log", Text: logged.String()}}) != "" || logged.Len() == 0 {
						t.Errorf("%s: %q was logged: %s", way, secret, &logged)
					}
				}
			}
		})
	}
}

// serve answers every request with the same bytes and closes the connection; it resets it where there are none.
func serve(t *testing.T, sent string) (base string) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		if sent == "" {
			_ = c.(*net.TCPConn).SetLinger(0)
		}
		_, _ = io.WriteString(c, sent)
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
