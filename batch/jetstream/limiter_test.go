package jetstream_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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
				const minutes = 2
				ctx, cancel := context.WithTimeout(t.Context(), minutes*time.Minute)
				defer cancel()
				var sent atomic.Int64
				var all sync.WaitGroup
				for range tc.workers {
					l, err := j.Limiter(ctx, tc.limits)
					if err != nil {
						t.Fatal(err)
					}
					defer func() {
						if err := l.Close(); err != nil {
							t.Error(err)
						}
					}()
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
