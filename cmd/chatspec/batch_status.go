package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/chatspec/chatspec/batch/jetstream"
)

const batchStatusHelp = `Says how far the jobs on a NATS server are, or the one of -job: how many lines
the input has, how many of them are submitted, wait for a worker, are under way,
are answered and have failed, how many workers there are, and how fast they are.

  chatspec batch status -nats nats://queue:4222
  chatspec batch status -nats nats://queue:4222 -job june
` + natsHelp

func batchStatusCommand() command {
	return command{
		name:    "batch status",
		summary: "say how far the jobs on a NATS server are",
		help:    batchStatusHelp,
		flags: func(fs *flag.FlagSet) action {
			f := new(natsFlags)
			f.declare(fs)
			return f.status
		},
	}
}

// status prints a table of jobs.
func (f *natsFlags) status(ctx context.Context, c *console, args []string) error {
	if len(args) > 0 {
		return usageError{text: "batch status takes no arguments"}
	}
	conn, stop, err := f.connect(c)
	if err != nil {
		return err
	}
	defer stop()
	names := []string{f.job}
	if f.job == "" {
		if names, err = jetstream.Names(ctx, conn, jetstream.Patience(f.patience)); err != nil {
			return explainNATS(err)
		}
	}
	if len(names) == 0 {
		c.note("there are no jobs on the NATS server")
		return nil
	}
	rows := [][]string{{"JOB", "LINES", "SUBMITTED", "WAITING", "UNDER WAY", "ANSWERED", "FAILED", "WORKERS", "A SECOND", "INPUT"}}
	for _, name := range names {
		j, err := jetstream.Open(ctx, conn, name, jetstream.Patience(f.patience))
		if err != nil {
			return explainOpen(err, name)
		}
		s, err := j.Status(ctx)
		if err != nil {
			return explainNATS(err)
		}
		rows = append(rows, statusRow(name, s))
		if s.Lost() > 0 {
			c.note("job %s: the NATS server has lost %s: submit %s again", name, count(int(s.Lost()), "line"), s.Input)
		}
	}
	return c.print(columns(rows))
}

func statusRow(name string, s jetstream.Status) []string {
	row := []string{name}
	for _, n := range []int64{s.Lines, s.Submitted.Lines, s.Waiting, s.UnderWay, s.Answered, s.Failed, int64(s.Workers)} {
		row = append(row, thousands(n))
	}
	return append(row, fmt.Sprintf("%.1f", s.Rate), strings.TrimSpace(oneLine(s.Input)))
}
