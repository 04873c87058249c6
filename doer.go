package chatspec

import (
	"errors"
	"net/http"
	"slices"

	"github.com/chatspec/chatspec/api"
)

// Version is the version of this module, which the User-Agent header names.
const Version = "0.1.0"

// Doer sends a request. *http.Client is one.
type Doer = api.Doer

// NewDoer returns a Doer that does what a [Client] with these options does around each request, for generated
// clients of the caller's own: hooks, middleware, retries, authentication, the origin lock and the header
// timeout. It refuses requests for another server than that of [WithBaseURL].
func NewDoer(opts ...Option) (Doer, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	return c.chain()
}

// chain builds the way of a request: hooks, then middleware, then retries, then for each attempt
// authentication, the wait for the headers, and the transport.
func (c *config) chain() (Doer, error) {
	doer := c.retried(c.authenticated(c.timed(c.doer)))
	for _, middleware := range slices.Backward(c.middleware) {
		outer := middleware(doer)
		if outer == nil {
			return nil, errors.New("chatspec: WithMiddleware: the middleware returned nil")
		}
		doer = doerFunc(func(req *http.Request) (*http.Response, error) {
			resp, err := outer.Do(req)
			return checkResponse(req.Context(), resp, err)
		})
	}
	if c.observe == nil {
		return doer, nil
	}
	return c.observe(c, doer), nil
}

// doerFunc is a function as a Doer. A function keeps what it knows to itself: printing a client, in any way,
// shows neither its key nor its headers.
type doerFunc func(*http.Request) (*http.Response, error)

func (f doerFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }
