package chatspec

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/chatspec/chatspec/api"
)

// timed ends the wait for response headers after the limit, and says of every failure what it is.
func (c *config) timed(next Doer) Doer {
	return doerFunc(func(req *http.Request) (*http.Response, error) {
		parent := req.Context()
		limit := c.sendingIn(parent).headerTimeout
		if limit == 0 {
			resp, err := next.Do(req)
			return checkResponse(parent, resp, err)
		}
		ctx, cancel := context.WithCancel(parent)
		timer := time.AfterFunc(limit, cancel)
		resp, err := next.Do(req.WithContext(ctx))
		inTime := timer.Stop()
		resp, err = checkResponse(parent, resp, err)
		if !inTime && parent.Err() == nil {
			if err == nil {
				_ = resp.Body.Close()
			}
			return nil, &api.TimeoutError{Phase: api.PhaseHeaders, Limit: limit}
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
// is and names no query, which may hold data of users and keys.
func checkResponse(ctx context.Context, resp *http.Response, err error) (*http.Response, error) {
	if wrapped, ok := err.(*url.Error); ok { //nolint:errorlint // http.Client returns it as it is
		bare, _, _ := strings.Cut(wrapped.URL, "?")
		err = &url.Error{Op: wrapped.Op, URL: bare, Err: masked(wrapped.Err, withoutQueries)}
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

// withoutQueries leaves out what follows a question mark between quotes: net/http quotes what it cannot read,
// such as the Location of a redirect, or the request itself, which an echo server sends back.
func withoutQueries(text string) string {
	kept := make([]byte, 0, len(text))
	quoted, query := false, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted, query = !quoted, false
		case c == '?' && quoted:
			query = true
		case c == '\\' && quoted && i+1 < len(text): // the next byte is no quote
			if !query {
				kept = append(kept, c)
			}
			i++
		}
		if !query {
			kept = append(kept, text[i])
		}
	}
	return string(kept)
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
		if key, known := from.Header[authorization]; known {
			req.Header[authorization] = key // net/http leaves it out where the host is spelled otherwise
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
