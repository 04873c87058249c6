package files

import (
	"context"
	"sync"
)

// OrderWindow is how many lines an ordered run may be ahead of the oldest one without an answer. So many answers at
// most wait in memory, and are lost and asked again where a run ends before that one has come.
const OrderWindow = 1024

// order writes answers in the order of their tasks, which are numbered from 0.
type order struct {
	mu      sync.Mutex
	next    int64 // the first that is not written
	waiting map[int64]pending
	moved   chan struct{} // has a value when next may have grown
}

type pending struct {
	to   *output
	line []byte
}

func newOrder() *order {
	return &order{waiting: map[int64]pending{}, moved: make(chan struct{}, 1)}
}

// room waits until task n is within the window. One goroutine calls it.
func (o *order) room(ctx context.Context, n int64) error {
	for !o.within(n) {
		select {
		case <-o.moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (o *order) within(n int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return n < o.next+OrderWindow
}

// write writes the answer to task n, and what waited for it, or keeps it until its turn.
func (o *order) write(n int64, to *output, line []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting[n] = pending{to, line}
	for {
		p, ok := o.waiting[o.next]
		if !ok {
			break
		}
		if err := p.to.write(p.line); err != nil {
			return err
		}
		delete(o.waiting, o.next)
		o.next++
	}
	select {
	case o.moved <- struct{}{}:
	default:
	}
	return nil
}
