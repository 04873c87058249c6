package jetstream

import (
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/batch"
)

// How often a worker looks at the budget that all share.
const (
	leaseInterval = 250 * time.Millisecond // while there is a limit, and requests are sent
	idleInterval  = time.Second            // otherwise; it is also how long a refusal takes to get round then
	holderGone    = 20 * idleInterval      // when the requests of a worker that is not heard of are forgotten
	conflictPause = 20 * time.Millisecond  // at most, after another worker was faster
)

// Limiter is a [batch.Limiter] that the workers of a job share, through one [batch.Budget] in the job's bucket.
//
// A worker leases from it what it is going to use within a quarter of a second: what waits, and as much as it used in the
// last one. So the bucket is asked a few times in a second by each worker, however many requests that are, and what two
// workers want at the same time is settled by the revision of the entry: the second one looks again. While nothing is
// limited, as with a server that says no limits, nobody waits for the bucket. Close it when the run has ended.
type Limiter struct {
	job    *Job
	id     string
	limits batch.Limits
	offset time.Duration // from this machine's clock to the server's

	mu      sync.Mutex
	known   bool      // the budget was seen
	limited bool      // it has limits
	paused  time.Time // nothing is sent before, by the server's clock
	leased  int64     // requests that may be sent
	size    int64     // how many tokens were leased for each
	latest  int64     // how many the latest request needs
	waiting int64     // calls of Acquire
	used    int64     // requests since the last lease
	flight  holding   // requests under way
	news    news      // since the last lease

	moved   chan struct{}      // is closed when there may be more
	wake    chan struct{}      // has a value when the budget should be looked at
	stop    context.CancelFunc // ends the leasing
	stopped chan struct{}      // it has ended
}

// Limiter returns the limiter of one worker. What limits allow is for all workers together; where it is not zero it
// replaces what earlier workers said.
func (j *Job) Limiter(ctx context.Context, limits batch.Limits) (*Limiter, error) {
	l := &Limiter{
		job: j, id: crand.Text(), limits: limits,
		moved: make(chan struct{}), wake: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
	err := j.retry(ctx, func(ctx context.Context) error {
		before := time.Now()
		now, err := j.now(ctx)
		l.offset = now.Sub(before)
		return err
	})
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.lease(running)
	return l, nil
}

// Acquire waits until the budget of all workers allows a request.
func (l *Limiter) Acquire(ctx context.Context, tokens int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting++
	defer func() { l.waiting-- }()
	for ctx.Err() == nil {
		if l.take(tokens) {
			return nil
		}
		moved := l.moved
		l.mu.Unlock()
		l.look()
		select {
		case <-moved:
		case <-ctx.Done():
		}
		l.mu.Lock()
	}
	return ctx.Err()
}

// Release says that a request has ended.
func (l *Limiter) Release(tokens int64, learned batch.Observation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flight.Requests--
	l.flight.Tokens -= tokens
	l.news.settled = append(l.news.settled, settled{tokens, learned})
}

// Refused keeps all workers back.
func (l *Limiter) Refused(wait time.Duration, limits api.RateLimit) {
	until := l.now().Add(wait)
	l.mu.Lock()
	if until.After(l.paused) {
		l.paused = until
	}
	l.news.refused = append(l.news.refused, refused{until, limits})
	l.mu.Unlock()
	l.look()
}

// Close tells the others what there is to tell, if the server takes it. What was leased for the next quarter of a second and
// not used is lost to them. Nothing may be under way any more.
func (l *Limiter) Close() {
	l.stop()
	<-l.stopped
	if !l.job.conn.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), attemptTimeout)
	defer cancel()
	l.mu.Lock()
	l.leased, l.used = 0, 0
	l.mu.Unlock()
	_, _ = l.exchange(ctx) // else they find out after a while
}

// take takes a request of what is leased.
func (l *Limiter) take(tokens int64) bool {
	l.latest = tokens
	if !l.known || l.limited && l.leased == 0 || l.now().Before(l.paused) {
		return false
	}
	if l.limited {
		l.leased--
		l.news.beyond += tokens - l.size
		l.look()
	}
	l.used++
	l.flight.Requests++
	l.flight.Tokens += tokens
	return true
}

// look has the budget looked at as soon as it may be.
func (l *Limiter) look() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// now is the time of the server.
func (l *Limiter) now() time.Time { return time.Now().Add(l.offset) }

// lease looks at the budget again and again, at most once in leaseInterval.
func (l *Limiter) lease(ctx context.Context) {
	defer close(l.stopped)
	idle := time.NewTicker(idleInterval)
	defer idle.Stop()
	for {
		wait, err := l.exchange(ctx)
		if err != nil {
			wait = idleInterval // the queue will say what is wrong
		}
		if pause(ctx, max(leaseInterval, min(wait, idleInterval))+rand.N(conflictPause)) != nil {
			return
		}
		select {
		case <-l.wake:
		case <-idle.C:
		case <-ctx.Done():
			return
		}
	}
}

// exchange tells the budget what became of requests and leases others. It returns how long to wait for more.
func (l *Limiter) exchange(ctx context.Context) (time.Duration, error) {
	x := l.begin()
	for {
		err := l.try(ctx, x)
		if errors.Is(err, jetstream.ErrKeyRevisionMismatch) || errors.Is(err, jetstream.ErrKeyExists) {
			err = pause(ctx, rand.N(conflictPause))
			if err == nil {
				continue
			}
		}
		l.end(x, err)
		return x.wait, err
	}
}

// try does it, unless another worker is faster.
func (l *Limiter) try(ctx context.Context, x *exchange) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	s := shared{Budget: batch.NewBudget(l.limits), Holders: map[string]holding{}}
	entry, err := l.job.kv.Get(ctx, keyBudget)
	switch {
	case err == nil:
		err = json.Unmarshal(entry.Value(), &s)
	case errors.Is(err, jetstream.ErrKeyNotFound):
		err = nil
	}
	if err != nil {
		return err
	}
	x.apply(&s, l.now())
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if entry == nil {
		_, err = l.job.kv.Create(ctx, keyBudget, data)
	} else {
		_, err = l.job.kv.Update(ctx, keyBudget, data, entry.Revision())
	}
	return err
}

// begin takes what there is to tell.
func (l *Limiter) begin() *exchange {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := &exchange{id: l.id, news: l.news, flight: l.flight, kept: l.leased, size: max(1, l.latest), want: l.waiting + l.used - l.leased}
	if !l.known {
		x.caps = l.limits
	}
	x.news.beyond += l.leased * (x.size - l.size) // as if all were of one size
	l.news, l.used, l.size = news{}, 0, x.size
	return x
}

// end takes over what was leased, or keeps what could not be told.
func (l *Limiter) end(x *exchange, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.news.settled = append(x.news.settled, l.news.settled...)
		l.news.refused = append(x.news.refused, l.news.refused...)
		l.news.beyond += x.news.beyond
		return
	}
	l.known, l.limited = true, x.limited
	l.leased += x.granted
	if x.paused.After(l.paused) {
		l.paused = x.paused
	}
	close(l.moved)
	l.moved = make(chan struct{})
}
