package stream

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"sync"

	"github.com/chatspec/chatspec/api"
)

const (
	idleBytes        = 24       // what a Read is offered that may wait for long
	firstBufferBytes = 4 << 10  // the first buffer, and the room for reading beside the largest event
	keptBufferBytes  = 32 << 10 // what follows it where a Read has filled it; a larger one is not kept for the next event
	minReadBytes     = 512      // no other Read is offered less room
	maxEmptyReads    = 100      // Reads without bytes and error in a row, as in bufio
	byteOrderMark    = "\uFEFF"
)

// input is the bytes that have been read and not yet returned. Its buffer holds, in this order and with
// gaps, the data of the event under way and the bytes that are not yet split into lines. The data is
// joined in place: one data line is never copied, and many need no second buffer.
//
// Most streams wait for their server most of the time. While one waits between two events, its buffer is
// with another, and what comes is read into the few bytes of idle first.
type input struct {
	r        io.Reader
	err      error // of the last Read, once its bytes have been taken
	total    int64 // bytes read: the offset of end in the stream
	limit    int64 // of total
	maxEvent int   // bytes; buf may have room for reading beside them

	buf                []byte // of one of the pools, larger, or idle
	hasData            bool   // false: no data field so far, and dataStart, dataEnd mean nothing
	dataStart, dataEnd int
	pos, end           int // the bytes not yet split into lines

	// Where the first LF and the first CR from pos on are, or end. As both are remembered, each byte is
	// searched once for each, also in a stream that has only the other.
	lf, cr int

	started bool // what may be a byte order mark is behind
	comment bool // the line under way is a comment whose beginning has been dropped
	afterCR bool // a CR at the end of the buffer ended a line: an LF that follows belongs to it
	filled  bool // the last Read brought all that there was room for
	busy    bool // it brought so much that more is probably there
	idle    [idleBytes]byte
}

// The buffers of these sizes that no input has.
var (
	buffers     = sync.Pool{New: func() any { return new([firstBufferBytes]byte) }}
	keptBuffers = sync.Pool{New: func() any { return new([keptBufferBytes]byte) }}
)

func (in *input) init(r io.Reader, o *options) {
	in.r = r
	in.limit = o.maxTotalBytes
	in.maxEvent = min(o.maxEventBytes, math.MaxInt-firstBufferBytes)
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

// waits says whether the next event may take long to come.
func (in *input) waits() bool { return in.pos == in.end && !in.busy }

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
			in.filled = n == len(room)
			in.busy = in.filled || n >= len(in.buf)/2
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
	in.lf, in.cr = in.find('\n', old), in.find('\r', old) // nothing is read before all lines are taken
}

// makeRoom makes room behind the unread bytes, for a Read of a useful size. These are one unfinished line
// then: it is moved to the start once, and again only where the buffer grows, which at most doubles it.
func (in *input) makeRoom() {
	data, rest := 0, in.end-in.pos
	if in.hasData {
		data = in.dataEnd - in.dataStart
	}
	buf := in.buf
	switch size := len(buf); {
	case data+rest == 0 && !in.busy:
		in.release()
		in.buf, in.dataStart, in.dataEnd, in.pos, in.end = in.idle[:], 0, 0, 0, 0
		return
	case data == 0 && size > keptBufferBytes && rest <= size/4:
		buf = newBuffer(max(firstBufferBytes, 2*rest))
	case size-data-rest < minReadBytes:
		buf = newBuffer(in.nextSize())
	case size == firstBufferBytes && in.filled && in.maxEvent >= keptBufferBytes:
		buf = newBuffer(keptBufferBytes)
	case in.pos == data:
		return // all there is stands at the start
	}
	if len(buf) != len(in.buf) || in.dataStart > 0 {
		copy(buf, in.buf[in.dataEnd-data:in.dataEnd])
	}
	copy(buf[data:], in.unread())
	if len(buf) != len(in.buf) {
		in.release()
	}
	in.buf, in.dataStart, in.dataEnd, in.pos, in.end = buf, 0, data, data, data+rest
}

// newBuffer returns a buffer of this size, of any content.
func newBuffer(size int) []byte {
	switch size {
	case firstBufferBytes:
		buf, _ := buffers.Get().(*[firstBufferBytes]byte)
		return buf[:]
	case keptBufferBytes:
		buf, _ := keptBuffers.Get().(*[keptBufferBytes]byte)
		return buf[:]
	}
	return make([]byte, size)
}

// release gives the buffer back if others can use it. Nothing may refer to it any more.
func (in *input) release() {
	switch len(in.buf) {
	case firstBufferBytes:
		buffers.Put((*[firstBufferBytes]byte)(in.buf))
	case keptBufferBytes:
		keptBuffers.Put((*[keptBufferBytes]byte)(in.buf))
	}
	in.buf, in.pos, in.end = nil, 0, 0
}

// nextSize returns the size of a larger buffer: twice as much, but half the maximum before the maximum,
// so that the last two together stay under twice the limit. A size just below half counts as half: it would
// only be copied once more.
func (in *input) nextSize() int {
	const nearly = 32 << 10
	maxSize := in.maxEvent + firstBufferBytes
	half := maxSize - maxSize/2
	if size := len(in.buf); size < half-nearly {
		return max(firstBufferBytes, min(2*size, half))
	}
	return maxSize
}
