package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Patience is how long a server may be gone, or a cluster without a leader, before a run is given up. What is under
// way waits meanwhile. 0 is for DefaultPatience.
type Patience time.Duration

// DefaultPatience is long enough for the election of a leader, which takes over five seconds, and for a restart.
const DefaultPatience = Patience(time.Minute)

const (
	attemptTimeout = 5 * time.Second        // how long one request may take
	attemptPause   = 250 * time.Millisecond // between two
)

// LostError says that the server was gone for longer than the patience lasted. Whatever it had acknowledged it still has,
// and the next run goes on from there.
type LostError struct {
	Server string // its address, without a password
	For    time.Duration
	Err    error // of the last attempt
}

// Error says which server was lost.
func (e *LostError) Error() string {
	return fmt.Sprintf("jetstream: lost the NATS server %s for %v (%v)", e.Server, e.For.Round(time.Second), e.Err)
}

// Unwrap returns the error of the last attempt.
func (e *LostError) Unwrap() error { return e.Err }

// retry repeats what fails because of the server's state until it goes well, ctx ends or the patience is used up.
func (p Patience) retry(ctx context.Context, conn *nats.Conn, op func(context.Context) error) error {
	if p == 0 {
		p = DefaultPatience
	}
	server := conn.ConnectedUrlRedacted() // empty while it is gone
	start := time.Now()
	for {
		err := attempt(ctx, min(attemptTimeout, time.Duration(p)), op)
		switch waited := time.Since(start); {
		case err == nil, ctx.Err() != nil, !passes(err):
			return err
		case conn.IsClosed() || waited > time.Duration(p):
			return &LostError{lostServer(conn, server), waited, err}
		}
		if err := pause(ctx, attemptPause); err != nil {
			return err
		}
	}
}

func attempt(ctx context.Context, limit time.Duration, op func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return op(ctx)
}

// passes says whether an error may be gone at the next attempt: there is no connection, no answer, no leader, no
// room. What the server has understood and refused stays refused.
func passes(err error) bool {
	var refused *jetstream.APIError
	var other *OtherInputError
	switch {
	case errors.As(err, &refused):
		return refused.Code >= 500
	case errors.As(err, &other), errors.Is(err, nats.ErrPermissionViolation), errors.Is(err, nats.ErrMaxPayload):
		return false
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrBucketNotFound):
		return false
	}
	return true
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lostServer returns the address of a server for messages.
func lostServer(conn *nats.Conn, last string) string {
	if last != "" {
		return last
	}
	if known := conn.Servers(); len(known) > 0 {
		return redact(known[0])
	}
	return ""
}
