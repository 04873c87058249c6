// Package exchange is what the packages of chatspec tell each other about one exchange with a server: how often
// it was tried, which secrets it carried, and who watches. It travels in the context of the response's request,
// so that package api and package stream know it of any response that came through a Doer of package chatspec,
// and manage without it for others. Which values are secrets, and how they are masked, is here too, so that it is
// the same wherever something of an exchange is shown or kept.
package exchange

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// Attempt is one request of a call, the last one so far. It is complete once the response, or none, has come.
type Attempt struct {
	Number  int           // 1 for the first
	Latency time.Duration // from sending the request to the headers of the response
	Masker  Masker        // of the secrets of the request
	Final   bool          // it was refused in a way that is repeated, and there were retries left, but no time for one
}

// Watcher watches a call from its response on. Its methods may be called from several goroutines.
type Watcher interface {
	// Claim says that the caller is going to call End. Until then, closing the body is the end.
	Claim()
	// Chunk reports a chunk: a pointer to its Go value, and its JSON.
	Chunk(chunk any, raw []byte)
	// End reports how the call ended, with the response of a call that is not streamed, or nil. Only the first
	// End counts.
	End(response any, err error)
}

type (
	attemptKey struct{}
	watcherKey struct{}
)

// WithAttempt returns a context for the requests of a call, and what it says of them.
func WithAttempt(ctx context.Context) (context.Context, *Attempt) {
	c := &Context{Context: ctx}
	return c, c.Begin()
}

// Context has room for the attempts of a call, and says nothing of them until they begin.
type Context struct {
	context.Context //nolint:containedctx // it is one

	begun   atomic.Bool
	attempt Attempt
}

// Begin returns what the context says of the attempts of a call. It does so once, and nil to those who come later:
// what is between them and the call may send it more often, even at the same time.
func (c *Context) Begin() *Attempt {
	if c.begun.Swap(true) {
		return nil
	}
	return &c.attempt
}

// Value returns the attempt, or what the context has that this one was made from.
func (c *Context) Value(key any) any {
	if key == (attemptKey{}) && c.begun.Load() {
		return &c.attempt
	}
	return c.Context.Value(key)
}

// AttemptIn returns the attempt that a request's context is for, or nil.
func AttemptIn(ctx context.Context) *Attempt {
	a, _ := ctx.Value(attemptKey{}).(*Attempt)
	return a
}

// AttemptOf returns the attempt that resp answers, or nil.
func AttemptOf(resp *http.Response) *Attempt { return AttemptIn(ContextOf(resp)) }

// Masked returns a text of the server without the secrets of the request. A nil Attempt has none.
func (a *Attempt) Masked(text string) string {
	if a == nil {
		return text
	}
	return a.Masker.Mask(text)
}

// Masked returns what came with resp without the secrets of the request; where it has none, it is not copied.
func Masked[T string | []byte](resp *http.Response, sent T) T {
	attempt := AttemptOf(resp)
	if attempt == nil {
		return sent
	}
	text := string(sent)
	if shown := attempt.Masked(text); shown != text {
		return T(shown)
	}
	return sent
}

// Watched returns a context for the request of a response that w watches.
func Watched(ctx context.Context, w Watcher) context.Context {
	return context.WithValue(ctx, watcherKey{}, w)
}

// Claim returns the watcher of resp, which leaves it to the caller to call End; nil if nobody watches.
func Claim(resp *http.Response) Watcher {
	w, _ := ContextOf(resp).Value(watcherKey{}).(Watcher)
	if w != nil {
		w.Claim()
	}
	return w
}

// ContextOf returns the context of the request that resp answers, or the background where it has none.
func ContextOf(resp *http.Response) context.Context {
	if resp == nil || resp.Request == nil {
		return context.Background()
	}
	return resp.Request.Context()
}
