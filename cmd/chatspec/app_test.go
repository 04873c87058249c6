package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/chatspec/chatspec/chattest"
)

// outcome is what a run of the program left behind.
type outcome struct {
	code     int
	out, err string
}

// env is the environment of a run.
type env map[string]string

func (e env) get(name string) string { return e[name] }

// program runs the program in this process, with nothing on standard input.
func program(t *testing.T, e env, args ...string) outcome {
	t.Helper()
	return programWith(t, e, "", args...)
}

// programWith runs the program with standard input.
func programWith(t *testing.T, e env, stdin string, args ...string) outcome {
	t.Helper()
	var out, errs buffer
	code := run(t.Context(), args, newConsole(strings.NewReader(stdin), &out, &errs, e.get))
	return outcome{code, out.String(), errs.String()}
}

// buffer is a bytes.Buffer that several goroutines may use.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// check compares an outcome with what is wanted: the exit code, all of standard output, and all of standard
// error, where HOST stands for the server's address and any port for PORT.
func (o outcome) check(t *testing.T, code int, out, errs string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d", o.code, code)
	}
	if o.out != out {
		t.Errorf("standard output:\n%s\nwant:\n%s", o.out, out)
	}
	if got := anyPort.ReplaceAllString(o.err, "127.0.0.1:PORT"); got != errs {
		t.Errorf("standard error:\n%s\nwant:\n%s", got, errs)
	}
}

var anyPort = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)

// serving returns the environment for a server with the handler.
func serving(t *testing.T, h http.Handler) env {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return env{envBaseURL: srv.URL + "/v1"}
}

// faking returns the environment for the server of package chattest, which checks the requests.
func faking(t *testing.T, replies ...chattest.Reply) env {
	t.Helper()
	return env{envBaseURL: chattest.NewSocketServer(t, replies...).URL}
}

// answering returns the environment for a server that answers every request in the same way.
func answering(t *testing.T, status int, mediaType, body string) env {
	t.Helper()
	return serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a test that cuts the answer does not read it
	}))
}

// streaming returns the environment for a server that streams these events and ends the answer.
func streaming(t *testing.T, events ...string) env {
	t.Helper()
	return answering(t, http.StatusOK, "text/event-stream", "data: "+strings.Join(events, "\n\ndata: ")+"\n\n")
}

// delta is a chunk with a delta.
func delta(members string) string {
	return `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{` + members + `},"finish_reason":null}]}`
}

const (
	stopChunk  = `{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	usageChunk = `{"id":"c1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`
	talking    = "chatspec: http://127.0.0.1:PORT (model gpt-5.4)\n"
	talkingTo  = "chatspec: http://127.0.0.1:PORT\n"
	finished   = "chatspec: finish reason stop; 3 prompt + 2 completion tokens\n"
)

// brokenPipe is a standard output whose reader has gone.
type brokenPipe struct{ err error }

func (w brokenPipe) Write([]byte) (int, error) { return 0, w.err }

func TestUsageErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		args []string
		want string
	}{
		{nil, "no command; see chatspec help"},
		{[]string{"speak"}, `unknown command "speak"; see chatspec help`},
		{[]string{"help", "speak"}, `unknown command "speak"; see chatspec help help`},
		{[]string{"help", "a", "b"}, "one command at a time; see chatspec help help"},
		{[]string{"version", "x"}, "version takes no arguments; see chatspec help version"},
		{[]string{"chat", "-speed", "hi"}, "flag provided but not defined: -speed; see chatspec help chat"},
		{[]string{"chat", "hi", "-speed"}, "flag provided but not defined: -speed; see chatspec help chat"},
		{[]string{"chat", "-model"}, "flag needs an argument: -model; see chatspec help chat"},
		{[]string{"chat"}, "the prompt is empty; see chatspec help chat"},
		{[]string{"chat", " \n "}, "the prompt is empty; see chatspec help chat"},
		{[]string{"chat", "\xff"}, "the prompt is not UTF-8 text; see chatspec help chat"},
		{[]string{"chat", "-", "-"}, `standard input ("-") can be read only once; see chatspec help chat`},
		{[]string{"chat", "-max-tokens", "0", "hi"}, `invalid value "0" for flag -max-tokens: not a positive whole number; see chatspec help chat`},
		{[]string{"chat", "-temperature", "warm", "hi"}, `invalid value "warm" for flag -temperature: not a number; see chatspec help chat`},
		{[]string{"chat", "-temperature", "nan", "hi"}, `invalid value "nan" for flag -temperature: not a number; see chatspec help chat`},
		{[]string{"chat", "-metadata", "a", "hi"}, `invalid value "a" for flag -metadata: want KEY=VALUE; see chatspec help chat`},
		{[]string{"chat", "-header", "a", "hi"}, `invalid value "a" for flag -header: want NAME:VALUE; see chatspec help chat`},
		{[]string{"chat", "-base-url", "http://x", "-header", "a b: c", "hi"}, `-header: "a b" is not the name of a header; see chatspec help chat`},
		{[]string{"chat", "-base-url", "http://x", "-retries", "-1", "hi"}, `-retries: -1 is negative; see chatspec help chat`},
		{[]string{"chat", "-base-url", "http://x.example", "-header", "Authorization: Bearer k", "hi"}, `-base-url: a key would go over plain http to x.example, for anyone to read: use https, or -plain-http; see chatspec help chat`},
		{[]string{"chat", "-base-url", "ftp://x", "hi"}, `-base-url: want http:// or https:// and a host, such as http://127.0.0.1:PORT/v1; see chatspec help chat`},
		{[]string{"list", "x"}, "list takes no arguments; see chatspec help list"},
		{[]string{"list", "-limit", "-1"}, `invalid value "-1" for flag -limit: want 0 or a positive whole number; see chatspec help list`},
		{[]string{"list", "-order", "up"}, `invalid value "up" for flag -order: want asc or desc; see chatspec help list`},
		{[]string{"get"}, "want one ID; see chatspec help get"},
		{[]string{"get", "a", "b"}, "want one ID; see chatspec help get"},
		{[]string{"update", "a"}, "want an ID and at least one KEY=VALUE; see chatspec help update"},
		{[]string{"update", "a", "b"}, `"b": want KEY=VALUE; see chatspec help update`},
		{[]string{"delete"}, "want at least one ID; see chatspec help delete"},
		{[]string{"messages"}, "want one ID; see chatspec help messages"},
		{[]string{"serve", "x"}, "serve takes no arguments; see chatspec help serve"},
		{[]string{"drift"}, "want one document or two; see chatspec help drift"},
		{[]string{"drift", "a", "b", "c"}, "want one document or two; see chatspec help drift"},
		{[]string{"drift", "-deviations", "x", "a", "b"}, "-deviations is about one document, not about two versions of another; see chatspec help drift"},
		{[]string{"drift", "-", "-"}, `standard input ("-") can be read only once; see chatspec help drift`},
		{[]string{"apply"}, "want one document; see chatspec help apply"},
		{[]string{"apply", "-spec", "-", "a"}, "-spec wants a file that can be edited; see chatspec help apply"},
		{[]string{"apply", "-deviations", "-", "-"}, `standard input ("-") can be read only once; see chatspec help apply`},
		{[]string{"serve", "-pace", "-5s"}, `invalid value "-5s" for flag -pace: a time cannot be negative; see chatspec help serve`},
		{[]string{"chat", "-metadata", "a=b", "Hi"}, "-metadata is kept with a stored answer only: add -store; see chatspec help chat"},
		{[]string{"chat", "-markdown", "yes", "Hi"}, `invalid value "yes" for flag -markdown: want auto, on or off; see chatspec help chat`},
		{[]string{"chat", "-tool", "./x", "Hi"}, "a -tool runs after you were asked, which takes a terminal: or add -yes; see chatspec help chat"},
		{[]string{"batch"}, "want run, submit, work, collect or status after batch; see chatspec help batch"},
		{[]string{"batch", "walk"}, "want run, submit, work, collect or status after batch; see chatspec help batch"},
		{[]string{"help", "batch", "walk"}, `one command at a time; see chatspec help help`},
		{[]string{"batch", "run", "a"}, "want two files, IN and OUT; see chatspec help batch run"},
		{[]string{"batch", "run", "-limit", "-1", "a", "b"}, "-limit cannot be negative; see chatspec help batch run"},
		{[]string{"batch", "run", "-rpm", "-1", "a", "b"}, "-rpm, -tpm and -schema-retries cannot be negative; see chatspec help batch run"},
		{[]string{"batch", "run", "-concurrency", "0", "a", "b"}, "-concurrency: want at least 1; see chatspec help batch run"},
		{[]string{"batch", "run", "-timeout", "0s", "a", "b"}, "-timeout: want a time above 0; see chatspec help batch run"},
		{[]string{"serve", "-fail-first", "200"}, `invalid value "200" for flag -fail-first: want statuses from 400 to 599, with commas between; see chatspec help serve`},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			t.Parallel()
			program(t, nil, tc.args...).check(t, exitUsage, "", "chatspec: "+tc.want+"\n")
		})
	}
}

func TestBadEnvironment(t *testing.T) {
	t.Parallel()
	program(t, env{envBaseURL: "localhost:8080"}, "list").
		check(t, exitUsage, "", "chatspec: OPENAI_BASE_URL: want http:// or https:// and a host, such as http://127.0.0.1:PORT/v1; see chatspec help list\n")
	program(t, env{envAPIKey: "sk\x00secret"}, "list").
		check(t, exitUsage, "", "chatspec: OPENAI_API_KEY: the value has control characters; see chatspec help list\n")
}

func TestOutputErrors(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		err  error
		code int
		text string
	}{
		{syscall.EPIPE, exitPipe, ""},
		{io.ErrClosedPipe, exitPipe, ""},
		{errors.New("the disk is full"), exitFailure, "chatspec: standard output: the disk is full\n"},
	} {
		for _, args := range []string{"help", "version", "chat -h", "chat Hi", "chat -json Hi"} {
			t.Run(fmt.Sprintf("%v, %s", tc.err, args), func(t *testing.T) {
				t.Parallel()
				var errs buffer
				e := streaming(t, delta(`"content":"Hi"`), stopChunk, usageChunk, "[DONE]")
				code := run(t.Context(), strings.Fields(args), newConsole(strings.NewReader(""), brokenPipe{tc.err}, &errs, e.get))
				want := tc.text
				if strings.HasSuffix(args, "Hi") {
					want = talking + want
				}
				outcome{code, "", errs.String()}.check(t, tc.code, "", want)
			})
		}
	}
}

func TestNoteIsOneCleanLine(t *testing.T) {
	t.Parallel()
	var errs buffer
	c := newConsole(nil, io.Discard, &errs, env{}.get)
	c.note("%v", errors.New("chatspec: \x1b[2Jthe key\r\nhere\u009b1m is\twrong"))
	if want := "chatspec: [2Jthe key here1m is wrong\n"; errs.String() != want {
		t.Errorf("%q, want %q", errs.String(), want)
	}
}

func TestBuiltInServer(t *testing.T) {
	t.Parallel()
	const note = "chatspec: built-in server, as neither OPENAI_API_KEY nor OPENAI_BASE_URL is set\n"
	program(t, nil, "list").check(t, exitOK, "", note+"chatspec: no stored completions\n")
	program(t, nil, "list", "-json").check(t, exitOK, "", note+"chatspec: no stored completions\n")
	got := program(t, env{envAPIKey: " ", envBaseURL: "\n"}, "chat", "Say hello")
	if got.code != exitOK || strings.TrimSpace(got.out) == "" {
		t.Errorf("%+v", got)
	}
	if !strings.HasPrefix(anyPort.ReplaceAllString(got.err, "127.0.0.1:PORT"), note+"chatspec: finish reason stop; ") {
		t.Errorf("standard error:\n%s", got.err)
	}
}

func TestCanceledBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(signalError{syscall.SIGTERM})
	var out, errs buffer
	e := faking(t)
	code := run(ctx, []string{"list"}, newConsole(strings.NewReader(""), &out, &errs, e.get))
	outcome{code, out.String(), errs.String()}.check(t, exitTerminate, "", talkingTo+"chatspec: terminated\n")
}
