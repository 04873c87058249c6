package codec

import "bytes"

// Chunks decodes the chunks of event streams, one after the other, at less cost than [Unmarshal] and with the
// same results. The zero value is ready to use, for any number of streams of one chunk type. It must not be
// used by two goroutines at once.
//
// Chunks takes memory for several chunks at a time. A chunk that is kept may hold up to 64 KiB beside its own
// bytes.
//
// A chunk that differs from an earlier one only in strings and integers is not decoded, but recognized: if all
// other bytes are the same, its values are put into a copy. It does not matter which values vary.
type Chunks[C any] struct {
	d        Decoder
	mem      memory
	rec      recorder
	patterns [maxPatterns]pattern // the one that was useful last comes first
	missed   int                  // chunks in a row that were not recognized
}

// maxPatterns is for streams whose chunks take turns, such as text and tool calls.
const maxPatterns = 3

// maxShared is the size from which on a chunk is decoded on its own, as with [Unmarshal].
const maxShared = 4 << 10

// After so many chunks in a row that were not recognized, only every 16th is learned.
const (
	patience  = 8
	learnEach = 16
)

// Recognize returns the chunk if it is one that need not be decoded, else nil. Data with a string that is avoid,
// between quotes, as a name or value, is not recognized. avoid is plain ASCII; the same must be given to Decode.
// If it is empty, nothing is avoided.
//
// With again, the chunk may be the one that Recognize returned the last time, with other values. Chunks must then
// only be read, and only until the next call. What an accumulator keeps of them stays valid.
func (c *Chunks[C]) Recognize(data []byte, avoid string, again bool) *C {
	if len(data) > maxShared {
		return nil
	}
	d := &c.d
	for i := range c.patterns {
		p := &c.patterns[i]
		if !p.match(d, data) {
			continue
		}
		if !p.avoids(data, avoid) {
			break
		}
		if d.mem == nil {
			d.mem = &c.mem
		}
		c.mem.begin()
		chunk := (*C)(p.write(d, data, again))
		c.missed = 0
		if i > 0 {
			c.moveUp(i)
		}
		return chunk
	}
	return nil
}

// Forget lets go of the input and makes sure that no chunk is written to again, so that the next may be of another
// stream.
func (c *Chunks[C]) Forget() {
	c.d.Reset(nil)
	for i := range c.patterns {
		c.patterns[i].again = false
	}
}

// moveUp puts pattern i first.
func (c *Chunks[C]) moveUp(i int) {
	for ; i > 0; i-- {
		c.patterns[i-1], c.patterns[i] = c.patterns[i], c.patterns[i-1]
	}
}

// Decode decodes data with decode into a new chunk. On an error, always an *InputError, it returns that alone.
func (c *Chunks[C]) Decode(data []byte, avoid string, decode func(*C, *Decoder)) (*C, error) {
	d := &c.d
	defer d.Reset(nil)
	if len(data) <= maxShared {
		c.mem.begin()
		d.Reset(data)
		d.mem = &c.mem
		chunk, err := c.decode(data, avoid, decode)
		if c.mem.left >= 0 {
			return chunk, err
		}
	}
	chunk := new(C)
	d.Reset(data)
	decode(chunk, d)
	if err := d.End(); err != nil {
		return nil, err
	}
	return chunk, nil
}

// decode decodes into shared memory, and learns where that is worth it.
func (c *Chunks[C]) decode(data []byte, avoid string, decode func(*C, *Decoder)) (*C, error) {
	d := &c.d
	of := (*kindOf[C])(nil)
	b := d.mem.blockFor(of)
	if b == nil {
		b = newBlock(of)
	}
	p := b.alloc(d.mem, 1)
	chunk := (*C)(p)
	learn := c.missed < patience || c.missed%learnEach == 0
	c.missed++
	if learn {
		c.rec.reset()
		d.rec = &c.rec
		d.noteRun(b, p, 1)
	}
	decode(chunk, d)
	if err := d.End(); err != nil {
		return nil, err
	}
	if learn && c.rec.resolve() && (avoid == "" || !bytes.Contains(data, []byte(avoid+`"`))) {
		c.patterns[maxPatterns-1].learn(&c.rec, data)
		c.moveUp(maxPatterns - 1)
	}
	c.rec.reset()
	return chunk, nil
}
