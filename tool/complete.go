package tool

import (
	"slices"
	"unicode/utf8"
)

// Complete returns the JSON that the beginning of a JSON text is already known to say, such as that of the arguments
// of a call while they are streamed. Objects and arrays are closed, and a string that is a value is shown as far as it
// came. What could still become something else is left out: a number or a literal until what follows it, a name
// without its value, half of a character or of an escape. A longer beginning says the same and maybe more.
//
// It returns nil where nothing is known yet, or brackets do not match. Otherwise the result is valid JSON if the
// beginning is one of valid JSON. It costs one pass and one copy.
func Complete(beginning []byte) []byte {
	c := completer{text: beginning}
	c.scan(0)
	return c.completed(true)
}

// completer follows a JSON text that comes in pieces.
type completer struct {
	text   []byte
	open   []byte // the closing brackets that are missing, the outermost first
	keep   int    // up to here, and with those brackets, it says nothing that could still change
	broken bool   // brackets do not match

	mode   mode
	naming bool // the next string is a name
	cut    int  // in a string: up to here it consists of whole characters
	start  int  // in a string: where the character or escape under way begins
	hex    int  // in an escape: how many hexadecimal digits are missing
}

// mode is what a byte is a part of.
type mode int

const (
	between mode = iota // brackets, commas, colons and spaces
	scalar              // a number, true, false or null
	text                // a string
	escape              // a string, after a backslash
	unicode             // a string, in the digits after \u
)

// write takes in the next piece.
func (c *completer) write(piece string) {
	begin := len(c.text)
	c.text = append(c.text, piece...)
	c.scan(begin)
}

// scan takes in the text from begin on.
func (c *completer) scan(begin int) {
	for i := begin; i < len(c.text) && !c.broken; i++ {
		switch b := c.text[i]; c.mode {
		case text, escape, unicode:
			c.inString(i, b)
		case scalar:
			if isDelimiter(b) {
				c.keep, c.mode = i, between
				c.structure(i, b)
			}
		case between:
			c.structure(i, b)
		}
	}
}

// structure takes a byte outside of strings, numbers and literals.
func (c *completer) structure(i int, b byte) {
	switch b {
	case ' ', '\t', '\r', '\n', ':':
	case ',':
		c.naming = len(c.open) > 0 && c.open[len(c.open)-1] == '}'
	case '{', '[':
		c.open = append(c.open, b+2) // which is its counterpart in ASCII
		c.keep, c.naming = i+1, b == '{'
	case '}', ']':
		last := len(c.open) - 1
		if last < 0 || c.open[last] != b {
			c.broken = true
			return
		}
		c.open, c.keep = c.open[:last], i+1
	case '"':
		c.mode, c.cut, c.start = text, i+1, i+1
	default:
		c.mode = scalar
	}
}

func isDelimiter(b byte) bool {
	switch b {
	case ' ', '\t', '\r', '\n', ',', ':', '{', '}', '[', ']', '"':
		return true
	}
	return false
}

// inString takes a byte of a string.
func (c *completer) inString(i int, b byte) {
	switch {
	case c.mode == escape && b == 'u':
		c.mode, c.hex = unicode, 4
	case c.mode == unicode && c.hex > 1:
		c.hex--
	case c.mode == text && b == '\\':
		c.mode, c.start = escape, i
	case c.mode == text && b == '"':
		c.mode = between
		if !c.naming {
			c.keep = i + 1
		}
		c.naming = false
	case c.mode == unicode && c.isHighSurrogate(i):
		c.mode, c.cut = text, c.start // the other half decides what it is
	default:
		c.mode, c.cut = text, i+1
	}
}

// isHighSurrogate says whether the \u escape that ends at i is the first half of a character.
func (c *completer) isHighSurrogate(i int) bool {
	digits := c.text[i-3 : i+1]
	switch digits[1] {
	case '8', '9', 'a', 'b', 'A', 'B':
		return digits[0] == 'd' || digits[0] == 'D'
	}
	return false
}

// completed returns what the text is known to say, with or without a string that has not ended.
func (c *completer) completed(unended bool) []byte {
	if c.broken || len(c.text) == 0 {
		return nil
	}
	inValue := (c.mode == text || c.mode == escape || c.mode == unicode) && !c.naming
	known := c.text[:c.keep]
	if unended && inValue {
		known = wholeRunes(c.text[:c.cut])
	}
	if len(known) == 0 {
		return nil
	}
	out := append(make([]byte, 0, len(known)+len(c.open)+1), known...)
	if unended && inValue {
		out = append(out, '"')
	}
	for _, bracket := range slices.Backward(c.open) {
		out = append(out, bracket)
	}
	return out
}

// wholeRunes returns b without the beginning of a character at its end.
func wholeRunes(b []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if last := b[len(b)-n:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				return b[:len(b)-n]
			}
			break
		}
	}
	return b
}
