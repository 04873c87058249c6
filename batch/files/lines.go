package files

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// MaxLineBytes is the longest line of an input, decompressed: 32 MiB. A longer one is refused and passed over.
const MaxLineBytes = 32 << 20

// The names of compressed files end in these.
const (
	extGzip = ".gz"
	extZstd = ".zst"
)

// input reads the lines of a file, compressed or not, and hashes the file as it goes. It must not be used by two
// goroutines at once.
type input struct {
	name string
	file *os.File
	hash hash.Hash
	raw  io.Reader // the file through the hash
	text *bufio.Reader
	free func() // of the decompressor

	number int64 // of the last line
	buf    []byte
}

// openInput opens the file at path. name is what errors call it, and says how it is compressed.
func openInput(path, name string) (*input, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	in := &input{name: name, file: f, hash: sha256.New(), free: func() {}}
	in.raw = io.TeeReader(f, in.hash)
	text := in.raw
	switch filepath.Ext(name) {
	case extGzip:
		text, err = gzip.NewReader(bufio.NewReaderSize(in.raw, bufferBytes))
		if errors.Is(err, io.EOF) {
			text, err = bytes.NewReader(nil), nil // an empty file has no lines, whatever its name
		}
	case extZstd:
		var d *zstd.Decoder
		if d, err = zstd.NewReader(in.raw, zstd.WithDecoderConcurrency(1)); err == nil {
			text, in.free = d, d.Close
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	in.text = bufio.NewReaderSize(text, bufferBytes)
	return in, nil
}

// next returns the next line that is not blank, without its line feed, and its number. The text is valid until the
// next call, and nil where the line is longer than MaxLineBytes. The error after the last line is io.EOF.
func (in *input) next() (text []byte, number int64, err error) {
	for {
		text, long, err := in.line()
		if err != nil {
			return nil, in.number, err
		}
		in.number++
		if in.number == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if long {
			return nil, in.number, nil
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return text, in.number, nil
		}
	}
}

// line reads up to the next line feed, or the end of the file where a line ends too.
func (in *input) line() (text []byte, long bool, err error) {
	in.buf = in.buf[:0]
	for {
		piece, err := in.text.ReadSlice('\n')
		if long = long || len(in.buf)+len(piece) > MaxLineBytes+1; !long {
			in.buf = append(in.buf, piece...)
		}
		switch {
		case err == nil, errors.Is(err, io.EOF) && (long || len(in.buf) > 0):
			return in.buf, long, nil
		case errors.Is(err, io.EOF):
			return nil, false, io.EOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, false, fmt.Errorf("%s: line %d: %w", in.name, in.number+1, err)
		}
	}
}

// sum returns the hash of the file, of which it reads what is left.
func (in *input) sum() ([]byte, error) {
	if _, err := io.Copy(io.Discard, in.raw); err != nil {
		return nil, fmt.Errorf("%s: %w", in.name, err)
	}
	return in.hash.Sum(nil), nil
}

func (in *input) close() {
	in.free()
	_ = in.file.Close() // it was only read
}

// bufferBytes is the size of the buffers between files and lines.
const bufferBytes = 256 << 10
