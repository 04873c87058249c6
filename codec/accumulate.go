package codec

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// The types below collect what the deltas of a stream bring to one field of a response. Generated
// accumulators are structs of them: Add takes what one delta holds, Result returns the field so far,
// as often as wanted, and never a value that a later Add changes. Their zero values are empty and
// ready to use; none is safe for concurrent use.

// Text collects a string whose pieces follow each other (x-accumulate: append).
//
// It keeps them in parts, all but the first few with room for a quarter of what came before. So no byte is moved until the
// result is built, and all of it takes less than 2.5 times the memory of a long text.
type Text struct {
	full [][]byte
	last []byte // the part under way
}

const (
	firstPartBytes = 64
	manyPartBytes  = 512 // up to which parts grow faster, so that short texts have few
)

// Add appends s; the cost is linear in all that is added.
func (t *Text) Add(s string) {
	if len(s) <= cap(t.last)-len(t.last) {
		t.last = append(t.last, s...)
	} else {
		t.add(s)
	}
}

// add begins another part, because s does not fit into the last.
func (t *Text) add(s string) {
	if t.last != nil {
		n := cap(t.last) - len(t.last)
		t.full = append(t.full, append(t.last, s[:n]...))
		s = s[n:]
	}
	size := t.size() + len(s)
	t.last = append(make([]byte, 0, max(firstPartBytes, len(s), size/4, min(2*size, manyPartBytes))), s...)
}

func (t *Text) size() int {
	size := len(t.last)
	for _, part := range t.full {
		size += len(part)
	}
	return size
}

// Result returns all pieces as one string.
func (t *Text) Result() string {
	if t.full == nil {
		return string(t.last)
	}
	var s strings.Builder
	s.Grow(t.size())
	for _, part := range t.full {
		s.Write(part)
	}
	s.Write(t.last)
	return s.String()
}

// List collects a list whose pieces follow each other (x-accumulate: append).
type List[E any] struct{ l []E }

// Add appends the elements of l. An empty list that is not nil makes the result not nil.
func (t *List[E]) Add(l []E) {
	if l != nil {
		t.add(l)
	}
}

func (t *List[E]) add(l []E) {
	if t.l == nil {
		t.l = make([]E, 0, len(l))
	}
	t.l = append(t.l, l...)
}

// Result returns all elements. The caller must not append to the slice in place; its capacity forbids it.
func (t *List[E]) Result() []E { return slices.Clip(t.l) }

// Last keeps the last value that was not zero (x-accumulate: last): what a later delta leaves out is
// not erased.
type Last[T comparable] struct{ v T }

// Add replaces the value unless v is zero.
func (t *Last[T]) Add(v T) {
	var zero T
	if v != zero {
		t.v = v
	}
}

// Result returns the value.
func (t *Last[T]) Result() T { return t.v }

// LastAny is [Last] for maps, slices and structs that hold them.
type LastAny[T any] struct{ v T }

// Add replaces the value unless v is zero.
func (t *LastAny[T]) Add(v T) {
	if !reflect.ValueOf(&v).Elem().IsZero() {
		t.v = v
	}
}

// Result returns the value.
func (t *LastAny[T]) Result() T { return t.v }

// Adder is a generated accumulator: A adds up deltas of type D to a value of type T.
type Adder[D, T, A any] interface {
	*A
	Add(delta *D)
	Result() T
}

// Optional collects an object that not every stream has.
type Optional[D, T, A any, P Adder[D, T, A]] struct{ acc *A }

// Add takes a delta in; nil brings nothing.
func (t *Optional[D, T, A, P]) Add(delta *D) {
	if delta != nil {
		t.add(delta)
	}
}

func (t *Optional[D, T, A, P]) add(delta *D) {
	if t.acc == nil {
		t.acc = new(A)
	}
	P(t.acc).Add(delta)
}

// Result returns the object, or nil when no delta had it.
func (t *Optional[D, T, A, P]) Result() *T {
	if t.acc == nil {
		return nil
	}
	return new(P(t.acc).Result())
}

// Value returns the object, or its zero value when no delta had it.
func (t *Optional[D, T, A, P]) Value() (v T) {
	if t.acc == nil {
		return v
	}
	return P(t.acc).Result()
}

// IndexedAdder is an [Adder] for the elements of a list whose deltas say which element they belong to.
type IndexedAdder[D, T, A any] interface {
	Adder[D, T, A]
	// Place returns the index of the element that delta belongs to, and its ID, empty when it has none.
	Place(delta *D) (index int, id string)
}

// ByIndex collects a list whose deltas name the element they belong to (x-accumulate: by-index).
// The memory follows the number of elements that arrived, never an index.
//
// A delta without ID continues the latest element at its index. An ID that is new at the index opens
// a new element there, because servers that number every tool call 0 tell their calls apart by ID alone.
type ByIndex[D, T, A any, P IndexedAdder[D, T, A]] struct {
	elems  []element[A]
	places map[place]int // where in elems; made once a search through elems would be slower
}

type element[A any] struct {
	place
	acc A
}

// place identifies an element; with an empty id it stands for the latest element at the index.
type place struct {
	index int
	id    string
}

// fewElements is up to how many elements a search from the end beats a map.
const fewElements = 8

// Add takes each delta in, in their order.
func (t *ByIndex[D, T, A, P]) Add(deltas []D) {
	if len(deltas) > 0 {
		t.add(deltas)
	}
}

func (t *ByIndex[D, T, A, P]) add(deltas []D) {
	var none P
	for i := range deltas {
		index, id := none.Place(&deltas[i])
		P(t.at(place{index, id})).Add(&deltas[i])
	}
}

// Result returns the elements in the order of their indices, those at the same index in the order of
// their arrival; nil where there are none.
func (t *ByIndex[D, T, A, P]) Result() []T {
	if len(t.elems) == 0 {
		return nil
	}
	inOrder := func(a, b element[A]) int { return cmp.Compare(a.index, b.index) }
	sorted := t.elems
	if !slices.IsSortedFunc(sorted, inOrder) {
		sorted = slices.Clone(sorted)
		slices.SortStableFunc(sorted, inOrder)
	}
	list := make([]T, len(sorted))
	for i := range sorted {
		list[i] = P(&sorted[i].acc).Result()
	}
	return list
}

// at returns what has arrived of the element, which may be nothing yet. It moves when other elements come.
func (t *ByIndex[D, T, A, P]) at(p place) *A {
	if n := len(t.elems); n > 0 { // nearly always it is the last
		if e := &t.elems[n-1]; e.index == p.index && (p.id == "" || e.id == p.id) {
			return &e.acc
		}
	}
	i := t.find(p)
	if i < 0 && p.id != "" {
		if latest := t.find(place{index: p.index}); latest >= 0 && t.elems[latest].id == "" {
			t.elems[latest].id = p.id
			i = latest
		}
	}
	if i < 0 {
		i = len(t.elems)
		t.elems = append(t.elems, element[A]{place: p})
	}
	t.remember(i)
	return &t.elems[i].acc
}

// find returns where the element is, or -1.
func (t *ByIndex[D, T, A, P]) find(p place) int {
	if t.places != nil {
		if i, ok := t.places[p]; ok {
			return i
		}
		return -1
	}
	for i := range slices.Backward(t.elems) {
		if at := t.elems[i].place; at.index == p.index && (p.id == "" || at.id == p.id) {
			return i
		}
	}
	return -1
}

// remember keeps the map in step with element i, once there is a map.
func (t *ByIndex[D, T, A, P]) remember(i int) {
	if t.places == nil {
		if len(t.elems) <= fewElements {
			return
		}
		t.places = make(map[place]int, 4*fewElements)
		for j := range t.elems {
			t.remember(j)
		}
	}
	p := t.elems[i].place
	t.places[p] = i
	latest := place{index: p.index}
	t.places[latest] = max(i, t.places[latest])
}

// Each returns f of every element with its place in the list; nil for a nil list.
func Each[T, D any](list []T, f func(v T, i int) D) []D {
	if list == nil {
		return nil
	}
	out := make([]D, len(list))
	for i, v := range list {
		out[i] = f(v, i)
	}
	return out
}

// Maybe returns f of what v points to; nil for nil.
func Maybe[T, D any](v *T, f func(v T, i int) D) *D {
	if v == nil {
		return nil
	}
	return new(f(*v, 0))
}
