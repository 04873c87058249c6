package batch

import (
	"context"
	"sync"
	"time"

	"github.com/chatspec/chatspec/api"
)

// Limiter says when a request may be sent. One that workers share gives each its part of what the provider
// allows to all. Its methods are called by many goroutines at once.
type Limiter interface {
	// Acquire waits until a request of about this many tokens, prompt and answer, may be sent. It returns the
	// error of ctx if that ends first; then nothing was acquired.
	Acquire(ctx context.Context, tokens int64) error

	// Release ends what Acquire with the same tokens began: the request has its answer, or never will.
	// What is learned comes with it.
	Release(tokens int64, learned Observation)

	// Refused says that an attempt was answered with status 429, and that it is repeated after a wait. No
	// request should be sent before that.
	Refused(wait time.Duration, limits api.RateLimit)
}

// Observation is what the answer to a request says about its cost and about the limits.
type Observation struct {
	Used   int64         // tokens, as the answer counts them; 0 where it does not say
	Limits api.RateLimit // of the headers; zero where there were none
}

// Limits are requests and tokens that may be used in a minute; 0 is for no limit.
type Limits struct {
	Requests int64 `json:"requests"`
	Tokens   int64 `json:"tokens"`
}

// NewLimiter returns the limiter of one process. It allows no more than limits, and finds out from the headers of
// answers what the provider allows; where neither says anything, it lets everything through.
func NewLimiter(limits Limits) Limiter {
	return &limiter{budget: NewBudget(limits), turn: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
}

// limiter is a Budget for goroutines. One at a time waits for the budget, the others for their turn.
type limiter struct {
	turn    chan struct{} // has a value while somebody waits for the budget
	changed chan struct{} // has a value when the budget may allow more than it did

	mu     sync.Mutex
	budget Budget
}

func (l *limiter) Acquire(ctx context.Context, tokens int64) error {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.turn }()
	for {
		wait := l.take(tokens)
		if wait == 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-l.changed:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

func (l *limiter) take(tokens int64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.budget.Take(time.Now(), tokens)
}

func (l *limiter) Release(tokens int64, learned Observation) {
	l.mu.Lock()
	l.budget.Give(time.Now(), tokens, learned)
	l.mu.Unlock()
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

func (l *limiter) Refused(wait time.Duration, limits api.RateLimit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.budget.Pause(time.Now(), wait, limits)
}
