package codec

import "bytes"

// ReadRaw reads any value and returns a copy of its bytes, which the caller owns: valid JSON without
// white space around it, as deep as MaxDepth allows. Strings in it are as they were sent, invalid
// UTF-8 included. It returns nil for null.
func (d *Decoder) ReadRaw() []byte {
	if d.Null() {
		return nil
	}
	data, start := d.data, d.pos
	d.passUp()
	d.Skip()
	if d.err != nil {
		return nil
	}
	return bytes.Clone(data[start:d.pos])
}

// Skip reads any value, checks its syntax as strictly as the Read methods do, and forgets it. It does
// not check whether numbers are in range.
func (d *Decoder) Skip() {
	base := d.depth
	for {
		if !d.skipToken() {
			// A value is complete: close what it closes.
			for d.depth > base && !d.More() {
			}
			if d.depth <= base { // an error sets the depth to 0
				return
			}
		}
		if d.inObject() {
			d.skipKey()
		}
	}
}

// skipToken skips a value without anything in it, or enters an object or array that has a member or an
// element, and then returns true.
func (d *Decoder) skipToken() bool {
	switch c := d.peek(); c {
	case '{':
		return d.open(1, '}')
	case '[':
		return d.open(0, ']')
	case '"':
		raw, _, _ := d.scanString()
		noteValue[byte](d, skippedString, nil, d.pos-1-len(raw))
	case 't':
		d.literal("true")
	case 'f':
		d.literal("false")
	case 'n':
		d.literal("null")
	default:
		n := d.scanNumber("a value")
		noteValue[byte](d, skippedNumber, nil, d.pos-len(n.text))
	}
	return false
}

func (d *Decoder) skipKey() {
	if d.peek() != '"' {
		d.failExpected("the name of a member")
		return
	}
	d.scanString()
	d.colon()
}
