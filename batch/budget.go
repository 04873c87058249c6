package batch

import (
	"time"

	"github.com/chatspec/chatspec/api"
)

// Budget is the state of a rate limit: what may be used, and what has been. It is plain data with times passed in,
// so that workers can share it through a key-value store; NewBudget makes one. It is not safe for concurrent use.
//
// Requests are spread evenly: what a minute allows comes back continuously, and of what was not used at most one
// second's worth may be caught up on. So it does not matter whether a server counts in windows or refills a
// bucket as it goes. What the server says is left is not exceeded, as far as tokens are guessed right.
type Budget struct {
	Cap      Limits    `json:"cap"`      // what the user allows, whatever the server does
	Requests Bucket    `json:"requests"` // a request is 1
	Tokens   Bucket    `json:"tokens"`
	Paused   time.Time `json:"paused"` // nothing may be sent before
}

// Bucket is one of the two limits of a [Budget].
type Bucket struct {
	PerMinute int64     `json:"per_minute"` // 0 while no limit is known
	Free      float64   `json:"free"`       // may be used at the time At; less than 0 is debt
	At        time.Time `json:"at"`
	Held      int64     `json:"held"` // of requests that have no answer yet
}

// NewBudget returns a budget that allows no more than limits, and less where a server says so.
func NewBudget(limits Limits) Budget {
	return Budget{Cap: limits, Requests: Bucket{PerMinute: limits.Requests}, Tokens: Bucket{PerMinute: limits.Tokens}}
}

// Take takes a request of about this many tokens from the budget, and returns 0; or it takes nothing and returns
// how long to wait before asking again.
func (b *Budget) Take(now time.Time, tokens int64) time.Duration {
	b.Requests.refill(now)
	b.Tokens.refill(now)
	wait := max(b.Paused.Sub(now), b.Requests.wait(1), b.Tokens.wait(tokens))
	if wait > 0 {
		return wait
	}
	b.Requests.take(1)
	b.Tokens.take(tokens)
	return 0
}

// Give ends what Take with these tokens began, with what was learned.
func (b *Budget) Give(now time.Time, tokens int64, learned Observation) {
	b.Requests.Held--
	b.Tokens.Held -= tokens
	if learned.Used > 0 {
		b.Tokens.Free += float64(tokens - learned.Used)
	}
	b.learn(now, learned.Limits)
}

// Pause keeps everything back for a while, after a refusal with these limits.
func (b *Budget) Pause(now time.Time, wait time.Duration, limits api.RateLimit) {
	if until := now.Add(wait); until.After(b.Paused) {
		b.Paused = until
	}
	b.learn(now, limits)
}

func (b *Budget) learn(now time.Time, limits api.RateLimit) {
	b.Requests.learn(now, limits.Requests, b.Cap.Requests)
	b.Tokens.learn(now, limits.Tokens, b.Cap.Tokens)
}

// maxReset is the longest reset of a limit that is one of minutes. Some providers send that of a day under the
// same name, which is spent as fast as the others allow.
const maxReset = time.Minute + time.Second

// learn takes over what a server says. What is left there may or may not include what is under way here, so all
// of that is taken off. Only less is believed: a server whose bucket is full would have it spent in one burst.
func (b *Bucket) learn(now time.Time, said api.Limit, allowed int64) {
	if said.Reset > maxReset {
		return
	}
	b.refill(now)
	if said.Limit > 0 {
		b.PerMinute = said.Limit
		if allowed > 0 {
			b.PerMinute = min(allowed, said.Limit)
		}
		b.Free = min(b.Free, b.burst())
	}
	if said.Known {
		b.Free = min(b.Free, float64(said.Remaining-b.Held))
	}
}

// refill adds what has come back since the last time, up to a second's worth.
func (b *Bucket) refill(now time.Time) {
	if elapsed := now.Sub(b.At); elapsed > 0 {
		b.Free = min(b.burst(), b.Free+elapsed.Minutes()*float64(b.PerMinute))
		b.At = now
	}
}

// burst is what may be used at once: a second's worth, and at least one request.
func (b *Bucket) burst() float64 { return max(1, float64(b.PerMinute)/60) }

// wait returns how long it is until n may be used. More than the burst goes into debt.
func (b *Bucket) wait(n int64) time.Duration {
	missing := min(float64(n), b.burst()) - b.Free
	if b.PerMinute == 0 || missing <= 0 {
		return 0
	}
	return max(1, time.Duration(missing/float64(b.PerMinute)*float64(time.Minute)))
}

func (b *Bucket) take(n int64) {
	b.Held += n
	if b.PerMinute > 0 {
		b.Free -= float64(n)
	}
}
