package codec

import "strconv"

// InputError says that the input is not the JSON that the decoder wants: malformed, of another type,
// out of range or too deep. It is always returned as *InputError.
//
// Neither its fields nor its text repeat anything of the input, so it can be logged.
type InputError struct {
	// Offset is the byte, counted from 0, at which the decoder stopped. For input that ends too early
	// it is the length of the input.
	Offset int64
	// Msg says what was expected there.
	Msg string
}

// Error returns the message and the offset.
func (e *InputError) Error() string {
	return "json: " + e.Msg + " at byte " + strconv.FormatInt(e.Offset, 10)
}

// Messages of errors that are not about which token comes next. The last one is about a mistake in a
// decoding function, not in the input.
const (
	outOfRange  = "expected a number within the range of its type"
	notIntegral = "expected an integer, found another number"
	tooMuch     = "too many elements for the size of the input"
	tooDeep     = "expected at most 10000 levels of nesting"
	unbalanced  = "expected calls of More that match those of Object and Array"
)

// fail keeps the first error and takes the input away, so that every later call finds itself at the
// end of an empty input and none needs to ask for the error.
func (d *Decoder) fail(offset int, msg string) {
	if d.err == nil {
		d.err = &InputError{Offset: int64(offset), Msg: msg}
	}
	d.data, d.pos, d.depth = nil, 0, 0
}

// failExpected reports that something else than want comes next.
func (d *Decoder) failExpected(want string) {
	if d.err != nil {
		return
	}
	found := "something else"
	switch d.Kind() {
	case KindNull:
		found = "null"
	case KindBool:
		found = "a boolean"
	case KindNumber:
		found = "a number"
	case KindString:
		found = "a string"
	case KindArray:
		found = "an array"
	case KindObject:
		found = "an object"
	case KindInvalid:
		if d.pos == len(d.data) {
			found = "the end of the input"
		}
	}
	d.fail(d.pos, "expected "+want+", found "+found)
}
