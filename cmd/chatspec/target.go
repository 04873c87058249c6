package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chattest"
)

// The environment variables that the commands read; those of package chatspec, read here so that tests can
// give each run an environment of its own.
const (
	envAPIKey       = "OPENAI_API_KEY"
	envBaseURL      = "OPENAI_BASE_URL"
	envModel        = "OPENAI_MODEL"
	envOrganization = "OPENAI_ORG_ID"
	envProject      = "OPENAI_PROJECT_ID"
)

// targetFlags are the flags that say which server a command talks to.
type targetFlags struct {
	baseURL string
	headers []chatspec.Option
	retries int // before declare, the default where it is not that of the client
	plain   bool
}

func (f *targetFlags) declare(fs *flag.FlagSet) {
	fs.StringVar(&f.baseURL, "base-url", "", "talk to the server at `URL`, whatever $"+envBaseURL+" says")
	fs.Func("header", "send the header `NAME:VALUE` too; may be repeated", func(s string) error {
		name, value, ok := strings.Cut(s, ":")
		if !ok {
			return errors.New("want NAME:VALUE")
		}
		f.headers = append(f.headers, chatspec.WithHeader(strings.TrimSpace(name), strings.TrimSpace(value)))
		return nil
	})
	retries := cmp.Or(f.retries, chatspec.DefaultMaxRetries)
	fs.IntVar(&f.retries, "retries", retries, "try up to `N` times more where that helps; default "+strconv.Itoa(retries))
	fs.BoolVar(&f.plain, "plain-http", false, "let the key go over http to public addresses too")
}

// target is the server that a command talks to.
type target struct {
	client *chatspec.Client
	host   string // host and port
	source string // the flag or variable that names the server; empty for the defaults
	keyed  bool   // whether a key is sent
	stop   func() // ends the built-in server
}

// open connects to the server with a client of its own. The caller calls stop when done.
func (f *targetFlags) open(c *console, about string) (*target, error) {
	var client *chatspec.Client
	tell := chatspec.WithRetryHook(func(_ context.Context, failed chatspec.Attempt) {
		if failed.Wait >= longWait {
			c.note("%v; trying again in %v", failed.Err, failed.Wait.Round(time.Second))
		}
	})
	t, err := f.connect(c, about, chattest.BuiltIn().WithPace(builtInPace), func(opts ...chatspec.Option) (err error) {
		client, err = chatspec.New(append(opts, tell)...)
		return err
	})
	if err != nil {
		return nil, err
	}
	t.client = client
	return t, nil
}

// connect finds out which server to talk to, starts the built-in one if it is that, which gives the reply, has
// build make a client, and says so on standard error. about is what else there is to say, such as the model. The
// caller calls stop when done.
func (f *targetFlags) connect(c *console, about string, reply chattest.Reply, build func(...chatspec.Option) error) (*target, error) {
	key, baseURL := strings.TrimSpace(c.getenv(envAPIKey)), strings.TrimSpace(c.getenv(envBaseURL))
	t := &target{keyed: key != "", stop: func() {}}
	switch {
	case f.baseURL != "":
		t.source, baseURL = "-base-url", f.baseURL
	case baseURL != "":
		t.source = envBaseURL
	case key == "":
		address, stop, err := startBuiltIn(reply)
		if err != nil {
			return nil, err
		}
		t.stop, t.host, baseURL = stop, address, "http://"+address+"/v1"
		c.note("built-in server, as neither %s nor %s is set", envAPIKey, envBaseURL)
	default:
		baseURL = chatspec.DefaultBaseURL
	}
	opts := []chatspec.Option{
		chatspec.WithBaseURL(baseURL),
		chatspec.WithAPIKey(key),
		chatspec.WithOrganization(strings.TrimSpace(c.getenv(envOrganization))),
		chatspec.WithProject(strings.TrimSpace(c.getenv(envProject))),
		chatspec.WithMaxRetries(f.retries),
	}
	if f.plain {
		opts = append(opts, chatspec.WithPlainHTTP())
	}
	if err := build(append(opts, f.headers...)...); err != nil {
		t.stop()
		return nil, configError(err, t.source)
	}
	if t.host == "" {
		u, err := url.Parse(baseURL)
		if err != nil { // New has parsed it before
			return nil, err
		}
		t.host = u.Host
		c.note("%s", strings.TrimSpace(u.Scheme+"://"+u.Host+" "+about))
	}
	return t, nil
}

// configError names what the user has set instead of the option that it became.
func configError(err error, source string) error {
	text := strings.NewReplacer(
		"WithBaseURL", source,
		"WithAPIKey", envAPIKey,
		"WithHeader", "-header",
		"WithOrganization", envOrganization,
		"WithProject", envProject,
		"WithMaxRetries", "-retries",
		"WithPlainHTTP", "-plain-http",
	).Replace(strings.TrimPrefix(err.Error(), "chatspec: "))
	return usageError{text: text}
}

// isOpenAI says whether the server is one of OpenAI's or of Azure's.
func (t *target) isOpenAI() bool {
	host := t.host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return host == "api.openai.com" || strings.HasSuffix(host, ".openai.com") || strings.HasSuffix(host, ".azure.com")
}

// startBuiltIn serves the fake server in this process on a loopback port of its own.
func startBuiltIn(reply chattest.Reply) (address string, stop func(), err error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("cannot start the built-in server: %w", err)
	}
	handler := chattest.NewHandler(reply.Repeated())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with Close
	}()
	return l.Addr().String(), func() {
		_ = server.Close() // nobody is talking to it any more
		<-done
	}, nil
}

// longWait is the wait before another attempt from which on someone who waits is told why.
const longWait = 3 * time.Second

// builtInPace is how long the built-in server waits between words, so that one sees them come.
const builtInPace = 20 * time.Millisecond

// headerTimeout is how long a client of a server of ours may take to send the head of a request.
const headerTimeout = 10 * time.Second
