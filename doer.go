package chatspec

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
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
// clients of the caller's own. [WithBaseURL] says which server the key is for.
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
	return doerFunc(func(req *http.Request) (*http.Response, error) {
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

// timed ends the wait for response headers after the limit, and says which wait was too long.
func (c config) timed(next Doer) Doer {
	return doerFunc(func(req *http.Request) (*http.Response, error) {
		if c.headerTimeout == 0 {
			resp, err := next.Do(req)
			return resp, timeoutError(err)
		}
		tooLate := &api.TimeoutError{Phase: api.PhaseHeaders, Limit: c.headerTimeout}
		ctx, cancel := context.WithCancelCause(req.Context())
		timer := time.AfterFunc(c.headerTimeout, func() { cancel(tooLate) })
		resp, err := next.Do(req.WithContext(ctx))
		if inTime := timer.Stop(); !inTime && context.Cause(ctx) == tooLate { //nolint:errorlint // it is the same value
			if err == nil {
				_ = resp.Body.Close()
			}
			return nil, tooLate
		}
		if err != nil {
			cancel(nil)
			return nil, timeoutError(err)
		}
		resp.Body = &cancelledBody{resp.Body, cancel}
		return resp, nil
	})
}

// timeoutError says of a passed deadline that it was the caller's.
func timeoutError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &api.TimeoutError{Phase: api.PhaseTotal, Err: err}
	}
	return err
}

// cancelledBody frees the context of its request when it is closed.
type cancelledBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *cancelledBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// sameOrigin returns a copy of the client that takes a request nowhere else: prompts and keys stay with the
// server they are meant for. A redirect that leads elsewhere is the answer.
func sameOrigin(client *http.Client) *http.Client {
	c := *client
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		from := via[0]
		if req.URL.Scheme != from.URL.Scheme || req.URL.Host != from.URL.Host || req.Method != from.Method || len(via) >= maxRedirects {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &c
}

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
