package files

import (
	"context"

	"github.com/chatspec/chatspec/batch"
)

// Input reads the lines of an input for a queue that is not of files. One goroutine may use it.
type Input struct{ q *Queue }

// OpenInput reads the input once, as [Open] does. Of the options it needs In, Name and Settings.
func OpenInput(ctx context.Context, options Options) (*Input, error) {
	q := &Queue{options: options, desk: new(desk)} // one without files
	if err := q.survey(ctx); err != nil {
		return nil, err
	}
	in, err := openInput(options.In, options.name())
	if err != nil {
		return nil, err
	}
	q.in = in
	return &Input{q}, nil
}

// Job returns the name of the input with its settings.
func (in *Input) Job() batch.Job { return in.q.job }

// Lines returns how many lines there are that are not blank.
func (in *Input) Lines() int64 { return in.q.found.lines }

// Last returns the number of the last of them.
func (in *Input) Last() int64 { return in.q.found.last }

// Next returns the next line. The error after the last one is io.EOF, or says that the file was changed meanwhile.
func (in *Input) Next(ctx context.Context) (*batch.Task, error) { return in.q.Next(ctx) }

// Close closes the file.
func (in *Input) Close() { in.q.in.close() }

// Output appends answers to an output and an error file that a queue elsewhere has recorded. It goes on with files
// that have some of them, and may be used by several goroutines at once.
type Output struct{ q *Queue }

// OpenOutput opens and locks the files for the answers of a job whose input ends with the line last. Of the options
// it needs Name, Out, Errors and Stdout.
func OpenOutput(options Options, job batch.Job, last int64) (*Output, error) {
	if options.Errors == "" {
		options.Errors = ErrorsName(options.Out)
	}
	q := &Queue{options: options, job: job, stop: make(chan struct{}), synced: make(chan struct{})}
	q.done.grow(last)
	if err := q.openOutputs(); err != nil {
		close(q.synced)
		_ = q.Close()
		return nil, err
	}
	go q.keepSynced()
	return &Output{q}, nil
}

// Answered returns how many lines had an answer when the files were opened, those in the error file included.
func (o *Output) Answered() int64 { return o.q.answered }

// Failed returns how many of those are in the error file.
func (o *Output) Failed() int64 { return o.q.failed }

// Errors returns the name of the error file.
func (o *Output) Errors() string { return o.q.options.Errors }

// Has says whether a line had an answer when the files were opened.
func (o *Output) Has(line int64) bool { return o.q.done.has(line) }

// Write appends an answer, which is a line with its line feed.
func (o *Output) Write(answer []byte, failed bool) error {
	return o.q.desk.finish(0, pending{failed, answer}) // in no order
}

// Close writes and syncs what waits, and unlocks the files.
func (o *Output) Close() error { return o.q.Close() }
