package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	batchfiles "github.com/chatspec/chatspec/batch/files"
	"github.com/chatspec/chatspec/batch/jetstream"
)

const batchCollectHelp = `Writes the answers of a job on a NATS server to the file OUT, and what failed to
an error file, as batch run does. It waits until every line has its answer; with
-now it writes what there is.

  chatspec batch collect -nats nats://queue:4222 answers.jsonl
  chatspec batch collect -nats nats://queue:4222 -delete answers.jsonl.zst
  chatspec batch collect -nats nats://queue:4222 -now answers.jsonl

The same command goes on with files that have some of the answers: each line of
the input has exactly one line in them in the end. The job stays on the server
and can be collected once more, until -delete removes it.

The exit code is 1 if a line has failed, or has no answer yet.
` + natsHelp

func batchCollectCommand() command {
	return command{
		name:    "batch collect",
		args:    "OUT",
		words:   fileWords,
		summary: "write the answers of a job on a NATS server to files",
		help:    batchCollectHelp,
		flags: func(fs *flag.FlagSet) action {
			f := new(batchCollectFlags)
			f.declare(fs)
			return f.run
		},
	}
}

// batchCollectFlags are the flags of batch collect.
type batchCollectFlags struct {
	nats   natsFlags
	errors string
	now    bool
	remove bool
}

func (f *batchCollectFlags) declare(fs *flag.FlagSet) {
	fs.StringVar(&f.errors, "errors", "", "write what fails to `FILE`")
	fs.BoolVar(&f.now, "now", false, "do not wait for answers that are not there yet")
	fs.BoolVar(&f.remove, "delete", false, "remove the job when the files have all of its answers")
	f.nats.declare(fs)
}

func (f *batchCollectFlags) run(ctx context.Context, c *console, args []string) error {
	if len(args) != 1 {
		return usageError{text: "want one file, OUT"}
	}
	j, stop, err := f.nats.open(ctx, c)
	if err != nil {
		return err
	}
	defer stop()
	options := batchfiles.Options{Name: j.Spec().Input, Out: args[0], Errors: f.errors}
	if options.Out == batchfiles.Std {
		out, ok := c.stdout.(*os.File)
		if !ok {
			return errors.New("standard output is no file")
		}
		options.Stdout = out
	}
	out, err := batchfiles.OpenOutput(options, j.Spec().ID, j.Spec().Last)
	if err != nil {
		return explainFile(err)
	}
	left, failed, err := f.collect(ctx, c, j, out)
	if err = errors.Join(err, out.Close()); err != nil {
		return explainNATS(err)
	}
	return f.verdict(ctx, c, j, out, left, failed)
}

// collect writes what the files lack, and returns how many lines they then lack and how many failed.
func (f *batchCollectFlags) collect(ctx context.Context, c *console, j *jetstream.Job, out *batchfiles.Output) (left, failed int64, err error) {
	total, have, failed := j.Spec().Lines, out.Answered(), out.Failed()
	if have > 0 {
		c.note("%s of %s are there already", thousands(have), count(int(total), "answer"))
	}
	if have == total {
		return 0, failed, nil
	}
	tick := startSometimes()
	err = j.Collect(ctx, !f.now, func(r jetstream.Recorded) error {
		if out.Has(r.Line) {
			return nil
		}
		if have++; r.Failed {
			failed++
		}
		if tick.due() {
			c.note("%s of %s collected", thousands(have), count(int(total), "answer"))
		}
		return out.Write(r.Text, r.Failed)
	})
	c.note("%s of %s collected, %s failed", thousands(have), count(int(total), "answer"), thousands(failed))
	return total - have, failed, err
}

// verdict says what is missing, or removes the job where nothing is and that was asked for.
func (f *batchCollectFlags) verdict(ctx context.Context, c *console, j *jetstream.Job, out *batchfiles.Output, left, failed int64) error {
	if left > 0 {
		status, err := j.Status(ctx)
		switch {
		case err != nil:
			return explainNATS(err)
		case status.Lost() > 0:
			return failure{text: fmt.Sprintf("the NATS server has lost %s: submit %s again, and have it worked on", count(int(status.Lost()), "line"), status.Input)}
		}
		return differsError(count(int(left), "line") + " without an answer yet: the same command goes on")
	}
	if f.remove {
		if err := j.Delete(ctx); err != nil {
			return explainNATS(err)
		}
		c.note("job %s is removed", j.Name())
	}
	if failed > 0 {
		return differsError(fmt.Sprintf("%s failed: see %s", count(int(failed), "line"), out.Errors()))
	}
	return nil
}
