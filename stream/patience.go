package stream

import (
	"time"

	"github.com/chatspec/chatspec/api"
)

// patience reads a body for as long as [FirstEventTimeout] and [IdleTimeout] allow, where one is set. It counts the time that
// Reads take, and asks the decoder behind it whether what they brought was a sign of life.
type patience struct {
	body   *body
	events *Decoder
	opts   *options

	alive  int64         // what the decoder had seen of events at the last sign of life
	waited time.Duration // since the last sign of life
	total  time.Duration // waited, from the beginning
}

// Read reads as the body does. When patience runs out, it closes the body, which ends its Read.
func (p *patience) Read(b []byte) (int, error) {
	if alive := p.events.alive(); alive > p.alive {
		p.alive, p.waited = alive, 0
	}
	tooLong, left := p.left()
	if tooLong == nil {
		return p.body.Read(b)
	}
	start := time.Now()
	timer := time.AfterFunc(left, func() { _ = p.body.ReadCloser.Close() })
	n, err := p.body.Read(b)
	took := time.Since(start)
	p.waited += took
	p.total += took
	if !timer.Stop() {
		return n, tooLong
	}
	return n, err
}

// left returns the timeout that strikes next and how long that takes, or nil if none is set.
func (p *patience) left() (tooLong *TimeoutError, left time.Duration) {
	if limit := p.opts.firstEventTimeout; limit > 0 && p.events.Events() == 0 {
		tooLong, left = &TimeoutError{Phase: api.PhaseFirstEvent, Limit: limit}, limit-p.total
	}
	if limit := p.opts.idleTimeout; limit > 0 && p.alive > 0 && (tooLong == nil || limit-p.waited < left) {
		tooLong, left = &TimeoutError{Phase: api.PhaseIdle, Limit: limit}, limit-p.waited
	}
	return tooLong, left
}
