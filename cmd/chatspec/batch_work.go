package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/chatspec/chatspec/batch"
	"github.com/chatspec/chatspec/batch/jetstream"
)

const batchWorkHelp = `Answers the lines of a job that batch submit has put on a NATS server, together
with any number of others that do the same, until every line has its answer.

  chatspec batch work -nats nats://queue:4222
  chatspec batch work -nats nats://queue:4222 -job june -rpm 5000

All workers of a job keep to one rate limit together, which they find out from
what the server says and share by way of NATS. -rpm and -tpm are for all of them
as well; what was said last counts.

Ctrl-C finishes what is under way and leaves the rest to others. What a worker
had that was killed is handed out again after the -ack-wait of the job. A NATS
server that is gone is waited for (-patience), and so is a new leader.
` + natsHelp

func batchWorkCommand() command {
	return command{
		name:    "batch work",
		summary: "answer the lines of a job on a NATS server",
		help:    batchWorkHelp,
		flags: func(fs *flag.FlagSet) action {
			f := new(batchWorkFlags)
			f.nats.declare(fs)
			f.ask.declareSending(fs)
			return f.run
		},
	}
}

// batchWorkFlags are the flags of batch work.
type batchWorkFlags struct {
	nats natsFlags
	ask  askFlags // without what answers depend on, which the job says
}

func (f *batchWorkFlags) run(ctx context.Context, c *console, args []string) error {
	if len(args) > 0 {
		return usageError{text: "batch work takes no arguments"}
	}
	config, err := f.ask.config(c)
	if err != nil {
		return err
	}
	j, stop, err := f.nats.open(ctx, c)
	if err != nil {
		return err
	}
	defer stop()
	return explainNATS(f.work(ctx, c, j, config))
}

// work answers lines of the job until there are none.
func (f *batchWorkFlags) work(ctx context.Context, c *console, j *jetstream.Job, config batch.Config) (err error) {
	spec := j.Spec()
	config.Model, config.System = spec.Model, spec.System
	if len(spec.Schema) > 0 {
		if config.Schema, err = batch.NewSchema(spec.Schema); err != nil {
			return fmt.Errorf("the schema of job %s: %w", j.Name(), err)
		}
		config.Schema.Retries = spec.SchemaRetries
	}
	status, err := j.Status(ctx)
	if err != nil {
		return err
	}
	c.note("job %s: %s of %s have an answer; other workers: %d", j.Name(), thousands(status.Answered), count(int(status.Lines), "line"), status.Workers)
	limiter, err := j.Limiter(ctx, f.ask.limits)
	if err != nil {
		return err
	}
	defer limiter.Close()
	config.Limiter = limiter
	q, err := j.Work(ctx)
	if err != nil {
		return err
	}
	defer q.Close()
	t, s, err := f.ask.connect(c, config)
	if err != nil {
		return err
	}
	defer t.stop()
	return t.explain(answerAll(ctx, c, s, q, status.Lines, status.Answered), "-model")
}
