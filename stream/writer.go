package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// Writer writes a text/event-stream as a server sends it. Whatever it writes, a [Decoder] reads back as
// it was given. It is not safe for concurrent use and keeps nothing that it was given. [NewWriter] makes one;
// the zero Writer is none.
//
// Each call is one Write and one Flush, so that an event is on its way when the call returns; a
// ResponseWriter that cannot flush is written to all the same. The first call sends the status 200 and
// the headers Content-Type: text/event-stream and Cache-Control: no-cache, where the handler has set no
// others. A value that cannot be written is refused before anything is sent, and the Writer remains
// usable. After an error of the ResponseWriter an event may have been cut, so every later call returns
// that error again.
type Writer struct {
	w       http.ResponseWriter
	flusher *http.ResponseController
	buf     bytes.Buffer
	json    *json.Encoder // into buf
	id      string        // the last event ID of the reader
	started bool
	err     error // of the ResponseWriter
}

// NewWriter returns a Writer to w. It sends nothing yet, so that a handler can still answer with an error
// status.
func NewWriter(w http.ResponseWriter) *Writer {
	out := &Writer{w: w, flusher: http.NewResponseController(w)}
	out.json = json.NewEncoder(&out.buf)
	out.json.SetEscapeHTML(false)
	return out
}

// Event writes any event, also one that a [Decoder] has read elsewhere. The ID is written only where it
// differs from that of the event before, because readers inherit it. An event without data is written
// with one empty data field. It is an error if Data has a CR, Type a CR or LF, or ID a CR, LF or NUL: the
// format has no way to write them.
func (w *Writer) Event(e Event) error {
	switch {
	case bytes.IndexByte(e.Data, '\r') >= 0:
		return errors.New("stream: event data has a carriage return")
	case strings.ContainsAny(e.Type, "\r\n"):
		return errors.New("stream: event type has a line end")
	case strings.ContainsAny(e.ID, "\r\n\x00"):
		return errors.New("stream: event ID has a line end or NUL")
	}
	w.buf.Reset()
	if e.ID != w.id {
		w.line("id: ", e.ID)
	}
	if e.Type != "" {
		w.line("event: ", e.Type)
	}
	for line := range bytes.SplitSeq(e.Data, []byte("\n")) {
		w.buf.WriteString("data: ")
		w.buf.Write(line)
		w.buf.WriteByte('\n')
	}
	if err := w.send(); err != nil {
		return err
	}
	w.id = e.ID
	return nil
}

// Chunk writes v as JSON in one data field, without escaping HTML. It is an error if v has no JSON.
func (w *Writer) Chunk(v any) error {
	w.buf.Reset()
	w.buf.WriteString("data: ")
	if err := w.json.Encode(v); err != nil { // writes the end of the line, too
		return err
	}
	return w.send()
}

// Error writes v, the whole body of an error response, in the place of a chunk: this is how servers
// report a failure after the status 200 has been sent. End the stream after it, with or without Done.
func (w *Writer) Error(v any) error { return w.Chunk(v) }

// Comment writes text as a comment, which readers ignore, to keep an idle connection open. Each line of
// text becomes one comment line; CR and CRLF end a line like LF. The blank line after it is for readers
// that split the stream at blank lines before they look for comments.
func (w *Writer) Comment(text string) error {
	w.buf.Reset()
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	for line := range strings.SplitSeq(text, "\n") {
		w.line(": ", line)
	}
	return w.send()
}

// Done writes the event that ends a stream of chat completion chunks, [DONE].
func (w *Writer) Done() error {
	w.buf.Reset()
	w.line("data: ", "[DONE]")
	return w.send()
}

func (w *Writer) line(field, value string) {
	w.buf.WriteString(field)
	w.buf.WriteString(value)
	w.buf.WriteByte('\n')
}

// send ends the event in the buffer with a blank line and sends it.
func (w *Writer) send() error {
	if w.err != nil {
		return w.err
	}
	w.buf.WriteByte('\n')
	if !w.started {
		w.started = true
		setDefault(w.w.Header(), "Content-Type", "text/event-stream")
		setDefault(w.w.Header(), "Cache-Control", "no-cache")
	}
	_, w.err = w.w.Write(w.buf.Bytes())
	if w.buf.Cap() > keptBufferBytes {
		w.buf = bytes.Buffer{} // one large event must not hold its memory for the rest of the stream
	}
	if w.err != nil {
		return w.err
	}
	if err := w.flusher.Flush(); !errors.Is(err, http.ErrNotSupported) {
		w.err = err
	}
	return w.err
}

func setDefault(h http.Header, key, value string) {
	if _, ok := h[key]; !ok {
		h.Set(key, value)
	}
}
