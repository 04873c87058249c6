package jetstream_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/batch"
	"github.com/chatspec/chatspec/batch/jetstream"
)

func TestWorkersShareTheLimits(t *testing.T) {
	t.Parallel()
	// A server has a clock for all servers of a process, which the first stream starts and which must not be in a bubble.
	create(t, start(t), 1, jetstream.Options{})
	for _, tc := range []struct {
		name    string
		workers int
		limits  batch.Limits
		tokens  int64
	}{
		{"requests", 4, batch.Limits{Requests: 600}, 1},
		{"tokens", 4, batch.Limits{Requests: 600, Tokens: 100_000}, 500},
		{"many workers", 20, batch.Limits{Requests: 6000}, 1},
		{"few requests", 4, batch.Limits{Requests: 60}, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				conn, stop := connect(t)
				defer stop()
				j := create(t, conn, 1, jetstream.Options{})
				const minutes = 1
				ctx, cancel := context.WithTimeout(t.Context(), minutes*time.Minute)
				defer cancel()
				var sent atomic.Int64
				var all sync.WaitGroup
				for range tc.workers {
					l, err := j.Limiter(ctx, tc.limits)
					if err != nil {
						t.Fatal(err)
					}
					defer l.Close()
					for range 16 {
						all.Go(func() {
							for l.Acquire(ctx, tc.tokens) == nil {
								sent.Add(1)
								time.Sleep(time.Second) // until the answer
								l.Release(tc.tokens, batch.Observation{Used: tc.tokens})
							}
						})
					}
				}
				all.Wait()
				allowed := tc.limits.Requests
				if tc.limits.Tokens > 0 {
					allowed = min(allowed, tc.limits.Tokens/tc.tokens)
				}
				got, most := sent.Load(), minutes*allowed+allowed/60+1
				t.Logf("%d of %d", got, most)
				if got > most || got*100 < most*95 {
					t.Errorf("%d requests, allowed were %d", got, most)
				}
			})
		})
	}
}

// TestWorkersTellEachOther has one worker learn what the server allows, and be refused: the other one heeds it.
func TestWorkersTellEachOther(t *testing.T) {
	t.Parallel()
	create(t, start(t), 1, jetstream.Options{}) // as above
	synctest.Test(t, func(t *testing.T) {
		conn, stop := connect(t)
		defer stop()
		j := create(t, conn, 1, jetstream.Options{})
		var workers []*jetstream.Limiter
		for range 2 {
			l, err := j.Limiter(t.Context(), batch.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if err := l.Acquire(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			workers = append(workers, l)
		}
		limit := api.RateLimit{Requests: api.Limit{Limit: 60, Remaining: 60, Known: true, Reset: time.Second}}
		workers[0].Release(1, batch.Observation{Limits: limit})
		time.Sleep(3 * time.Second)
		if got := acquired(t, workers[1], 30*time.Second); got < 29 || got > 32 {
			t.Errorf("%d requests in half a minute, allowed are 60 in a minute", got)
		}
		workers[0].Refused(time.Minute, limit)
		time.Sleep(3 * time.Second)
		if got := acquired(t, workers[1], 50*time.Second); got != 0 {
			t.Errorf("%d requests while the server wants none", got)
		}
		if got := acquired(t, workers[1], 30*time.Second); got < 20 {
			t.Errorf("%d requests after that", got)
		}
		s, err := j.Status(t.Context())
		if err != nil || s.Limits.Requests != 60 {
			t.Errorf("%+v %v", s, err)
		}
	})
}

// acquired returns how many requests a worker may send in a while.
func acquired(t *testing.T, l *jetstream.Limiter, while time.Duration) (n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), while)
	defer cancel()
	for ; l.Acquire(ctx, 1) == nil; n++ {
		l.Release(1, batch.Observation{Used: 1})
	}
	return n
}
