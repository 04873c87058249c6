package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"unsafe" // for values of any type; see kind
)

// Encoder writes one JSON text, value by value, as encoding/json would write it without escapes for HTML. The
// zero value is empty and ready to use; an Encoder must not be used by two goroutines at once, and not be copied
// once it has been used.
//
// An encoding function writes exactly one value: with a Write method, or member by member:
//
//	e.BeginObject()
//	e.Key("name").WriteString(t.Name)
//	e.OptionalKey("strict").WriteBool(t.Strict)
//	e.EndObject()
//
// Text of 16 KiB or more without a character that needs an escape is not copied: the Encoder refers to it, and
// what [Encoder.NewReader] returns reads it where it is.
//
// Errors stick: Err reports the first one, and what is written after it does not matter. So an encoding
// function needs no error handling of its own.
type Encoder struct {
	done []piece // what is complete, in its order
	size int     // of done, in bytes
	buf  []byte  // what comes after that
	err  error

	// What becomes of the next value if it is empty. The key of an optional one is not written yet.
	rule emptyRule
	key  string

	bare   bool // the object that was begun last has no member yet
	hollow bool // the object that was ended last has none

	first [minBufferBytes]byte // the first buffer
}

// piece is a piece of JSON: a buffer that is full, or a large text of the caller's.
type piece struct {
	own  []byte
	text string
}

type emptyRule uint8

const (
	writeEmpty emptyRule = iota
	omitEmpty
	nullForEmpty
)

// Marshal returns what encode writes for v.
func Marshal[T any](v *T, encode func(*T, *Encoder)) ([]byte, error) {
	return marshal(unsafe.Pointer(v), anyEncode(encode))
}

func marshal(v unsafe.Pointer, encode encodeAny) ([]byte, error) {
	var e Encoder
	encode(v, &e)
	return e.Bytes(), e.Err()
}

// encodeAny is an encoding function without the type of its values, as decodeAny is.
type encodeAny = func(unsafe.Pointer, *Encoder)

func anyEncode[T any](encode func(*T, *Encoder)) encodeAny {
	return *(*encodeAny)(unsafe.Pointer(&encode))
}

// Err returns the first error, or nil: a number that JSON cannot hold, raw JSON that is not valid, or what
// encoding/json says of a value that it was given.
func (e *Encoder) Err() error { return e.err }

// Len returns the number of bytes written so far.
func (e *Encoder) Len() int { return e.size + len(e.buf) }

// Bytes returns what has been written so far. It belongs to e and must not be changed.
func (e *Encoder) Bytes() []byte {
	if len(e.done) == 0 {
		return e.buf
	}
	b := make([]byte, 0, e.Len())
	for _, p := range e.done {
		b = append(append(b, p.own...), p.text...)
	}
	return append(b, e.buf...)
}

// NewReader returns a reader of what has been written, from its beginning; closing it does nothing. Any number
// of readers may be read at once, by different goroutines, as long as nothing more is written.
func (e *Encoder) NewReader() io.ReadCloser {
	if len(e.done) == 0 {
		// net/http knows that this is in memory, and sends it in one piece with the header.
		return io.NopCloser(bytes.NewReader(e.buf))
	}
	return &reader{done: e.done, last: e.buf}
}

// What generated encoders call hundreds of times is not inlined, as a call takes less than half of the code.

// BeginObject begins an object, whose members follow.
//
//go:noinline
func (e *Encoder) BeginObject() {
	e.begin(false)
	e.append("{")
	e.bare = true
}

// EndObject ends the object that was begun last.
//
//go:noinline
func (e *Encoder) EndObject() {
	e.append("}")
	e.bare, e.hollow = false, e.bare
}

// ReopenObject takes back the EndObject that came last, so that more members may follow. It is an error if
// something else was written since.
func (e *Encoder) ReopenObject() {
	last := len(e.buf) - 1
	if last < 0 || e.buf[last] != '}' {
		e.fail(errors.New("json: there is no object to add members to"))
		return
	}
	e.buf = e.buf[:last]
	e.bare = e.hollow
}

// Key writes the name of a member of an object; its value comes next. It returns e.
func (e *Encoder) Key(name string) *Encoder {
	if !e.bare {
		e.append(",")
	}
	e.bare = false
	e.appendString(name)
	e.append(":")
	return e
}

// OptionalKey is Key for a member that is left out if its value is empty: false, 0, "", nil, or a list or map
// with nothing in it. It returns e.
//
//go:noinline
func (e *Encoder) OptionalKey(name string) *Encoder {
	e.rule, e.key = omitEmpty, name
	return e
}

// NullableKey is Key for a member that is null if its value is empty, as OptionalKey has it. It returns e.
//
//go:noinline
func (e *Encoder) NullableKey(name string) *Encoder {
	e.Key(name)
	e.rule = nullForEmpty
	return e
}

// Null writes null if empty is true, or nothing if the key is optional. It returns empty. If not, a value
// follows, which is written even where it is empty by itself, as an empty string behind a pointer is.
func (e *Encoder) Null(empty bool) bool {
	if e.begin(empty) && empty {
		e.append("null")
	}
	return empty
}

// begin does what has to be done before a value, and says whether the value itself is to be written.
func (e *Encoder) begin(empty bool) bool { return e.rule == writeEmpty || e.apply(empty) }

func (e *Encoder) apply(empty bool) bool {
	rule := e.rule
	e.rule = writeEmpty
	switch {
	case rule == omitEmpty && !empty:
		e.Key(e.key)
	case rule == nullForEmpty && empty:
		e.append("null")
	}
	return !empty
}

// WriteString writes a string. Each byte of s that is not part of valid UTF-8 becomes U+FFFD.
func (e *Encoder) WriteString(s string) {
	if e.begin(s == "") {
		e.appendString(s)
	}
}

// WriteConst writes a string that is always the same: s, or constant where s has been left empty.
func (e *Encoder) WriteConst(s, constant string) {
	if s == "" {
		s = constant
	}
	if e.begin(s == "") {
		e.appendString(s)
	}
}

// WriteBool writes a boolean.
func (e *Encoder) WriteBool(v bool) {
	if e.begin(!v) {
		e.append(strconv.FormatBool(v))
	}
}

// WriteInt writes an integer.
func (e *Encoder) WriteInt(v int) { e.WriteInt64(int64(v)) }

// WriteInt64 writes an integer.
func (e *Encoder) WriteInt64(v int64) {
	if e.begin(v == 0) {
		e.grow(maxNumberBytes)
		e.buf = strconv.AppendInt(e.buf, v, 10)
	}
}

// maxNumberBytes is the length of the longest number that is written, and a few more.
const maxNumberBytes = 32

// WriteFloat writes a number, in the notation that ECMAScript has for it. NaN and the infinities are errors.
func (e *Encoder) WriteFloat(v float64) {
	if !e.begin(v == 0) {
		return
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		e.fail(&json.UnsupportedValueError{Value: reflect.ValueOf(v), Str: strconv.FormatFloat(v, 'g', -1, 64)})
		return
	}
	e.grow(maxNumberBytes)
	if abs := math.Abs(v); abs == 0 || abs >= 1e-6 && abs < 1e21 {
		e.buf = strconv.AppendFloat(e.buf, v, 'f', -1, 64)
		return
	}
	e.buf = strconv.AppendFloat(e.buf, v, 'e', -1, 64)
	if n := len(e.buf); string(e.buf[n-4:n-1]) == "e-0" { // e-07 is e-7 there
		e.buf = append(e.buf[:n-2], e.buf[n-1])
	}
}

// WriteRaw writes JSON as it is, but for the white space in it, and null for nil. It is an error if raw is not
// valid.
func (e *Encoder) WriteRaw(raw []byte) {
	if e.Null(raw == nil) {
		return
	}
	b := bytes.NewBuffer(e.buf)
	if err := json.Compact(b, raw); err != nil {
		e.fail(fmt.Errorf("json: the raw JSON is not valid: %w", err))
	}
	e.buf = b.Bytes()
}

// WriteAny writes any value with encoding/json.
func (e *Encoder) WriteAny(v any) {
	if e.Null(v == nil) {
		return
	}
	b := bytes.NewBuffer(e.buf)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		e.fail(err)
		return
	}
	e.buf = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// WriteObject writes *v with encode; the zero value is empty.
func WriteObject[T any](e *Encoder, v *T, encode func(*T, *Encoder)) {
	if e.begin(e.rule != writeEmpty && reflect.ValueOf(v).Elem().IsZero()) {
		encode(v, e)
	}
}

// WritePointer writes what v points to with encode, and null for nil.
func WritePointer[T any](e *Encoder, v *T, encode func(*T, *Encoder)) {
	e.writePointer(unsafe.Pointer(v), anyEncode(encode))
}

func (e *Encoder) writePointer(v unsafe.Pointer, encode encodeAny) {
	if !e.Null(v == nil) {
		encode(v, e)
	}
}

// WriteSlice writes an array, each element with encode, and null for nil.
func WriteSlice[T any](e *Encoder, s []T, encode func(*T, *Encoder)) {
	e.writeList(*(*list)(unsafe.Pointer(&s)), unsafe.Sizeof(*new(T)), anyEncode(encode))
}

func (e *Encoder) writeList(l list, size uintptr, encode encodeAny) {
	if !e.begin(l.n == 0) || e.Null(l.p == nil) {
		return
	}
	e.append("[")
	for i := range l.n {
		if i > 0 {
			e.append(",")
		}
		encode(unsafe.Add(l.p, uintptr(i)*size), e)
	}
	e.append("]")
}

// WriteMap writes an object whose members are sorted by their names, each value with encode, and null for nil.
func WriteMap[T any](e *Encoder, m map[string]T, encode func(*T, *Encoder)) {
	if !e.begin(len(m) == 0) || e.Null(m == nil) {
		return
	}
	e.BeginObject()
	for _, name := range slices.Sorted(maps.Keys(m)) {
		v := m[name]
		encode(&v, e.Key(name))
	}
	e.EndObject()
}

// How large a buffer is: at first enough for a short request, then twice as much and so on. Where the last size
// is not enough, another buffer follows, so that what is written is not copied again.
const (
	minBufferBytes = 512
	maxBufferBytes = 64 << 10
)

// append appends JSON that is not large. Unlike the built-in it stores no pointer, which costs while the garbage
// collector runs.
func (e *Encoder) append(text string) {
	e.grow(len(text))
	n := len(e.buf)
	e.buf = e.buf[:n+len(text)]
	copy(e.buf[n:], text)
}

// grow makes room for n bytes.
func (e *Encoder) grow(n int) {
	if cap(e.buf)-len(e.buf) < n {
		e.addBuffer(len(e.buf) + n)
	}
}

// addBuffer makes the buffer large enough for n bytes, or begins another.
func (e *Encoder) addBuffer(n int) {
	switch {
	case e.buf == nil && n <= len(e.first):
		e.buf = e.first[:0]
	case n <= maxBufferBytes:
		size := min(2*cap(e.buf), maxBufferBytes)
		e.buf = append(make([]byte, 0, max(n, size, minBufferBytes)), e.buf...)
	default:
		e.finish()
		e.buf = make([]byte, 0, maxBufferBytes)
	}
}

// finish puts the buffer behind what is complete. What is left of it can be used on.
func (e *Encoder) finish() {
	if n := len(e.buf); n > 0 {
		e.done = append(e.done, piece{own: e.buf})
		e.size += n
		e.buf = e.buf[n:]
	}
}

// fail keeps the first error.
func (e *Encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// reader reads what an [Encoder] has written.
type reader struct {
	done []piece // that are not read yet
	last []byte  // what comes after them
	at   int     // in the first of them
}

func (r *reader) Read(b []byte) (n int, err error) {
	for n < len(b) && len(r.done) > 0 {
		p := r.done[0] // one of its parts is empty
		copied := copy(b[n:], p.own[min(r.at, len(p.own)):]) + copy(b[n:], p.text[min(r.at, len(p.text)):])
		n += copied
		if r.at += copied; r.at == len(p.own)+len(p.text) {
			r.done, r.at = r.done[1:], 0
		}
	}
	copied := copy(b[n:], r.last)
	r.last = r.last[copied:]
	if n += copied; n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (r *reader) Close() error { return nil }
