package codec

import (
	"bytes"
	"math"
	"strconv"
)

// ReadInt reads an integer that fits an int. See ReadInt64.
func (d *Decoder) ReadInt() int {
	start := d.beginNumber()
	v := d.ReadInt64()
	if int64(int(v)) != v {
		d.fail(start, outOfRange)
		return 0
	}
	return int(v)
}

// IntTo is [Decoder.ReadInt] for a place; see [Decoder.StringTo].
func (d *Decoder) IntTo(p *int) {
	start := d.beginNumber()
	if v, end := scanInteger(d.data, start); end > 0 && d.endsAt(end) && int64(int(v)) == v {
		*p, d.pos = int(v), end
	} else {
		*p = d.ReadInt()
	}
	noteValue(d, intPlace, p, start)
}

// Int64To is [Decoder.ReadInt64] for a place; see [Decoder.StringTo].
func (d *Decoder) Int64To(p *int64) {
	start := d.beginNumber()
	*p = d.ReadInt64()
	noteValue(d, int64Place, p, start)
}

// beginNumber returns where the number is that comes next.
func (d *Decoder) beginNumber() int {
	d.peek()
	return d.pos
}

// ReadInt64 reads an integer. It may be written with a fraction or an exponent (1.0, 1e2, -0), as some
// servers do; what counts is the exact value. A number that is not integral and one that does not fit
// are errors.
func (d *Decoder) ReadInt64() int64 {
	if d.Null() {
		return 0
	}
	start := d.pos
	if v, end := scanInteger(d.data, start); end > 0 && d.endsAt(end) {
		d.pos = end
		return v
	}
	n := d.scanNumber("an integer")
	if n.short && n.scale == 0 {
		if n.negative {
			return -int64(n.digits)
		}
		return int64(n.digits)
	}
	if n.text == nil {
		return 0
	}
	v, problem := parseInteger(n.text)
	if problem != "" {
		d.fail(start, problem)
		return 0
	}
	return v
}

// ReadFloat reads a number as the float64 nearest to it. A number whose magnitude is larger than that
// of any float64 is an error, one that is too small is 0.
func (d *Decoder) ReadFloat() float64 {
	if d.Null() {
		return 0
	}
	start := d.pos
	n := d.scanNumber("a number")
	if n.short && n.digits < 1<<53 {
		// Both operands are exact, so the one division rounds correctly.
		v := float64(n.digits) / math.Pow10(n.scale)
		if n.negative {
			v = -v
		}
		return v
	}
	if n.text == nil {
		return 0
	}
	v, err := strconv.ParseFloat(string(n.text), 64)
	if err != nil {
		d.fail(start, outOfRange)
		return 0
	}
	return v
}

// number is a number as it stands in the input.
type number struct {
	text []byte // all of it; nil after an error
	// A short number has no exponent and at most maxShort digits. Its value is digits, the last scale
	// of which are decimal places, with the sign.
	short    bool
	negative bool
	digits   uint64
	scale    int
}

// maxShort digits fit an int64 whatever they are.
const maxShort = 18

// scanNumber consumes a number and checks its syntax. It reports that want was expected if none comes
// next.
func (d *Decoder) scanNumber(want string) number {
	d.peek()
	b, start := d.data, d.pos
	i := start
	if i < len(b) && b[i] == '-' {
		i++
	} else if i == len(b) || !isDigit(b[i]) {
		d.failExpected(want)
		return number{}
	}
	whole := i
	digits, i := scanDigits(b, i, 0)
	count, scale := i-whole, 0
	if count == 0 || count > 1 && b[whole] == '0' {
		d.fail(whole, "expected a digit, and no zero before others")
		return number{}
	}
	if i < len(b) && b[i] == '.' {
		point := i
		digits, i = scanDigits(b, i+1, digits)
		if scale = i - point - 1; scale == 0 {
			d.fail(i, "expected a digit after the decimal point")
			return number{}
		}
	}
	short := count+scale <= maxShort
	if i < len(b) && b[i]|0x20 == 'e' {
		short = false
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		exponent := i
		if _, i = scanDigits(b, i, 0); i == exponent {
			d.fail(i, "expected a digit in the exponent")
			return number{}
		}
	}
	d.pos = i
	return number{b[start:i], short, whole > start, digits, scale}
}

// scanDigits appends the digits at i to those of v and returns the index after them.
func scanDigits(b []byte, i int, v uint64) (uint64, int) {
	for ; i < len(b) && isDigit(b[i]); i++ {
		v = v*10 + uint64(b[i]-'0')
	}
	return v, i
}

// scanInteger returns the value of the integer at i, if it is short and written without a fraction or an
// exponent, and the index after it; 0 for any other number. What follows may make it another number.
func scanInteger(b []byte, i int) (v int64, end int) {
	first := i
	if i < len(b) && b[i] == '-' {
		first++
	}
	digits, end := scanDigits(b, first, 0)
	if count := end - first; count == 0 || count > maxShort || count > 1 && b[first] == '0' {
		return 0, 0
	}
	if first > i {
		return -int64(digits), end
	}
	return int64(digits), end
}

// endsAt reports whether what stands at i ends a number.
func (d *Decoder) endsAt(i int) bool {
	if i == len(d.data) {
		return true
	}
	c := d.data[i]
	return c == ',' || c == ']' || c == '}' || c <= ' '
}

// parseInteger returns the value of a valid number, or why that is no int64. It is exact, and linear
// whatever the exponent says: the number is its digits up to the last that is not 0, times 10 to the
// power of scale, so it is integral if scale is not negative.
func parseInteger(text []byte) (v int64, problem string) {
	digits, negative := bytes.CutPrefix(text, []byte{'-'})
	var scale int64
	if i := bytes.IndexAny(digits, "eE"); i >= 0 {
		scale = parseExponent(digits[i+1:])
		digits = digits[:i]
	}
	if i := bytes.IndexByte(digits, '.'); i >= 0 {
		scale -= int64(len(digits) - i - 1)
	}
	end := len(digits)
	for ; end > 0 && (digits[end-1] == '0' || digits[end-1] == '.'); end-- {
		if digits[end-1] == '0' {
			scale++
		}
	}
	if end == 0 {
		return 0, ""
	}
	if scale < 0 {
		return 0, notIntegral
	}
	limit := uint64(math.MaxInt64)
	if negative {
		limit++
	}
	var u uint64
	for _, c := range digits[:end] {
		if c == '.' {
			continue
		}
		if u > (limit-uint64(c-'0'))/10 {
			return 0, outOfRange
		}
		u = u*10 + uint64(c-'0')
	}
	for ; scale > 0; scale-- { // not often, because u is not 0
		if u > limit/10 {
			return 0, outOfRange
		}
		u *= 10
	}
	if negative {
		return -int64(u), "" // right for the smallest int64 too, which is its own negative
	}
	return int64(u), ""
}

// parseExponent returns the value of an exponent, or a number of its sign so large that no input can
// have enough digits to make up for it.
func parseExponent(text []byte) int64 {
	digits := bytes.TrimLeft(text, "+-")
	var e int64
	for _, c := range digits {
		if e < 1<<50 {
			e = e*10 + int64(c-'0')
		}
	}
	if text[0] == '-' {
		return -e
	}
	return e
}

func isDigit(c byte) bool {
	return c-'0' < 10
}
