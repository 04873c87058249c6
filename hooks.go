package chatspec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/internal/exchange"
)

// Hooks are functions that watch calls, to measure, trace or log them. Each may be nil. They run where the call
// runs, which waits for them, and may run for several calls at once. A call of a list is each of its pages.
//
// Start comes first and End last, both exactly once, and between them Retry for each attempt that is repeated,
// Headers if an answer came, and FirstEvent if it is a stream with at least one chunk. End comes when a stream
// has ended or was closed, possibly from the goroutine that calls Close. Calls through [Client.Raw] and
// [NewDoer] are watched too; what their answers hold is known only if package stream reads them, else End comes
// when the body is closed.
type Hooks struct {
	// Start returns the context that the call goes on with, and that the other hooks are given: ctx, or one
	// made from it.
	Start      func(ctx context.Context, call Call) context.Context
	Retry      func(ctx context.Context, failed Attempt)
	Headers    func(ctx context.Context, call Call)
	FirstEvent func(ctx context.Context, call Call)
	End        func(ctx context.Context, call Call)
}

// Call is what is known of a call at the time of a hook. What it points to must not be changed.
type Call struct {
	// From Start on.
	Method  string                            // HTTP method
	URL     string                            // without the query
	Request *chat.CreateChatCompletionRequest // nil where the call does not create a completion
	Start   time.Time

	// From Headers on, and at End if no answer came.
	Response Response

	// From FirstEvent on.
	FirstEvent time.Duration // from Start to the first chunk; 0 where the answer is not streamed
	Chunks     int           // chunks read so far

	// At End, as far as the answer said so.
	Elapsed       time.Duration // from Start
	ID            string        // of the completion
	Model         string        // that answered
	ServiceTier   chat.ServiceTier
	FinishReasons []chat.FinishReason
	Usage         *chat.CompletionUsage
	Err           error // how the call failed, nil if it did not; an *api.Error, a *stream.Error and so on
}

// errClosedEarly is how a call ended whose body was closed before its end, as that of a stream is.
var errClosedEarly = fmt.Errorf("%w: the answer was closed before its end", context.Canceled)

// observed calls the hooks, of which there is one at least.
func (c *config) observed(next Doer) Doer {
	return doerFunc(func(req *http.Request) (*http.Response, error) {
		ctx := req.Context()
		w := &watcher{call: Call{Method: req.Method, URL: bareURL(req), Request: c.requestOf(req), Start: time.Now()}}
		for _, hooks := range c.hooks {
			if hooks.Start == nil {
				continue
			}
			if own := hooks.Start(ctx, w.call); own != nil {
				ctx = own //nolint:fatcontext // one layer for each that watches
			}
		}
		w.tell = func(hook func(Hooks) func(context.Context, Call), call Call) {
			for _, hooks := range c.hooks {
				if f := hook(hooks); f != nil {
					f(ctx, call)
				}
			}
		}
		resp, err := next.Do(req.WithContext(ctx))
		w.call.Response = responseOf(resp, err)
		if err != nil {
			w.End(nil, err)
			return nil, err
		}
		w.attempt = exchange.AttemptOf(resp)
		w.tell(func(h Hooks) func(context.Context, Call) { return h.Headers }, w.call)
		if resp.Request == nil {
			resp.Request = req
		}
		resp.Request = resp.Request.WithContext(exchange.Watched(resp.Request.Context(), w))
		resp.Body = &watchedBody{ReadCloser: resp.Body, watcher: w, resp: resp}
		return resp, nil
	})
}

// bareURL returns the URL of a request without its query, which may hold data of users.
func bareURL(req *http.Request) string {
	u := *req.URL
	u.RawQuery, u.ForceQuery, u.User = "", false, nil
	return u.String()
}

// requestOf returns the request for a completion that req sends, or nil. Calls of a Client's methods know it;
// for others the body is read.
func (c *config) requestOf(req *http.Request) *chat.CreateChatCompletionRequest {
	if call := c.callIn(req.Context()); call != nil {
		return call.request
	}
	if req.Method != http.MethodPost || req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil
	}
	defer body.Close()
	data, err := io.ReadAll(body) // which is the caller's own, and in memory already
	v := new(chat.CreateChatCompletionRequest)
	if err != nil || codec.Unmarshal(data, v, (*chat.CreateChatCompletionRequest).DecodeJSON) != nil || len(v.Messages) == 0 {
		return nil
	}
	return v
}

// watcher is an [exchange.Watcher] that tells the hooks of one call.
type watcher struct {
	tell    func(hook func(Hooks) func(context.Context, Call), call Call)
	attempt *exchange.Attempt // that was answered, or nil

	mu      sync.Mutex
	call    Call
	claimed bool
	telling bool // of the first chunk
	ended   bool
	reasons map[int]chat.FinishReason // by the index of the choice
	usage   []byte                    // the chunk with the last usage
}

func (w *watcher) Claim() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.claimed = true
}

func (w *watcher) Chunk(chunk any, raw []byte) {
	v, ok := chunk.(*chat.CreateChatCompletionStreamResponse)
	if !ok { // of a package that users have generated
		v = new(chat.CreateChatCompletionStreamResponse)
		if v.UnmarshalJSON(raw) != nil {
			return
		}
	}
	if call, first := w.note(v, raw); first {
		defer w.told() // also where a hook panics
		w.tell(func(h Hooks) func(context.Context, Call) { return h.FirstEvent }, call)
	}
}

// told has the hooks hear of an end that came while they were told of the first chunk.
func (w *watcher) told() {
	w.mu.Lock()
	w.telling = false
	call, late := w.call, w.ended
	w.mu.Unlock()
	if late {
		w.tell(func(h Hooks) func(context.Context, Call) { return h.End }, call)
	}
}

// note takes in what a chunk says, and says whether it is the first. It keeps copies only, because a chunk may
// be used again.
func (w *watcher) note(v *chat.CreateChatCompletionStreamResponse, raw []byte) (call Call, first bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return Call{}, false
	}
	if w.call.Chunks++; w.call.Chunks == 1 {
		w.call.FirstEvent = time.Since(w.call.Start)
	}
	keepLast(&w.call.ID, v.ID, w.attempt)
	keepLast(&w.call.Model, v.Model, w.attempt)
	keepLast(&w.call.ServiceTier, v.ServiceTier, w.attempt)
	for i := range v.Choices {
		if reason := v.Choices[i].FinishReason; reason != "" {
			if w.reasons == nil {
				w.reasons = map[int]chat.FinishReason{}
			}
			w.reasons[v.Choices[i].Index] = ownWord(reason, w.attempt)
		}
	}
	if v.Usage != nil {
		w.usage = append(w.usage[:0], raw...)
	}
	w.telling = w.call.Chunks == 1
	return w.call, w.telling
}

// keepLast sets what a chunk says anew; many say only a part.
func keepLast[S ~string](kept *S, said S, attempt *exchange.Attempt) {
	if said != "" && said != *kept {
		*kept = ownWord(said, attempt)
	}
}

// ownWord returns a copy of a word of the server, without the key of the attempt.
func ownWord[S ~string](said S, attempt *exchange.Attempt) S {
	return S(strings.Clone(attempt.Masked(string(said))))
}

func (w *watcher) End(response any, err error) {
	if call, now := w.end(response, err); now {
		w.tell(func(h Hooks) func(context.Context, Call) { return h.End }, call)
	}
}

// end takes in how the call ended, and says whether to tell the hooks now: it had not ended before, and they are
// not being told of anything else.
func (w *watcher) end(response any, err error) (call Call, now bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return Call{}, false
	}
	w.ended = true
	w.call.Elapsed = time.Since(w.call.Start)
	w.call.Err = err
	for _, index := range slices.Sorted(maps.Keys(w.reasons)) {
		w.call.FinishReasons = append(w.call.FinishReasons, w.reasons[index])
	}
	if last := new(chat.CreateChatCompletionStreamResponse); w.usage != nil && last.UnmarshalJSON(w.usage) == nil {
		w.call.Usage = last.Usage
	}
	if v, ok := response.(*chat.CreateChatCompletionResponse); ok && v != nil {
		keepLast(&w.call.ID, v.ID, w.attempt)
		keepLast(&w.call.Model, v.Model, w.attempt)
		keepLast(&w.call.ServiceTier, v.ServiceTier, w.attempt)
		w.call.Usage = v.Usage
		for i := range v.Choices {
			w.call.FinishReasons = append(w.call.FinishReasons, ownWord(v.Choices[i].FinishReason, w.attempt))
		}
	}
	return w.call, !w.telling
}

// watchedBody ends the call when it is closed, unless somebody who knows more has said that they do.
type watchedBody struct {
	io.ReadCloser
	watcher *watcher
	resp    *http.Response

	mu  sync.Mutex
	err error // how reading ended, nil where it has not
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
	}
	return n, err
}

func (b *watchedBody) Close() error {
	err := b.ReadCloser.Close()
	b.watcher.mu.Lock()
	claimed := b.watcher.claimed
	b.watcher.mu.Unlock()
	if !claimed {
		b.watcher.End(nil, b.ending())
	}
	return err
}

// ending says how a call ended whose body nobody of this module has read.
func (b *watchedBody) ending() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.resp.StatusCode >= 300:
		bare := *b.resp
		bare.Body = http.NoBody // it is the caller's
		return api.FromResponse(&bare, 0)
	case b.err == nil:
		return errClosedEarly
	case errors.Is(b.err, io.EOF):
		return nil
	}
	return b.err
}
