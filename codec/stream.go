package codec

import "math/bits"

// Stream is what a package generated from a document knows of its event stream: how an event is
// decoded, how events add up to a response of type R, and what of them decides that an answer is
// complete. The templates emit an implementation for each schema with x-stream-codec; it has no state
// and may be shared between goroutines.
type Stream[C, R any] interface {
	// DecodeChunk decodes the data of one event into chunk. Unknown fields are skipped.
	DecodeChunk(chunk *C, d *Decoder)
	// DecodeResponse decodes a whole, unstreamed response.
	DecodeResponse(data []byte, response *R) error
	// Chunk returns the response as one chunk that accumulates to it again.
	Chunk(response *R) *C
	// Text returns the text that chunk adds to the choice with index 0.
	Text(chunk *C) string
	// Progress tells p which choices chunk touches and which of them it finishes.
	Progress(chunk *C, p *Progress)
	// NewAccumulator returns an empty accumulator.
	NewAccumulator() Accumulator[C, R]
}

// Accumulator adds chunks up to the response that an unstreamed call would have returned.
// It is not safe for concurrent use.
type Accumulator[C, R any] interface {
	// Add takes one chunk in. It may keep values that pointers and slices of chunk lead to, so these
	// must not be changed afterwards; it keeps nothing of what [DeltaTo] and [DeltasTo] have read. A nil
	// chunk is an error and changes nothing.
	Add(chunk *C) error
	// Result returns the response so far, never nil. It may be called at any time and as often as
	// wanted; each call builds a response that later chunks do not change.
	Result() *R
}

// Progress knows which choices of a stream were seen and which have a finish reason.
// The zero value has seen none. It is not safe for concurrent use.
type Progress struct {
	seen, finished uint64       // a bit for each choice with an index below 64
	others         map[int]bool // the other choices, and whether they are finished
	usage          bool
}

// Choice notes that a chunk touched the choice with this index, and whether it brought its finish reason.
// A finish reason is never taken back.
func (p *Progress) Choice(index int, finished bool) {
	if 0 <= index && index < 64 {
		p.seen |= 1 << index
		if finished {
			p.finished |= 1 << index
		}
		return
	}
	if p.others == nil {
		p.others = map[int]bool{}
	}
	p.others[index] = finished || p.others[index]
}

// Usage notes whether a chunk brought the usage.
func (p *Progress) Usage(brought bool) { p.usage = p.usage || brought }

// Seen returns the number of choices seen.
func (p *Progress) Seen() int { return bits.OnesCount64(p.seen) + len(p.others) }

// Finished says whether at least one choice was seen and every choice seen has a finish reason.
func (p *Progress) Finished() bool {
	for _, finished := range p.others {
		if !finished {
			return false
		}
	}
	return p.seen == p.finished && p.Seen() > 0
}

// HasUsage says whether the usage has arrived.
func (p *Progress) HasUsage() bool { return p.usage }
