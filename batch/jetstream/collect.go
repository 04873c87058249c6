package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Recorded is an answer of a job.
type Recorded struct {
	Line   int64  // of the input
	Text   []byte // a line of an output file or of an error file, with its line feed
	Failed bool   // it belongs into the error file
}

// quietWait is how long Collect waits for an answer before it looks whether there can be one.
const quietWait = 250 * time.Millisecond

// Collect calls each with the answers of the job, in the order in which they came, until it has seen all that there will
// be, or, unless wait is set, all that there are. Each line comes once. An error of each ends it.
func (j *Job) Collect(ctx context.Context, wait bool, each func(Recorded) error) error {
	c := &collection{Job: j, wait: wait, each: each}
	for {
		done, err := c.read(ctx)
		if done || err != nil {
			return err
		}
	}
}

// collection is one run of Collect.
type collection struct {
	*Job
	wait bool
	each func(Recorded) error
	last uint64 // the sequence of the last answer that was seen
}

// read reads answers from behind the last one until there is nothing more to come, or until its consumer has to be made
// anew, as after the loss of a server.
func (c *collection) read(ctx context.Context) (done bool, err error) {
	var messages jetstream.MessagesContext
	err = c.retry(ctx, func(ctx context.Context) error {
		consumer, err := c.js.OrderedConsumer(ctx, c.answers(), jetstream.OrderedConsumerConfig{
			DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
			OptStartSeq:   c.last + 1,
		})
		if err != nil {
			return err
		}
		messages, err = consumer.Messages()
		return err
	})
	if err != nil {
		return false, err
	}
	defer messages.Stop()
	for {
		waiting, cancel := context.WithTimeout(ctx, quietWait)
		m, err := messages.Next(jetstream.NextContext(waiting))
		cancel()
		switch {
		case err == nil:
			err = c.see(ctx, m)
		case ctx.Err() != nil:
			return false, ctx.Err()
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
			if done, err := c.ended(ctx); done || err != nil {
				return done, err
			}
			continue
		default:
			return false, pause(ctx, attemptPause)
		}
		if err != nil {
			return false, err
		}
	}
}

// see hands one answer on.
func (c *collection) see(ctx context.Context, m jetstream.Msg) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	if meta.Sequence.Stream <= c.last {
		return nil
	}
	line, err := lineOf(m.Subject())
	if err != nil || line < 1 || line > c.spec.Last {
		return fmt.Errorf("jetstream: an answer to no line: %s", m.Subject())
	}
	text, err := c.text(ctx, m.Headers(), m.Data())
	if err != nil {
		return err
	}
	c.last = meta.Sequence.Stream
	return c.each(Recorded{Line: line, Text: text, Failed: m.Headers().Get(headerFailed) != ""})
}

// ended says whether all answers were seen that there will be, or that there are if nobody waits for more.
func (c *collection) ended(ctx context.Context) (ended bool, err error) {
	err = c.retry(ctx, func(ctx context.Context) error {
		complete, err := c.Job.ended(ctx)
		if err != nil || c.wait && !complete {
			return err
		}
		answers, err := c.js.Stream(ctx, c.answers())
		ended = err == nil && answers.CachedInfo().State.LastSeq <= c.last
		return err
	})
	return ended, err
}
