// Package files is the queue of one machine: lines of a file become lines of an output file and of an error file.
//
// These two files are the only record of what is done. An answer is written with one write(2) before anything else
// is said about it, so a process that is killed at any moment loses no answer that it had written, and leaves at
// most one torn line at the end, which the next run cuts off. That run reads in the files which lines have an
// answer, and asks the others. Nothing else is kept between runs: there is no index that could be stale.
//
// Every second the files are synced to the disk, so a power cut takes the answers of the last second, and they are
// asked again.
//
// Compressed files (.gz, .zst) are written in members of at most 1,000 lines, and an ordered output in its order. What
// waits for that is in a third file meanwhile, the journal, written and synced as the others are.
package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/chatspec/chatspec/batch"
)

// Std is the name of standard output.
const Std = "-"

// Options say which files a queue is made of.
type Options struct {
	In     string // the input; for standard input see [Spool]
	Name   string // what messages call the input; "" is for In
	Out    string // answers; Std is Stdout
	Errors string // lines that failed; "" is for ErrorsName(Out)

	// Settings is whatever else the answers depend on, such as the model. An output goes on only with the same.
	Settings string
	// Ordered writes answers in the order of the input, each file by itself.
	Ordered bool
	// Limit is after how many tasks the run ends, 0 for no limit. The next run goes on behind them.
	Limit int64

	Stdout *os.File
}

// ErrorsName returns the name of the error file that belongs to an output: "a.errors.jsonl.gz" for "a.jsonl.gz".
// With standard output failures go there, too, because the lines have the same form.
func ErrorsName(out string) string {
	if out == Std {
		return Std
	}
	folder, name := filepath.Split(out)
	stem, ext := name, ""
	if i := strings.IndexByte(name[min(1, len(name)):], '.'); i >= 0 {
		stem, ext = name[:i+1], name[i+1:]
	}
	return folder + stem + ".errors" + ext
}

func (o *Options) name() string {
	if o.Name != "" {
		return o.Name
	}
	return o.In
}

// Queue is a [batch.Queue] over files. Open locks its output, so that no two runs write it, and Close ends that.
type Queue struct {
	options  Options
	job      batch.Job
	found    *surveyed // of which repeated has the duplicates that are still to come
	answered int64
	failed   int64
	done     bitmap

	in    *input
	desk  *desk
	taken int64 // tasks handed out
	seen  int64 // those, and answers of an earlier run that have found their place

	closers []func() error // in the order in which they were needed
	stop    chan struct{}  // ends the syncing
	synced  chan struct{}  // it has ended
}

// Open reads the input once, to count its lines, to know it again and to find duplicates, then the outputs, for
// what is done already. It refuses outputs that belong to another input or to other settings, and those that
// another process is writing.
func Open(ctx context.Context, options Options) (q *Queue, err error) {
	if options.Errors == "" {
		options.Errors = ErrorsName(options.Out)
	}
	q = &Queue{options: options, stop: make(chan struct{}), synced: make(chan struct{})}
	defer func() {
		if err != nil {
			close(q.synced)
			err = errors.Join(err, q.Close())
			q = nil
		}
	}()
	if err := q.checkNames(); err != nil {
		return q, err
	}
	if err := q.survey(ctx); err != nil {
		return q, err
	}
	if err := q.openOutputs(); err != nil {
		return q, err
	}
	if q.in, err = openInput(options.In, options.name()); err != nil {
		return q, err
	}
	if q.answered == q.found.lines { // what waited for its turn in an ordered run may still have to be written
		if _, err := q.Next(ctx); !errors.Is(err, io.EOF) {
			return q, err
		}
	}
	go q.keepSynced()
	return q, nil
}

// Total returns how many lines the input has.
func (q *Queue) Total() int64 { return q.found.lines }

// Answered returns how many of them had an answer before this run, those in the error file included.
func (q *Queue) Answered() int64 { return q.answered }

// Failed returns how many of those are in the error file.
func (q *Queue) Failed() int64 { return q.failed }

// Errors returns the name of the error file.
func (q *Queue) Errors() string { return q.options.Errors }

// Next returns the next line without an answer.
func (q *Queue) Next(ctx context.Context) (*batch.Task, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if q.options.Limit > 0 && q.taken >= q.options.Limit {
			return nil, io.EOF
		}
		if err := q.desk.room(ctx, q.seen); err != nil {
			return nil, err
		}
		text, line, err := q.in.next()
		if err != nil {
			return nil, q.atEnd(err)
		}
		if line > q.found.last {
			return nil, q.changed()
		}
		refused := q.refused(text, line)
		if recalled, err := q.desk.recall(line, q.seen); err != nil {
			return nil, err
		} else if recalled {
			q.seen++
		}
		if q.done.has(line) {
			continue
		}
		task := &batch.Task{ID: q.job.ID(line), Line: line, Text: bytes.Clone(text), Refused: refused, Handle: q.seen}
		q.taken++
		q.seen++
		return task, nil
	}
}

// refused says what only the whole file tells of a line.
func (q *Queue) refused(text []byte, line int64) *batch.Failure {
	if again := q.found.repeated; len(again) > 0 && again[0].line == line {
		q.found.repeated = again[1:]
		return again[0].failure()
	}
	return tooLong(text)
}

// atEnd makes sure that the end is that of the file which was surveyed.
func (q *Queue) atEnd(err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	sum, err := q.in.sum()
	if err != nil {
		return err
	}
	if !bytes.Equal(sum, q.found.sum) {
		return q.changed()
	}
	return io.EOF
}

func (q *Queue) changed() error {
	return fmt.Errorf("%s was changed during the run, and some lines may have got the answers of others: begin anew with another output", q.options.name())
}

// Finish writes the answer to the output or to the error file.
func (q *Queue) Finish(_ context.Context, task *batch.Task, answer *batch.Answer) error {
	line, err := answer.Line()
	if err != nil {
		return fmt.Errorf("line %d: the answer cannot be written: %w", task.Line, err)
	}
	n, ok := task.Handle.(int64)
	if !ok {
		return fmt.Errorf("line %d: the task is not one of this queue", task.Line)
	}
	return q.desk.finish(n, pending{answer.Failed(), line})
}

// Release does nothing: the next run asks what has no answer.
func (q *Queue) Release(*batch.Task) {}

// Close writes and syncs what waits, and unlocks the output. No other method may be called any more.
func (q *Queue) Close() error {
	close(q.stop)
	<-q.synced
	var errs []error
	for _, closer := range slices.Backward(q.closers) {
		errs = append(errs, closer())
	}
	if q.in != nil {
		q.in.close()
	}
	return errors.Join(errs...)
}

func (q *Queue) keepSynced() {
	defer close(q.synced)
	tick := time.NewTicker(SyncInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			q.desk.sync()
		case <-q.stop:
			return
		}
	}
}

// checkNames refuses one file in two roles.
func (q *Queue) checkNames() error {
	o := q.options
	for _, pair := range [][2]string{{o.In, o.Out}, {o.In, o.Errors}, {o.Out, o.Errors}} {
		if pair[1] != Std && sameFile(pair[0], pair[1]) {
			return fmt.Errorf("%s and %s are the same file", pair[0], pair[1])
		}
	}
	return nil
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return filepath.Clean(a) == filepath.Clean(b) || errX == nil && errY == nil && os.SameFile(x, y)
}

// survey reads the input once.
func (q *Queue) survey(ctx context.Context) error {
	found, err := survey(ctx, q.options.In, q.options.name(), nil)
	if err != nil {
		return err
	}
	q.found = found
	q.done.grow(found.last)
	settings := sha256.Sum256([]byte(q.options.Settings))
	q.job = batch.Job(hex.EncodeToString(found.sum[:inputBytes]) + hex.EncodeToString(settings[:settingsBytes]))
	return nil
}

// A job is so many bytes of the hash of the input, and so many of that of the settings.
const (
	inputBytes    = 6
	settingsBytes = 4
)

// openOutputs locks the output, opens both files and the journal, and finds out what is done.
func (q *Queue) openOutputs() (err error) {
	o := q.options
	if o.Out != Std {
		if err := q.lock(o.Out + ".lock"); err != nil {
			return err
		}
	}
	q.desk = &desk{ordered: o.Ordered, waiting: map[int64]pending{}, early: map[int64]pending{}, moved: make(chan struct{}, 1)}
	if q.desk.out, err = q.openOutput(o.Out); err != nil {
		return err
	}
	answered := q.answered
	q.desk.errs = q.desk.out
	if o.Errors != Std || o.Out != Std {
		if q.desk.errs, err = q.openOutput(o.Errors); err != nil {
			return err
		}
	}
	q.failed = q.answered - answered
	return q.openJournal(o.Out + ".waiting")
}

// openJournal opens a journal where one is needed, or where an earlier run has left one, and takes over what it has.
func (q *Queue) openJournal(path string) error {
	d := q.desk
	_, err := os.Stat(path)
	left := err == nil
	needed := q.options.Ordered || d.out.compress != nil || d.errs.compress != nil
	if d.out.end < 0 || !needed && !left {
		return nil
	}
	j, kept, err := openJournal(path)
	if err != nil {
		return err
	}
	d.journal = j
	q.closers = slices.Insert(q.closers, 1, d.closeJournal) // when the outputs are closed, and before others may write
	for _, p := range kept {
		if err := q.takeOver(p); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// takeOver takes an answer over from the journal of an earlier run. It may be in its file, too, if that run was
// killed between writing it there and removing it here.
func (q *Queue) takeOver(p pending) error {
	line, err := q.lineOf(p.line)
	if err != nil || !q.done.set(line) {
		return err
	}
	q.answered++
	if p.failed {
		q.failed++
	}
	if q.desk.ordered {
		q.desk.early[line] = p
		return nil
	}
	return q.desk.write(p)
}

// lock keeps other runs out. The file is removed when the run ends, so it must still be the one that is locked.
func (q *Queue) lock(path string) error {
	l := flock.New(path)
	locked, err := l.TryLock()
	if err != nil {
		return err
	}
	mine, errMine := l.Stat()
	there, errThere := os.Stat(path)
	if !locked || errMine != nil || errThere != nil || !os.SameFile(mine, there) {
		return errors.Join(fmt.Errorf("%s is being written by another run: wait until it ends, or name another output", q.options.Out), l.Close())
	}
	q.closers = append(q.closers, func() error {
		return errors.Join(os.Remove(path), l.Close())
	})
	return nil
}

func (q *Queue) openOutput(name string) (*output, error) {
	if name == Std {
		return q.stream(q.options.Stdout, "standard output")
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644) //nolint:gosec // answers are as private as what else the user writes
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return q.stream(f, name)
	}
	end, err := scan(f, name, q.isDone)
	if err == nil {
		err = f.Truncate(end)
	}
	var o *output
	if err == nil {
		o, err = newOutput(f, name, end)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	q.closers = append(q.closers, func() error { return o.closeOrRemove(name == q.options.Errors) })
	if end > 0 {
		return o, nil
	}
	return o, syncFolder(name)
}

// stream returns an output that is no file, such as a pipe: it can neither be read nor cut.
func (q *Queue) stream(f *os.File, name string) (*output, error) {
	o, err := newOutput(f, name, -1)
	if err == nil {
		q.closers = append(q.closers, o.close)
	}
	return o, err
}

// syncFolder makes sure that the name of a new file outlives a power cut. Systems that cannot do that see to it
// themselves.
func syncFolder(name string) error {
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	_ = folder.Sync()
	return folder.Close()
}

// isDone takes note of a line of an output.
func (q *Queue) isDone(text []byte) error {
	line, err := q.lineOf(text)
	if err != nil {
		return err
	}
	if !q.done.set(line) {
		return errors.New("the answer is there twice, or to a line that the input lacks")
	}
	q.answered++
	return nil
}

// lineOf returns which line of the input an answer line belongs to.
func (q *Queue) lineOf(text []byte) (int64, error) {
	rest, ok := bytes.CutPrefix(text, []byte(`{"id":"`))
	id, _, cut := bytes.Cut(rest, []byte(`"`))
	job, line, known := batch.ParseID(string(id))
	switch {
	case !ok || !cut || !known || !bytes.HasSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("}")):
		return 0, errors.New("chatspec batch has not written that; name another output")
	case job == q.job:
		return line, nil
	case len(job) == len(q.job) && job[2*inputBytes:] == q.job[2*inputBytes:]:
		return 0, fmt.Errorf("it answers another input, or %s has changed since; name another output", q.options.name())
	case len(job) == len(q.job) && job[:2*inputBytes] == q.job[:2*inputBytes]:
		return 0, errors.New("it answers the same input with other settings (model, system message, schema); name another output, or use those")
	}
	return 0, errors.New("it answers another input with other settings; name another output")
}
