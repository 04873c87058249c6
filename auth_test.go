package chatspec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
)

// TestAPIKeyFunc rotates the key with each attempt.
func TestAPIKeyFunc(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type tag struct{}
		n := 0
		srv := &script{steps: []step{status(503), success}}
		c := srv.client(t, chatspec.WithAPIKeyFunc(func(ctx context.Context) (string, error) {
			n++
			return fmt.Sprint(ctx.Value(tag{}), n), nil
		}))
		if _, err := c.Create(context.WithValue(t.Context(), tag{}, "key"), question()); err != nil {
			t.Fatal(err)
		}
		if a, b := srv.sent[0].Header.Get("Authorization"), srv.sent[1].Header.Get("Authorization"); a != "Bearer key1" || b != "Bearer key2" {
			t.Errorf("%q, %q", a, b)
		}
		var meta chatspec.Response
		slow := chatspec.WithAPIKeyFunc(func(ctx context.Context) (string, error) {
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(time.Second):
				return "slow", nil
			}
		})
		if _, err := srv.client(t, slow).Create(t.Context(), question(), chatspec.WithResponse(&meta)); err != nil || meta.Latency != 0 {
			t.Errorf("%v; fetching a key counts as the server's: %v", err, meta.Latency)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := srv.client(t, slow).Create(ctx, question())
		if late, ok := errors.AsType[*api.TimeoutError](err); !ok || late.Phase != api.PhaseTotal || chatspec.OutcomeOf(err) != chatspec.OutcomeTimeout {
			t.Errorf("a key that came too late: %v", err)
		}
		if _, err := c.Create(t.Context(), question(), chatspec.WithHeader("Authorization", "Bearer mine")); err != nil || n != 2 {
			t.Errorf("a key was fetched %d times although the call has its own: %v", n, err)
		}
	})
	gone := errors.New("the vault is closed")
	for want, key := range map[string]func(context.Context) (string, error){
		"WithAPIKeyFunc: the vault is closed": func(context.Context) (string, error) { return "", gone },
		"characters that no header may have":  func(context.Context) (string, error) { return "geheim\n", nil },
	} {
		srv := &script{steps: []step{success}}
		_, err := srv.client(t, chatspec.WithAPIKeyFunc(key)).Get(t.Context(), "c1")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "geheim") || len(srv.sent) > 0 {
			t.Errorf("%v, want %q; %d requests", err, want, len(srv.sent))
		}
	}
	srv := &script{steps: []step{success}}
	if _, err := srv.client(t, chatspec.WithAPIKeyFunc(func(context.Context) (string, error) { return "", nil })).Get(t.Context(), "c1"); err != nil || srv.sent[0].Header.Get("Authorization") != "" {
		t.Errorf("an empty key: %v, %q", err, srv.sent[0].Header)
	}
}

// TestWhereKeysGo has base URLs and whether a key may be sent there.
func TestWhereKeysGo(t *testing.T) {
	t.Parallel()
	hosts := map[bool][]string{
		true: {
			"localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.9.9", "[::1]", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.1.1",
			"[fd00::1]", "[fe80::1%25eth0]", "[::ffff:10.0.0.1]", "gpu", "vllm-1", "a.localhost", "b.local", "c.internal", "d.lan", "vllm.team.svc", "vllm.team.svc.cluster.local",
		},
		false: {
			"example.com", "api.openai.com", "8.8.8.8", "172.32.0.1", "11.0.0.1", "[2001:4860:4860::8888]", "[::ffff:8.8.8.8]", "134744072", "0x8080808", "127.1", "localhost.example.com",
			"xlocal.com", "svc.example", "cluster.local.example", "a.b.internal.com", "example。com", "8。8。8。8", "example%EF%BC%8Ecom", // net/http takes those for dots
		},
	}
	for private, names := range hosts {
		for _, host := range names {
			base := chatspec.WithBaseURL("http://" + host + ":8000/v1")
			for _, key := range []chatspec.Option{
				chatspec.WithAPIKey("k"), chatspec.WithHeader("authorization", "Bearer k"), chatspec.WithHeader("api-key", "k"),
				chatspec.WithHeader("Ocp-Apim-Subscription-Key", "k"), chatspec.WithHeader("x-goog-api-key", "k"), chatspec.WithHeader("X-Auth-Token", "k"), chatspec.WithHeader("cf-aig-authorization", "Bearer k"),
				chatspec.WithAPIKeyFunc(func(context.Context) (string, error) { return "k", nil }),
			} {
				if _, err := chatspec.New(base, key); (err == nil) != private || err != nil && !strings.Contains(err.Error(), "plain http") {
					t.Errorf("%s: %v", host, err)
				}
			}
			srv := &script{steps: []step{success}}
			c, err := chatspec.New(base, chatspec.WithHTTPClient(srv))
			if err != nil {
				t.Errorf("%s without a key: %v", host, err)
				continue
			}
			if _, err := c.Get(t.Context(), "c1", chatspec.WithHeader("Authorization", "Bearer k")); (err == nil) != private || len(srv.sent) == 1 != private {
				t.Errorf("%s with a key for one call: %v", host, err)
			}
			if _, err := c.Get(t.Context(), "c1", chatspec.WithHeader("Idempotency-Key", "k"), chatspec.WithHeader("X-Max-Tokens", "k")); err != nil {
				t.Errorf("%s without a key: %v", host, err)
			}
			for _, fine := range []string{"http", "https"} {
				if _, err := chatspec.New(chatspec.WithBaseURL(fine+"://"+host), chatspec.WithAPIKey("k"), chatspec.WithPlainHTTP()); err != nil {
					t.Errorf("%s, asked for: %v", host, err)
				}
			}
		}
	}
}

// TestBaseURLQuery has base URLs with a query, which all requests keep.
func TestBaseURLQuery(t *testing.T) {
	t.Parallel()
	srv := &server{answers: []string{listPage(false, "a", "a")}}
	c := newClient(t, srv, chatspec.WithBaseURL("https://gate.example/a%2Fb/v1/?tenant=x%26y&v=2"))
	if err := last(c.List(t.Context(), chat.ListChatCompletionsParams{Limit: new(5)})); err != nil {
		t.Fatal(err)
	}
	_, _ = c.Get(t.Context(), "c1")
	want := []string{"https://gate.example/a%2Fb/v1/chat/completions?tenant=x%26y&v=2&limit=5", "https://gate.example/a%2Fb/v1/chat/completions/c1?tenant=x%26y&v=2"}
	for i, req := range srv.requests {
		if got := req.URL.String(); got != want[i] {
			t.Errorf("%s, want %s", got, want[i])
		}
	}
}

func TestAzure(t *testing.T) {
	t.Parallel()
	token := func(context.Context) (string, error) { return "token", nil }
	tests := map[string]struct {
		opts           []chatspec.Option
		url, key, auth string
	}{
		"deployment": {
			[]chatspec.Option{chatspec.WithAzure("https://n.openai.azure.com/", "my model/1", "2024-10-21"), chatspec.WithAPIKey("k")},
			"https://n.openai.azure.com/openai/deployments/my%20model%2F1/chat/completions?api-version=2024-10-21", "k", "",
		},
		"v1": {
			[]chatspec.Option{chatspec.WithAPIKey("k"), chatspec.WithAzure("https://n.openai.azure.com", "", "")},
			"https://n.openai.azure.com/openai/v1/chat/completions", "k", "",
		},
		"Entra": {
			[]chatspec.Option{chatspec.WithAzure("https://gate.example/azure", "d", "preview"), chatspec.WithAPIKeyFunc(token), chatspec.WithKeyHeader("authorization")},
			"https://gate.example/azure/openai/deployments/d/chat/completions?api-version=preview", "", "Bearer token",
		},
	}
	for name, test := range tests {
		srv := &server{answers: []string{hello}}
		c, err := chatspec.New(append(test.opts, chatspec.WithHTTPClient(srv))...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Create(t.Context(), question()); err != nil {
			t.Fatal(err)
		}
		req := srv.requests[0]
		if req.URL.String() != test.url || req.Header.Get("Api-Key") != test.key || req.Header.Get("Authorization") != test.auth {
			t.Errorf("%s: %s %v", name, req.URL, req.Header)
		}
	}
	for _, bad := range [][3]string{{"n.openai.azure.com", "d", "v"}, {"https://n", "d", ""}, {"https://n", "..", "v"}, {"https://n?geheim", "d", "v"}, {"https://\x7fgeheim", "d", "v"}} {
		if _, err := chatspec.New(chatspec.WithAPIKey("k"), chatspec.WithAzure(bad[0], bad[1], bad[2])); err == nil || !strings.Contains(err.Error(), "WithAzure") || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestEchoedKey has servers that repeat the key in what they refuse with.
func TestEchoedKey(t *testing.T) {
	t.Parallel()
	const key = "sk-geheim-0123456789"
	echo := "Incorrect API key provided: " + key + "."
	bodies := map[string]string{
		"object":  `{"error":{"message":"` + echo + `","type":"` + key + `","param":"` + key + `","code":"` + key + `"}}`,
		"string":  `{"error":"` + echo + `"}`,
		"message": `{"message":"` + echo + `"}`,
		"detail":  `{"detail":"` + echo + `"}`,
		"text":    strings.Repeat("x", 4090) + key,
		"page":    "<html>" + echo,
		"escaped": `{"error":{"message":"` + strings.ReplaceAll(echo, "-", `\u002d`) + `"}}`,
	}
	for name, body := range bodies {
		for _, code := range []int{200, 401} {
			if code == 200 && name != "object" && name != "string" {
				continue
			}
			srv := &script{steps: []step{{status: code, body: body, header: http.Header{"X-Request-Id": {key}}}}}
			for _, opt := range []chatspec.Option{chatspec.WithAPIKey(key), chatspec.WithHeader("Api-Key", key), chatspec.WithHeader("X-Goog-Api-Key", key), chatspec.WithBaseURL("http://gate.internal/v1?v=1&api-key=" + key)} {
				_, err := srv.client(t, opt).Create(t.Context(), question())
				refused, ok := errors.AsType[*api.Error](err)
				if !ok {
					t.Fatal(name, err)
				}
				for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, *refused), refused.Message, refused.RequestID, string(refused.Raw)} {
					if strings.Contains(text, "geheim") {
						t.Errorf("%s: the key is in %.200s", name, text)
					}
				}
			}
		}
	}
	// A placeholder is not masked: it is part of ordinary words.
	srv := &script{steps: []step{{status: 401, body: `{"error":"no tokens"}`}}}
	if _, err := srv.client(t, chatspec.WithAPIKey("no")).Create(t.Context(), question()); err == nil || !strings.Contains(err.Error(), "no tokens") {
		t.Error(err)
	}
	// A transport that prints what it sent is masked too, and still what it is.
	loud := doerFunc(func(req *http.Request) (*http.Response, error) {
		return nil, &url.Error{Op: "Post", URL: "u", Err: fmt.Errorf("%w: sent %v", io.ErrUnexpectedEOF, req.Header)}
	})
	_, err := newClient(t, nil, chatspec.WithHTTPClient(loud), chatspec.WithAPIKey(key)).Create(t.Context(), question())
	if text := fmt.Sprintf("%v %+v %#v %s", err, err, err, err); strings.Contains(text, "geheim") || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(text)
	}
}

// TestWanderingDoer has Doers that went elsewhere on their own.
func TestWanderingDoer(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"host":   func(r *http.Request) { r.URL.Host = "other.internal" },
		"scheme": func(r *http.Request) { r.URL.Scheme = "https" },
		"port":   func(r *http.Request) { r.URL.Host += ":8080" },
		"method": func(r *http.Request) { r.Method = http.MethodGet },
		"same":   func(r *http.Request) { r.URL.Host = strings.ToUpper(r.URL.Host) + ":80"; r.URL.Path = "/new" },
	} {
		srv := &server{answers: []string{hello}}
		wandering := doerFunc(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			change(req)
			return srv.Do(req)
		})
		_, err := newClient(t, srv, chatspec.WithHTTPClient(wandering)).Create(t.Context(), question())
		if (err == nil) != (name == "same") || err != nil && !strings.Contains(err.Error(), "redirect") || len(srv.requests) != 1 {
			t.Errorf("%s: %v, %d requests", name, err, len(srv.requests))
		}
	}
}

// TestEchoedKeyIsSpelledOtherwise has a key that JSON and patterns spell otherwise, and one that is a part of it.
func TestEchoedKeyIsSpelledOtherwise(t *testing.T) {
	t.Parallel()
	const key, part = `sk-$1.*[/+<"\geheim`, `sk-$1.*[/+`
	for _, spelled := range []string{key, `sk-$1.*[/+<\"\\geheim`, `sk-$1.*[\/+<\"\\geheim`, `sk-$1.*[/+\u003c\"\\geheim`} {
		body := `{"error":{"message":"no"},"sent":"` + spelled + `"}`
		srv := &script{steps: []step{{status: http.StatusUnauthorized, body: body}}}
		_, err := srv.client(t, chatspec.WithAPIKey(part), chatspec.WithHeader("Api-Key", key)).Create(t.Context(), question())
		if refused, ok := errors.AsType[*api.Error](err); !ok || string(refused.Raw) != `{"error":{"message":"no"},"sent":"[masked]"}` {
			t.Errorf("%s: %v, %s", spelled, err, refused.Raw)
		}
	}
}
