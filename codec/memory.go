package codec

import (
	"slices"
	"unsafe" // for strings in blocks, and the size of types
)

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
	text  []byte           // the block of strings under way; what it has is used
	types [maxBlocks]block // one for each type, as they come
	used  int              // of types
	spent int              // by the generation
	left  int              // of eventBytes
}

// block is a *blockOf of any type.
type block interface {
	drop()
	// clone returns a copy of the n elements at p.
	clone(m *memory, p unsafe.Pointer, n int) unsafe.Pointer
	// detach returns one that no block has.
	detach(p unsafe.Pointer, n int) unsafe.Pointer
}

// blockOf is the block of elements of type T under way; what it has is used.
type blockOf[T any] struct{ elems []T }

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
		b.drop()
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

// blockFor returns the block for elements of type T, or nil if there are too many others.
func blockFor[T any](m *memory) *blockOf[T] {
	for _, b := range m.types[:m.used] {
		if b, ok := b.(*blockOf[T]); ok {
			return b
		}
	}
	if m.used == maxBlocks {
		return nil
	}
	b := new(blockOf[T])
	m.types[m.used] = b
	m.used++
	return b
}

func (b *blockOf[T]) drop() { b.elems = nil }

// more returns list with room for one more element at least. Only the list that was handed out last can grow
// where it is.
func (b *blockOf[T]) more(m *memory, list []T) []T {
	n, used := len(list), len(b.elems)
	if n > 0 && n <= used && used < cap(b.elems) && unsafe.SliceData(list) == &b.elems[used-n] {
		m.take(b.size(1))
		b.elems = b.elems[:used+1]
		return b.elems[used-n : used : used+1]
	}
	moved := b.alloc(m, max(1, 2*n))
	return moved[:copy(moved, list)]
}

// trim takes back what more gave list beyond its length, and makes sure that appending to it copies it.
func (b *blockOf[T]) trim(list []T) []T {
	n, used := cap(list), len(b.elems)
	if n > 0 && n <= used && unsafe.SliceData(list) == &b.elems[used-n] {
		b.elems = b.elems[:used-n+len(list)]
	}
	return slices.Clip(list)
}

// alloc returns n zero elements.
func (b *blockOf[T]) alloc(m *memory, n int) []T {
	used := len(b.elems)
	if unused := cap(b.elems) - used; unused < n {
		if b.size(n) > aloneBytes {
			m.take(b.size(n))
			return make([]T, n)
		}
		m.take(b.size(unused))
		b.elems, used = make([]T, 0, blockBytes/max(1, b.size(1))), 0
	}
	m.take(b.size(n))
	b.elems = b.elems[:used+n]
	return b.elems[used : used+n : used+n]
}

// size returns the size of n elements.
func (b *blockOf[T]) size(n int) int {
	var zero T
	return n * int(unsafe.Sizeof(zero))
}

func (b *blockOf[T]) clone(m *memory, p unsafe.Pointer, n int) unsafe.Pointer {
	list := b.alloc(m, n)
	copy(list, unsafe.Slice((*T)(p), n))
	return unsafe.Pointer(unsafe.SliceData(list))
}

func (b *blockOf[T]) detach(p unsafe.Pointer, n int) unsafe.Pointer {
	list := make([]T, n)
	copy(list, unsafe.Slice((*T)(p), n))
	return unsafe.Pointer(unsafe.SliceData(list))
}
