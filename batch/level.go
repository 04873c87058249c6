package batch

import (
	"context"
	"sync"
)

// firstLevel is how many requests are sent at once before anything is known of the server.
const firstLevel = 8

// level is how many tasks may be under way. It begins low and grows by one with each success, so that it doubles in
// the time of an answer; after the first refusal, which halves it, it grows by one in that time. It is what
// remains for servers that refuse and do not say what they allow; where the Limiter knows, it is at its bound and in
// nobody's way. One goroutine calls enter.
type level struct {
	mu      sync.Mutex
	inside  int
	allowed int
	bound   int
	refused bool // ever
	grown   int  // successes since the level grew
	deaf    int  // how many tasks end before another refusal counts: those sent before the last one

	changed chan struct{} // has a value when there may be room
}

func newLevel(bound int) *level {
	return &level{allowed: min(firstLevel, bound), bound: bound, changed: make(chan struct{}, 1)}
}

// enter waits for room for one more task.
func (l *level) enter(ctx context.Context) error {
	for !l.tryEnter() {
		select {
		case <-l.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (l *level) tryEnter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inside >= l.allowed {
		return false
	}
	l.inside++
	return true
}

func (l *level) leave() {
	l.mu.Lock()
	l.inside--
	l.deaf = max(0, l.deaf-1)
	l.mu.Unlock()
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// succeeded says that a request was answered.
func (l *level) succeeded() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grown++; l.allowed < l.bound && (!l.refused || l.grown >= l.allowed) {
		l.allowed++
		l.grown = 0
	}
}

// limited says that a request was refused because there were too many.
func (l *level) limited() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deaf > 0 {
		return
	}
	l.allowed = max(1, l.allowed/2)
	l.refused, l.grown, l.deaf = true, 0, l.inside
}

func (l *level) now() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.allowed
}
