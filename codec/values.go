package codec

import "unsafe" // for the size of types only

// Unmarshal decodes data, which must be one JSON value, into v with decode. On an error, always an
// *InputError, *v is what had been decoded before.
//
// Nothing in v aliases data. decode must read exactly one value, and must not keep the decoder.
func Unmarshal[T any](data []byte, v *T, decode func(*T, *Decoder)) error {
	var d Decoder
	d.Reset(data)
	decode(v, &d)
	return d.End()
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
	v, _ := readPointer(d, decode)
	return v
}

// PointerTo is [Pointer] for a place; see [Decoder.StringTo].
func PointerTo[T any](d *Decoder, p **T, decode func(*T, *Decoder)) {
	v, run := readPointer(d, decode)
	*p = v
	noteLink(d, p, run, false)
}

// DeltaTo is [PointerTo] for what an accumulator adds up and does not keep (x-accumulates-to). So it may be
// written to again when the next chunk comes.
func DeltaTo[T any](d *Decoder, p **T, decode func(*T, *Decoder)) {
	v, run := readPointer(d, decode)
	*p = v
	noteLink(d, p, run, true)
}

// readPointer also returns the number of the run in which a recorder finds what was read, 0 if none does.
func readPointer[T any](d *Decoder, decode func(*T, *Decoder)) (v *T, run int) {
	if d.Null() || d.err != nil {
		return nil, 0
	}
	b := blockIn[T](d)
	if b == nil {
		v = new(T)
	} else {
		v = &b.alloc(d.mem, 1)[0]
	}
	d.grow(int(unsafe.Sizeof(*v)))
	decode(v, d)
	return v, noteRun(d, b, v, 1)
}

// Slice reads an array, each element with decode. It returns nil for null, an empty slice that is not
// nil for an empty array. Elements that are null are the zero value; decode does not see them. The
// slice grows with the elements that arrive; decode must not keep the pointer, as growing moves them.
// An array of very many tiny elements is an error before it takes more memory than an honest one of its
// size could. If an error occurs, the slice ends with the element in which it did.
func Slice[T any](d *Decoder, decode func(*T, *Decoder)) []T {
	d.passUp()
	s, _ := readSlice(d, decode)
	return s
}

// SliceTo is [Slice] for a place; see [Decoder.StringTo].
func SliceTo[T any](d *Decoder, p *[]T, decode func(*T, *Decoder)) {
	s, run := readSlice(d, decode)
	*p = s
	noteLink(d, p, run, false)
}

// DeltasTo is [SliceTo] for what an accumulator adds up and does not keep (x-accumulate: by-index); see [DeltaTo].
func DeltasTo[T any](d *Decoder, p *[]T, decode func(*T, *Decoder)) {
	s, run := readSlice(d, decode)
	*p = s
	noteLink(d, p, run, true)
}

// readSlice also returns the number of the run in which a recorder finds what was read, 0 if none does.
func readSlice[T any](d *Decoder, decode func(*T, *Decoder)) (s []T, run int) {
	if d.Kind() != KindArray {
		d.Array() // takes null, reports everything else
		return nil, 0
	}
	if !d.Array() {
		return []T{}, 0
	}
	b := blockIn[T](d)
	for more := true; more; more = d.More() {
		var zero T
		d.grow(int(unsafe.Sizeof(zero)))
		if b != nil && len(s) == cap(s) {
			longer := b.more(d.mem, s)
			if len(s) > 0 && &longer[0] != &s[0] {
				d.passUp() // what was noted of the elements is where they were
			}
			s = longer
		}
		s = append(s, zero)
		if !d.Null() {
			decode(&s[len(s)-1], d)
		}
	}
	if b == nil {
		return s, 0
	}
	s = b.trim(s)
	return s, noteSlice(d, b, s)
}

// blockIn returns the block for elements of type T of the memory of d, if it has one.
func blockIn[T any](d *Decoder) *blockOf[T] {
	if d.mem == nil || d.mem.left < 0 {
		return nil
	}
	b := blockFor[T](d.mem)
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
