package chattest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// received is what a client made of an answer.
type received struct {
	text string
	err  error
}

// streamed asks for a stream and reads it to its end.
func streamed(ctx context.Context, client *chatspec.Client) received {
	s, err := client.Stream(ctx, question(false))
	if err != nil {
		return received{err: err}
	}
	defer s.Close()
	var got received
	for text, err := range s.Text() {
		got.text += text
		got.err = err
	}
	return got
}

// whole asks for a whole answer.
func whole(ctx context.Context, client *chatspec.Client) received {
	res, err := client.Create(ctx, question(false))
	return received{res.Text(), err}
}

// inBoth runs a test on a server in memory, inside a bubble, and on one on a socket.
func inBoth(t *testing.T, test func(t *testing.T, newServer func(chattest.TB, ...chattest.Reply) *chattest.Server)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { test(t, chattest.NewServer) })
	})
	t.Run("socket", func(t *testing.T) {
		t.Parallel()
		test(t, chattest.NewSocketServer)
	})
}

// Checks of an error.

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isDecodeError(err error) bool {
	_, ok := errors.AsType[*api.DecodeError](err)
	return ok
}

func isInAnswer(err error) bool {
	refused, ok := errors.AsType[*api.Error](err)
	return ok && refused.Status == http.StatusOK && refused.Code == "overloaded"
}

func isNil(err error) bool { return err == nil }

// hello5 is told in five events: the role, two pieces, the finish reason, [DONE].
var hello5 = chattest.Text("Hel", "lo")

func TestFaults(t *testing.T) {
	t.Parallel()
	overloaded := chat.Error{Type: "server_error", Code: "overloaded", Message: "Too many of you."}
	for name, c := range map[string]struct {
		reply  chattest.Reply
		ask    func(context.Context, *chatspec.Client) received
		text   string
		failed func(error) bool
	}{
		"cut after the header":             {hello5.AfterEvents(0, chattest.Cut()), streamed, "", is(stream.ErrTruncated)},
		"cut between events":               {hello5.AfterEvents(2, chattest.Cut()), streamed, "Hel", is(stream.ErrTruncated)},
		"cut before [DONE]":                {hello5.AfterEvents(4, chattest.Cut()), streamed, "Hello", is(stream.ErrTruncated)},
		"cut after [DONE]":                 {hello5.AfterEvents(5, chattest.Cut()), streamed, "Hello", isNil},
		"cut in an event":                  {hello5.AfterBytes(30, chattest.Cut()), streamed, "", is(stream.ErrTruncated)},
		"cut after the header, whole":      {hello5.AfterEvents(0, chattest.Cut()), whole, "", is(io.ErrUnexpectedEOF)},
		"cut in a whole answer":            {hello5.AfterBytes(50, chattest.Cut()), whole, "", is(io.ErrUnexpectedEOF)},
		"cut after a whole answer":         {hello5.AfterEvents(1, chattest.Cut()), whole, "", is(io.ErrUnexpectedEOF)},
		"garbage between events":           {hello5.AfterEvents(2, chattest.Garbage()), streamed, "Hel", isDecodeError},
		"garbage in an event":              {hello5.AfterBytes(30, chattest.Garbage()), streamed, "", isDecodeError},
		"garbage in a whole answer":        {hello5.AfterBytes(50, chattest.Garbage()), whole, "", isDecodeError},
		"garbage in a text":                {chattest.Text(strings.Repeat("a", 999)).AfterBytes(500, chattest.Garbage()), whole, "", isDecodeError},
		"an error between events":          {hello5.AfterEvents(3, chattest.Fail(overloaded)), streamed, "Hello", isInAnswer},
		"an error as the first event":      {hello5.AfterEvents(0, chattest.Fail(overloaded)), streamed, "", isInAnswer},
		"an error in place of an answer":   {hello5.AfterEvents(0, chattest.Fail(overloaded)), whole, "", isInAnswer},
		"a comment":                        {hello5.AfterEvents(2, chattest.Insert(": keep-alive\n\n")), streamed, "Hello", isNil},
		"a split event":                    {hello5.AfterBytes(30, chattest.Split()), streamed, "Hello", isNil},
		"the zero fault":                   {hello5.AfterBytes(30, chattest.Fault{}), whole, "Hello", isNil},
		"several":                          {hello5.AfterBytes(9, chattest.Split()).AfterEvents(3, chattest.Insert(": a\n\n")).AfterEvents(3, chattest.Cut()), streamed, "Hello", is(stream.ErrTruncated)},
		"hung up":                          {chattest.HangUp(), streamed, "", is(io.EOF)},
		"hung up, whole":                   {chattest.HangUp(), whole, "", is(io.EOF)},
		"a refusal that is cut":            {chattest.Status(http.StatusBadRequest).AfterBytes(20, chattest.Cut()), whole, "", is(api.ErrInvalidRequest)},
		"chosen by a function, cut before": {chattest.Func(func(chat.CreateChatCompletionRequest) chattest.Reply { return hello5 }).AfterEvents(1, chattest.Cut()), streamed, "", is(stream.ErrTruncated)},
		"chosen by a function, cut itself": {chattest.Func(func(chat.CreateChatCompletionRequest) chattest.Reply { return hello5.AfterEvents(1, chattest.Cut()) }), streamed, "", is(stream.ErrTruncated)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBoth(t, func(t *testing.T, newServer func(chattest.TB, ...chattest.Reply) *chattest.Server) {
				srv := newServer(t, c.reply)
				got := c.ask(t.Context(), srv.NewClient(chatspec.WithMaxRetries(0)))
				if got.text != c.text || !c.failed(got.err) {
					t.Errorf("%q, %v", got.text, got.err)
				}
			})
		})
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reply chattest.Reply
		ask   func(context.Context, *chatspec.Client) received
	}{
		"after the header":  {hello5.AfterEvents(0, chattest.Reset()), streamed},
		"between events":    {hello5.AfterEvents(2, chattest.Reset()), streamed},
		"in an event":       {hello5.AfterBytes(30, chattest.Reset()), streamed},
		"in a whole answer": {hello5.AfterBytes(50, chattest.Reset()), whole},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := chattest.NewSocketServer(t, c.reply)
			if got := c.ask(t.Context(), srv.NewClient()); !errors.Is(got.err, syscall.ECONNRESET) || errors.Is(got.err, stream.ErrTruncated) {
				t.Error(got.err)
			}
		})
	}
}

func TestResetIsSocketOnly(t *testing.T) {
	t.Parallel()
	tb := &fakeTB{}
	srv := chattest.NewServer(tb, hello5.AfterEvents(1, chattest.Reset()))
	e := create(t, srv, hello).refused(t, http.StatusInternalServerError)
	const want = "Reset is socket only: it needs NewSocketServer"
	if errs := tb.end(); e.Message != want || !slices.Equal(errs, []string{"chattest: " + want}) {
		t.Errorf("%+v, %q", e, errs)
	}
}

// Clients in a bubble wait as long as their timeouts say, to the nanosecond.
func TestStallInBubble(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reply  chattest.Reply
		ask    func(context.Context, *chatspec.Client) received
		option chatspec.Option
		phase  api.Phase
		text   string
	}{
		"no header":      {chattest.Silence(), whole, chatspec.WithHeaderTimeout(time.Minute), api.PhaseHeaders, ""},
		"no first event": {hello5.AfterEvents(0, chattest.Stall()), streamed, chatspec.WithStreamOptions(stream.FirstEventTimeout(time.Minute)), api.PhaseFirstEvent, ""},
		"no next event":  {hello5.AfterEvents(2, chattest.Stall()), streamed, chatspec.WithStreamOptions(stream.IdleTimeout(time.Minute)), api.PhaseIdle, "Hel"},
		"half an event":  {hello5.AfterBytes(40, chattest.Stall()), streamed, chatspec.WithStreamOptions(stream.FirstEventTimeout(time.Minute)), api.PhaseFirstEvent, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := chattest.NewServer(t, c.reply)
				start := time.Now()
				got := c.ask(t.Context(), srv.NewClient(c.option, chatspec.WithMaxRetries(0)))
				late, ok := errors.AsType[*api.TimeoutError](got.err)
				if !ok || late.Phase != c.phase || got.text != c.text || time.Since(start) != time.Minute {
					t.Errorf("%q, %v after %v", got.text, got.err, time.Since(start))
				}
			})
		})
	}
}

// A stall ends when the client gives up, and when the server is closed.
func TestStallEnds(t *testing.T) {
	t.Parallel()
	inBoth(t, func(t *testing.T, newServer func(chattest.TB, ...chattest.Reply) *chattest.Server) {
		srv := newServer(t, hello5.AfterEvents(2, chattest.Stall()).Repeated())
		for _, end := range []func(context.CancelFunc){func(cancel context.CancelFunc) { cancel() }, func(context.CancelFunc) { srv.Close() }} {
			ctx, cancel := context.WithCancel(t.Context())
			s, err := srv.NewClient().Stream(ctx, question(false))
			if err != nil {
				t.Fatal(err)
			}
			for text, err := range s.Text() {
				if text == "Hel" {
					end(cancel)
				} else if err == nil {
					t.Errorf("%q came after the stall", text)
				}
			}
			if s.Err() == nil {
				t.Error("a stalled stream ended well")
			}
			s.Close()
			cancel()
		}
	})
}

func TestPauseInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := chattest.NewServer(t, hello5.AfterEvents(1, chattest.Pause(time.Hour)).AfterBytes(0, chattest.Pause(time.Second)))
		start := time.Now()
		if got := streamed(t.Context(), srv.NewClient()); got.err != nil || got.text != "Hello" || time.Since(start) != time.Hour+time.Second {
			t.Errorf("%+v after %v", got, time.Since(start))
		}
	})
}

// However an answer is split, it is the same answer.
func TestSplitAnywhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reply := chattest.Completion(chat.CreateChatCompletionResponse{ID: "c1", Choices: []chat.Choice{{Message: chat.ResponseMessage{Content: "a b"}}}})
		srv := chattest.NewServer(t, reply)
		read := func() string {
			resp := open(t.Context(), t, srv)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Error(err)
			}
			return string(body)
		}
		want := read()
		for n := range len(want) + 1 {
			srv.Script(reply.AfterBytes(n, chattest.Split()))
			if got := read(); got != want {
				t.Errorf("split after %d bytes: %s", n, got)
			}
		}
	})
}

// A fault that does not happen would leave a test without what it is about.
func TestMisplacedFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reply  chattest.Reply
		status int
		want   string
	}{
		"too many events": {hello5.AfterEvents(6, chattest.Cut()), http.StatusOK, "a fault is placed after 6 events, and the answer has 5"},
		"too many bytes":  {chattest.Raw(http.StatusOK, nil, []byte("12345")).AfterBytes(6, chattest.Cut()), http.StatusOK, "a fault is placed after 6 bytes, and the answer has 5"},
		"negative":        {hello5.AfterBytes(-1, chattest.Cut()), http.StatusInternalServerError, "a fault is placed after -1 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tb := &fakeTB{}
			srv := chattest.NewServer(tb, c.reply)
			a := create(t, srv, with(`"stream":true`))
			if errs := tb.end(); a.status != c.status || !slices.Equal(errs, []string{"chattest: " + c.want}) {
				t.Errorf("status %d, %q", a.status, errs)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		http.StatusBadRequest:          api.ErrInvalidRequest,
		http.StatusUnauthorized:        api.ErrAuthentication,
		http.StatusForbidden:           api.ErrPermission,
		http.StatusNotFound:            api.ErrNotFound,
		http.StatusTooManyRequests:     api.ErrRateLimit,
		http.StatusInternalServerError: api.ErrServer,
		http.StatusServiceUnavailable:  api.ErrServer,
	} {
		srv := chattest.NewServer(t, chattest.Status(status).Repeated())
		refused, ok := errors.AsType[*api.Error](whole(t.Context(), srv.NewClient(chatspec.WithMaxRetries(0))).err)
		if !ok || !errors.Is(refused, want) || refused.Status != status || refused.Type == "" || refused.Message == "" {
			t.Errorf("%d: %+v", status, refused)
		}
		if wantsAgain := status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable; wantsAgain != (refused.RetryAfter == time.Second) {
			t.Errorf("%d: Retry-After %v", status, refused.RetryAfter)
		}
		create(t, srv, hello).refused(t, status) // obeys the document
	}
}

func TestStatusMustRefuse(t *testing.T) {
	t.Parallel()
	tb := &fakeTB{}
	srv := chattest.NewServer(tb, chattest.Status(http.StatusOK))
	create(t, srv, hello).refused(t, http.StatusInternalServerError)
	if errs := tb.end(); !slices.Equal(errs, []string{"chattest: a reply has the status 200, want 400 to 599"}) {
		t.Errorf("%q", errs)
	}
}

func TestWithRetryAfter(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration][2]string{
		time.Minute:             {"60", ""},
		0:                       {"0", ""},
		1500 * time.Millisecond: {"2", "1500"},
		time.Millisecond:        {"1", "1"},
	} {
		srv := chattest.NewServer(t, chattest.Status(http.StatusTooManyRequests).WithRetryAfter(d))
		a := create(t, srv, hello)
		if got := [2]string{a.header.Get("Retry-After"), a.header.Get("Retry-After-Ms")}; got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// A handler in a recorder is cut as net/http cuts.
func TestCutInRecorder(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("no http.ErrAbortHandler")
		}
	}()
	h := chattest.NewHandler(hello5.AfterEvents(0, chattest.Cut()))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/chat/completions", strings.NewReader(hello)))
}

// The whole test of a retry: it takes a minute and no time.
func TestRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := chattest.NewServer(t, chattest.Status(429).WithRetryAfter(time.Minute), chattest.Text("Welcome back."))
		start := time.Now()
		res, err := srv.NewClient().Create(t.Context(), question(false))
		if err != nil || res.Text() != "Welcome back." || time.Since(start) != time.Minute {
			t.Errorf("%q, %v after %v", res.Text(), err, time.Since(start))
		}
	})
}
