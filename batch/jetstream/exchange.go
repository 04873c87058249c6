package jetstream

import (
	"time"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/batch"
)

// shared is the rate limit in the bucket: one budget, and who has how much of it, by worker. What a worker had that was
// killed is forgotten after a while.
type shared struct {
	Budget  batch.Budget       `json:"budget"`
	Holders map[string]holding `json:"holders"`
}

// holding is what a worker has under way or leased.
type holding struct {
	Requests int64     `json:"requests"`
	Tokens   int64     `json:"tokens"`
	Seen     time.Time `json:"seen"`
}

// news is what a worker has to tell the others.
type news struct {
	settled []settled
	refused []refused
	beyond  int64 // tokens that requests had beyond what was leased for them
}

type settled struct {
	tokens  int64
	learned batch.Observation
}

type refused struct {
	until  time.Time
	limits api.RateLimit
}

// exchange is one change of the budget by one worker. It may be applied several times, to what others have left, of which
// only the last one counts.
type exchange struct {
	id     string
	caps   batch.Limits // that replace those of the budget, where they are not 0
	news   news
	flight holding // under way
	kept   int64   // leased and not used yet
	want   int64   // to be leased
	size   int64   // of how many tokens each

	granted int64
	limited bool          // there is a limit at all
	wait    time.Duration // until more may be granted; 0 if all was
	paused  time.Time
}

// apply changes the budget.
func (x *exchange) apply(s *shared, now time.Time) {
	b := &s.Budget
	x.granted, x.wait = 0, 0
	replace(&b.Cap.Requests, &b.Requests, x.caps.Requests)
	replace(&b.Cap.Tokens, &b.Tokens, x.caps.Tokens)
	x.count(s, now)
	if b.Tokens.PerMinute > 0 {
		b.Tokens.Free -= float64(x.news.beyond)
	}
	for _, e := range x.news.settled {
		b.Give(now, e.tokens, e.learned)
	}
	for _, r := range x.news.refused {
		b.Pause(now, r.until.Sub(now), r.limits)
	}
	x.limited = b.Requests.PerMinute > 0 || b.Tokens.PerMinute > 0
	for x.limited && x.granted < x.want {
		if x.wait = b.Take(now, x.size); x.wait > 0 {
			break
		}
		x.granted++
	}
	mine := s.Holders[x.id]
	mine.Requests += x.granted
	mine.Tokens += x.granted * x.size
	s.Holders[x.id] = mine
	x.paused = b.Paused
}

// count makes the budget hold what the workers say that they have, with what this one will have given back.
func (x *exchange) count(s *shared, now time.Time) {
	s.Holders[x.id] = holding{x.flight.Requests + x.kept, x.flight.Tokens + x.kept*x.size, now}
	requests, tokens := int64(len(x.news.settled)), int64(0)
	for _, e := range x.news.settled {
		tokens += e.tokens
	}
	for id, h := range s.Holders {
		if now.Sub(h.Seen) > holderGone {
			delete(s.Holders, id)
			continue
		}
		requests += h.Requests
		tokens += h.Tokens
	}
	s.Budget.Requests.Held, s.Budget.Tokens.Held = requests, tokens
}

// replace replaces a cap, and the limit that it is until a server says less.
func replace(allowed *int64, bucket *batch.Bucket, by int64) {
	if by > 0 && by != *allowed {
		*allowed, bucket.PerMinute = by, by
	}
}
