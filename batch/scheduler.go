package batch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
)

// DefaultConcurrency is the default of [Config].Concurrency.
const DefaultConcurrency = 64

// Config says how tasks are done.
type Config struct {
	// Model and System make a request of a line that has only a prompt: who answers, and the system message
	// before the prompt, none if it is empty. Lines with a body are sent as they are.
	Model, System string
	// Schema is what answers have to obey, or nil; see [NewSchema].
	Schema *Schema
	// Concurrency is how many requests may be under way at once; 0 is for DefaultConcurrency. How many are at
	// a time follows from the Limiter and from what the server refuses.
	Concurrency int
	// Timeout is how long a call may take, from when it is sent until its answer is read, retries included; 0 is
	// for as long as it likes.
	Timeout time.Duration
	// Limiter is asked before each request; nil is for [NewLimiter] without limits.
	Limiter Limiter
}

// Scheduler takes tasks from a queue, asks, and gives the answers to the queue. Its methods may be called by
// several goroutines at once, but Run only once at a time.
type Scheduler struct {
	config  Config
	raw     *chat.Client
	checker *Checker
	level   *level
	tokens  tokenCount
	stats   counters
}

// New returns a Scheduler whose requests go through a client with these options. It retries by the policy of
// that client; what it needs beyond that, such as connections for all requests at once, it sets itself where
// opts do not say otherwise.
func New(config Config, opts ...chatspec.Option) (*Scheduler, error) {
	if config.Concurrency < 0 || config.Timeout < 0 {
		return nil, errors.New("batch: Concurrency and Timeout cannot be negative")
	}
	if config.Concurrency == 0 {
		config.Concurrency = DefaultConcurrency
	}
	if config.Limiter == nil {
		config.Limiter = NewLimiter(Limits{})
	}
	checker, err := NewChecker(config)
	if err != nil {
		return nil, err
	}
	s := &Scheduler{config: config, checker: checker, level: newLevel(config.Concurrency)}
	own := []chatspec.Option{chatspec.WithHTTPClient(&http.Client{Transport: newTransport(config.Concurrency)})}
	client, err := chatspec.New(append(append(own, opts...), chatspec.WithRetryHook(s.retried))...)
	if err != nil {
		return nil, err
	}
	s.raw = client.Raw()
	return s, nil
}

// Run does what the queue has to do, and returns when that is done and every answer is with the queue.
//
// When ctx ends, no further request is sent, what is under way is finished, and Run returns the error of ctx.
// Everything else that ends a run early is an error of the queue, or a [*StoppedError]: a refusal that all other
// requests would meet with too. In any case no task is lost: what has no answer has gone back to the queue.
func (s *Scheduler) Run(ctx context.Context, q Queue) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var workers sync.WaitGroup
	defer workers.Wait()
	for {
		if err := s.level.enter(ctx); err != nil {
			break
		}
		task, err := q.Next(ctx)
		if err != nil {
			s.level.leave()
			if !errors.Is(err, io.EOF) && ctx.Err() == nil {
				stop(err)
			}
			break
		}
		workers.Go(func() {
			defer s.level.leave()
			if err := s.do(ctx, q, task); err != nil {
				stop(err)
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// Stats are what a run has done so far.
type Stats struct {
	Done     int64 // tasks that have an answer line, Failed included
	Failed   int64 // of them, lines of the error file
	Requests int64 // calls, without what the client repeated by itself
	Retries  int64 // requests that were sent again
	Limited  int64 // answers with status 429
	Tokens   int64 // that were used, as the answers say
	UnderWay int64 // calls that were begun and have not ended
	Level    int64 // how many tasks may be worked on at the moment, those included that wait for the Limiter
}

// Stats returns the numbers of this moment.
func (s *Scheduler) Stats() Stats {
	c := &s.stats
	return Stats{
		Done: c.done.Load(), Failed: c.failed.Load(), Requests: c.requests.Load(), Retries: c.retries.Load(),
		Limited: c.limited.Load(), Tokens: c.tokens.Load(), UnderWay: c.underWay.Load(), Level: int64(s.level.now()),
	}
}

type counters struct{ done, failed, requests, retries, limited, tokens, underWay atomic.Int64 }

// StoppedError says why a run was given up that could not go well: the key is refused, the quota is used up, or
// the server cannot be reached. Its task has no answer line, and the next run asks again.
type StoppedError struct{ Err error }

// Error returns what went wrong.
func (e *StoppedError) Error() string { return "batch: stopped: " + e.Err.Error() }

// Unwrap returns what went wrong.
func (e *StoppedError) Unwrap() error { return e.Err }
