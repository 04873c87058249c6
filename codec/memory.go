package codec

import "unsafe" // for strings in blocks, and elements of any type

// What a chunk that is kept holds beside its own bytes: the blocks that it shares with other chunks, and all
// that these hold. It stays below 64 KiB, which is the sum of
//
//   - what may have been handed out when the last generation of blocks is still used: generationBytes,
//   - what one more chunk may then take: eventBytes,
//   - what is left unused of one block for each type and for strings,
//   - two blocks with strings of the chunk that a [Chunks] compares with.
const (
	blockBytes      = 2 << 10
	generationBytes = 28 << 10
	eventBytes      = 16 << 10
	maxBlocks       = 6   // types with blocks
	aloneBytes      = 512 // a longer string or list does not open a block
)

// memory hands out memory from blocks, so that most chunks cost no allocation of their own. What is handed out
// belongs to who gets it and is never used again.
//
// Blocks are shared by the chunks of a generation, which ends when enough has been handed out.
type memory struct {
	text  []byte            // the block of strings under way; what it has is used
	types [maxBlocks]*block // one for each type, as they come
	used  int               // of types
	spent int               // by the generation
	left  int               // of eventBytes
}

// kind is a type of elements. What all types have in common is written for kinds and compiled once; a generic
// function would be compiled anew for every type of a document, which programs link.
type kind interface {
	size() uintptr
	// make returns n zero elements.
	make(n int) unsafe.Pointer
	// copy copies n elements.
	copy(to, from unsafe.Pointer, n int)
}

// kindOf is the kind of elements of type T, as a nil pointer. It must not have a T in it: whatever a linked type
// leads to keeps its methods, and those of kinds are enough.
type kindOf[T any] struct{}

func (*kindOf[T]) size() uintptr { return unsafe.Sizeof(*new(T)) }

func (*kindOf[T]) make(n int) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(make([]T, n))) }

func (*kindOf[T]) copy(to, from unsafe.Pointer, n int) {
	copy(unsafe.Slice((*T)(to), n), unsafe.Slice((*T)(from), n))
}

// list is a slice of elements of any kind, and laid out as one.
type list struct {
	p       unsafe.Pointer
	n, room int
}

// block is the block of elements of one kind under way.
type block struct {
	of   kind
	size uintptr // of an element
	p    unsafe.Pointer
	used int // elements
	room int // for so many
}

// begin prepares for the memory of one more chunk.
func (m *memory) begin() {
	m.left = eventBytes
	if m.spent >= generationBytes {
		m.renew()
	}
}

// renew begins a generation.
func (m *memory) renew() {
	m.spent, m.text = 0, nil
	for _, b := range m.types[:m.used] {
		b.p, b.used, b.room = nil, 0, 0
	}
	if m.used == maxBlocks { // perhaps other types come more often now
		m.used = 0
		clear(m.types[:])
	}
}

// take accounts for n bytes.
func (m *memory) take(n int) {
	m.left -= n
	m.spent += n
}

// room returns an empty buffer with room for n bytes of a string.
func (m *memory) room(n int) []byte {
	if unused := cap(m.text) - len(m.text); unused < n {
		if n > aloneBytes {
			return make([]byte, 0, n)
		}
		m.take(unused)
		m.text = make([]byte, 0, blockBytes)
	}
	return m.text[len(m.text):]
}

// keep returns b, which began as what room returned, as a string.
func (m *memory) keep(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	m.take(len(b))
	if n := len(m.text); n < cap(m.text) && unsafe.SliceData(b) == unsafe.SliceData(m.text[n:n+1]) {
		m.text = m.text[:n+len(b)]
	}
	return asString(b)
}

// asString returns b as a string. Nobody may change b afterwards.
func asString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// blockFor returns the block for elements of a kind, or nil if there are too many others.
func (m *memory) blockFor(of kind) *block {
	for _, b := range m.types[:m.used] {
		if b.of == of {
			return b
		}
	}
	if m.used == maxBlocks {
		return nil
	}
	b := newBlock(of)
	m.types[m.used] = b
	m.used++
	return b
}

func newBlock(of kind) *block { return &block{of: of, size: of.size()} }

// more returns l with room for one more element at least. Only the list that was handed out last can grow where it
// is.
func (b *block) more(m *memory, l list) list {
	if l.n > 0 && b.isLast(l) && b.used < b.room {
		m.take(b.bytes(1))
		b.used++
		return list{l.p, l.n, l.n + 1}
	}
	room := max(1, 2*l.n)
	moved := b.alloc(m, room)
	b.of.copy(moved, l.p, l.n)
	return list{moved, l.n, room}
}

// trim takes back what more gave l beyond its length, and makes sure that appending to it copies it.
func (b *block) trim(l list) list {
	if l.room > 0 && b.isLast(l) {
		b.used -= l.room - l.n
	}
	l.room = l.n
	return l
}

// isLast says whether the room of l was handed out last.
func (b *block) isLast(l list) bool { return l.room <= b.used && l.p == b.at(b.used-l.room) }

// alloc returns n zero elements, at least one.
func (b *block) alloc(m *memory, n int) unsafe.Pointer {
	if unused := b.room - b.used; unused < n {
		if b.bytes(n) > aloneBytes {
			m.take(b.bytes(n))
			return b.of.make(n)
		}
		m.take(b.bytes(unused))
		b.used, b.room = 0, blockBytes/max(1, b.bytes(1))
		b.p = b.of.make(b.room)
	}
	m.take(b.bytes(n))
	p := b.at(b.used)
	b.used += n
	return p
}

// at returns where element i is.
func (b *block) at(i int) unsafe.Pointer { return unsafe.Add(b.p, uintptr(i)*b.size) }

// bytes returns the size of n elements.
func (b *block) bytes(n int) int { return n * int(b.size) }

// clone returns a copy of the n elements at p.
func (b *block) clone(m *memory, p unsafe.Pointer, n int) unsafe.Pointer {
	elems := b.alloc(m, n)
	b.of.copy(elems, p, n)
	return elems
}

// detach returns a copy of the n elements at p that no block has.
func (b *block) detach(p unsafe.Pointer, n int) unsafe.Pointer {
	elems := b.of.make(n)
	b.of.copy(elems, p, n)
	return elems
}
