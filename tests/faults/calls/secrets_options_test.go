package calls_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tests/faults/calls"
)

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
