package chatspec

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/chatspec/chatspec/api"
)

// Version is the version of this module, which the User-Agent header names.
const Version = "0.1.0"

// Doer sends a request. *http.Client is one. Like its Do, a Doer returns either a response, whose body the
// caller closes, or an error; it may be used by several goroutines at once.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// NewDoer returns a Doer that does what a [Client] with these options does around each request, for generated
// clients of the caller's own. It refuses requests for another server than that of [WithBaseURL].
func NewDoer(opts ...Option) (Doer, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	return c.chain(), nil
}

// chain builds the way of a request: middleware, then authentication, then the wait for the headers, then
// the transport.
func (c config) chain() Doer {
	doer := c.authenticated(c.timed(c.doer))
	for _, middleware := range slices.Backward(c.middleware) {
		doer = middleware(doer)
	}
	return doer
}

// doerFunc is a function as a Doer. A function keeps what it knows to itself: printing a client, in any way,
// shows neither its key nor its headers.
type doerFunc func(*http.Request) (*http.Response, error)

func (f doerFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

// authenticated sets the headers that say who is calling, as far as the call has not set them itself.
func (c config) authenticated(next Doer) Doer {
	origin, _ := url.Parse(c.baseURL) // WithBaseURL has parsed it before
	return doerFunc(func(req *http.Request) (*http.Response, error) {
		if !sameServer(req.URL, origin) {
			return nil, errors.New("the request is for another server than that of WithBaseURL")
		}
		req = req.Clone(req.Context()) // a Doer must not change the caller's request
		set := func(name string, values ...string) {
			if _, known := req.Header[name]; !known {
				req.Header[name] = values
			}
		}
		for name, values := range c.call.header {
			set(name, values...)
		}
		if c.key != "" {
			set("Authorization", "Bearer "+c.key)
		}
		if c.organization != "" {
			set("Openai-Organization", c.organization)
		}
		if c.project != "" {
			set("Openai-Project", c.project)
		}
		set("User-Agent", "chatspec/"+Version)
		return next.Do(req)
	})
}

// timed ends the wait for response headers after the limit, and says of every failure what it is.
func (c config) timed(next Doer) Doer {
	return doerFunc(func(req *http.Request) (*http.Response, error) {
		parent := req.Context()
		if c.headerTimeout == 0 {
			resp, err := next.Do(req)
			return checkResponse(parent, resp, err)
		}
		ctx, cancel := context.WithCancel(parent)
		timer := time.AfterFunc(c.headerTimeout, cancel)
		resp, err := next.Do(req.WithContext(ctx))
		inTime := timer.Stop()
		resp, err = checkResponse(parent, resp, err)
		if !inTime && parent.Err() == nil {
			if err == nil {
				_ = resp.Body.Close()
			}
			return nil, &api.TimeoutError{Phase: api.PhaseHeaders, Limit: c.headerTimeout}
		}
		if err != nil {
			cancel()
			return nil, err
		}
		resp.Body = &cancelledBody{resp.Body, cancel}
		return resp, nil
	})
}

// checkResponse makes sure that there is a response with a body or an error, and that the error says what it
// is and names no query, which may hold data of users.
func checkResponse(ctx context.Context, resp *http.Response, err error) (*http.Response, error) {
	if wrapped, ok := err.(*url.Error); ok { //nolint:errorlint // http.Client returns it as it is
		bare, _, _ := strings.Cut(wrapped.URL, "?")
		err = &url.Error{Op: wrapped.Op, URL: bare, Err: wrapped.Err}
	}
	switch {
	case err != nil:
		return nil, api.Interrupted(ctx, err)
	case resp == nil:
		return nil, errors.New("the Doer returned neither a response nor an error")
	case resp.Body == nil:
		resp.Body = http.NoBody
	}
	return resp, nil
}

// cancelledBody frees the context of its request when it is closed.
type cancelledBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *cancelledBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}

// sameOrigin returns a copy of the client that takes a request nowhere else: prompts and keys stay with the
// server they are meant for. A redirect that leads elsewhere is the answer.
func sameOrigin(client *http.Client) *http.Client {
	c := *client
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		from := via[0]
		if !sameServer(req.URL, from.URL) || req.Method != from.Method || len(via) >= maxRedirects {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &c
}

// sameServer says whether two URLs have the same scheme, host and port.
func sameServer(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }

// maxRedirects is how many redirects are followed for a request, as net/http has it.
const maxRedirects = 10

// newTransport returns the standard library's transport, but with enough idle connections to one host for
// streams that run side by side, and with pings that find a dead HTTP/2 connection.
func newTransport() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // the program has replaced it
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = t.MaxIdleConns
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}
	return t
}
