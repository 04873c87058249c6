package codec

// How the lexer is built, from the bytes up:
//
//   - peek skips white space and shows the next byte; every other method begins with it and looks at that byte.
//   - scanText (strings.go) and scanNumber (numbers.go) find the end of a token, eight bytes or one at a time, and
//     check it. What they return is part of the input; only copyString and ReadRaw copy.
//   - Object, Array, More and Key step through a value. The kinds of what is open are a stack of bits, so that nesting
//     costs nothing and Skip needs no recursion.
//   - The Read methods return a value; StringTo, IntTo and Int64To write it to its place, and values.go has the same for
//     pointers, lists and maps.
//   - fail (errors.go) takes the input away, which makes every method return the zero value from then on.
//
// Two things hang on a Decoder that it knows next to nothing of: a memory (memory.go), from which many small values
// share an allocation, and a recorder (record.go), which notes where values lie. A Chunks (chunks.go) brings both,
// and makes a pattern (pattern.go) of what was recorded.
//
// The generic functions that generated code calls are shells of a line: they take the type off their arguments, and
// what they call is compiled once (kind, in memory.go).

// MaxDepth is the number of objects and arrays that may be open at once. One more is an error.
// encoding/json has the same limit.
const MaxDepth = 10_000

// What is decoded may take three times the memory of its JSON, and 1 MiB; strings do not count, as they are
// never much longer than they were written. Without this limit 32 MiB of "{},{},{}" would become gigabytes.
// A chunk or response needs less than twice its JSON.
const (
	minRoom     = 1 << 20
	roomPerByte = 3
)

// Decoder reads one JSON text from memory, value by value, in the order in which they stand there. The
// zero value is ready for Reset; a Decoder may be reset and used again any number of times, and must
// not be used by two goroutines at once.
//
// A decoding function reads exactly one value: with a Read method, with Skip, or member by member and
// element by element:
//
//	for more := d.Object(); more; more = d.More() {
//		switch string(d.Key()) {
//		case "name":
//			d.StringTo(&t.Name)
//		default:
//			d.Skip()
//		}
//	}
//
// Errors stick: after the first one every Read method returns the zero value, every loop like the one
// above ends, and Err and End report that error. So a decoding function needs no error handling of its
// own.
//
// JSON null gives the zero value wherever a value is read. Any other value of the wrong type is an
// error.
type Decoder struct {
	data []byte // nil after an error
	pos  int    // the next byte of data
	err  *InputError
	room int // bytes that lists, maps and objects may still take; see grow

	mem *memory   // where values are put, nil for the heap
	rec *recorder // notes where they are, nil if nobody wants to know

	// The open objects and arrays, one bit each, 1 for an object. The lowest bit of kinds is the
	// innermost; each further 64 levels are a word of outer.
	depth int
	kinds uint64
	outer []uint64
}

// Reset makes d read data from its beginning and forgets everything else, the error included. The
// caller must not change data while d reads it; d never does. Reset(nil) lets go of the input.
func (d *Decoder) Reset(data []byte) {
	*d = Decoder{data: data, outer: d.outer[:0], room: minRoom + roomPerByte*len(data)}
}

// grow takes n bytes of memory into account, and fails when that is more than the input may become.
func (d *Decoder) grow(n int) {
	if d.room -= n; d.room < 0 || d.mem != nil && d.mem.left < 0 {
		d.fail(d.pos, tooMuch)
	}
}

// Err returns the first error, as an *InputError, or nil.
func (d *Decoder) Err() error {
	if d.err == nil {
		return nil
	}
	return d.err
}

// End checks that the value is complete and that only white space follows it. It returns the first
// error, as Err does.
func (d *Decoder) End() error {
	d.peek()
	switch {
	case d.depth > 0:
		d.fail(d.pos, unbalanced)
	case d.pos < len(d.data):
		d.failExpected("the end of the input")
	}
	return d.Err()
}

// Object enters the object that comes next and reports whether it has a member; Key reads the name of
// the first. It consumes an empty object as a whole, and null, and returns false for both.
func (d *Decoder) Object() bool {
	switch d.peek() {
	case '{':
		return d.open(1, '}')
	case 'n':
		d.literal("null")
	default:
		d.failExpected("an object")
	}
	return false
}

// Array enters the array that comes next and reports whether it has an element, which is what comes
// next then. It consumes an empty array as a whole, and null, and returns false for both.
func (d *Decoder) Array() bool {
	switch d.peek() {
	case '[':
		return d.open(0, ']')
	case 'n':
		d.literal("null")
	default:
		d.failExpected("an array")
	}
	return false
}

// More reports, after one member or element, whether another follows in the innermost open object or
// array. If not, it leaves that object or array.
func (d *Decoder) More() bool {
	if d.peek() == ',' && d.depth > 0 {
		d.pos++
		return true
	}
	return d.leaveOrFail()
}

// leaveOrFail leaves the innermost open object or array if this is its end.
func (d *Decoder) leaveOrFail() bool {
	c := d.peek()
	if d.depth == 0 {
		d.fail(d.pos, unbalanced)
		return false
	}
	if d.inObject() {
		if c != '}' {
			d.failExpected("a comma or the end of the object")
			return false
		}
	} else if c != ']' {
		d.failExpected("a comma or the end of the array")
		return false
	}
	d.pos++
	d.leave()
	return false
}

// Key reads the name of a member, and the colon; the value comes next. Names are compared exactly as
// they are, upper and lower case differ. The bytes belong to d, may be part of the input, must not be
// changed and are valid until the next call.
func (d *Decoder) Key() []byte {
	if d.peek() != '"' {
		d.failExpected("the name of a member")
		return nil
	}
	name := d.stringBytes()
	if d.rec != nil {
		d.rec.name(name)
	}
	if d.pos < len(d.data) && d.data[d.pos] == ':' {
		d.pos++
	} else {
		d.colon()
	}
	return name
}

// Null consumes a null if one comes next, and reports whether it did.
func (d *Decoder) Null() bool {
	if d.peek() != 'n' {
		return false
	}
	return d.literal("null")
}

// Kind says what comes next, and consumes nothing of it. It looks at the first byte only, so reading
// that value may still fail.
func (d *Decoder) Kind() Kind {
	switch c := d.peek(); c {
	case 'n':
		return KindNull
	case 't', 'f':
		return KindBool
	case '"':
		return KindString
	case '[':
		return KindArray
	case '{':
		return KindObject
	default:
		if c == '-' || isDigit(c) {
			return KindNumber
		}
		return KindInvalid
	}
}

// Kind is the type of a JSON value.
type Kind byte

// The kinds of values. KindInvalid is the end of the input, a byte with which no value begins, or any
// place after an error.
const (
	KindInvalid Kind = iota
	KindNull
	KindBool
	KindNumber
	KindString
	KindArray
	KindObject
)

// Tag returns the value of the member called name of the object that comes next, and consumes nothing:
// it is how a union finds out which of its types to decode. Of several such members the last counts.
// Tag returns nil if that is no string, if there is none, if no object comes next, or if the object is
// malformed; it is never an error, as whatever reads the object reports it.
//
// Escapes are decoded. The bytes belong to d, may be part of the input, must not be changed and are
// valid until the next call.
//
// Tag reads the whole object, so the cost of unions within unions is the size of the input times the
// number of unions around each other.
func (d *Decoder) Tag(name string) []byte {
	d.passUp()
	start := *d
	var tag []byte
	for more := d.Object(); more; more = d.More() {
		if string(d.Key()) != name {
			d.Skip()
		} else if d.peek() == '"' {
			tag = d.stringBytes()
		} else {
			tag = nil
			d.Skip()
		}
	}
	if d.err != nil {
		tag = nil
	}
	*d = start
	return tag
}

// ReadBool reads a boolean.
func (d *Decoder) ReadBool() bool {
	switch d.peek() {
	case 't':
		return d.literal("true")
	case 'f':
		d.literal("false")
	case 'n':
		d.literal("null")
	default:
		d.failExpected("a boolean")
	}
	return false
}

func (d *Decoder) colon() {
	if d.peek() != ':' {
		d.failExpected("a colon")
		return
	}
	d.pos++
}

// literal consumes word, whose first byte the caller has seen. Inlined, it would be all over the lexer.
//
//go:noinline
func (d *Decoder) literal(word string) bool {
	rest := d.data[d.pos:]
	if len(rest) < len(word) || string(rest[:len(word)]) != word {
		d.fail(d.pos, "expected "+word)
		return false
	}
	d.pos += len(word)
	return true
}

// open enters an object (kind 1) or array (kind 0), whose first byte the caller has seen, and reports
// whether something is in it.
func (d *Decoder) open(kind uint64, end byte) bool {
	if d.depth == MaxDepth {
		d.fail(d.pos, tooDeep)
		return false
	}
	if d.depth > 0 && d.depth%64 == 0 {
		d.outer = append(d.outer, d.kinds)
	}
	d.kinds = d.kinds<<1 | kind
	d.depth++
	d.pos++
	if d.rec != nil {
		d.rec.open()
	}
	if d.peek() != end {
		return true
	}
	d.pos++
	d.leave()
	return false
}

// leave forgets the innermost object or array.
func (d *Decoder) leave() {
	if d.rec != nil {
		d.rec.leave()
	}
	d.depth--
	d.kinds >>= 1
	if d.depth > 0 && d.depth%64 == 0 {
		last := len(d.outer) - 1
		d.kinds = d.outer[last]
		d.outer = d.outer[:last]
	}
}

// inObject reports whether the innermost open container is an object.
func (d *Decoder) inObject() bool {
	return d.kinds&1 == 1
}

// peek moves to the next byte that is not white space and returns it, or 0 at the end of the input. A
// zero byte in the input begins no token, so nothing mistakes it for the end.
func (d *Decoder) peek() byte {
	if d.pos < len(d.data) && d.data[d.pos] > ' ' {
		return d.data[d.pos]
	}
	return d.peekSpace()
}

func (d *Decoder) peekSpace() byte {
	for ; d.pos < len(d.data); d.pos++ {
		switch c := d.data[d.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}
