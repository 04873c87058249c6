package codec

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// ReadString reads a string. The string is a copy and does not keep the input alive. Escapes are
// decoded; each byte that is not part of valid UTF-8 and each surrogate without its other half becomes
// U+FFFD, so the result is always valid UTF-8. A control character that is not escaped is an error.
func (d *Decoder) ReadString() string {
	switch d.peek() {
	case '"':
		raw, saved, ascii := d.scanString()
		return d.copyString(raw, saved, ascii)
	case 'n':
		d.literal("null")
	default:
		d.failExpected("a string")
	}
	return ""
}

// StringTo is [Decoder.ReadString] for a place in the value that is being decoded, and lets a [Chunks] know it: where
// a later chunk differs only in such values, they are written to their places and the decoding function is not
// called. So a decoding function may not draw conclusions from them, nor use StringTo for a variable of its own.
func (d *Decoder) StringTo(p *string) {
	if d.peek() != '"' {
		start := d.pos
		*p = d.ReadString()
		noteValue(d, nullPlace, p, start)
		return
	}
	raw, saved, ascii := d.scanString()
	*p = d.copyString(raw, saved, ascii)
	noteValue(d, stringPlace, p, d.pos-1-len(raw))
}

// copyString returns what scanString found as a string.
func (d *Decoder) copyString(raw []byte, saved int, ascii bool) string {
	size := len(raw) - saved
	valid := ascii || utf8.Valid(raw)
	if d.mem == nil {
		if valid && saved == 0 {
			return string(raw)
		}
		return asString(appendDecoded(make([]byte, 0, size), raw, valid))
	}
	var s string
	if valid && saved == 0 {
		s = d.mem.keep(append(d.mem.room(size), raw...))
	} else {
		s = d.mem.keep(appendDecoded(d.mem.room(size), raw, valid))
	}
	if d.mem.left < 0 {
		d.fail(d.pos, tooMuch)
	}
	return s
}

// stringBytes is ReadString for a string whose quote the caller has seen. The bytes are part of the
// input where they can be.
func (d *Decoder) stringBytes() []byte {
	raw, saved, ascii := d.scanString()
	valid := ascii || utf8.Valid(raw)
	if valid && saved == 0 {
		return raw
	}
	return appendDecoded(make([]byte, 0, len(raw)-saved), raw, valid)
}

// scanString consumes the string whose quote the caller has seen, and checks all of it but its UTF-8.
// It returns what stands between the quotes, by how many bytes decoding its escapes shortens that, and
// whether all that stands there is ASCII. If saved is 0, there are no escapes.
func (d *Decoder) scanString() (raw []byte, saved int, ascii bool) {
	start := d.pos + 1
	end, ascii := scanText(d.data, start)
	if end < len(d.data) && d.data[end] == '"' {
		d.pos = end + 1
		return d.data[start:end], 0, ascii
	}
	return d.scanEscapes(start, end, ascii)
}

// scanEscapes is scanString for a string that begins at start and is no text at i.
func (d *Decoder) scanEscapes(start, i int, ascii bool) ([]byte, int, bool) {
	b, saved := d.data, 0
	for i < len(b) {
		switch b[i] {
		case '"':
			d.pos = i + 1
			return b[start:i], saved, ascii
		case '\\':
			if i+1 < len(b) && shortEscapes[b[i+1]] != 0 {
				saved++
				i += 2
			} else {
				r, n := decodeEscape(b[i:])
				if n == 0 {
					d.fail(i, "expected a valid escape sequence")
					return nil, 0, false
				}
				saved += n - utf8.RuneLen(r)
				i += n
			}
			var more bool
			i, more = scanText(b, i)
			ascii = ascii && more
		default:
			d.fail(i, "expected no control character in a string")
			return nil, 0, false
		}
	}
	d.fail(i, "expected the end of the string, found the end of the input")
	return nil, 0, false
}

const (
	everyByte = 0x0101010101010101
	highBits  = 0x80 * everyByte
)

// scanText returns the index of the first quote, backslash or control character at or after i, or the
// length of b, and whether all bytes before it are ASCII.
//
// It looks at eight bytes at a time. Each of the subtractions borrows into the high bit of a byte that
// is less than what is taken from it, so where the byte is 0 or a control character; bytes that had
// the high bit set already are not counted. A borrow may reach the next higher byte, so of the bits
// found only the lowest means anything.
func scanText(b []byte, i int) (end int, ascii bool) {
	var seen uint64 // the bytes of the text, or'ed together
	for ; len(b)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, backslash := w^'"'*everyByte, w^'\\'*everyByte
		found := ((quote - everyByte) | (backslash - everyByte) | (w - ' '*everyByte)) &^ w & highBits
		if found != 0 {
			seen |= w & (found&-found - 1)
			return i + bits.TrailingZeros64(found)/8, seen&highBits == 0
		}
		seen |= w
	}
	for ; i < len(b); i++ {
		c := b[i]
		if c == '"' || c == '\\' || c < ' ' {
			break
		}
		seen |= uint64(c)
	}
	return i, seen&highBits == 0
}

// appendDecoded appends what the text of a string, as scanString returned it, stands for. Only text that is not
// valid UTF-8 makes it longer than len(raw)-saved.
func appendDecoded(b, raw []byte, valid bool) []byte {
	for i := 0; i < len(raw); {
		switch {
		case raw[i] == '\\':
			if c := shortEscapes[raw[i+1]]; c != 0 {
				b = append(b, c)
				i += 2
				continue
			}
			r, n := decodeEscape(raw[i:])
			b = utf8.AppendRune(b, r)
			i += n
		case valid:
			b, i = appendText(b, raw, i)
		default:
			r, n := utf8.DecodeRune(raw[i:])
			b = utf8.AppendRune(b, r)
			i += n
		}
	}
	return b
}

// appendText appends raw from i on up to the next backslash, and returns the index of that or the length of raw.
// It copies eight bytes at a time and takes back what is too much; for the search see scanText.
func appendText(b, raw []byte, i int) ([]byte, int) {
	for len(raw)-i >= 8 && cap(b)-len(b) >= 8 {
		w := binary.LittleEndian.Uint64(raw[i:])
		binary.LittleEndian.PutUint64(b[len(b):len(b)+8], w)
		backslash := w ^ '\\'*everyByte
		if found := (backslash - everyByte) &^ backslash & highBits; found != 0 {
			n := bits.TrailingZeros64(found) / 8
			return b[:len(b)+n], i + n
		}
		b = b[:len(b)+8]
		i += 8
	}
	for i < len(raw) && raw[i] != '\\' {
		b = append(b, raw[i])
		i++
	}
	return b, i
}

// decodeEscape decodes the escape sequence at the beginning of b, with the low surrogate that belongs
// to it. It returns its length, or 0 if it is not valid.
func decodeEscape(b []byte) (r rune, n int) {
	if len(b) < 2 {
		return 0, 0
	}
	if c := shortEscapes[b[1]]; c != 0 {
		return rune(c), 2
	}
	r, ok := decodeHex(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low, ok := decodeHex(b[6:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// shortEscapes are the characters that escape sequences of two bytes stand for, by the second.
var shortEscapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// decodeHex decodes \u and four hexadecimal digits at the beginning of b.
func decodeHex(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
