package stream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/internal/exchange"
)

// Open returns the stream in the answer to a request for a chat completion. It does not need to know what
// was asked:
//
//   - an answer that is not a success is an [*api.Error];
//   - text/event-stream is read as it comes: Open returns at once;
//   - no media type, or text/plain, is accepted if events follow, which the first Next finds out;
//   - of anything else one bounded body is read: an error object is the [*api.Error] that it says, a complete
//     JSON completion becomes the only chunk of a stream that is not Streamed, the rest is a [*NotStreamError].
//
// With an error, Open has closed the body; otherwise the stream owns it. Open waits only for bodies that it
// reads; cancelling the request's context ends that.
func Open(resp *http.Response, opts ...Option) (*Stream, error) {
	return OpenWith(resp, chat.Codec{}, opts...)
}

// OpenWith is [Open] for the chunk type of any package that was generated with chatspec's templates; codec is
// the value of the type Codec of that package.
func OpenWith[C, R any](resp *http.Response, codec codec.Stream[C, R], opts ...Option) (*Reader[C, R], error) {
	if resp == nil || resp.Body == nil {
		return nil, errors.New("stream: no response")
	}
	r := &Reader[C, R]{codec: codec, resp: resp}
	o := &r.opts
	if err := o.set(opts); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	watcher := exchange.Claim(resp)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		refused := api.FromResponse(resp, int64(o.maxErrorBytes))
		if watcher != nil {
			watcher.End(nil, refused)
		}
		return nil, refused
	}
	r.watcher = watcher
	r.body.ReadCloser = resp.Body
	var in io.Reader = &r.body
	if o.firstEventTimeout > 0 || o.idleTimeout > 0 {
		in = &patience{body: &r.body, events: &r.events, opts: o}
	}
	if !o.withoutResult {
		r.acc = codec.NewAccumulator()
	}
	switch t := mediaType(resp.Header); t {
	case "text/event-stream", "", "text/plain":
		r.streamed = t == "text/event-stream"
		r.sniff = sniffer{r: in, max: o.maxErrorBytes, typed: r.streamed}
		r.events.init(&r.sniff, o)
	default:
		r.sniff.stopped = true
		r.events.init(http.NoBody, o)
		if err := r.openWhole(t, in); err != nil {
			_ = resp.Body.Close()
			if watcher != nil {
				watcher.End(nil, err)
			}
			return nil, err
		}
	}
	return r, nil
}

// openWhole reads an answer that is not an event stream. It may begin with any number of blank lines, which servers
// send while a request waits.
func (r *Reader[C, R]) openWhole(mediaType string, body io.Reader) error {
	in := bufio.NewReaderSize(body, snippetBytes)
	begin, err := in.Peek(snippetBytes)
	if text := bytes.TrimSpace(begin); len(text) > 0 && text[0] != '{' {
		return r.asWhole(mediaType, begin) // not an object, however it goes on
	}
	data, err := readWhole(in, int64(r.opts.maxEventBytes), r.resp.ContentLength, err)
	if err != nil {
		return r.wrap(r.transportError(err))
	}
	return r.asWhole(mediaType, data)
}

// readWhole reads a body to its end, unless peeking into it has failed with more than that.
func readWhole(in io.Reader, limit, expected int64, peeked error) ([]byte, error) {
	if peeked != nil && !errors.Is(peeked, io.EOF) {
		return nil, peeked
	}
	return api.ReadBody(in, limit, expected)
}

// asWhole takes data as an unstreamed answer: a completion, an error, or neither.
func (r *Reader[C, R]) asWhole(mediaType string, data []byte) error {
	if refused := api.FromBody(r.resp, data); refused != nil {
		return refused
	}
	if !isCompletion(data) {
		return &NotStreamError{
			MediaType: mediaType,
			Snippet:   exchange.Masked(r.resp, bytes.Clone(data[:min(len(data), snippetBytes)])),
			RequestID: api.RequestID(r.resp.Header),
		}
	}
	r.whole = data
	return nil
}

// isCompletion tells a completion from other JSON objects: it may not call itself anything else, and its
// choices, if it has any, have messages.
func isCompletion(data []byte) bool {
	var d codec.Decoder
	d.Reset(data)
	if d.Kind() != codec.KindObject {
		return false
	}
	found := false
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "object":
			if d.Kind() != codec.KindString {
				d.Skip()
			} else if name := d.ReadString(); name != "" && name != string(chat.CompletionObjectChatCompletion) {
				return false
			}
		case "choices":
			found = d.Kind() == codec.KindArray
			for more := d.Array(); more; more = d.More() {
				if d.Kind() != codec.KindObject || !hasMessage(&d) {
					return false
				}
			}
		default:
			d.Skip()
		}
	}
	return found && d.End() == nil
}

// hasMessage reads a choice.
func hasMessage(d *codec.Decoder) (found bool) {
	for more := d.Object(); more; more = d.More() {
		found = string(d.Key()) == "message" && d.Kind() == codec.KindObject || found
		d.Skip()
	}
	return found
}

// sniffed notes that an event has come, so that the answer is a stream.
func (r *Reader[C, R]) sniffed() {
	r.streamed = true
	r.sniff.stop()
}

// nextUntyped takes an answer without events as unstreamed, whatever its media type says.
func (r *Reader[C, R]) nextUntyped() bool {
	data := r.sniff.seen
	r.sniff.stop()
	err := r.asWhole(mediaType(r.resp.Header), data)
	if none := (*NotStreamError)(nil); r.streamed && errors.As(err, &none) {
		err = r.missing() // it is a stream, if an empty one
	}
	if err != nil {
		return r.end(err)
	}
	r.streamed = false
	return r.nextWhole(r.whole)
}

// mediaType returns the media type without its parameters, in lower case; broken parameters do not matter.
func mediaType(h http.Header) string {
	t, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// sniffer keeps a copy of the first bytes read until it is stopped, unless they begin as a stream does that says to
// be one.
type sniffer struct {
	r       io.Reader
	max     int
	seen    []byte
	typed   bool
	stopped bool
}

func (s *sniffer) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if !s.stopped {
		if s.typed && s.seen == nil && bytes.HasPrefix(p[:n], []byte(dataField)) {
			s.stopped = true
			return n, err
		}
		s.seen = append(s.seen, p[:min(n, s.max-len(s.seen))]...)
	}
	return n, err
}

func (s *sniffer) stop() { s.stopped, s.seen = true, nil }

// How much of an answer Close reads after the stream has ended, and how long it waits for it.
const (
	drainBytes = firstBufferBytes
	drainTime  = 50 * time.Millisecond
)

// body is a response body whose Close may come at any time from any goroutine.
type body struct {
	io.ReadCloser
	closed atomic.Bool
	drain  atomic.Bool // the stream finished well, so nobody reads any more
	once   sync.Once
	err    error
}

// Close closes the body; see [Reader.Close].
func (b *body) Close() error {
	b.once.Do(func() {
		b.closed.Store(true)
		if b.drain.Load() {
			timer := time.AfterFunc(drainTime, func() { _ = b.ReadCloser.Close() })
			rest := input{buf: newBuffer(drainBytes)}
			_, _ = io.ReadFull(b.ReadCloser, rest.buf) // what is left is worth nothing
			rest.release()
			timer.Stop()
		}
		b.err = b.ReadCloser.Close()
	})
	return b.err
}
