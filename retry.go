package chatspec

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/internal/exchange"
)

// How often and after which waits a request is repeated, unless options say otherwise.
const (
	// DefaultMaxRetries is the default of [WithMaxRetries]: two retries, three requests in all.
	DefaultMaxRetries = 2
	// MaxRetryWait is the longest wait that [DefaultRetryPolicy] accepts from a server: a minute.
	MaxRetryWait = time.Minute

	// The backoff starts with the first and doubles up to the second; each wait is shortened by up to half of
	// it, so that clients that failed together do not come back together.
	minBackoff = 500 * time.Millisecond
	maxBackoff = 8 * time.Second
)

// Attempt is a request that failed, as a [RetryPolicy] and a retry hook see it.
type Attempt struct {
	Number int           // 1 for the first request of a call
	Method string        // of the request
	Err    error         // an *api.Error where there was an answer, else why there was none; never nil
	Header http.Header   // of the answer, nil where there was none; not to be changed
	Wait   time.Duration // for hooks: how long it is until the next attempt
}

// RetryPolicy decides whether a failed request is repeated, and after which wait. It is asked only where a
// repetition can do no harm and there are retries left: never about used up quota, TLS and certificate
// failures, requests that this package refuses to send, and a POST whose connection broke before an answer
// came, unless [WithRetryUnsafe] is set. It may be called from several goroutines at once.
type RetryPolicy func(failed Attempt) (wait time.Duration, again bool)

// DefaultRetryPolicy repeats after status 408, 409, 429 and 5xx, and where no answer came, but not where the
// host name does not exist. The header x-should-retry, true or false, beats the status. The wait is what
// retry-after-ms or Retry-After asks for (see [api.RetryAfter]), where that is more than [MaxRetryWait] there
// is no other attempt, and without such a header it is half a second, doubling with each attempt up to 8
// seconds, less up to half of it by chance.
func DefaultRetryPolicy(failed Attempt) (wait time.Duration, again bool) {
	dns, unresolved := errors.AsType[*net.DNSError](failed.Err)
	refused, answered := errors.AsType[*api.Error](failed.Err)
	switch {
	case unresolved && dns.IsNotFound:
		return 0, false
	case !answered:
		return backoff(failed.Number), true
	case !worthRetrying(refused.Status, failed.Header.Get("X-Should-Retry")):
		return 0, false
	case refused.RetryAfter > 0:
		return refused.RetryAfter, refused.RetryAfter <= MaxRetryWait
	}
	return backoff(failed.Number), true
}

// worthRetrying says whether an answer with this status may be another one the next time; the server's own
// word on that counts more.
func worthRetrying(status int, serverSays string) bool {
	if again, err := strconv.ParseBool(serverSays); err == nil {
		return again
	}
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// backoff returns the wait after the attempt with this number.
func backoff(number int) time.Duration {
	d := minBackoff
	for n := 1; n < number && d < maxBackoff; n++ {
		d *= 2
	}
	return d - mathrand.N(d/2)
}

// retry is how calls are repeated.
type retry struct {
	max    int  // retries, without the first attempt
	unsafe bool // whether a POST is repeated that may have been processed
}

// retried sends a request again until it succeeds or nothing speaks for another attempt. One count holds for
// all kinds of failures of a call.
func (c *config) retried(next Doer) Doer {
	return doerFunc(func(req *http.Request) (*http.Response, error) {
		ctx := req.Context()
		retry := c.sendingIn(ctx).retry
		try, attempt := c.begin(req)
		try = withKey(try, retry)
		for n := 1; ; n++ {
			attempt.Number = n
			try, err := renewed(try, n)
			if err != nil {
				return nil, afterAttempts(n-1, err)
			}
			resp, err := next.Do(try)
			if err == nil {
				resp.Request = try // without the key, which was added below
			}
			if err == nil && resp.StatusCode < 300 {
				return resp, nil
			}
			if isNotSent(err) {
				return nil, afterAttempts(n-1, err)
			}
			wait, ok := c.waitAfter(req, attempt, retry, resp, err)
			if !ok {
				return resp, afterAttempts(n, err)
			}
			if err == nil {
				_ = resp.Body.Close()
			}
			if cut := exchange.Wait(ctx, wait); cut != nil {
				return nil, afterAttempts(n, fmt.Errorf("%w, while waiting to send the request again", api.Interrupted(ctx, cut)))
			}
		}
	})
}

// begin returns the request that all attempts send, with a context that says of them what is also returned.
func (c *config) begin(req *http.Request) (*http.Request, *exchange.Attempt) {
	if call := c.callIn(req.Context()); call != nil {
		if attempt := call.Begin(); attempt != nil {
			return req, attempt
		}
	}
	ctx, attempt := exchange.WithAttempt(req.Context())
	return req.WithContext(ctx), attempt
}

// withKey returns the request that all attempts of a call send. With retry.unsafe those of a POST carry one
// Idempotency-Key, by which a server that knows the header tells that they are the same.
func withKey(req *http.Request, retry retry) *http.Request {
	if _, known := req.Header[idempotencyKey]; retry.unsafe && !known && !idempotent(req.Method) {
		req = copied(req.Context(), req)
		req.Header.Set(idempotencyKey, rand.Text())
	}
	return req
}

// renewed returns the request for attempt n: one that was sent before needs its body again.
func renewed(req *http.Request, n int) (*http.Request, error) {
	if n == 1 || !hasBody(req) {
		return req, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, fmt.Errorf("the body for attempt %d: %w", n, err)
	}
	req = req.WithContext(req.Context()) // a Doer must not change the caller's request
	req.Body = body
	return req, nil
}

const idempotencyKey = "Idempotency-Key"

func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }

// waitAfter says whether there is another attempt after a failed one, and tells hooks if so. It reads the body
// of a refusal, and puts it back.
func (c *config) waitAfter(req *http.Request, attempt *exchange.Attempt, retry retry, resp *http.Response, err error) (time.Duration, bool) {
	ctx, n := req.Context(), attempt.Number
	if n > retry.max || ctx.Err() != nil || hasBody(req) && req.GetBody == nil {
		return 0, false
	}
	failed := Attempt{Number: n, Method: req.Method, Err: err}
	if err == nil {
		failed.Err, failed.Header = peek(resp), resp.Header
	}
	if !repeatable(failed, retry.unsafe) {
		return 0, false
	}
	wait, again := c.policy(failed)
	failed.Wait = max(0, wait)
	deadline, limited := ctx.Deadline()
	if !again || limited && time.Until(deadline) <= failed.Wait {
		refused, answered := errors.AsType[*api.Error](failed.Err)
		attempt.Final = answered && worthRetrying(refused.Status, failed.Header.Get("X-Should-Retry"))
		return 0, false // an error now says more than a timeout later
	}
	for _, hooks := range c.hooks {
		if hooks.Retry != nil {
			hooks.Retry(ctx, failed)
		}
	}
	return failed.Wait, true
}

// repeatable says whether another attempt can do no harm and may do some good.
func repeatable(failed Attempt, unsafe bool) bool {
	err := failed.Err
	if isA[*finalError](err) || isTLS(err) {
		return false
	}
	if isA[*api.Error](err) {
		return !errors.Is(err, api.ErrQuota)
	}
	network, ok := errors.AsType[*net.OpError](err)
	if ok && slices.Contains([]string{"dial", "proxyconnect", "socks connect"}, network.Op) {
		return true // there was no connection that it could have been sent on
	}
	return unsafe || idempotent(failed.Method)
}

// idempotent says whether sending a request twice is the same as sending it once (RFC 9110, section 9.2.2).
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete, "":
		return true
	}
	return false
}

// isTLS says whether err comes from a handshake, which does not go better the next time. It is one walk through what
// err wraps, where errors.As would be one for each type.
func isTLS(err error) bool {
	switch e := err.(type) { //nolint:errorlint // what it wraps follows
	case *tls.CertificateVerificationError, tls.RecordHeaderError, *tls.ECHRejectionError,
		x509.UnknownAuthorityError, x509.HostnameError, x509.CertificateInvalidError:
		return true
	case *net.OpError:
		if e.Op == "remote error" || e.Op == "local error" {
			return true // as crypto/tls calls the alerts that one side sends the other
		}
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), isTLS)
	}
	return err != nil && (err == http.ErrSchemeMismatch || isTLS(errors.Unwrap(err))) //nolint:errorlint // so is this
}

// isA says whether err is an E or wraps one.
func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// peek returns the error that resp says. Its body reads afterwards as it would have before.
func peek(resp *http.Response) *api.Error {
	t := &tape{body: resp.Body}
	resp.Body = t
	e := api.FromResponse(resp, api.DefaultMaxErrorBytes)
	if t.read.Len() > api.DefaultMaxErrorBytes {
		t.err = &api.TooLargeError{What: "body", Limit: api.DefaultMaxErrorBytes}
	}
	resp.Body = io.NopCloser(io.MultiReader(&t.read, &tape{err: t.err}))
	return e
}

// tape is a body that keeps what is read of it. Without a body it is only how the reading ended.
type tape struct {
	body io.ReadCloser
	read bytes.Buffer
	err  error
}

func (t *tape) Read(p []byte) (int, error) {
	if t.body == nil {
		return 0, t.err
	}
	n, err := t.body.Read(p)
	t.read.Write(p[:n])
	t.err = err
	return n, err
}

func (t *tape) Close() error { return t.body.Close() }

// attemptsError says after how many attempts a call was given up that no answer came to.
type attemptsError struct {
	number int
	err    error
}

func (e *attemptsError) Error() string {
	if e.number < 2 {
		return e.err.Error()
	}
	return fmt.Sprintf("after %d attempts: %v", e.number, e.err)
}

func (e *attemptsError) Unwrap() error { return e.err }

func afterAttempts(n int, err error) error {
	if err == nil {
		return nil
	}
	return &attemptsError{n, err}
}

// finalError says that this package refuses to send a request, or to take what a Doer made of it. Another
// attempt would end as this one did.
type finalError struct {
	err  error
	sent bool
}

func (e *finalError) Error() string { return e.err.Error() }
func (e *finalError) Unwrap() error { return e.err }

func isNotSent(err error) bool {
	final, ok := errors.AsType[*finalError](err)
	return ok && !final.sent
}
