package chattest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

const secretKey = "sk-0123456789abcdef"

// clientOf returns a client with the Doer.
func clientOf(t *testing.T, url string, doer chatspec.Doer, opts ...chatspec.Option) *chatspec.Client {
	t.Helper()
	client, err := chatspec.New(append([]chatspec.Option{chatspec.WithBaseURL(url), chatspec.WithHTTPClient(doer)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// recordTo records what use does with a client of the server, and returns the path of the cassette.
func recordTo(t *testing.T, srv *chattest.Server, use func(*chatspec.Client), opts ...chatspec.Option) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a", "cassette.json")
	tb := &fakeTB{}
	use(clientOf(t, srv.URL, chattest.Record(tb, path, srv.Client()), opts...))
	if errs := tb.end(); errs != nil {
		t.Fatalf("%q", errs)
	}
	return path
}

// replayFrom lets use have a client that is answered by the cassette, and returns the errors of its test.
func replayFrom(t *testing.T, path string, use func(*chatspec.Client), opts ...chattest.ReplayOption) []string {
	t.Helper()
	tb := &fakeTB{}
	use(clientOf(t, "http://replay.localhost/v1", chattest.Replay(tb, path, opts...)))
	return tb.end()
}

// What a client makes of an answer, its faults included, it makes of the recording too.
func TestReplayIsTheSame(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, newServer func(chattest.TB, ...chattest.Reply) *chattest.Server) {
		var got []received
		use := func(client *chatspec.Client) {
			got = nil
			for _, ask := range []func(context.Context, *chatspec.Client) received{streamed, whole, streamed, whole, streamed, streamed, whole} {
				got = append(got, ask(t.Context(), client))
			}
		}
		srv := newServer(t,
			chattest.Text("one two"),
			chattest.Text("three"),
			chattest.Text("four").AfterEvents(2, chattest.Cut()),
			chattest.Status(http.StatusTooManyRequests).WithRetryAfter(time.Millisecond),
			chattest.Text("five"), // the second attempt
			chattest.Text("six").AfterEvents(1, chattest.Garbage()),
			chattest.Raw(http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}}, []byte("data: [DONE]\r\n\r\n")),
			chattest.Raw(http.StatusOK, http.Header{"Content-Type": {"application/json"}}, []byte{0xff, 0x00, 0xfe}))
		path := recordTo(t, srv, use)
		live := got
		if errs := replayFrom(t, path, use); errs != nil {
			t.Errorf("%q", errs)
		}
		for i, want := range live {
			if got[i].text != want.text || (got[i].err == nil) != (want.err == nil) || want.err != nil && got[i].err.Error() != want.err.Error() {
				t.Errorf("answer %d: %q, %v; live it was %q, %v", i, got[i].text, got[i].err, want.text, want.err)
			}
		}
		if !errors.Is(got[2].err, stream.ErrTruncated) || live[1].text != "three" || live[3].text != "five" {
			t.Errorf("%+v", got)
		}
	})
}

// Bodies are the same bytes, and a Read gives no more than one event.
func TestReplayIsExact(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"compact":         `{"a":"<ü>\u003c\/","b":[1.50,1e3]}`,
		"compact, ended":  "{\"a\":1}\n",
		"indented":        "{\n  \"a\": 1\n}\n",
		"events":          "data: a\n\n: b\r\n\r\ndata: c\r\rdata: d\n\n",
		"an open event":   "data: a\n\ndata: b",
		"lines":           "a\nb\r\nc",
		"no text":         "\x00\xff\n\n\xfe",
		"JSON in no text": "{\"a\":\"\xff\"}",
		"a number":        "1",
		"nothing":         "",
		"blank":           "\n\n\n",
		"two values":      "{} {}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := chattest.NewServer(t, chattest.Raw(http.StatusOK, http.Header{"X-A": {"1", "2"}, "Content-Type": {"x/y"}}, []byte(body)))
			use := func(doer chatspec.Doer) *http.Response {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/chat/completions", strings.NewReader(hello))
				if err != nil {
					t.Fatal(err)
				}
				resp, err := doer.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				return resp
			}
			path := filepath.Join(t.TempDir(), "cassette.json")
			tb := &fakeTB{}
			resp := use(chattest.Record(tb, path, srv.Client()))
			live, err := io.ReadAll(resp.Body)
			if err != nil || string(live) != body {
				t.Fatalf("%q, %v", live, err)
			}
			resp.Body.Close()
			if errs := tb.end(); errs != nil {
				t.Fatal(errs)
			}
			resp = use(chattest.Replay(t, path))
			defer resp.Body.Close()
			var got []byte
			for p := make([]byte, 64); err == nil; {
				var n int
				n, err = resp.Body.Read(p)
				got = append(got, p[:n]...)
				if end := strings.Index(string(p[:n]), "\n\n"); end >= 0 && end+2 < n && name == "events" {
					t.Errorf("a Read gave %q", p[:n])
				}
			}
			if string(got) != body || err != io.EOF || resp.Status != "200 OK" || !slices.Equal(resp.Header["X-A"], []string{"1", "2"}) {
				t.Errorf("%q, %v, %s %v", got, err, resp.Status, resp.Header)
			}
		})
	}
}

// No key gets into a cassette, wherever it was.
func TestCassettesHaveNoKeys(t *testing.T) {
	t.Parallel()
	const queryKey, signature, token, short = "query-0123456789", "a%2Fb%3D%3D0123456789", "header-0123456789", "tiny"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=0123456789")
		w.Header().Set("X-Echo", secretKey)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		body, _ := io.ReadAll(r.Body)
		echo, _ := json.Marshal(map[string]any{"error": map[string]any{
			"message": "the key " + r.Header.Get("Authorization") + r.Header.Get("X-Gateway-Token") + r.Header.Get("X-Own-Header") + r.URL.RawQuery + string(body),
			"type":    "invalid_request_error", "code": "invalid_api_key", "param": nil,
		}})
		_, _ = w.Write(echo)
		_, _ = w.Write([]byte(` {"escaped":"` + strings.ReplaceAll(secretKey, "-", `\u002D`) + `","and":"\\u002d"}`))
	}))
	defer srv.Close()
	for name, opts := range map[string][]chatspec.Option{
		"bearer":       {chatspec.WithAPIKey(secretKey)},
		"own header":   {chatspec.WithAPIKey(secretKey), chatspec.WithKeyHeader("X-Own-Header")},
		"more headers": {chatspec.WithHeader("X-Gateway-Token", token), chatspec.WithHeader("Cookie", short), chatspec.WithAPIKey(secretKey)},
	} {
		for _, middleware := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "cassette.json")
			tb := &fakeTB{}
			url := srv.URL + "/v1?api-key=" + queryKey + "&sig=" + signature + "&version=1"
			all := append([]chatspec.Option{chatspec.WithBaseURL(url)}, opts...)
			if middleware {
				all = append(all, chatspec.WithMiddleware(func(next chatspec.Doer) chatspec.Doer { return chattest.Record(tb, path, next) }))
			} else {
				all = append(all, chatspec.WithHTTPClient(chattest.Record(tb, path, srv.Client())))
			}
			client, err := chatspec.New(all...)
			if err != nil {
				t.Fatal(err)
			}
			if got := whole(t.Context(), client); !errors.Is(got.err, api.ErrAuthentication) {
				t.Errorf("%s: %v", name, got.err)
			}
			// a prompt with the key in it
			if _, err := client.Create(t.Context(), asking("my key is "+secretKey)); !errors.Is(err, api.ErrAuthentication) {
				t.Errorf("%s: %v", name, err)
			}
			if errs := tb.end(); errs != nil {
				t.Fatalf("%q", errs)
			}
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{secretKey[3:], token, queryKey, signature, "session=", `"` + short} {
				if bytes.Contains(file, []byte(secret)) {
					t.Errorf("%s, middleware %v: the cassette has %q:\n%s", name, middleware, secret, file)
				}
			}
			for _, kept := range []string{"my key is [masked]", `\\\\u002d`} {
				if !bytes.Contains(file, []byte(kept)) {
					t.Errorf("%s, middleware %v: the cassette lacks %s:\n%s", name, middleware, kept, file)
				}
			}
		}
	}
}

// A request that is not the recorded one fails the test, and says where it differs.
func TestReplayIsStrict(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("x").Repeated())
	list := func(client *chatspec.Client, limit int) {
		for _, err := range client.List(t.Context(), chat.ListChatCompletionsParams{Limit: new(limit)}) {
			if err != nil {
				return
			}
		}
	}
	path := recordTo(t, srv, func(client *chatspec.Client) {
		_, _ = client.Create(t.Context(), asking("one"))
		list(client, 5)
		_, _ = client.Create(t.Context(), asking("three"))
	})
	for name, c := range map[string]struct {
		use  func(*chatspec.Client)
		want []string
		opts []chattest.ReplayOption
	}{
		"the same": {func(client *chatspec.Client) {
			_, _ = client.Create(t.Context(), asking("one"))
			list(client, 5)
			_, _ = client.Create(t.Context(), asking("three"))
		}, nil, nil},
		"another prompt and query": {func(client *chatspec.Client) {
			req := asking("two")
			req.Temperature = new(0.5)
			_, err := client.Create(t.Context(), req)
			if refused, ok := errors.AsType[*api.Error](err); !ok || refused.Code != "not_recorded" || refused.Attempts != 1 {
				t.Errorf("%v", err)
			}
			list(client, 6)
			_, _ = client.Create(t.Context(), asking("three"))
		}, []string{
			"chattest: request 1, POST /v1/chat/completions, differs from the recorded one in PATH:\nmessages[0].content: want \"one\", got \"two\"\ntemperature: want nothing, got 0.5\n",
			"chattest: request 2, GET /v1/chat/completions, differs from the recorded one in PATH:\nquery.limit[0]: want \"5\", got \"6\"\n",
		}, nil},
		"another order": {func(client *chatspec.Client) {
			_, _ = client.Create(t.Context(), asking("three"))
			_, _ = client.Create(t.Context(), asking("one"))
			list(client, 5)
		}, []string{
			"chattest: request 1, POST /v1/chat/completions, differs from the recorded one in PATH:\nmessages[0].content: want \"one\", got \"three\"\n",
			"chattest: request 2, POST /v1/chat/completions, differs from the recorded one in PATH:\n" +
				"method: want \"GET\", got \"POST\"\nquery.limit: want [\"5\"], got nothing\nContent-Type: want \"\", got \"application/json\"\n" +
				"body: want \"\", got \"{\\\"model\\\":\\\"m\\\",\\\"messages\\\":[{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"one\\\"}]}\"\n",
			"chattest: request 3, GET /v1/chat/completions, differs from the recorded one in PATH:\n" +
				"method: want \"POST\", got \"GET\"\nquery.limit: want nothing, got [\"5\"]\nContent-Type: want \"application/json\", got \"\"\n" +
				"body: want \"{\\\"model\\\":\\\"m\\\",\\\"messages\\\":[{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"three\\\"}]}\", got \"\"\n",
		}, nil},
		"any order": {func(client *chatspec.Client) {
			_, _ = client.Create(t.Context(), asking("three"))
			_, _ = client.Create(t.Context(), asking("one"))
			list(client, 5)
		}, nil, []chattest.ReplayOption{chattest.AnyOrder()}},
		"any order, another": {func(client *chatspec.Client) {
			_, _ = client.Create(t.Context(), asking("three"))
			list(client, 6)
			_, _ = client.Create(t.Context(), asking("one"))
		}, []string{
			"chattest: request 2, GET /v1/chat/completions, differs from the closest of those left in PATH:\nquery.limit[0]: want \"5\", got \"6\"\n",
			"chattest: 1 of the 3 requests recorded in PATH have not come; the first is GET /v1/chat/completions",
		}, []chattest.ReplayOption{chattest.AnyOrder()}},
		"too few": {func(client *chatspec.Client) { _, _ = client.Create(t.Context(), asking("one")) }, []string{
			"chattest: 2 of the 3 requests recorded in PATH have not come; the first is GET /v1/chat/completions",
		}, nil},
		"too many": {func(client *chatspec.Client) {
			_, _ = client.Create(t.Context(), asking("one"))
			list(client, 5)
			_, _ = client.Create(t.Context(), asking("three"))
			_, _ = client.Create(t.Context(), asking("four"))
		}, []string{"chattest: request 4, POST /v1/chat/completions, is one more than the 3 recorded in PATH"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, text := range replayFrom(t, path, c.use, c.opts...) {
				got = append(got, strings.ReplaceAll(text, path, "PATH"))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s", strings.Join(got, "\n"))
			}
		})
	}
}

// Where its reader closed an answer, the recording has no more of it.
func TestReplayEndsWhereItWasClosed(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("a b c").AfterEvents(2, chattest.Stall()))
	read := func(client *chatspec.Client, most int) (text string, err error) {
		s, err := client.Stream(t.Context(), question(false))
		if err != nil {
			return "", err
		}
		defer s.Close()
		for most > 0 && s.Next() {
			text += s.Chunk().Text()
			most--
		}
		return text, s.Err()
	}
	path := recordTo(t, srv, func(client *chatspec.Client) { _, _ = read(client, 2) })
	for most, want := range map[int]string{2: "", 9: "the recording has no more of this answer"} {
		var text string
		var err error
		errs := replayFrom(t, path, func(client *chatspec.Client) { text, err = read(client, most) })
		if errs != nil || text != "a" || (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q, %v, %q", text, err, errs)
		}
	}
}

func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	big := bytes.Repeat([]byte(" "), chattest.MaxRecordedBytes+1)
	srv := chattest.NewServer(t, chattest.Raw(http.StatusOK, nil, big))
	path := filepath.Join(t.TempDir(), "cassette.json")
	tb := &fakeTB{}
	doer := chattest.Record(tb, path, srv.Client())
	post := func(body io.Reader) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/chat/completions", body)
		if err != nil {
			t.Fatal(err)
		}
		return doer.Do(r)
	}
	resp, err := post(strings.NewReader(hello))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || len(got) != len(big) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := post(bytes.NewReader(big)); err == nil || !strings.Contains(err.Error(), "more than 16777216 bytes") {
		t.Error(err)
	}
	if errs := tb.end(); len(errs) != 1 || !strings.Contains(errs[0], "an answer has more than 16777216 bytes") {
		t.Errorf("%q", errs)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// A recorded request goes nowhere else than without a recorder.
func TestRecordFollowsNoRedirects(t *testing.T) {
	t.Parallel()
	elsewhere := chattest.NewSocketServer(t)
	srv := chattest.NewServer(t, chattest.Raw(http.StatusTemporaryRedirect, http.Header{"Location": {elsewhere.URL + "/chat/completions"}}, nil))
	client := &http.Client{Transport: srv.Client().Transport}
	got := whole(t.Context(), clientOf(t, srv.URL, chattest.Record(&fakeTB{}, "", client)))
	if refused, ok := errors.AsType[*api.Error](got.err); !ok || refused.Status != http.StatusTemporaryRedirect || len(srv.Requests()) != 1 || client.CheckRedirect != nil {
		t.Errorf("%v after %d requests", got.err, len(srv.Requests()))
	}
}

// Requests are recorded in the order in which they were sent, those without an answer are left out, and the Doer
// leaves them as they were.
func TestRecord(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, newServer func(chattest.TB, ...chattest.Reply) *chattest.Server) {
		srv := newServer(t, chattest.HangUp().WhenPrompt("gone"), chattest.Text("x").Repeated())
		prompts := strings.Fields("a b gone c")
		path := recordTo(t, srv, func(client *chatspec.Client) {
			for _, prompt := range prompts {
				_, _ = client.Create(t.Context(), asking(prompt))
			}
		})
		errs := replayFrom(t, path, func(client *chatspec.Client) {
			for _, prompt := range []string{"a", "b", "c"} {
				if got := answerTo(t, client, asking(prompt)); got != "x" {
					t.Error(got)
				}
			}
		})
		if errs != nil {
			t.Errorf("%q", errs)
		}
	})
}

func TestRecordConcurrently(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("x").Repeated())
	all := func(client *chatspec.Client) {
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				if got := streamed(t.Context(), client); i%2 == 0 && (got.err != nil || got.text != "x") {
					t.Errorf("%+v", got)
				}
			})
		}
		wg.Wait()
	}
	path := recordTo(t, srv, all)
	if errs := replayFrom(t, path, all, chattest.AnyOrder()); errs != nil {
		t.Errorf("%q", errs)
	}
}

// A recorded wait takes no time in a bubble.
func TestReplayInBubble(t *testing.T) {
	t.Parallel()
	path := recordTo(t, chattest.NewSocketServer(t, chattest.Status(429).WithRetryAfter(time.Minute)), func(client *chatspec.Client) {
		_, _ = client.Create(t.Context(), question(false))
	}, chatspec.WithMaxRetries(0))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		start := time.Now()
		var err error
		errs := replayFrom(t, path, func(client *chatspec.Client) { _, err = client.Create(ctx, question(false)) })
		if len(errs) != 1 || !strings.Contains(errs[0], "is one more than the 1 recorded") || time.Since(start) != time.Minute {
			t.Errorf("%q, %v after %v", errs, err, time.Since(start))
		}
	})
}

// A cassette that was edited by hand has what it says, and zeros for the rest.
func TestReplayOfEditedCassette(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "edited.json")
	if err := os.WriteFile(path, []byte(`{"version":1,"exchanges":[null,{"request":{"method":"GET"},"response":{"status":204,"body":{"json":{ "a" : 1 },"text":["b","","c"],"base64":"ZA=="}}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	tb := &fakeTB{}
	doer := chattest.Replay(tb, path)
	for _, want := range []string{`{"error":{"message":"This request was not recorded. The test says what is different.","type":"invalid_request_error","code":"not_recorded","param":null}}`, `{"a":1}bcd`} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://any.localhost", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := doer.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != want {
			t.Errorf("%s, %v", body, err)
		}
	}
	if errs := tb.end(); len(errs) != 1 || !strings.Contains(errs[0], `method: want "", got "GET"`) {
		t.Errorf("%q", errs)
	}
}

func TestReplayOfNoCassette(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"):           "record it first, with Record",
		write("text", "x"):                   "is no cassette",
		write("old", `{"version":0}`):        "has version 0 of cassettes, want 1",
		write("other", `{"version":"text"}`): "is no cassette",
	} {
		tb := &fakeTB{}
		chattest.Replay(tb, path)
		if errs := tb.end(); len(errs) != 1 || !strings.HasPrefix(errs[0], "chattest: Replay: ") || !strings.Contains(errs[0], want) {
			t.Errorf("%q", errs)
		}
	}
	tb := &fakeTB{}
	chattest.Record(tb, "", nil)
	if !slices.Equal(tb.errors, []string{"chattest: Record: there is no Doer to record"}) {
		t.Errorf("%q", tb.errors)
	}
}
