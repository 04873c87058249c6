package validate

import (
	"context"
	"mime"
	"net/http"

	"github.com/chatspec/chatspec/api"
)

// Option changes what [Validator.Middleware] checks.
type Option func(*options)

// options is what all options together say.
type options struct{ answers bool }

// Answers has the answers checked, too: a whole one against its operation and status, and every chunk of a
// text/event-stream. The default is to check requests only.
//
// What breaks the document is not handed out: reading the body returns the [*Error] in its place, and Result,
// Err and their like return it wrapped. What came before it stays delivered. Everything else is handed out as
// the server sent it, byte for byte, to the end that the server gave it, also when the connection breaks. A
// whole answer is held back until it is complete, an event of a stream until its blank line (so that
// [stream.IdleTimeout] counts whole events only), and comments are not held back at all. Closing the body,
// from any goroutine, closes the server's.
//
// The API is never overruled: a status outside 2xx, an error object, and an event that is an error, [DONE],
// empty or of the type error, done or end are handed out unchecked, and so is what follows the end of a
// stream. Unchecked are also media types other than text/event-stream and application/json, except that an
// answer without one or of text/plain counts as what its first byte says, and answers that the transport left
// compressed.
//
// A whole answer of more than [MaxBodyBytes] is an [*Error] with [RuleSize], an event of more than
// [stream.DefaultMaxEventBytes], counted as it is written, an [api.TooLargeError].
func Answers() Option { return func(o *options) { o.answers = true } }

// Middleware returns what puts the Validator around an [api.Doer], for chatspec.WithMiddleware. A request that
// breaks the document is the [*Error] that [Validator.Request] returns, and nothing is sent. Others go on as
// they came, with Body, GetBody and ContentLength. Checking reads the whole body first, until the context
// ends.
//
// A request for an operation that the document does not know breaks it, too; make the Validator from the
// document that has the operation. The middleware given to the client first sees the request first, before
// others change it, and is called once however often others repeat it.
func (v *Validator) Middleware(opts ...Option) func(api.Doer) api.Doer {
	var o options
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	return func(next api.Doer) api.Doer { return &doer{v, o, next} }
}

// doer is a Doer that checks what goes through it.
type doer struct {
	validator *Validator
	options   options
	next      api.Doer
}

// Do sends a request that is as the document wants it.
func (d *doer) Do(req *http.Request) (*http.Response, error) {
	req = req.WithContext(req.Context()) // a Doer must not change the caller's request
	body := req.Body
	if err := d.checkRequest(req); err != nil {
		if body != nil {
			_ = body.Close()
		}
		return nil, err
	}
	resp, err := d.next.Do(req)
	if err == nil && resp != nil && resp.Body != nil && d.options.answers {
		d.watch(req, resp)
	}
	return resp, err
}

// checkRequest checks a request. A body that does not come ends with the context.
func (d *doer) checkRequest(req *http.Request) error {
	if body := req.Body; body != nil {
		stop := context.AfterFunc(req.Context(), func() { _ = body.Close() })
		defer stop()
	}
	err := d.validator.Request(req)
	if ctx := req.Context(); err != nil && ctx.Err() != nil {
		return api.Interrupted(ctx, err)
	}
	return err
}

// watch has the body of an answer checked while it is read.
func (d *doer) watch(req *http.Request, resp *http.Response) {
	encoding := resp.Header.Get("Content-Encoding")
	if resp.StatusCode < 200 || resp.StatusCode > 299 || encoding != "" && encoding != "identity" {
		return
	}
	found, err := d.validator.match(req)
	if err != nil {
		return // checkRequest has found it
	}
	whole, events := passWhole(found.operation, resp), passEvents(found.operation, resp)
	switch name, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); name {
	case mediaEvents:
		resp.Body = &watched{ReadCloser: resp.Body, pass: events}
	case mediaJSON:
		resp.Body = &watched{ReadCloser: resp.Body, pass: whole}
	case "", "text/plain":
		resp.Body = &watched{ReadCloser: resp.Body, pass: passEither(whole, events)}
	}
}
