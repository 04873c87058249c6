package stream

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"net/http"
	"sync"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/internal/exchange"
)

// Stream reads the chunks of a chat completion. Its methods are those of [Reader]: Next, Chunk, Raw and Err,
// the iterators All and Text, Result and Partial, Done, Streamed, Response and Close.
type Stream = Reader[chat.CreateChatCompletionStreamResponse, chat.CreateChatCompletionResponse]

// Accumulator adds chunks up to the response that an unstreamed call would have returned. Readers have one
// built in; this is for chunks that come another way.
type Accumulator = chat.Accumulator

// Reader reads the chunks C of an event stream, which add up to a response R. It is not safe for concurrent
// use, except that Close may be called at any time from any goroutine and ends a blocked Next.
//
//	defer s.Close()
//	for s.Next() {
//		… s.Chunk() …
//	}
//	if err := s.Err(); err != nil { … }
//
// [Reader.All] and [Reader.Text] are the same as iterators. Leaving a loop early does not close the stream.
// [Open] and [OpenWith] make a Reader; the zero Reader is none.
type Reader[C, R any] struct {
	codec   codec.Stream[C, R]
	opts    options
	resp    *http.Response
	body    body
	sniff   sniffer          // until the first event, while it is open whether this is a stream at all
	events  Decoder          // reads the body through sniff
	watcher exchange.Watcher // nil if nobody watches

	chunks   *codec.Chunks[C] // nil while the stream waits for its server
	chunk    *C
	raw      []byte
	acc      codec.Accumulator[C, R]
	progress codec.Progress
	whole    []byte // the unstreamed completion, until Next hands it out as a chunk

	streamed bool
	marked   bool // the answer says itself that this is all
	ended    bool
	err      error // how it ended, once it has ended
	result   *R    // what Result returns, once known
}

// Next reads the next chunk and says whether there is one. After false, Err says how the stream ended.
// Events without a chunk (keep-alives, empty data) are passed over.
func (r *Reader[C, R]) Next() bool {
	switch {
	case r.ended:
		return false
	case r.body.closed.Load():
		return r.end(errClosed)
	case r.whole != nil:
		return r.nextWhole(r.whole)
	case r.result != nil: // the whole was handed out
		r.marked = true
		return r.end(r.missing())
	}
	for {
		if r.events.in.waits() {
			r.release()
		}
		if err := r.events.next(); err != nil {
			return r.endEvents(err)
		}
		if !r.sniff.stopped {
			r.sniffed()
		}
		data := trim(r.events.in.data())
		switch name := r.events.name; {
		case string(data) == doneMarker, name == "done", name == "end":
			r.marked = true
			return r.end(r.missing())
		case name == "error":
			return r.end(api.FromEvent(r.resp, data))
		case len(data) == 0:
			continue
		}
		return r.nextChunk(data)
	}
}

// trim is bytes.TrimSpace, done at once for what has nothing to trim.
func trim(data []byte) []byte {
	if n := len(data); n > 0 && data[0] == '{' && data[n-1] == '}' {
		return data
	}
	return bytes.TrimSpace(data)
}

// doneMarker is the data of the event that ends a stream.
const doneMarker = "[DONE]"

// Chunk returns the chunk that Next read, nil before the first and after the last. It belongs to the caller
// and stays valid, unless [ReuseChunk] says otherwise.
func (r *Reader[C, R]) Chunk() *C { return r.chunk }

// Raw returns the JSON of the chunk, with everything a vendor adds. It is valid until the next Next. Where
// the answer was not streamed it is the whole completion.
func (r *Reader[C, R]) Raw() []byte { return r.raw }

// Err returns how the stream ended: nil when it finished well or has not ended yet, else an [*Error]; see
// there for the causes.
func (r *Reader[C, R]) Err() error { return r.err }

// Done says whether the server marked the end, with [DONE] or an event named done or end. A stream can
// finish without.
func (r *Reader[C, R]) Done() bool { return r.marked && r.streamed }

// Streamed says whether the answer is an event stream. It is false where the server answered with one whole
// completion, which is then the only chunk. Where the answer has no telling media type it is known from the
// first Next on.
func (r *Reader[C, R]) Streamed() bool { return r.streamed }

// Response returns the response that the stream reads, for its status and header. Its body belongs to the
// stream, and its request is only to be looked at.
func (r *Reader[C, R]) Response() *http.Response { return r.resp }

// All iterates over the chunks. The last pair, and only the last, has an error in place of a chunk if the
// stream did not finish well.
func (r *Reader[C, R]) All() iter.Seq2[*C, error] {
	return func(yield func(*C, error) bool) {
		for r.Next() {
			if !yield(r.chunk, nil) {
				return
			}
		}
		if r.err != nil {
			yield(nil, r.err)
		}
	}
}

// Text iterates over the pieces of text of the choice with index 0, empty ones left out. The last pair, and
// only the last, has an error in place of text if the stream did not finish well.
func (r *Reader[C, R]) Text() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for chunk, err := range r.All() {
			if err != nil {
				yield("", err)
				return
			}
			if text := r.codec.Text(chunk); text != "" && !yield(text, nil) {
				return
			}
		}
	}
}

// Result reads the stream to its end, if that is not reached, and returns the whole response, as if it had
// not been streamed. After a bad end it returns what arrived together with the error. It returns the same
// pair ever after, never nil and nil: with [WithoutResult] nil, and [ErrNoResult] where the end was good.
func (r *Reader[C, R]) Result() (*R, error) {
	for r.Next() {
	}
	if r.acc == nil {
		if r.err == nil {
			return nil, ErrNoResult
		}
		return nil, r.err
	}
	if r.result == nil {
		r.result = r.acc.Result()
	}
	return r.result, r.err
}

// Partial returns the response as far as it has arrived: a snapshot that later chunks do not change. It
// reads nothing. Its error is [ErrNoResult] where accumulating is off, else nil.
func (r *Reader[C, R]) Partial() (*R, error) {
	switch {
	case r.acc == nil:
		return nil, ErrNoResult
	case r.result != nil:
		return r.result, nil
	}
	return r.acc.Result(), nil
}

// Close ends the stream and frees its connection; a Next that is blocked returns false. It may be called
// more than once and from any goroutine. After the end of the stream it waits a moment for the server to
// end the answer (at most 4 KiB or 50 ms), so that the connection can be used again.
func (r *Reader[C, R]) Close() error {
	err := r.body.Close()
	if r.watcher != nil {
		r.watcher.End(nil, errClosed) // which counts only if the stream has not ended before
	}
	return err
}

// nextChunk decodes the data of an event and takes it in.
func (r *Reader[C, R]) nextChunk(data []byte) bool {
	if r.chunks == nil {
		r.chunks = newChunks[C]()
	}
	if chunk := r.chunks.Recognize(data, errorWord, r.opts.reuseChunk); chunk != nil {
		r.take(chunk, data)
		r.chunk, r.raw = chunk, data
		return true
	}
	refused := r.refused(data)
	chunk, err := r.chunks.Decode(data, errorWord, r.codec.DecodeChunk)
	if err == nil {
		r.take(chunk, data)
	}
	switch {
	case refused != nil:
		return r.end(refused)
	case err != nil:
		return r.end(&DecodeError{What: "event", Err: err})
	}
	r.chunk, r.raw = chunk, data
	return true
}

// decoders are *codec.Chunks of any type that no stream has at the moment. As streams mostly wait, few of them
// serve many.
var decoders sync.Pool

func newChunks[C any]() *codec.Chunks[C] {
	if c, ok := decoders.Get().(*codec.Chunks[C]); ok {
		return c
	}
	return new(codec.Chunks[C])
}

// release lets go of the chunk, and lets others use the decoder.
func (r *Reader[C, R]) release() {
	r.chunk, r.raw = nil, nil
	if r.chunks != nil {
		r.chunks.Forget()
		decoders.Put(r.chunks)
		r.chunks = nil
	}
}

// refused returns the error that data says, or nil. Data without the word is not parsed a second time.
func (r *Reader[C, R]) refused(data []byte) *api.Error {
	if !bytes.Contains(data, []byte(`rror"`)) || !bytes.Contains(data, []byte(`"error"`)) { // the first is rare
		return nil
	}
	return api.FromBody(r.resp, data)
}

// errorWord is a name or value without which no data says an error.
const errorWord = "error"

// take adds a chunk to the result and notes how far the answer has come.
func (r *Reader[C, R]) take(chunk *C, data []byte) {
	if r.watcher != nil {
		r.watcher.Chunk(chunk, data)
	}
	r.codec.Progress(chunk, &r.progress)
	if r.acc != nil {
		_ = r.acc.Add(chunk) // fails for nil only
	}
}

// nextWhole hands out an unstreamed completion as the only chunk.
func (r *Reader[C, R]) nextWhole(data []byte) bool {
	response := new(R)
	if err := r.codec.DecodeResponse(data, response); err != nil {
		return r.end(&DecodeError{What: "response", Err: err})
	}
	r.whole, r.result = nil, response
	r.chunk, r.raw = r.codec.Chunk(response), data
	r.take(r.chunk, data)
	return true
}

// endEvents ends the stream because the events ended with err.
func (r *Reader[C, R]) endEvents(err error) bool {
	clean := errors.Is(err, io.EOF)
	if !clean && r.body.closed.Load() {
		return r.end(errClosed)
	}
	// What the input cut off is no event any more, but an error or the end marker is still what it is.
	incomplete := bytes.TrimSpace(r.events.Incomplete())
	refused := r.refused(incomplete)
	switch cut := r.events.name; {
	case cut == "error":
		return r.end(api.FromEvent(r.resp, incomplete))
	case refused != nil:
		return r.end(refused)
	case string(incomplete) == doneMarker, cut == "done", cut == "end":
		r.marked = true
		return r.end(r.missing())
	case !clean:
		return r.end(r.transportError(err))
	case !r.sniff.stopped && len(incomplete) == 0:
		return r.nextUntyped()
	}
	err = r.missing()
	if err != nil && len(incomplete) > 0 {
		err = truncated(missingError("it ended in the middle of an event"))
	}
	return r.end(err)
}

// missing returns the truncation of an answer that lacks something at its end, or nil.
func (r *Reader[C, R]) missing() error {
	switch {
	case r.progress.Seen() == 0:
		return truncated(missingError("no choice arrived"))
	case r.marked:
		return nil
	case !r.progress.Finished():
		return truncated(missingError("a choice has no finish reason"))
	case r.progress.Seen() < r.opts.choices:
		return truncated(missingError("a choice is missing"))
	case r.opts.usage && !r.progress.HasUsage():
		return truncated(missingError("the usage is missing"))
	}
	return nil
}

// end notes how the stream ended and how far it came; it always returns false.
func (r *Reader[C, R]) end(err error) bool {
	r.ended = true
	r.release()
	r.events.in.release() // nothing is read any more
	r.body.drain.Store(err == nil)
	if err != nil {
		r.err = r.wrap(err)
	}
	if r.watcher != nil {
		r.watcher.End(nil, r.err)
	}
	return false
}

// wrap adds how far the stream came.
func (r *Reader[C, R]) wrap(err error) *Error {
	return &Error{
		Events:     r.events.Events(),
		Offset:     r.events.InputOffset(),
		RequestID:  api.RequestID(r.resp.Header),
		Incomplete: exchange.Masked(r.resp, r.events.Incomplete()),
		Err:        err,
	}
}

// transportError says what it means that the body could not be read on.
func (r *Reader[C, R]) transportError(err error) error {
	return transportError(exchange.ContextOf(r.resp), err)
}
