package chatspec

import (
	"net/http"
	"slices"
	"time"
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

// chain builds the way of a request: middleware, then authentication, then the transport.
func (c config) chain() Doer {
	doer := c.authenticated(c.doer)
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
