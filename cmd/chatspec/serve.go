package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chattest"
	"github.com/chatspec/chatspec/cmd/chatspec/internal/reference"
)

const (
	// defaultAddr is where serve listens.
	defaultAddr = "127.0.0.1:8080"
	// stopTimeout is how long serve waits for answers under way when it is told to stop.
	stopTimeout = 3 * time.Second
)

const serveHelp = `Serves a fake chat completions server, for trying clients without a key, costs
or a network. It checks requests against openapi.yaml, answers with streams,
usage, tool calls and errors, and keeps completions made with store in memory.
It calls a tool whose name the prompt has, and those that tool_choice demands.
A browser that opens the address without /v1 sees openapi.yaml as a page.

When it listens it writes one line to standard output, such as
OPENAI_BASE_URL=http://127.0.0.1:8080/v1, and then a line to standard error for
each request. Ctrl-C ends it.

  chatspec serve
  chatspec serve -addr 127.0.0.1:0 -key secret   (port 0: any that is free)
  chatspec serve -fail-first 429,500 -pace 50ms
  chatspec chat -base-url http://127.0.0.1:8080/v1 "Say hello"
`

func serveCommand() command {
	return command{
		name:    "serve",
		summary: "serve a fake server for trying clients",
		help:    serveHelp,
		flags: func(fs *flag.FlagSet) action {
			f := new(serveFlags)
			f.declare(fs)
			return f.run
		},
	}
}

type serveFlags struct {
	addr   string
	public bool
	key    string
	pace   time.Duration
	fail   []int
}

func (f *serveFlags) declare(fs *flag.FlagSet) {
	fs.StringVar(&f.addr, "addr", defaultAddr, "listen on `HOST:PORT`; default "+defaultAddr)
	fs.BoolVar(&f.public, "public", false, "allow an address that other machines can reach")
	fs.StringVar(&f.key, "key", "", "refuse requests without the `KEY`, with status 401")
	fs.Func("pace", "wait this `TIME` between two chunks of a stream, like 50ms", func(s string) (err error) {
		if f.pace, err = time.ParseDuration(s); err == nil && f.pace < 0 {
			err = errPace
		}
		return err
	})
	fs.Func("fail-first", "refuse the first chats with these `STATUSES`, like 429,500", func(s string) error {
		f.fail = nil
		for word := range strings.SplitSeq(s, ",") {
			status, err := strconv.Atoi(word)
			if err != nil || status < 400 || status > 599 {
				return errors.New("want statuses from 400 to 599, with commas between")
			}
			f.fail = append(f.fail, status)
		}
		return nil
	})
}

func (f *serveFlags) run(ctx context.Context, c *console, args []string) error {
	if len(args) > 0 {
		return usageError{text: "serve takes no arguments"}
	}
	l, err := f.listen(c)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           logged(c, withReference(f.handler())),
		ReadHeaderTimeout: headerTimeout,
		ErrorLog:          log.New(c.stderr, "chatspec: ", 0),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	if err := c.print(envBaseURL + "=" + baseURL(l.Addr()) + "\n"); err != nil {
		_ = server.Close() // nobody knows where it is
		return err
	}
	select {
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	c.note("stopping")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if server.Shutdown(grace) != nil {
		_ = server.Close() // cuts the answers that take too long
	}
	return nil
}

// listen listens on the address, if it is one that only this machine reaches or that was asked for.
func (f *serveFlags) listen(c *console) (net.Listener, error) {
	// The address is looked up once, so that it cannot be another when it is listened on.
	addr, err := net.ResolveTCPAddr("tcp", f.addr)
	if err != nil {
		return nil, usageError{text: fmt.Sprintf("-addr %s: want HOST:PORT (%v)", f.addr, err)}
	}
	if !addr.IP.IsLoopback() {
		if !f.public {
			return nil, usageError{text: fmt.Sprintf("-addr %s can be reached from other machines: use a loopback address or add -public", f.addr)}
		}
		c.note("other machines can reach this server on %s", f.addr)
	}
	l, err := net.ListenTCP("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use: choose another -addr, or port 0 for any", f.addr)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", f.addr, err)
	}
	return l, nil
}

// baseURL returns the base URL for clients on this machine.
func baseURL(addr net.Addr) string {
	host := addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		host = net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return "http://" + host + "/v1"
}

// handler returns the fake server with its script: first the failures, then sensible answers without end.
func (f *serveFlags) handler() *chattest.Handler {
	var script []chattest.Reply
	for _, status := range f.fail {
		script = append(script, chattest.Status(status))
	}
	handler := chattest.NewHandler(append(script, chattest.BuiltIn().WithPace(f.pace).Repeated())...)
	handler.RequireKey(f.key)
	return handler
}

// referencePage returns the page that shows openapi.yaml. It is made when it is first asked for.
var referencePage = sync.OnceValues(func() ([]byte, error) { return reference.Page(chatspec.Spec) })

// withReference answers a GET of the root with the page that shows openapi.yaml, whatever key the API wants, and hands
// all else to the API.
func withReference(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		page, err := referencePage()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(page))
	})
}

// logged notes each request when its answer has ended: method, path and status, never a header or a body.
func logged(c *console, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() { c.note("%s %s %d", r.Method, r.URL.EscapedPath(), out.status) }() // also when the handler cuts the answer
		next.ServeHTTP(out, r)
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController flush.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
