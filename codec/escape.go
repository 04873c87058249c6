package codec

import (
	"math/bits"
	"strings"
	"unicode/utf8"
)

// minLarge is the length in bytes from which on text that needs no escapes is not copied.
const minLarge = 16 << 10

// appendString appends s in quotes. Text is full of quotes and line breaks, so what stands between two of them is
// written together with the escape that follows.
func (e *Encoder) appendString(s string) {
	e.append(`"`)
	for i := 0; i < len(s); {
		end, ascii := plainText(s, i)
		text := s[i:end]
		switch {
		case !ascii && !isPlainUTF8(text):
			e.appendRunes(text)
			text = ""
		case len(text) >= minLarge:
			e.refer(text)
			text = ""
		}
		e.grow(len(text) + maxEscapeBytes)
		n := len(e.buf)
		b := e.buf[:n+len(text)+maxEscapeBytes]
		n += copy(b[n:], text)
		if i = end; i < len(s) {
			n += copyEscape(b[n:], s[i])
			i++
		}
		e.buf = e.buf[:n] // and not b[:n], see append
	}
	e.append(`"`)
}

// refer puts text behind what is complete, without a copy.
func (e *Encoder) refer(text string) {
	e.finish()
	e.done = append(e.done, piece{text: text})
	e.size += len(text)
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

// appendRunes appends text that is not valid UTF-8 or has line ends as above.
func (e *Encoder) appendRunes(text string) {
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			e.append(`\ufffd`)
		case r == '\u2028':
			e.append(`\u2028`)
		case r == '\u2029':
			e.append(`\u2029`)
		default:
			e.append(text[:n])
		}
		text = text[n:]
	}
}

// maxEscapeBytes is the length of the longest escape sequence of a control character.
const maxEscapeBytes = len(`\u0000`)

// copyEscape writes a quote, backslash or control character as an escape sequence, and returns its length.
func copyEscape(b []byte, c byte) int {
	const (
		letters = "uuuuuuuubtnufruuuuuuuuuuuuuuuuuu"
		hex     = "0123456789abcdef"
	)
	letter := c
	if c < ' ' {
		letter = letters[c]
	}
	b[0], b[1] = '\\', letter
	if letter != 'u' {
		return 2
	}
	b[2], b[3], b[4], b[5] = '0', '0', hex[c>>4], hex[c&0xf]
	return maxEscapeBytes
}
