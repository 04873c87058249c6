package files

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/chatspec/chatspec/batch"
)

// index finds the custom IDs that occur more than once among any number. It keeps 24 bytes for each in temporary
// files, by the first bits of a hash, so that those that are equal are in one file and each file can be looked
// through in memory: 375 kB of it at a million IDs.
type index struct {
	parts [64]part
}

type part struct {
	file *os.File
	w    *bufio.Writer
}

// record is the entry of an ID: the first bytes of its hash, and its line.
const (
	hashBytes   = 16
	recordBytes = hashBytes + 8
)

// repeated is a line whose custom ID an earlier line has.
type repeated struct{ line, first int64 }

func (r repeated) failure() *batch.Failure {
	return &batch.Failure{Code: batch.CodeDuplicateID, Message: fmt.Sprintf("line %d has the same custom_id", r.first)}
}

func newIndex() (*index, error) {
	x := new(index)
	for i := range x.parts {
		f, err := os.CreateTemp("", "chatspec-batch-*")
		if err != nil {
			x.close()
			return nil, err
		}
		_ = os.Remove(f.Name()) // now, where the system lets open files go; else close does it
		x.parts[i] = part{f, bufio.NewWriter(f)}
	}
	return x, nil
}

func (x *index) add(id string, line int64) error {
	sum := sha256.Sum256([]byte(id))
	record := binary.BigEndian.AppendUint64(sum[:hashBytes:hashBytes], uint64(line))
	_, err := x.parts[int(sum[0])%len(x.parts)].w.Write(record)
	return err
}

// repeated returns the lines whose IDs earlier lines have, in their order.
func (x *index) repeated() ([]repeated, error) {
	var found []repeated
	for _, p := range x.parts {
		if err := p.w.Flush(); err != nil {
			return nil, err
		}
		if _, err := p.file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		data, err := io.ReadAll(p.file)
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
			_ = p.file.Close()
			if err := os.Remove(p.file.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
				continue // a temporary file stays
			}
		}
	}
}
