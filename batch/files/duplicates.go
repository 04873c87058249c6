package files

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/chatspec/chatspec/batch"
)

// index finds the custom IDs that occur more than once among any number. It keeps 24 bytes for each, by the first
// bits of a hash, so that those that are equal are in one part and each part can be looked through by itself: 375 kB
// at a million IDs. What does not fit its buffer is in temporary files.
type index struct{ parts [64]part }

// part is what the index has of some IDs.
type part struct {
	file   *os.File // nil while everything is in the buffer
	buffer []byte
}

const (
	// An entry is the first bytes of the hash of an ID, and its line.
	hashBytes   = 16
	recordBytes = hashBytes + 8
	// partBytes is how much of a part is in memory: 1.5 MB of all parts.
	partBytes = 1024 * recordBytes
)

// repeated is a line whose custom ID an earlier line has.
type repeated struct{ line, first int64 }

func (r repeated) failure() *batch.Failure {
	return &batch.Failure{Code: batch.CodeDuplicateID, Message: fmt.Sprintf("line %d has the same custom_id", r.first)}
}

func (x *index) add(id string, line int64) error {
	sum := sha256.Sum256([]byte(id))
	p := &x.parts[int(sum[0])%len(x.parts)]
	p.buffer = append(p.buffer, sum[:hashBytes]...)
	p.buffer = binary.BigEndian.AppendUint64(p.buffer, uint64(line))
	if len(p.buffer) < partBytes {
		return nil
	}
	return p.spill()
}

// spill empties the buffer into the file.
func (p *part) spill() (err error) {
	if p.file == nil {
		if p.file, err = os.CreateTemp("", "chatspec-batch-*"); err != nil {
			return err
		}
		_ = os.Remove(p.file.Name()) // now, where the system lets open files go; else close does it
	}
	_, err = p.file.Write(p.buffer)
	p.buffer = p.buffer[:0]
	return err
}

// all returns what the part has.
func (p *part) all() ([]byte, error) {
	if p.file == nil {
		return p.buffer, nil
	}
	if err := p.spill(); err != nil {
		return nil, err
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(p.file)
}

// repeated returns the lines whose IDs earlier lines have, in their order.
func (x *index) repeated() ([]repeated, error) {
	var found []repeated
	for i := range x.parts {
		data, err := x.parts[i].all()
		if err != nil {
			return nil, err
		}
		found = append(found, repeatedIn(slices.Collect(slices.Chunk(data, recordBytes)))...)
	}
	slices.SortFunc(found, func(a, b repeated) int { return cmp.Compare(a.line, b.line) })
	return found, nil
}

func repeatedIn(records [][]byte) (found []repeated) {
	slices.SortFunc(records, bytes.Compare) // by hash, then by line
	for first, i := 0, 1; i < len(records); i++ {
		if !bytes.Equal(records[first][:hashBytes], records[i][:hashBytes]) {
			first = i
			continue
		}
		found = append(found, repeated{lineOf(records[i]), lineOf(records[first])})
	}
	return found
}

func lineOf(record []byte) int64 { return int64(binary.BigEndian.Uint64(record[hashBytes:])) }

func (x *index) close() {
	for _, p := range x.parts {
		if p.file != nil {
			_ = p.file.Close() // nobody needs it any more
			_ = os.Remove(p.file.Name())
		}
	}
}
