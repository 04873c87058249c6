package stream

import (
	"bytes"
	"io"
	"strings"

	"github.com/chatspec/chatspec/api"
)

// Event is one event of a text/event-stream.
type Event struct {
	// Type is the value of the event field, "" where the stream named none. The HTML standard calls
	// such an event "message"; here it stays "", so that a copy of a stream is exact.
	Type string
	// Data is the data fields of the event joined with LF. It is bytes: not checked to be UTF-8.
	Data []byte
	// ID is the last event ID: of this event or else, as the standard has it, of an earlier one.
	ID string
}

// Decoder reads the events of a text/event-stream. It is not safe for concurrent use and does not close
// its reader. [NewDecoder] makes one; the zero Decoder is none.
//
// It follows the HTML standard however the reader cuts the stream into pieces, except that bytes are not
// decoded as UTF-8 and that the reconnection time of retry fields is ignored:
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
type Decoder struct {
	in  input
	err error // how the stream ended; set once

	// The event under way, or the one that was when the stream ended; its data is in the input.
	name    string
	id      string // the last event ID, which outlives the event
	counted int    // what its complete lines count against the limit

	events     int
	offset     int64
	content    int64 // bytes of lines that belong to an event; see alive
	incomplete []byte
}

// NewDecoder returns a Decoder that reads from r. Of opts it uses [MaxEventBytes] and [MaxTotalBytes]; an
// error of an option is returned by the first Next. Nothing is read and no buffer allocated before that.
func NewDecoder(r io.Reader, opts ...Option) *Decoder {
	var o options
	err := o.set(opts)
	d := &Decoder{err: err}
	d.init(r, &o)
	return d
}

func (d *Decoder) init(r io.Reader, o *options) {
	d.in.init(r, o)
}

// Next returns the next event. Its Data is valid, and the caller's to change, until the next call of Next;
// its strings stay valid.
//
// It reads only when no complete event is buffered, and never waits for a byte after the blank line that
// completes one: where that ends in CR, the LF that may follow is taken later.
//
// An event without a data field is not returned, because the standard's data buffer is then the empty
// string. An event whose only data field is empty is returned, with empty Data: its buffer holds one LF,
// which the standard takes off only after it has looked whether the buffer is empty.
//
// The error is io.EOF at the end of the input, also in the middle of an event (see [Decoder.Incomplete]),
// an [api.TooLargeError] where a limit is exceeded, [io.ErrNoProgress] if the reader keeps returning
// nothing, else the error of the reader as it is. Events complete before it are returned first, and every
// call after it returns it again.
func (d *Decoder) Next() (Event, error) {
	if err := d.next(); err != nil {
		return Event{}, err
	}
	return Event{Type: d.name, Data: d.in.data(), ID: d.id}, nil
}

// Incomplete returns the data of the event that was under way when the stream ended, with the last line
// as far as it came; the standard discards it, but it may say why the stream ended. It is nil before the
// end, after an end between two events or before any data of one, and for an event that was too large.
// It is never longer than the limit for an event, belongs to the caller and stays valid.
func (d *Decoder) Incomplete() []byte { return d.incomplete }

// InputOffset returns the number of bytes from the start of the input to the end of the last event that
// Next returned; 0 before the first. Of a CRLF at its very end only the CR counts: with that the event
// is complete, and whether an LF follows may not be known yet.
func (d *Decoder) InputOffset() int64 { return d.offset }

// Events returns the number of events that Next has returned.
func (d *Decoder) Events() int { return d.events }

// next is Next that leaves the event in d.
func (d *Decoder) next() error {
	if d.err != nil {
		return d.err
	}
	d.reset()
	if blank, ok := d.takeSimple(); ok {
		d.dispatch(blank)
		return nil
	}
	for d.err == nil {
		start, end, ok := d.in.line()
		switch {
		case !ok:
			d.more()
		case d.in.comment:
			d.in.comment = false
		case start < end:
			d.field(start, end)
		case d.in.hasData:
			d.dispatch(end)
			return nil
		default:
			d.reset()
		}
	}
	return d.err
}

// reset begins a new event. It inherits the last event ID and what that takes of the limit.
func (d *Decoder) reset() {
	d.in.hasData = false
	d.name = ""
	d.counted = len(d.id)
}

// takeSimple takes an event as nearly all are, one data line and one blank line, both complete and ended
// by LF or both by CRLF, and returns where the blank line ends. It does for them what the long way does, in fewer
// steps.
func (d *Decoder) takeSimple() (blank int, ok bool) {
	in := &d.in
	start, end := in.pos, min(in.lf, in.cr)
	var ends int
	switch rest := in.buf[end:in.end]; {
	case len(rest) >= 2 && string(rest[:2]) == "\n\n":
		ends = 2
	case len(rest) >= 4 && string(rest[:4]) == "\r\n\r\n":
		ends = 4
	default:
		return 0, false
	}
	if line := in.buf[start:end]; len(line) < len(dataField) || string(line[:len(dataField)]) != dataField {
		return 0, false
	}
	if start += len(dataField); in.buf[start] == ' ' {
		start++
	}
	if !d.count(end + 1 - in.pos) {
		return 0, false
	}
	d.content += int64(end - start)
	in.hasData, in.dataStart, in.dataEnd = true, start, end
	in.pos = end + ends
	in.lf = in.find('\n', in.pos)
	if in.cr == end {
		in.cr = in.find('\r', in.pos)
	}
	return end + ends/2, true
}

// dispatch notes that the blank line whose end is at blank has completed the event.
func (d *Decoder) dispatch(blank int) {
	d.events++
	d.offset = d.in.offset(blank + 1)
}

// field processes one complete line that is not blank.
func (d *Decoder) field(start, end int) {
	name, value := splitLine(d.in.buf[start:end])
	if len(name) == 0 || !d.count(end-start+1) { // without a name it is a comment
		return
	}
	switch string(name) {
	case "data":
		d.in.addData(end-len(value), end)
	case "event":
		d.name = string(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 && string(value) != d.id {
			d.id = string(value)
		}
	}
	if !isUpkeep(name) {
		d.content += int64(end - start)
	}
}

// isUpkeep says whether a line with this name says nothing of the answer, so that a server may send it while
// it has nothing to say.
func isUpkeep(name []byte) bool { return string(name) == "id" || string(name) == "retry" }

// mayBeUpkeep is isUpkeep for a name that is not known to be complete.
func mayBeUpkeep(name []byte) bool {
	return strings.HasPrefix("id", string(name)) || strings.HasPrefix("retry", string(name))
}

// alive returns how many bytes of events have arrived, those of an unfinished one included, but not comments,
// id and retry lines. It is asked between two Reads.
func (d *Decoder) alive() int64 {
	part := d.in.unread()
	// The beginning tells; to look at all of a long line before each Read would take quadratic time.
	name, _, _ := bytes.Cut(part[:min(len(part), len("retry:"))], []byte(":"))
	if d.in.comment || mayBeUpkeep(name) {
		return d.content
	}
	return d.content + int64(len(part))
}

// more reads on in the middle of a line. What is there of a comment is dropped, so that comments of any
// length take no memory.
func (d *Decoder) more() {
	part := d.in.unread()
	if len(part) > 0 && part[0] == ':' {
		d.in.comment = true
	}
	if d.in.comment {
		d.in.drop()
	} else if !d.fits(len(part)) {
		d.refuse()
		return
	}
	if err := d.in.fill(); err != nil {
		d.finish(err)
	}
}

// fits reports whether the event may have n bytes more.
func (d *Decoder) fits(n int) bool { return n <= d.in.maxEvent-d.counted }

// count adds a line of n bytes to the size of the event. It reports false if that is too large.
func (d *Decoder) count(n int) bool {
	if !d.fits(n) {
		d.refuse()
		return false
	}
	d.counted += n
	return true
}

// refuse ends the stream at an event that is too large. Nothing of it is kept.
func (d *Decoder) refuse() {
	d.in.drop()
	d.in.hasData = false
	d.finish(&api.TooLargeError{What: "event", Limit: int64(d.in.maxEvent)})
}

// finish ends the stream and lets go of everything but the data of an incomplete event.
func (d *Decoder) finish(err error) {
	d.err = err
	if part := d.in.unread(); bytes.HasPrefix(part, []byte(dataField)) {
		_, value := splitLine(part)
		d.in.addData(d.in.end-len(value), d.in.end)
	}
	if d.in.hasData {
		d.incomplete = d.in.data()
		if len(d.in.buf) <= keptBufferBytes { // others may use it
			d.incomplete = bytes.Clone(d.incomplete)
		}
	}
	d.in.release()
	d.in = input{}
}

// dataField begins a data line that has a value.
const dataField = "data:"

// splitLine returns the name of a field and its value, which ends where the line ends.
func splitLine(line []byte) (name, value []byte) {
	name, value, found := bytes.Cut(line, []byte(":"))
	if !found {
		return line, line[len(line):] // field takes the length of the value from the end of the line
	}
	return name, bytes.TrimPrefix(value, []byte(" "))
}
