package files

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// MaxMemberLines is how many lines a member of a compressed file has at most.
	MaxMemberLines = 1000
	// SyncInterval is how often what was written is brought to the disk.
	SyncInterval = time.Second
)

// output appends lines to a file. Whole lines go out in single writes, so a process that is killed leaves at most
// one torn line, or member, at the end. It is safe for concurrent use.
type output struct {
	name     string
	compress func(lines []byte) ([]byte, error) // nil where lines are written as they are

	mu      sync.Mutex
	file    *os.File
	end     int64        // of what was written whole; -1 where that cannot be known, as for a pipe
	member  bytes.Buffer // lines that wait for more, of a compressed file
	waiting int          // how many
	dirty   bool         // something was written since the last sync
	err     error        // the first; nothing is written after it
}

// newOutput appends to an open file from its end on.
func newOutput(f *os.File, name string, end int64) (*output, error) {
	o := &output{name: name, file: f, end: end}
	switch filepath.Ext(name) {
	case extGzip:
		o.compress = gzipMember
	case extZstd:
		e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
		if err != nil {
			return nil, err
		}
		o.compress = func(lines []byte) ([]byte, error) { return e.EncodeAll(lines, nil), nil }
	}
	return o, nil
}

func gzipMember(lines []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.ModTime = time.Unix(0, 0) // none, as RFC 1952 has it, so that members begin with gzipHeader
	if _, err := w.Write(lines); err != nil {
		return nil, err
	}
	err := w.Close()
	return b.Bytes(), err
}

// write appends a line, of a compressed file to the member that is flushed when it is full.
func (o *output) write(line []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.compress == nil {
		return o.append(line)
	}
	o.member.Write(line)
	if o.waiting++; o.waiting < MaxMemberLines {
		return o.err
	}
	return o.flush()
}

// flush writes the lines that wait, as a member of their own.
func (o *output) flush() error {
	if o.waiting == 0 {
		return o.err
	}
	member, err := o.compress(o.member.Bytes())
	if err != nil {
		o.err = errors.Join(o.err, err)
		return o.err
	}
	o.member.Reset()
	o.waiting = 0
	return o.append(member)
}

// append writes in one piece. Where that fails, as on a full disk, the file is cut back to what was whole, and if
// even that fails, the next run does it.
func (o *output) append(data []byte) error {
	if o.err != nil {
		return o.err
	}
	n, err := o.file.Write(data)
	if err != nil {
		o.err = fmt.Errorf("%s: %w", o.name, bare(err))
		if n > 0 && o.end >= 0 {
			_ = o.file.Truncate(o.end)
		}
		return o.err
	}
	o.dirty = true
	if o.end >= 0 {
		o.end += int64(n)
	}
	return nil
}

// flushAndSync writes the member as it is, and syncs.
func (o *output) flushAndSync() error {
	o.mu.Lock()
	err := o.flush()
	o.mu.Unlock()
	if err != nil {
		return err
	}
	return o.sync()
}

// sync brings what was written to the disk, while others may go on writing.
func (o *output) sync() error {
	o.mu.Lock()
	err, dirty := o.err, o.dirty && o.end >= 0
	o.dirty = false
	o.mu.Unlock()
	if err != nil || !dirty {
		return err
	}
	if err = o.file.Sync(); err != nil {
		err = fmt.Errorf("%s: %w", o.name, bare(err))
		o.mu.Lock()
		o.err = errors.Join(o.err, err)
		o.mu.Unlock()
	}
	return err
}

// close writes what waits, syncs, and closes a file that is not a standard stream.
func (o *output) close() error {
	err := o.flushAndSync()
	if o.end < 0 {
		return err
	}
	return errors.Join(err, o.file.Close())
}

// closeOrRemove is close for a file that need not be there if it is empty.
func (o *output) closeOrRemove(remove bool) error {
	err := o.close()
	if remove && o.end == 0 {
		return errors.Join(err, os.Remove(o.file.Name()))
	}
	return err
}

// bare returns what the system said, without operation and path, which the caller names in its own words.
func bare(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err
	}
	return err
}
