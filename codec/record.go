package codec

import (
	"bytes"
	"slices"
	"unsafe" // to note where values are
)

// recorder notes, while a chunk is decoded, where in the input its values lay and to which places they were
// written, so that a pattern can be made of them.
//
// Places are kept as numbers, which keep nothing alive and make nothing escape to the heap: all are in the chunk, or
// the recorder is off.
type recorder struct {
	off    bool // the chunk holds what cannot be written again from its values alone
	runs   []run
	links  []link
	values []value

	names [][]byte // of the members of the open objects
	outer []int    // how many of names belong to what is outside of each open object or array
}

// run is memory with n elements, decoded in one go.
type run struct {
	of   *block
	p    unsafe.Pointer
	n    int
	size uintptr // of all elements
}

// spot is an offset in a run.
type spot struct {
	run int
	off uintptr
}

// link is a spot with a pointer to a run, or a list of all its elements.
type link struct {
	at uintptr // the address, only while recording
	spot
	to    int
	delta bool // an accumulator keeps nothing of the run
}

// value is a spot with a string or an integer, or nothing but its text where that was skipped.
type value struct {
	kind       kindOfValue
	at         uintptr // the address, only while recording
	start, end int     // its text, without quotes
	spot
}

type kindOfValue byte

const (
	skippedString kindOfValue = iota
	skippedNumber
	nullPlace // null, which is the zero value
	stringPlace
	intPlace
	int64Place
)

// No more than these is recorded: patterns are for small chunks.
const (
	maxRuns   = 8
	maxValues = 32
)

func (r *recorder) reset() {
	clear(r.runs)
	clear(r.names)
	*r = recorder{runs: r.runs[:0], links: r.links[:0], values: r.values[:0], names: r.names[:0], outer: r.outer[:0]}
}

// passUp tells the recorder that the chunk holds what it cannot follow.
func (d *Decoder) passUp() {
	if d.rec != nil {
		d.rec.off = true
	}
}

func (r *recorder) open() { r.outer = append(r.outer, len(r.names)) }

func (r *recorder) leave() {
	last := len(r.outer) - 1
	r.names, r.outer = r.names[:r.outer[last]], r.outer[:last]
}

// name notes a member. Of two with one name the second wins, which a pattern would not know.
func (r *recorder) name(name []byte) {
	first := 0
	if n := len(r.outer); n > 0 {
		first = r.outer[n-1]
	}
	for _, other := range r.names[first:] {
		if bytes.Equal(other, name) {
			r.off = true
		}
	}
	r.names = append(r.names, name)
}

// noteValue notes that the value whose text begins at start, and which the decoder has just read, was written
// to p.
func noteValue[T any](d *Decoder, kind kindOfValue, p *T, start int) {
	if d.rec != nil {
		d.rec.value(d, kind, uintptr(unsafe.Pointer(p)), start)
	}
}

func (r *recorder) value(d *Decoder, kind kindOfValue, at uintptr, start int) {
	if d.err != nil || len(r.values) == maxValues {
		r.off = true
		return
	}
	end := d.pos
	switch {
	case kind == stringPlace, kind == skippedString:
		end-- // the quote
	case d.data[start] == 'n':
		kind = nullPlace
	}
	r.values = append(r.values, value{kind: kind, at: at, start: start, end: end})
}

// noteRun notes the n elements at p, of block b, and returns the number of their run; 0 if it notes nothing.
func (d *Decoder) noteRun(b *block, p unsafe.Pointer, n int) int {
	if d.rec == nil || b == nil || n == 0 {
		return 0
	}
	r := d.rec
	if len(r.runs) == maxRuns {
		r.off = true
		return 0
	}
	r.runs = append(r.runs, run{b, p, n, uintptr(b.bytes(n))})
	return len(r.runs) - 1
}

// noteLink notes that what points to the run is at p, and whether an accumulator leaves it alone.
func (d *Decoder) noteLink(p unsafe.Pointer, to int, delta bool) {
	if to > 0 {
		d.rec.links = append(d.rec.links, link{at: uintptr(p), to: to, delta: delta})
	}
}

// resolve finds the runs that all places are in. It fails where one is in none, where a run is not where it should
// be, where two values went to one place, and for large chunks.
func (r *recorder) resolve() bool {
	if r.off || len(r.links) != len(r.runs)-1 {
		return false
	}
	size := uintptr(0)
	for _, run := range r.runs {
		size += run.size
	}
	if size > maxShared {
		return false
	}
	for i := range r.links {
		l := &r.links[i]
		if !r.find(&l.spot, l.at, unsafe.Sizeof(l.at)) || *(*unsafe.Pointer)(unsafe.Add(r.runs[l.run].p, l.off)) != r.runs[l.to].p {
			return false
		}
	}
	for i := range r.values {
		v := &r.values[i]
		if v.at == 0 {
			continue
		}
		same := func(other value) bool { return other.at == v.at }
		if !r.find(&v.spot, v.at, v.kind.size()) || slices.ContainsFunc(r.values[:i], same) {
			return false
		}
	}
	r.values = slices.DeleteFunc(r.values, func(v value) bool { return v.kind == nullPlace })
	return true
}

// find sets the place of n bytes at an address.
func (r *recorder) find(p *spot, at, n uintptr) bool {
	for i, run := range r.runs {
		if first := uintptr(run.p); at >= first && at+n <= first+run.size {
			*p = spot{i, at - first}
			return true
		}
	}
	return false
}

func (k kindOfValue) size() uintptr {
	switch k {
	case stringPlace:
		return unsafe.Sizeof("")
	case intPlace:
		return unsafe.Sizeof(0)
	default:
		return unsafe.Sizeof(int64(0))
	}
}
