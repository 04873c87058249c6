package stream

import (
	"bytes"
	"errors"
	"io"
	"math"
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
// its reader.
//
// It follows the HTML standard however the reader cuts the stream into pieces, except that bytes are not
// decoded as UTF-8 and that the reconnection time of retry fields is ignored:
// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
type Decoder struct {
	in   input
	opts options
	err  error // how the stream ended; set once

	// The event under way; its data is in the input.
	name    string
	id      string    // the last event ID, which outlives the event
	counted int       // what its complete and its dropped lines count against the limit
	dropped fieldName // of the line under way, if its beginning was dropped; else undecided

	events     int
	offset     int64
	incomplete []byte
}

// NewDecoder returns a Decoder that reads from r. Of opts it uses [MaxEventBytes] and [MaxTotalBytes]; an
// error of an option is returned by the first Next. Nothing is read and no buffer allocated before that.
func NewDecoder(r io.Reader, opts ...Option) *Decoder {
	o, err := newOptions(opts)
	d := newDecoder(r, o)
	d.err = err
	return d
}

func newDecoder(r io.Reader, o options) *Decoder {
	return &Decoder{in: newInput(r, o), opts: o}
}

// Next returns the next event. Its Data is valid until the next call of Next, its strings for ever.
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
	d.reset()
	if blank, ok := d.takeSimple(); ok {
		return d.dispatch(blank), nil
	}
	for d.err == nil {
		start, end, ok := d.in.line()
		switch {
		case !ok:
			d.more()
		case d.dropped != undecided:
			d.count(d.dropped, end-start+1)
			d.dropped = undecided
		case start < end:
			d.field(start, end)
		case d.in.hasData:
			return d.dispatch(end), nil
		default:
			d.reset()
		}
	}
	return Event{}, d.err
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

// reset begins a new event. It inherits the last event ID and what that takes of the limit.
func (d *Decoder) reset() {
	d.in.hasData = false
	d.name = ""
	d.counted = len(d.id)
}

// takeSimple takes an event as nearly all are, one data line and one blank line, both complete and ended
// by LF, and returns where the blank line ends. It does for them what the long way does, in half the time.
func (d *Decoder) takeSimple() (blank int, ok bool) {
	in := &d.in
	start, end := in.pos, in.lf
	if blank = end + 1; blank >= in.end || in.buf[blank] != '\n' || in.cr < blank || d.dropped != undecided {
		return 0, false
	}
	if line := in.buf[start:end]; len(line) < len(dataField) || string(line[:len(dataField)]) != dataField {
		return 0, false
	}
	if start += len(dataField); in.buf[start] == ' ' {
		start++
	}
	if !d.count(fieldData, blank-in.pos) {
		return 0, false
	}
	in.hasData, in.dataStart, in.dataEnd = true, start, end
	in.pos = blank + 1
	in.lf = in.find('\n', in.pos)
	return blank, true
}

// dispatch returns the event that the blank line completes whose end is at blank.
func (d *Decoder) dispatch(blank int) Event {
	d.events++
	d.offset = d.in.offset(blank + 1)
	return Event{Type: d.name, Data: d.in.data(), ID: d.id}
}

// field processes one complete line that is not blank.
func (d *Decoder) field(start, end int) {
	name, value := parseLine(d.in.buf[start:end])
	if !d.count(name, end-start+1) {
		return
	}
	switch name {
	case fieldData:
		d.in.addData(end-len(value), end)
	case fieldEvent:
		d.name = string(value)
	case fieldID:
		if bytes.IndexByte(value, 0) < 0 && string(value) != d.id {
			d.id = string(value)
		}
	}
}

// more reads on in the middle of a line. What is there of the line stays only if it can be of use, so
// that comments and unknown fields of any length take no memory.
func (d *Decoder) more() {
	part := d.in.unread()
	if d.dropped == undecided {
		d.dropped = parsePart(part)
	}
	if d.dropped != undecided {
		d.in.drop()
		d.count(d.dropped, len(part))
	} else if len(part) > d.opts.maxEventBytes-d.counted {
		d.refuse()
	}
	if d.err != nil {
		return
	}
	if err := d.in.fill(); err != nil {
		d.finish(err)
	}
}

// count adds n bytes of a line to the size of the event. It reports false if that is too large.
func (d *Decoder) count(name fieldName, n int) bool {
	if name == comment {
		return true
	}
	if n > d.opts.maxEventBytes-d.counted {
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
	d.finish(&api.TooLargeError{What: "event", Limit: int64(d.opts.maxEventBytes)})
}

// finish ends the stream and lets go of everything but the data of an incomplete event.
func (d *Decoder) finish(err error) {
	d.err = err
	if part := d.in.unread(); bytes.HasPrefix(part, []byte(dataField)) {
		_, value := parseLine(part)
		d.in.addData(d.in.end-len(value), d.in.end)
	}
	if d.in.hasData {
		d.incomplete = d.in.data()
	}
	d.in = input{}
}

// fieldName says which field a line has, as far as that matters here.
type fieldName byte

const (
	undecided fieldName = iota // an unfinished line, which may become a field of use
	comment
	fieldData
	fieldEvent
	fieldID
	ignored // retry and unknown fields
)

const dataField = "data:" // the beginning of a data line that has a value

// parseLine returns the field of a line and its value, which ends where the line ends.
func parseLine(line []byte) (fieldName, []byte) {
	name, value := line, line[len(line):]
	if i := bytes.IndexByte(line, ':'); i >= 0 {
		name, value = line[:i], line[i+1:]
	}
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(name) {
	case "data":
		return fieldData, value
	case "event":
		return fieldEvent, value
	case "id":
		return fieldID, value
	case "": // the line is not blank: it begins with the colon
		return comment, value
	default:
		return ignored, value
	}
}

// parsePart tells from the beginning of a line whether it is a comment or a field of no use.
func parsePart(part []byte) fieldName {
	if len(part) > 0 && part[0] == ':' {
		return comment
	}
	for _, field := range [...]string{dataField, "event:", "id:"} {
		if n := min(len(part), len(field)); string(part[:n]) == field[:n] {
			return undecided
		}
	}
	return ignored
}

const (
	firstBufferBytes = 4 << 10  // the first buffer, and the room for reading beside the largest event
	keptBufferBytes  = 32 << 10 // a larger buffer is not kept for the next event
	minReadBytes     = 512      // no Read is offered less room
	maxEmptyReads    = 100      // Reads without bytes and error in a row, as in bufio
	byteOrderMark    = "\uFEFF"
)

// input is the bytes that have been read and not yet returned. Its buffer holds, in this order and with
// gaps, the data of the event under way and the bytes that are not yet split into lines. The data is
// joined in place: one data line is never copied, and many need no second buffer.
type input struct {
	r       io.Reader
	err     error // of the last Read, once its bytes have been taken
	total   int64 // bytes read: the offset of end in the stream
	limit   int64 // of total
	maxSize int   // of buf

	buf                []byte
	hasData            bool // false: no data field so far, and dataStart, dataEnd mean nothing
	dataStart, dataEnd int
	pos, end           int // the bytes not yet split into lines

	// Where the first LF and the first CR from pos on are, or end. As both are remembered, each byte is
	// searched once for each, also in a stream that has only the other.
	lf, cr int

	started bool // what may be a byte order mark is behind
	afterCR bool // a CR at the end of the buffer ended a line: an LF that follows belongs to it
}

func newInput(r io.Reader, o options) input {
	return input{
		r:       r,
		limit:   o.maxTotalBytes,
		maxSize: min(o.maxEventBytes, math.MaxInt-firstBufferBytes) + firstBufferBytes,
	}
}

// line takes the next complete line and returns its place in the buffer, without its end.
func (in *input) line() (start, end int, ok bool) {
	start, end = in.pos, min(in.lf, in.cr)
	if end == in.end {
		return start, end, false
	}
	in.pos = end + 1
	if end == in.cr {
		in.cr = in.find('\r', in.pos)
		in.afterCR = in.pos == in.end
		if in.afterCR || in.lf > in.pos {
			return start, end, true
		}
		in.pos++
	}
	in.lf = in.find('\n', in.pos)
	return start, end, true
}

// find returns the place of the first c in the buffer from i on, or in.end.
func (in *input) find(c byte, i int) int {
	if i < in.end && in.buf[i] == c { // spares the call where a blank line follows
		return i
	}
	if n := bytes.IndexByte(in.buf[i:in.end], c); n >= 0 {
		return i + n
	}
	return in.end
}

func (in *input) unread() []byte     { return in.buf[in.pos:in.end] }
func (in *input) drop()              { in.pos = in.end }
func (in *input) offset(i int) int64 { return in.total - int64(in.end-i) }

// data returns the data of the event under way. Appending to it does not reach the buffer.
func (in *input) data() []byte { return in.buf[in.dataStart:in.dataEnd:in.dataEnd] }

// addData appends the value of a data field. There is room: of its line, which is behind the data, at
// least "data" is no longer needed.
func (in *input) addData(start, end int) {
	if !in.hasData {
		in.hasData, in.dataStart, in.dataEnd = true, start, end
		return
	}
	in.buf[in.dataEnd] = '\n'
	in.dataEnd++
	in.dataEnd += copy(in.buf[in.dataEnd:], in.buf[start:end])
}

// fill reads at least one more byte. It takes away what belongs to no line: one byte order mark at the
// start of the stream, and the LF of a CRLF whose CR was the last byte before.
func (in *input) fill() error {
	if err := in.read(); err != nil {
		return err
	}
	for !in.started {
		head := in.unread()
		if len(head) < len(byteOrderMark) && strings.HasPrefix(byteOrderMark, string(head)) {
			if err := in.read(); err != nil {
				return err
			}
			continue
		}
		in.started = true
		if bytes.HasPrefix(head, []byte(byteOrderMark)) {
			in.pos += len(byteOrderMark)
		}
	}
	if in.afterCR && in.lf == in.pos {
		in.pos++
		in.lf = in.find('\n', in.pos)
	}
	in.afterCR = false
	return nil
}

// read appends the bytes of one Read to the buffer. An error that came with bytes is returned next time.
func (in *input) read() error {
	if in.err != nil {
		return in.err
	}
	in.makeRoom()
	room := in.buf[in.end:]
	if left := in.limit - in.total; left < int64(len(room)) {
		room = room[:left+1] // one byte beyond the limit tells a stream that is too large from its end
	}
	for range maxEmptyReads {
		n, err := in.r.Read(room)
		if n < 0 || n > len(room) {
			return errors.New("stream: the reader returned an impossible number of bytes")
		}
		if int64(n) > in.limit-in.total {
			n--
			err = &api.TooLargeError{What: "stream", Limit: in.limit}
		}
		if n > 0 {
			in.err = err
			in.append(n)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// append takes in the n bytes that a Read has put behind the unread ones.
func (in *input) append(n int) {
	old := in.end
	in.end += n
	in.total += int64(n)
	if in.lf == old {
		in.lf = in.find('\n', old)
	}
	if in.cr == old {
		in.cr = in.find('\r', old)
	}
}

// makeRoom makes room behind the unread bytes, for a Read of a useful size. Each byte is moved a bounded
// number of times, and the buffer at most doubles.
func (in *input) makeRoom() {
	data, rest := 0, in.end-in.pos
	if in.hasData {
		data = in.dataEnd - in.dataStart
	}
	buf := in.buf
	switch size := len(buf); {
	case data == 0 && size > keptBufferBytes && rest <= size/4:
		buf = make([]byte, max(firstBufferBytes, 2*rest))
	case size-data-rest < minReadBytes:
		buf = make([]byte, in.nextSize())
	case size-in.end >= minReadBytes && in.pos-data < rest:
		return // there is room, and less to gain than to move
	}
	if len(buf) != len(in.buf) || in.dataStart > 0 {
		copy(buf, in.buf[in.dataEnd-data:in.dataEnd])
	}
	copy(buf[data:], in.unread())
	shift := in.pos - data
	in.lf -= shift
	in.cr -= shift
	in.buf, in.dataStart, in.dataEnd, in.pos, in.end = buf, 0, data, data, data+rest
}

// nextSize returns the size of a larger buffer: twice as much, but half the maximum before the maximum,
// so that the last two together stay under twice the limit.
func (in *input) nextSize() int {
	half := in.maxSize - in.maxSize/2
	if size := len(in.buf); size < half {
		return max(firstBufferBytes, min(2*size, half))
	}
	return in.maxSize
}
