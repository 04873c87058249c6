package validate

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/stream"
)

// readBytes is the least room that a Read of an answer is offered.
const readBytes = 4 << 10

// pass says how many of the bytes that are held back may be handed out, and what is wrong with those behind
// them. It gets the same bytes again, and more, until they have been handed out; end says that no more come.
type pass func(held []byte, end bool) (ready int, err error)

// watched is a body whose bytes are handed out once they have passed. Close is that of the server's body, so
// that it may be called at any time.
type watched struct {
	io.ReadCloser
	pass  pass
	held  []byte
	ready int   // of held, those that may be handed out
	err   error // comes after them
}

// Read hands out what has passed. It waits for no more than that.
func (w *watched) Read(p []byte) (int, error) {
	for w.ready == 0 && w.err == nil {
		if !w.fill() {
			return 0, nil
		}
	}
	if w.ready == 0 {
		return 0, w.err
	}
	n := copy(p, w.held[:w.ready])
	w.held, w.ready = w.held[n:], w.ready-n
	return n, nil
}

// fill reads once, when all that is ready has been handed out. It reports false if nothing came.
func (w *watched) fill() bool {
	old := len(w.held)
	w.held = slices.Grow(w.held, readBytes)
	n, err := w.ReadCloser.Read(w.held[old:cap(w.held)])
	if n == 0 && err == nil {
		return false
	}
	w.held = w.held[:old+n]
	w.ready, w.err = w.pass(w.held, errors.Is(err, io.EOF))
	if w.err == nil && err != nil {
		w.ready, w.err = len(w.held), err // what is incomplete is as the server left it
	}
	return true
}

// passEither returns the pass of an answer that does not say what it is: one object or else events.
func passEither(object, events pass) pass {
	var chosen pass
	return func(held []byte, end bool) (int, error) {
		if chosen == nil {
			chosen = events
			if bytes.HasPrefix(held, []byte("{")) {
				chosen = object
			}
		}
		return chosen(held, end)
	}
}

// passWhole returns the pass of an answer that is one JSON value.
func passWhole(op *openapi3.Operation, resp *http.Response) pass {
	return func(held []byte, end bool) (int, error) {
		if len(held) > MaxBodyBytes {
			return 0, tooLarge()
		}
		if !end {
			return 0, nil
		}
		if err := checkAnswer(op, resp.StatusCode, held); err != nil && api.FromBody(resp, held) == nil {
			return 0, err
		}
		return len(held), nil
	}
}

// passEvents returns the pass of an answer that is a stream, which checks nothing where the document has none.
func passEvents(op *openapi3.Operation, resp *http.Response) pass {
	schema := eventSchema(op)
	if schema == nil {
		return func(held []byte, _ bool) (int, error) { return len(held), nil }
	}
	return (&events{schema: schema, resp: resp}).pass
}

// events finds out where the events of a stream end, so that package stream can read each of them alone.
type events struct {
	schema *openapi3.SchemaRef // of their data
	resp   *http.Response

	scanned int  // of the bytes that are held back
	begun   bool // bytes of the stream have passed
	inLine  bool // the line under way has bytes
	afterCR bool // the byte before was a CR, so that an LF ends no further line
	comment bool // the line under way, or the one before, is a comment before an event
	over    bool // the stream has said that it ends
}

// pass lets complete events pass, and comments and line ends before an event at once.
func (e *events) pass(held []byte, _ bool) (ready int, err error) {
	for i := e.scanned; i < len(held) && !e.over; i++ {
		if i-ready == stream.DefaultMaxEventBytes {
			return ready, &api.TooLargeError{What: "event", Limit: stream.DefaultMaxEventBytes}
		}
		c := held[i]
		ends := c == '\n' || c == '\r'
		switch {
		case c == '\n' && e.afterCR: // it belongs to the end of the line before
			if ready == i {
				ready++
			}
		case ends && !e.inLine:
			if err := e.check(held[ready:i+1], !e.begun && ready == 0); err != nil {
				return ready, err
			}
			ready = i + 1
		case !e.inLine && ready == i:
			e.comment = c == ':'
		}
		if e.comment {
			ready = i + 1
		}
		e.inLine, e.afterCR = !ends, c == '\r'
	}
	if e.over {
		return len(held), nil
	}
	e.scanned, e.begun = len(held)-ready, e.begun || ready > 0
	return ready, nil
}

// check checks the event in a block, which ends with the only blank line in it. A block of comments and the
// like has none.
func (e *events) check(block []byte, first bool) error {
	r := io.Reader(bytes.NewReader(block))
	if !first {
		r = io.MultiReader(strings.NewReader("\n"), r) // a byte order mark is one at the start of the stream only
	}
	event, err := stream.NewDecoder(r).Next()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	data := bytes.TrimSpace(event.Data)
	switch {
	case string(data) == "[DONE]", event.Type == "done", event.Type == "end", event.Type == "error":
		e.over = true
		return nil
	case len(data) == 0:
		return nil
	}
	err = checkJSON(e.schema, data)
	if err != nil && api.FromBody(e.resp, data) != nil {
		e.over, err = true, nil
	}
	return err
}
