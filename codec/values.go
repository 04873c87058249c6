package codec

import "unsafe" // for values of any type; see kind

// Unmarshal decodes data, which must be one JSON value, into v with decode. On an error, always an
// *InputError, *v is what had been decoded before.
//
// Nothing in v aliases data. decode must read exactly one value, and must not keep the decoder.
func Unmarshal[T any](data []byte, v *T, decode func(*T, *Decoder)) error {
	return unmarshal(data, unsafe.Pointer(v), anyDecode(decode))
}

func unmarshal(data []byte, v unsafe.Pointer, decode decodeAny) error {
	var d Decoder
	d.Reset(data)
	decode(v, &d)
	return d.End()
}

// decodeAny is a decoding function without the type of its values. Go passes a pointer in one way, whatever it points
// to, so the function is called as it is; one around it for each type, which converts the pointer, would make a program
// 170 kB larger. Arguments of other kinds than pointers must not be treated so.
type decodeAny = func(unsafe.Pointer, *Decoder)

func anyDecode[T any](decode func(*T, *Decoder)) decodeAny {
	return *(*decodeAny)(unsafe.Pointer(&decode))
}

// Value reads what comes next with decode, null included, and returns it.
func Value[T any](d *Decoder, decode func(*T, *Decoder)) T {
	d.passUp()
	var v T
	decode(&v, d)
	return v
}

// Pointer reads what comes next with decode into a new T. It returns nil for null, and after an error.
func Pointer[T any](d *Decoder, decode func(*T, *Decoder)) *T {
	d.passUp()
	p, _ := d.readPointer((*kindOf[T])(nil), anyDecode(decode))
	return (*T)(p)
}

// PointerTo is [Pointer] for a place; see [Decoder.StringTo].
func PointerTo[T any](d *Decoder, p **T, decode func(*T, *Decoder)) {
	d.pointerTo(unsafe.Pointer(p), (*kindOf[T])(nil), anyDecode(decode), false)
}

// DeltaTo is [PointerTo] for what an accumulator adds up and does not keep (x-accumulates-to). So it may be
// written to again when the next chunk comes.
func DeltaTo[T any](d *Decoder, p **T, decode func(*T, *Decoder)) {
	d.pointerTo(unsafe.Pointer(p), (*kindOf[T])(nil), anyDecode(decode), true)
}

func (d *Decoder) pointerTo(place unsafe.Pointer, of kind, decode decodeAny, delta bool) {
	v, run := d.readPointer(of, decode)
	*(*unsafe.Pointer)(place) = v
	d.noteLink(place, run, delta)
}

// readPointer also returns the number of the run in which a recorder finds what was read, 0 if none does.
func (d *Decoder) readPointer(of kind, decode decodeAny) (v unsafe.Pointer, run int) {
	if d.Null() || d.err != nil {
		return nil, 0
	}
	b := d.blockFor(of)
	if b == nil {
		v = of.make(1)
	} else {
		v = b.alloc(d.mem, 1)
	}
	d.grow(int(of.size()))
	decode(v, d)
	return v, d.noteRun(b, v, 1)
}

// Slice reads an array, each element with decode. It returns nil for null, an empty slice that is not
// nil for an empty array. Elements that are null are the zero value; decode does not see them. The
// slice grows with the elements that arrive; decode must not keep the pointer, as growing moves them.
// An array of very many tiny elements is an error before it takes more memory than an honest one of its
// size could. If an error occurs, the slice ends with the element in which it did.
func Slice[T any](d *Decoder, decode func(*T, *Decoder)) []T {
	d.passUp()
	l, _ := d.readList((*kindOf[T])(nil), anyDecode(decode))
	return *(*[]T)(unsafe.Pointer(&l))
}

// SliceTo is [Slice] for a place; see [Decoder.StringTo].
func SliceTo[T any](d *Decoder, p *[]T, decode func(*T, *Decoder)) {
	d.listTo(unsafe.Pointer(p), (*kindOf[T])(nil), anyDecode(decode), false)
}

// DeltasTo is [SliceTo] for what an accumulator adds up and does not keep (x-accumulate: by-index); see [DeltaTo].
func DeltasTo[T any](d *Decoder, p *[]T, decode func(*T, *Decoder)) {
	d.listTo(unsafe.Pointer(p), (*kindOf[T])(nil), anyDecode(decode), true)
}

func (d *Decoder) listTo(place unsafe.Pointer, of kind, decode decodeAny, delta bool) {
	l, run := d.readList(of, decode)
	*(*list)(place) = l
	d.noteLink(place, run, delta)
}

// readList also returns the number of the run in which a recorder finds what was read, 0 if none does.
func (d *Decoder) readList(of kind, decode decodeAny) (l list, run int) {
	if d.Kind() != KindArray {
		d.Array() // takes null, reports everything else
		return list{}, 0
	}
	if !d.Array() {
		return list{p: of.make(0)}, 0
	}
	b, size := d.blockFor(of), of.size()
	for more := true; more; more = d.More() {
		d.grow(int(size))
		if l.n == l.room {
			l = d.more(b, of, l)
		}
		at := unsafe.Add(l.p, uintptr(l.n)*size)
		if l.n++; !d.Null() {
			decode(at, d)
		}
	}
	if b == nil {
		return l, 0
	}
	l = b.trim(l)
	return l, d.noteRun(b, l.p, l.n)
}

// maxDoubled is up to how many elements a list that is in no block doubles its room.
const maxDoubled = 256

// more returns l with room for one more element at least.
func (d *Decoder) more(b *block, of kind, l list) list {
	if b == nil {
		room := l.room + max(1, min(l.room, maxDoubled), l.room/4) // as append grows slices
		p := of.make(room)
		of.copy(p, l.p, l.n)
		return list{p, l.n, room}
	}
	longer := b.more(d.mem, l)
	if l.n > 0 && longer.p != l.p {
		d.passUp() // what was noted of the elements is where they were
	}
	return longer
}

// blockFor returns the block for elements of a kind of the memory of d, if it has one.
func (d *Decoder) blockFor(of kind) *block {
	if d.mem == nil || d.mem.left < 0 {
		return nil
	}
	b := d.mem.blockFor(of)
	if b == nil {
		d.passUp()
	}
	return b
}

// mapEntryBytes is about what an entry of a map takes besides its value and the bytes of its key.
const mapEntryBytes = 32

// Map reads an object as a map, each value with decode. It returns nil for null, an empty map that is
// not nil for an empty object. Values that are null are the zero value; decode does not see them. Of
// several members with one name the last counts, and none of the others leaves anything behind. decode
// must not keep the pointer.
func Map[T any](d *Decoder, decode func(*T, *Decoder)) map[string]T {
	if d.Kind() != KindObject {
		d.Object() // takes null, reports everything else
		return nil
	}
	d.passUp()
	m := map[string]T{}
	var v, zero T
	for more := d.Object(); more; more = d.More() {
		name := string(d.Key())
		v = zero
		if !d.Null() {
			decode(&v, d)
		}
		if d.err != nil {
			break
		}
		before := len(m)
		m[name] = v
		d.grow((len(m) - before) * (int(unsafe.Sizeof(v)) + mapEntryBytes))
	}
	return m
}

// ReadAny reads any value as encoding/json does into an any: nil, bool, float64, string, []any or
// map[string]any. It returns nil after an error.
func (d *Decoder) ReadAny() any {
	d.passUp()
	var v any
	switch d.Kind() {
	case KindBool:
		v = d.ReadBool()
	case KindNumber:
		v = d.ReadFloat()
	case KindString:
		v = d.ReadString()
	case KindArray:
		v = Slice(d, readAny)
	case KindObject:
		v = Map(d, readAny)
	case KindNull:
		d.literal("null")
	case KindInvalid:
		d.failExpected("a value")
	}
	if d.err != nil {
		return nil
	}
	return v
}

func readAny(v *any, d *Decoder) {
	*v = d.ReadAny()
}
