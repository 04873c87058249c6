package codec

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// minLarge is the length in bytes from which on a string that needs no escapes is not copied.
const minLarge = 16 << 10

// isPlain says whether s stands in JSON as it is.
func isPlain(s string) bool {
	end, ascii := plainText(s, 0)
	return end == len(s) && (ascii || isPlainUTF8(s))
}

// appendString appends s in quotes.
func (e *Encoder) appendString(s string) {
	e.grow(len(s) + len(`""`))
	b := append(e.buf, '"')
	for i := 0; i < len(s); i++ {
		end, ascii := plainText(s, i)
		if text := s[i:end]; ascii || isPlainUTF8(text) {
			b = append(b, text...)
		} else {
			b = appendRunes(b, text)
		}
		if i = end; i < len(s) {
			b = appendEscape(b, s[i])
		}
	}
	e.buf = append(b, '"')
}

// plainText returns the index of the first quote, backslash or control character of s at or after i, or the
// length of s, and whether all bytes before it are ASCII. It works as scanText does.
func plainText(s string, i int) (end int, ascii bool) {
	var seen uint64 // the bytes of the text, or'ed together
	for ; len(s)-i >= 8; i += 8 {
		w := eightBytes(s[i : i+8])
		quote, backslash := w^'"'*everyByte, w^'\\'*everyByte
		found := ((quote - everyByte) | (backslash - everyByte) | (w - ' '*everyByte)) &^ w & highBits
		if found != 0 {
			seen |= w & (found&-found - 1)
			return i + bits.TrailingZeros64(found)/8, seen&highBits == 0
		}
		seen |= w
	}
	for ; i < len(s); i++ {
		c := s[i]
		if c == '"' || c == '\\' || c < ' ' {
			break
		}
		seen |= uint64(c)
	}
	return i, seen&highBits == 0
}

// eightBytes returns the eight bytes of s, the first as the lowest. It is one load where the machine has it so.
func eightBytes(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// isPlainUTF8 says whether s, in which plainText has found nothing, stands in JSON as it is: it is valid UTF-8
// and has none of the two line ends that encoding/json escapes because JavaScript once did not allow them.
func isPlainUTF8(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for {
		i := strings.Index(s, "\xe2\x80") // what U+2028, which is e2 80 a8, and U+2029 begin with
		if i < 0 {
			return true
		}
		if c := s[i+2]; c == 0xa8 || c == 0xa9 {
			return false
		}
		s = s[i+3:]
	}
}

// appendRunes appends text, in which plainText has found nothing.
func appendRunes(b []byte, text string) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			b = append(b, `\ufffd`...)
		case r == '\u2028':
			b = append(b, `\u2028`...)
		case r == '\u2029':
			b = append(b, `\u2029`...)
		default:
			b = append(b, text[:n]...)
		}
		text = text[n:]
	}
	return b
}

// appendEscape appends a quote, backslash or control character as an escape sequence.
func appendEscape(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}
