package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/batch"
	batchfiles "github.com/chatspec/chatspec/batch/files"
	"github.com/chatspec/chatspec/chattest"
)

const (
	// batchRetries is how often batch tries a request again unless -retries says otherwise: more than a command
	// that somebody waits for.
	batchRetries = 5
	// batchTimeout is how long batch waits for an answer unless -timeout says otherwise.
	batchTimeout = 10 * time.Minute
	// batchDelay is how long the built-in server thinks about an answer, so that one sees the bar move.
	batchDelay = 200 * time.Millisecond
	// batchGCPercent is how much garbage may collect beside what is in use, which is only a few MB, so that the
	// default would have it collected many times a second for a third of all CPU time.
	batchGCPercent = 400
	// maxBroken is how many broken lines -strict names.
	maxBroken = 10
)

const batchRunHelp = `Sends each line of the file IN, and writes each answer as a line of the file
OUT. What fails goes to a second file of the same form, answers.errors.jsonl for
answers.jsonl. Names that end in .gz or .zst are compressed; "-" is standard
input or output. Lines of IN are as in the batch files of OpenAI, or prompts:

  {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions",
   "body": {"model": "gpt-5.4", "messages": [...]}}     (in one line)
  {"custom_id": "2", "prompt": "Say hello"}

  chatspec batch run prompts.jsonl answers.jsonl
  chatspec batch run -system "Answer in French." prompts.jsonl answers.jsonl.zst
  chatspec batch run -rpm 500 -tpm 200000 -limit 100 prompts.jsonl answers.jsonl
  chatspec batch run -schema person.json prompts.jsonl people.jsonl
  chatspec batch run -dry-run prompts.jsonl

How many requests are under way, and how fast they follow each other, is found
out from what the server says of its rate limits, and from what it refuses.

Ctrl-C finishes what is under way and stops; a second one stops at once. After
that, after a crash and after a full disk the same command goes on where it was:
each line of IN has exactly one line in OUT or the error file in the end, and is
sent again only if its answer had not been written. Standard output cannot be
resumed. OUT goes on only with the same IN, model, system message and schema.

A line that cannot be sent goes to the error file with its number and the
reason, and the run goes on; -strict looks at all lines first. With -dry-run
nothing is sent: all lines are checked, and standard output names those that
are broken.

The exit code is 1 if a line has failed, or the run was stopped.
`

// batchCommand is what stands before the name of each of the commands that it lists.
func batchCommand() command {
	return command{
		name:    "batch",
		args:    "COMMAND",
		summary: "answer a file of prompts, on one machine or many",
		help: `Answers a file of prompts, each of which has exactly one line among the answers
in the end, whatever dies meanwhile: by "run" on one machine; by "submit",
"work" and "collect" on as many as a NATS server connects.
`,
		flags: func(*flag.FlagSet) action {
			return func(context.Context, *console, []string) error {
				return usageError{text: "want " + alternatives(commandsAfter("batch")) + " after batch"}
			}
		},
	}
}

func batchRunCommand() command {
	return command{
		name:    "batch run",
		args:    "IN OUT",
		summary: "answer a file of prompts, at the rate that the server allows",
		help:    batchRunHelp,
		words:   fileWords,
		flags: func(fs *flag.FlagSet) action {
			f := new(batchRunFlags)
			f.declare(fs)
			return f.run
		},
	}
}

// askFlags say how the lines of a batch are sent.
type askFlags struct {
	target        targetFlags
	model         string
	system        string
	schema        string
	schemaRetries int
	concurrency   int
	limits        batch.Limits
	timeout       time.Duration
}

func (f *askFlags) declare(fs *flag.FlagSet) {
	f.declareContent(fs)
	f.declareSending(fs)
}

// declareContent declares what answers depend on.
func (f *askFlags) declareContent(fs *flag.FlagSet) {
	fs.StringVar(&f.model, "model", "", "the `MODEL` for prompts; default $"+envModel+" or "+defaultModel)
	fs.StringVar(&f.system, "system", "", "send the `TEXT` as a system message before prompts")
	fs.StringVar(&f.schema, "schema", "", "answers must be JSON that obeys the JSON Schema in `FILE`")
	fs.IntVar(&f.schemaRetries, "schema-retries", batch.DefaultSchemaRetries, "ask up to `N` times more where they do not; default "+strconv.Itoa(batch.DefaultSchemaRetries))
}

// declareSending declares how requests are sent, and where to.
func (f *askFlags) declareSending(fs *flag.FlagSet) {
	fs.IntVar(&f.concurrency, "concurrency", batch.DefaultConcurrency, "have at most `N` requests under way; default "+strconv.Itoa(batch.DefaultConcurrency))
	fs.Int64Var(&f.limits.Requests, "rpm", 0, "send at most `N` requests a minute")
	fs.Int64Var(&f.limits.Tokens, "tpm", 0, "use at most `N` tokens a minute")
	fs.DurationVar(&f.timeout, "timeout", batchTimeout, "give an answer up after `TIME`, like 90s; default 10m")
	f.target.retries = batchRetries
	f.target.declare(fs)
}

// config returns what the flags say to the scheduler.
func (f *askFlags) config(c *console) (batch.Config, error) {
	config := batch.Config{
		Model:       cmp.Or(f.model, c.getenv(envModel), defaultModel),
		System:      f.system,
		Concurrency: f.concurrency,
		Timeout:     f.timeout,
		Limiter:     batch.NewLimiter(f.limits),
	}
	switch {
	case f.concurrency < 1:
		return config, usageError{text: "-concurrency: want at least 1"}
	case f.limits.Requests < 0, f.limits.Tokens < 0, f.schemaRetries < 0:
		return config, usageError{text: "-rpm, -tpm and -schema-retries cannot be negative"}
	case f.timeout <= 0:
		return config, usageError{text: "-timeout: want a time above 0"}
	case f.schema == "":
		return config, nil
	}
	source, err := schemaIn(f.schema)
	if err != nil {
		return config, err
	}
	config.Schema, err = batch.NewSchema(source)
	if err != nil {
		return config, err
	}
	config.Schema.Retries = f.schemaRetries
	return config, nil
}

// settings names what answers depend on beside their lines.
func settings(config batch.Config) string {
	schema := ""
	if config.Schema != nil {
		schema = config.Schema.String()
	}
	return strings.Join([]string{config.Model, config.System, schema}, "\x00")
}

// connect returns a scheduler that talks to the server.
func (f *askFlags) connect(c *console, config batch.Config) (t *target, s *batch.Scheduler, err error) {
	reply := chattest.BuiltIn().WithDelay(batchDelay)
	t, err = f.target.connect(c, "(model "+config.Model+")", reply, func(opts ...chatspec.Option) (err error) {
		s, err = batch.New(config, opts...)
		return err
	})
	return t, s, err
}

// answerAll has the scheduler answer what q has, and shows how far that is: before of total lines are answered already.
func answerAll(ctx context.Context, c *console, s *batch.Scheduler, q batch.Queue, total, before int64) error {
	p := startProgress(c, total, before, s.Stats)
	defer p.end()
	stopWatching := context.AfterFunc(ctx, func() {
		p.note("stopping: finishes what is under way (%d); Ctrl-C again stops at once", s.Stats().UnderWay)
	})
	defer stopWatching()
	if c.getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(batchGCPercent))
	}
	return s.Run(ctx, q)
}

// batchRunFlags are the flags of batch run.
type batchRunFlags struct {
	ask     askFlags
	errors  string
	ordered bool
	limit   int64
	dryRun  bool
	strict  bool
}

func (f *batchRunFlags) declare(fs *flag.FlagSet) {
	fs.StringVar(&f.errors, "errors", "", "write what fails to `FILE`")
	fs.BoolVar(&f.ordered, "ordered", false, "write answers in the order of IN")
	fs.Int64Var(&f.limit, "limit", 0, "send at most `N` lines, and leave the rest for the next run")
	fs.BoolVar(&f.dryRun, "dry-run", false, "check all lines, and send nothing")
	fs.BoolVar(&f.strict, "strict", false, "check all lines first, and send nothing if one is broken")
	f.ask.declare(fs)
}

func (f *batchRunFlags) run(ctx context.Context, c *console, args []string) error {
	switch {
	case len(args) != 2 && (!f.dryRun || len(args) != 1):
		return usageError{text: "want two files, IN and OUT"}
	case f.limit < 0:
		return usageError{text: "-limit cannot be negative"}
	}
	config, err := f.ask.config(c)
	if err != nil {
		return err
	}
	options := batchfiles.Options{In: args[0], Errors: f.errors, Ordered: f.ordered, Limit: f.limit, Settings: settings(config)}
	if args[0] == batchfiles.Std {
		options.Name = "standard input"
		if options.In, err = spool(ctx, c); err != nil {
			return err
		}
		defer os.Remove(options.In)
	}
	if f.dryRun || f.strict {
		if err := f.check(ctx, c, options, config); err != nil || f.dryRun {
			return err
		}
	}
	options.Out = args[1]
	if options.Out == batchfiles.Std {
		out, ok := c.stdout.(*os.File)
		if !ok {
			return errors.New("standard output is no file")
		}
		options.Stdout = out
		c.note("standard output cannot be resumed: a run that is cut off begins anew")
	}
	q, err := batchfiles.Open(ctx, options)
	if err != nil {
		return explainFile(err)
	}
	return f.work(ctx, c, config, q)
}

// spool copies standard input to a file, whose path it returns.
func spool(ctx context.Context, c *console) (string, error) {
	if isTerminal(c.stdin) {
		c.note("reading lines from the terminal; Ctrl-D ends them")
	}
	return batchfiles.Spool(ctx, c.stdin)
}

// check looks at all lines. Those that are broken are what -dry-run prints; -strict names a few.
func (f *batchRunFlags) check(ctx context.Context, c *console, options batchfiles.Options, config batch.Config) error {
	checker, err := batch.NewChecker(config)
	if err != nil {
		return err
	}
	name := cmp.Or(options.Name, options.In)
	var output error
	named := 0
	report, err := batchfiles.Check(ctx, options, checker, func(failure *batch.Failure) {
		named++
		switch line := fmt.Sprintf("%s:%d: %s", name, failure.Line, oneLine(failure.Message)); {
		case f.dryRun && output == nil:
			output = c.print(line + "\n")
		case !f.dryRun && named <= maxBroken:
			c.note("%s", line)
		}
	})
	switch {
	case err != nil || output != nil:
		return explainFile(cmp.Or(err, output))
	case report.Broken > 0:
		return inputError{fmt.Errorf("%s: %d of %s cannot be sent; nothing was sent", name, report.Broken, count(int(report.Lines), "line"))}
	case f.dryRun:
		c.note("%s: %s, all of which can be sent; nothing was sent", name, count(int(report.Lines), "line"))
	}
	return nil
}

// work answers what q has, closes it, and says how that went.
func (f *batchRunFlags) work(ctx context.Context, c *console, config batch.Config, q *batchfiles.Queue) error {
	var stats batch.Stats
	var err error
	if q.Answered() == q.Total() {
		c.note("nothing to do: all of %s have an answer", count(int(q.Total()), "line"))
	} else {
		stats, err = f.answer(ctx, c, config, q)
	}
	closing := q.Close()
	if err = cmp.Or(err, closing); err != nil {
		return explainFile(err)
	}
	if failed := q.Failed() + stats.Failed; failed > 0 {
		return differsError(fmt.Sprintf("%s failed: see %s", count(int(failed), "line"), q.Errors()))
	}
	return nil
}

// answer answers what q has.
func (f *batchRunFlags) answer(ctx context.Context, c *console, config batch.Config, q *batchfiles.Queue) (batch.Stats, error) {
	t, s, err := f.ask.connect(c, config)
	if err != nil {
		return batch.Stats{}, err
	}
	defer t.stop()
	if before := q.Answered(); before > 0 {
		c.note("%d of %s have an answer already", before, count(int(q.Total()), "line"))
	}
	err = answerAll(ctx, c, s, q, q.Total(), q.Answered())
	if left := q.Total() - q.Answered() - s.Stats().Done; left > 0 {
		c.note("%s without an answer; the same command goes on", count(int(left), "line"))
	}
	if err != nil {
		err = t.explain(err, "-model")
	}
	return s.Stats(), err
}

// explainFile says what to do about an error of a file.
func explainFile(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return failure{text: err.Error() + ": what was answered stays; make room, and the same command goes on", err: err}
	}
	return err
}
