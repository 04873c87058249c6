package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"time"

	"github.com/chatspec/chatspec/batch"
	batchfiles "github.com/chatspec/chatspec/batch/files"
	"github.com/chatspec/chatspec/batch/jetstream"
)

const batchSubmitHelp = `Puts the lines of the file IN, which are as for batch run, on a NATS server with
JetStream as a job. Any number of batch work on any machines answers them, and
batch collect writes the answers to files.

  chatspec batch submit -nats nats://queue:4222 prompts.jsonl
  chatspec batch submit -nats nats://a:4222,nats://b:4222 -replicas 3 \
      -job june -model gpt-5.4-mini prompts.jsonl.zst

  chatspec batch submit -nats embedded prompts.jsonl
  chatspec batch work -nats embedded
  chatspec batch collect -nats embedded answers.jsonl

After Ctrl-C, a crash or the loss of the server the same command goes on where
it was. No line is there twice, whenever that is. Model, system message and
schema belong to the job: another input is another job.
` + natsHelp

func batchSubmitCommand() command {
	return command{
		name:    "batch submit",
		args:    "IN",
		words:   fileWords,
		summary: "put a file of prompts on a NATS server, for many machines",
		help:    batchSubmitHelp,
		flags: func(fs *flag.FlagSet) action {
			f := &batchSubmitFlags{ask: askFlags{concurrency: 1, timeout: batchTimeout}}
			f.declare(fs)
			return f.run
		},
	}
}

// batchSubmitFlags are the flags of batch submit.
type batchSubmitFlags struct {
	nats    natsFlags
	ask     askFlags // of which only what answers depend on
	options jetstream.Options
	strict  bool
}

func (f *batchSubmitFlags) declare(fs *flag.FlagSet) {
	fs.IntVar(&f.options.Replicas, "replicas", 1, "keep everything on `N` servers of a cluster; default 1")
	fs.DurationVar(&f.options.AckWait, "ack-wait", jetstream.DefaultAckWait, "hand a line out again after `TIME` of silence; default 30s")
	fs.BoolVar(&f.strict, "strict", false, "check all lines first, and submit nothing if one is broken")
	f.ask.declareContent(fs)
	f.nats.declare(fs)
}

func (f *batchSubmitFlags) run(ctx context.Context, c *console, args []string) error {
	switch {
	case len(args) != 1:
		return usageError{text: "want one file, IN"}
	case f.options.Replicas < 1, f.options.Replicas > 5:
		return usageError{text: "-replicas: want 1 to 5"}
	case f.options.AckWait < time.Second:
		return usageError{text: "-ack-wait: want at least 1s"}
	}
	config, err := f.ask.config(c)
	if err != nil {
		return err
	}
	options := batchfiles.Options{In: args[0], Settings: settings(config)}
	if args[0] == batchfiles.Std {
		options.Name = "standard input"
		if options.In, err = spool(ctx, c); err != nil {
			return err
		}
		defer os.Remove(options.In)
	}
	if f.strict {
		if err := (&batchRunFlags{strict: true}).check(ctx, c, options, config); err != nil {
			return err
		}
	}
	in, err := batchfiles.OpenInput(ctx, options)
	if err != nil {
		return explainFile(err)
	}
	defer in.Close()
	return f.submit(ctx, c, in, f.spec(args[0], config, in))
}

// spec returns what the job is.
func (f *batchSubmitFlags) spec(name string, config batch.Config, in *batchfiles.Input) jetstream.Spec {
	spec := jetstream.Spec{ID: in.Job(), Input: name, Lines: in.Lines(), Last: in.Last(), Model: config.Model, System: config.System}
	if config.Schema != nil {
		spec.Schema, spec.SchemaRetries = json.RawMessage(config.Schema.String()), config.Schema.Retries
	}
	return spec
}

func (f *batchSubmitFlags) submit(ctx context.Context, c *console, in *batchfiles.Input, spec jetstream.Spec) error {
	conn, stop, err := f.nats.connect(c)
	if err != nil {
		return err
	}
	defer stop()
	j, err := jetstream.Create(ctx, conn, f.nats.name(), spec, f.options, jetstream.Patience(f.nats.patience))
	if err != nil {
		return explainNATS(err)
	}
	passed, tick := int64(0), startSometimes()
	err = j.Submit(ctx, in, func(n int64) {
		if passed = n; tick.due() {
			c.note("%s of %s submitted", thousands(n), count(int(spec.Lines), "line"))
		}
	})
	if err != nil {
		c.note("%s of %s submitted; the same command goes on", thousands(passed), count(int(spec.Lines), "line"))
		return explainNATS(err)
	}
	c.note("job %s has all of %s", j.Name(), count(int(spec.Lines), "line"))
	return nil
}
