package chatspec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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

// diary writes down what hooks are told.
type diary struct {
	mu    sync.Mutex
	lines []string
	end   chatspec.Call
}

type diaryKey struct{}

func (d *diary) write(ctx context.Context, line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ctx.Value(diaryKey{}) == nil && line != "start" {
		line += " without the context of start"
	}
	d.lines = append(d.lines, line)
}

func (d *diary) hooks() chatspec.Hooks {
	return chatspec.Hooks{
		Start: func(ctx context.Context, _ chatspec.Call) context.Context {
			d.write(ctx, "start")
			return context.WithValue(ctx, diaryKey{}, true)
		},
		Retry: func(ctx context.Context, failed chatspec.Attempt) { d.write(ctx, fmt.Sprint("retry ", failed.Number)) },
		Headers: func(ctx context.Context, call chatspec.Call) {
			d.write(ctx, fmt.Sprint("headers ", call.Response.Status))
		},
		FirstEvent: func(ctx context.Context, call chatspec.Call) { d.write(ctx, fmt.Sprint("first ", call.FirstEvent)) },
		End: func(ctx context.Context, call chatspec.Call) {
			d.write(ctx, "end")
			d.end = call
		},
	}
}

func (d *diary) check(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(d.lines, want) {
		t.Errorf("hooks: %q, want %q", d.lines, want)
	}
}

// watched returns a client of a fake server in memory, and the diary of its hooks.
func watched(t *testing.T, replies ...chattest.Reply) (*chatspec.Client, *diary) {
	t.Helper()
	srv, d := chattest.NewServer(t, replies...), new(diary)
	c, err := chatspec.New(chatspec.WithBaseURL(srv.URL), chatspec.WithHTTPClient(srv.Client()), chatspec.WithHooks(chatspec.Hooks{}), chatspec.WithHooks(d.hooks()))
	if err != nil {
		t.Fatal(err)
	}
	return c, d
}

var usage = chat.CompletionUsage{PromptTokens: 3, CompletionTokens: 4, TotalTokens: 7}

func slowDown() chattest.Reply {
	return chattest.Error(http.StatusTooManyRequests, chat.Error{Message: "Slow down.", Code: "rate_limit_exceeded"}).WithHeader("Retry-After", "3")
}

func TestHooksOfCreate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, d := watched(t, slowDown(), chattest.Text("Hello").WithDelay(2*time.Second).WithUsage(usage))
		req := question()
		if _, err := c.Create(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		d.check(t, "start", "retry 1", "headers 200", "end")
		call := d.end
		if call.Method != http.MethodPost || !strings.HasSuffix(call.URL, "/chat/completions") || call.Request == nil || call.Request.Model != req.Model {
			t.Errorf("%+v", call)
		}
		if call.Err != nil || call.ID == "" || call.Model != "m" || !slices.Equal(call.FinishReasons, []chat.FinishReason{chat.FinishReasonStop}) ||
			call.Usage == nil || call.Usage.PromptTokens != 3 || call.Usage.CompletionTokens != 4 {
			t.Errorf("%+v", call)
		}
		if call.Elapsed != 5*time.Second || call.Response.Latency != 2*time.Second || call.Response.Attempts != 2 || call.FirstEvent != 0 {
			t.Errorf("%v, %+v", call.Elapsed, call.Response)
		}
	})
}

func TestHooksOfStream(t *testing.T) {
	t.Parallel()
	answer := func() chattest.Reply {
		return chattest.Text("a", "b").WithPace(time.Second).WithUsage(usage)
	}
	withUsage := question()
	withUsage.StreamOptions = &chat.StreamOptions{IncludeUsage: true}
	open := func(t *testing.T, c *chatspec.Client, opts ...chatspec.CallOption) *stream.Stream {
		t.Helper()
		s, err := c.Stream(t.Context(), withUsage, opts...)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	complete := func(t *testing.T, d *diary) {
		t.Helper()
		call := d.end
		if len(d.lines) != 4 || d.lines[0] != "start" || d.lines[1] != "headers 200" || !strings.HasPrefix(d.lines[2], "first ") || d.lines[3] != "end" {
			t.Errorf("%q", d.lines)
		}
		if call.Err != nil || call.Model != "m" || !slices.Equal(call.FinishReasons, []chat.FinishReason{chat.FinishReasonStop}) || call.Usage == nil || call.Usage.TotalTokens != 7 || call.Chunks < 4 {
			t.Errorf("%+v", call)
		}
		if call.Elapsed < time.Second || call.FirstEvent > call.Elapsed {
			t.Errorf("first after %v, all after %v", call.FirstEvent, call.Elapsed)
		}
	}
	tests := map[string]func(t *testing.T, c *chatspec.Client, d *diary){
		"read to the end": func(t *testing.T, c *chatspec.Client, d *diary) {
			t.Helper()
			s := open(t, c)
			if _, err := s.Result(); err != nil {
				t.Error(err)
			}
			complete(t, d) // before Close
			_ = s.Close()
			complete(t, d)
		},
		"without a result": func(t *testing.T, c *chatspec.Client, d *diary) {
			t.Helper()
			s := open(t, c, chatspec.WithStreamOptions(stream.WithoutResult()))
			for s.Next() {
			}
			complete(t, d)
			_ = s.Close()
		},
		"by the generated client": func(t *testing.T, c *chatspec.Client, d *diary) {
			t.Helper()
			req := withUsage
			req.Stream = true
			resp, err := c.Raw().CreateChatCompletion(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			s, err := stream.Open(resp)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Result(); err != nil {
				t.Error(err)
			}
			complete(t, d)
			if d.end.Request == nil || d.end.Request.Model != "m" {
				t.Errorf("%+v", d.end.Request)
			}
			_ = s.Close()
		},
		"closed early": func(t *testing.T, c *chatspec.Client, d *diary) {
			t.Helper()
			s := open(t, c)
			if !s.Next() {
				t.Fatal(s.Err())
			}
			_ = s.Close()
			d.check(t, "start", "headers 200", d.lines[2], "end")
			if !errors.Is(d.end.Err, context.Canceled) || d.end.Chunks != 1 || d.end.FinishReasons != nil {
				t.Errorf("%+v", d.end)
			}
			if s.Next() || s.Close() != nil {
				t.Error("a closed stream goes on")
			}
			d.check(t, "start", "headers 200", d.lines[2], "end")
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, d := watched(t, answer())
				test(t, c, d)
			})
		})
	}
}

// events is a stream with these bytes.
func events(body string) chattest.Reply {
	return chattest.Raw(http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}}, []byte(body))
}

// TestHooksOfFailures has calls that end badly; each ends once, with its error.
func TestHooksOfFailures(t *testing.T) {
	t.Parallel()
	const begin = `{"id":"c1","choices":[{"index":0,"delta":{"content":"a"}}]}`
	tests := map[string]struct {
		reply chattest.Reply
		want  []string
		is    error
	}{
		"refused":   {chattest.Error(http.StatusUnauthorized, chat.Error{Message: "no"}), []string{"start", "headers 401", "end"}, api.ErrAuthentication},
		"truncated": {events("data: " + begin + "\n\n"), []string{"start", "headers 200", "first 0s", "end"}, stream.ErrTruncated},
		"no answer": {events(""), []string{"start", "headers 200", "end"}, stream.ErrTruncated},
		"an error inside": {
			events("data: " + begin + "\n\ndata: {\"error\":{\"code\":429}}\n\n"),
			[]string{"start", "headers 200", "first 0s", "end"},
			api.ErrRateLimit,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, d := watched(t, test.reply)
				s, err := c.Stream(t.Context(), question())
				if err == nil {
					_, err = s.Result()
					_ = s.Close()
				}
				if !errors.Is(err, test.is) || !errors.Is(d.end.Err, test.is) {
					t.Errorf("%v, and the hook %v", err, d.end.Err)
				}
				d.check(t, test.want...)
			})
		})
	}
	t.Run("not a completion", func(t *testing.T) {
		t.Parallel()
		c, d := watched(t, chattest.Raw(200, http.Header{"Content-Type": {"text/html"}}, []byte("<html>")))
		_, err := c.Create(t.Context(), question())
		if !isDecodeError(err) || !isDecodeError(d.end.Err) {
			t.Errorf("%v, and the hook %v", err, d.end.Err)
		}
		d.check(t, "start", "headers 200", "end")
	})
	t.Run("no connection", func(t *testing.T) {
		t.Parallel()
		d := new(diary)
		srv := &script{steps: []step{{err: io.ErrUnexpectedEOF}}}
		if _, err := srv.client(t, chatspec.WithHooks(d.hooks())).Create(t.Context(), question()); err == nil {
			t.Error("no error")
		}
		d.check(t, "start", "end")
		if !errors.Is(d.end.Err, io.ErrUnexpectedEOF) || d.end.Response.Attempts != 1 {
			t.Errorf("%+v", d.end)
		}
	})
	t.Run("a middleware that returns nothing", func(t *testing.T) {
		t.Parallel()
		d := new(diary)
		nothing := func(chatspec.Doer) chatspec.Doer {
			return doerFunc(func(*http.Request) (*http.Response, error) { return nil, nil }) //nolint:nilnil // that is what is tested
		}
		for _, opts := range [][]chatspec.Option{{chatspec.WithHooks(d.hooks())}, nil} {
			if _, err := new(script).client(t, append(opts, chatspec.WithMiddleware(nothing))...).Create(t.Context(), question()); err == nil {
				t.Error("no error")
			}
		}
		d.check(t, "start", "end")
	})
}

// TestHooksOfRaw has answers that package stream does not read.
func TestHooksOfRaw(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		step step
		read bool
		ok   func(error) bool
	}{
		"read":     {success, true, func(err error) bool { return err == nil }},
		"not read": {success, false, func(err error) bool { return err != nil }},
		"refused":  {status(403), true, is(api.ErrPermission)},
	}
	for name, test := range tests {
		d := new(diary)
		srv := &script{steps: []step{test.step}}
		resp, err := srv.client(t, chatspec.WithHooks(d.hooks())).Raw().GetChatCompletion(t.Context(), "c1")
		if err != nil {
			t.Fatal(err)
		}
		if test.read {
			_, _ = io.Copy(io.Discard, resp.Body)
		}
		_ = resp.Body.Close()
		d.check(t, "start", fmt.Sprint("headers ", test.step.status), "end")
		if !test.ok(d.end.Err) || d.end.Request != nil {
			t.Errorf("%s: %v, %v", name, d.end.Err, d.end.Request)
		}
	}
}

// TestHooksOfPages counts the calls of a list.
func TestHooksOfPages(t *testing.T) {
	t.Parallel()
	d := new(diary)
	srv := &server{answers: []string{listPage(true, "b", "a", "b"), listPage(false, "c", "c")}}
	if err := last(newClient(t, srv, chatspec.WithHooks(d.hooks())).List(t.Context(), chat.ListChatCompletionsParams{})); err != nil {
		t.Fatal(err)
	}
	d.check(t, "start", "headers 200", "end", "start", "headers 200", "end")
	if strings.Contains(d.end.URL, "?") {
		t.Errorf("the URL %s has a query", d.end.URL)
	}
}

// TestCloseDuringNext closes streams from another goroutine while hooks watch them.
func TestCloseDuringNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, d := watched(t, chattest.Text("a", "b", "c").WithPace(time.Second))
		s, err := c.Stream(t.Context(), question())
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(1500*time.Millisecond, func() { _ = s.Close() })
		for s.Next() {
		}
		synctest.Wait()
		if !errors.Is(s.Err(), context.Canceled) || !errors.Is(d.end.Err, context.Canceled) || d.lines[len(d.lines)-1] != "end" {
			t.Errorf("%v, %q", s.Err(), d.lines)
		}
	})
}

// TestHooksOfEchoedKey has servers that name themselves by the key.
func TestHooksOfEchoedKey(t *testing.T) {
	t.Parallel()
	const key = "sk-geheim-0123456789"
	const said = `"id":"` + key + `","model":"` + key + `","service_tier":"` + key + `","choices":[{"index":0,"finish_reason":"` + key + `",`
	for name, body := range map[string]string{
		"whole":    `{` + said + `"message":{"role":"assistant","content":"Hi"}}]}`,
		"streamed": `data: {` + said + `"delta":{"content":"Hi"}}]}` + "\n\ndata: [DONE]\n\n",
	} {
		srv, d := &script{steps: []step{{status: http.StatusOK, body: body}}}, new(diary)
		c := srv.client(t, chatspec.WithAPIKey(key), chatspec.WithHooks(d.hooks()))
		s, err := c.Stream(t.Context(), question())
		if err != nil {
			t.Fatal(name, err)
		}
		if res, err := s.Result(); err != nil || res.ID != key {
			t.Errorf("%s: %v, %+v", name, err, res)
		}
		_ = s.Close()
		if name == "whole" {
			if _, err := c.Create(t.Context(), question()); err != nil {
				t.Error(err)
			}
		}
		if d.end.ID == "" || len(d.end.FinishReasons) != 1 || strings.Contains(fmt.Sprintf("%+v", d.end), "geheim") {
			t.Errorf("%s: %+v", name, d.end)
		}
	}
}

// TestEndIsLast closes a stream while a hook is told of its first event.
func TestEndIsLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := &script{steps: []step{{status: http.StatusOK, body: "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n"}}}
		told, going := make(chan string, 3), make(chan struct{})
		c := srv.client(t, chatspec.WithHooks(chatspec.Hooks{
			FirstEvent: func(context.Context, chatspec.Call) { <-going; told <- "first event" },
			End:        func(context.Context, chatspec.Call) { told <- "end" },
		}))
		s, err := c.Stream(t.Context(), question())
		if err != nil {
			t.Fatal(err)
		}
		go s.Next()
		synctest.Wait()
		go func() { _ = s.Close() }()
		synctest.Wait()
		close(going)
		synctest.Wait()
		close(told)
		if first, last := <-told, <-told; first != "first event" || last != "end" || len(told) != 0 {
			t.Errorf("%s, then %s", first, last)
		}
	})
}

// TestContextIsNotPrinted prints the context that hooks and middleware see, which knows the call.
func TestContextIsNotPrinted(t *testing.T) {
	t.Parallel()
	look := func(ctx context.Context) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if text := fmt.Sprintf(verb, ctx); strings.Contains(text, "geheim") || strings.Contains(text, "message") || len(text) > 200 {
				t.Errorf("%s: %.300s", verb, text)
			}
		}
	}
	c := (&script{steps: []step{success}}).client(t,
		chatspec.WithHooks(chatspec.Hooks{Start: func(ctx context.Context, _ chatspec.Call) context.Context { look(ctx); return ctx }}),
		chatspec.WithMiddleware(func(next chatspec.Doer) chatspec.Doer {
			return doerFunc(func(req *http.Request) (*http.Response, error) { look(req.Context()); return next.Do(req) })
		}))
	if _, err := c.Create(t.Context(), question(), chatspec.WithHeader("Authorization", "Bearer geheim")); err != nil {
		t.Fatal(err)
	}
}
