package files

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
)

const (
	// OrderWindow is how many lines an ordered run may be ahead of the oldest one without an answer. So many
	// answers at most wait for it.
	OrderWindow = 1024
	// checkpointLines is how many lines a journal gets before what can be written is written and the journal
	// begins anew with the rest.
	checkpointLines = MaxMemberLines
)

// desk brings answers to their files. Where an answer cannot be written at once, because a compressed member is not
// full or because the answers before it are missing, a journal has it meanwhile, so that it outlives the process,
// too. It is safe for concurrent use.
type desk struct {
	out, errs *output
	ordered   bool
	journal   *journal // nil where all answers can be written at once, or the output is no file

	mu      sync.Mutex
	next    int64             // the first task whose answer is not written, in an ordered run
	waiting map[int64]pending // answers of tasks behind it
	early   map[int64]pending // answers of an earlier run, by the number of the line, whose turn is still to come
	moved   chan struct{}     // has a value when next may have grown
}

// pending is an answer line, and where it belongs.
type pending struct {
	failed bool
	line   []byte
}

func (d *desk) write(p pending) error {
	if p.failed {
		return d.errs.write(p.line)
	}
	return d.out.write(p.line)
}

// finish takes the answer to task n, counted from 0 in this run.
func (d *desk) finish(n int64, p pending) error {
	if !d.ordered && d.journal == nil {
		return d.write(p)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.journal != nil {
		if err := d.journal.append(p); err != nil {
			return err
		}
	}
	return d.arrange(n, p)
}

// recall takes the answer that an earlier run had for a line, if it had one, as that of task n.
func (d *desk) recall(line, n int64) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.early[line]
	if !ok {
		return false, nil
	}
	delete(d.early, line)
	return true, d.arrange(n, p)
}

// arrange writes an answer, and what waited for it, or has it wait.
func (d *desk) arrange(n int64, p pending) error {
	if !d.ordered {
		if err := d.write(p); err != nil {
			return err
		}
		return d.checkpoint(checkpointLines)
	}
	d.waiting[n] = p
	for p, ok := d.waiting[d.next]; ok; p, ok = d.waiting[d.next] {
		if err := d.write(p); err != nil {
			return err
		}
		delete(d.waiting, d.next)
		d.next++
	}
	select {
	case d.moved <- struct{}{}:
	default:
	}
	return d.checkpoint(checkpointLines + OrderWindow)
}

// checkpoint empties a journal of so many lines: what can be written is brought to the disk first.
func (d *desk) checkpoint(lines int) error {
	if d.journal == nil || d.journal.lines < lines {
		return nil
	}
	if err := errors.Join(d.out.flushAndSync(), d.errs.flushAndSync()); err != nil {
		return err
	}
	return d.journal.renew(slices.AppendSeq(slices.Collect(maps.Values(d.waiting)), maps.Values(d.early)))
}

// sync brings what was written to the disk.
func (d *desk) sync() {
	d.mu.Lock()
	outputs := []*output{d.out, d.errs}
	if d.journal != nil {
		outputs = append(outputs, d.journal.out)
	}
	d.mu.Unlock()
	for _, o := range outputs {
		_ = o.sync() // the next write returns the error
	}
}

// closeJournal removes the journal if all that it has is in the files, which are closed.
func (d *desk) closeJournal() error {
	return d.journal.close(len(d.waiting) == 0 && len(d.early) == 0 && d.out.err == nil && d.errs.err == nil)
}

// room waits until task n of an ordered run is within the window. One goroutine calls it.
func (d *desk) room(ctx context.Context, n int64) error {
	for d.ordered && !d.within(n) {
		select {
		case <-d.moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (d *desk) within(n int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return n < d.next+OrderWindow
}

// journal is a file with the answers that wait: each a line, behind a byte that says where it belongs.
type journal struct {
	path  string
	out   *output
	lines int
}

const (
	markAnswer = '+'
	markFailed = '-'
)

// openJournal opens the journal at path, if need be a new one, and returns what it has. A torn last line is cut off.
func openJournal(path string) (j *journal, kept []pending, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644) //nolint:gosec // as the output
	if err != nil {
		return nil, nil, err
	}
	j = &journal{path: path, out: &output{name: path, file: f}}
	next := readLine()
	for r := (&counter{r: bufio.NewReaderSize(f, bufferBytes)}); ; j.lines++ {
		line, err := next(r)
		if errors.Is(err, io.EOF) {
			return j, kept, f.Truncate(j.out.end)
		}
		if err != nil || line[0] != markAnswer && line[0] != markFailed {
			return nil, nil, errors.Join(fmt.Errorf("%s: line %d is none of a journal", path, j.lines+1), err, f.Close())
		}
		kept = append(kept, pending{line[0] == markFailed, bytes.Clone(line[1:])})
		j.out.end = r.n
	}
}

func (j *journal) append(p pending) error {
	j.lines++
	return j.out.write(p.marked())
}

func (p pending) marked() []byte {
	mark := byte(markAnswer)
	if p.failed {
		mark = markFailed
	}
	return append([]byte{mark}, p.line...)
}

// renew makes the journal one of these answers alone. The new one takes the place of the old at once, so that there
// is always a whole one.
func (j *journal) renew(waiting []pending) error {
	f, err := os.Create(j.path + ".new")
	if err != nil {
		return err
	}
	fresh := &output{name: j.path, file: f}
	for _, p := range waiting {
		if err := fresh.write(p.marked()); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if err := errors.Join(fresh.sync(), j.out.file.Close(), os.Rename(j.path+".new", j.path)); err != nil {
		return errors.Join(err, f.Close())
	}
	j.out, j.lines = fresh, len(waiting)
	return nil
}

// close syncs the journal, and removes it where nothing waits.
func (j *journal) close(empty bool) error {
	err := j.out.close()
	if empty && err == nil {
		return os.Remove(j.path)
	}
	return err
}
