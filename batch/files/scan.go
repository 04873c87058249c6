package files

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// scan calls each with the lines of an output file, without their line feeds, and returns where what is whole
// ends. What comes behind is the torn last line, or member, of a run that was killed. Damage anywhere else is an
// error, because what stands behind it may be answers that were paid for.
func scan(f *os.File, name string, each func(line []byte) error) (end int64, err error) {
	r := &counter{r: bufio.NewReaderSize(f, bufferBytes)}
	var member func(*counter) ([]byte, error)
	var header []byte // with which a member begins; nil for lines
	switch filepath.Ext(name) {
	case extGzip:
		member, header = readGzip(), gzipHeader
	case extZstd:
		header = zstdHeader
		if member, err = readZstd(); err != nil {
			return 0, err
		}
	default:
		member = readLine()
	}
	for number := 1; ; {
		lines, err := member(r)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return end, checkTorn(f, name, end, header)
		case err != nil:
			return 0, fmt.Errorf("%s: damaged after byte %d: %w", name, end, err)
		}
		for line := range bytes.Lines(lines) {
			if err := each(bytes.TrimSuffix(line, []byte("\n"))); err != nil {
				return 0, fmt.Errorf("%s: line %d: %w", name, number, err)
			}
			number++
		}
		end = r.n
	}
}

// What members begin with, as they are written here: those of gzip without a time and a name (RFC 1952, section 2.3),
// those of zstd with its magic number (RFC 8878, section 3.1.1).
var (
	gzipHeader = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}
	zstdHeader = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// maxTorn is how much of a torn member is looked at: more than one has.
const maxTorn = 64 << 20

// checkTorn makes sure that a member which the file ends before is the last one, and no damaged one that merely seems
// to be so long: another begins nowhere in it.
func checkTorn(f *os.File, name string, end int64, header []byte) error {
	if header == nil {
		return nil
	}
	torn, err := io.ReadAll(io.NewSectionReader(f, end, maxTorn))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(torn) > 0 && bytes.Contains(torn[1:], header) {
		return fmt.Errorf("%s: damaged after byte %d, and more follows", name, end)
	}
	return nil
}

// counter counts the bytes that were read. It has ReadByte, so that decompressors read no further than they must.
type counter struct {
	r *bufio.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counter) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// readLine returns what reads the next line, with its line feed. A line without one is torn.
func readLine() func(*counter) ([]byte, error) {
	var line []byte
	return func(c *counter) ([]byte, error) {
		for line = line[:0]; ; {
			piece, err := c.r.ReadSlice('\n')
			c.n += int64(len(piece))
			line = append(line, piece...)
			if !errors.Is(err, bufio.ErrBufferFull) {
				return line, err
			}
		}
	}
}

// readGzip returns what reads the lines of the next member.
func readGzip() func(*counter) ([]byte, error) {
	z := new(gzip.Reader)
	var lines bytes.Buffer
	return func(c *counter) ([]byte, error) {
		if err := z.Reset(c); err != nil {
			return nil, err
		}
		z.Multistream(false)
		lines.Reset()
		_, err := lines.ReadFrom(z)
		return lines.Bytes(), err
	}
}

// readZstd returns what reads the lines of the next frame, which is collected first by the lengths of its blocks
// (RFC 8878, section 3.1.1).
func readZstd() (func(*counter) ([]byte, error), error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	var lines []byte
	return func(c *counter) ([]byte, error) {
		frame, err := readFrame(c)
		if err != nil {
			return nil, err
		}
		lines, err = d.DecodeAll(frame, lines[:0])
		return lines, err
	}, nil
}

func readFrame(c *counter) ([]byte, error) {
	peeked, err := c.r.Peek(zstd.HeaderMaxSize)
	if len(peeked) == 0 {
		return nil, err
	}
	var h zstd.Header
	if err := h.Decode(peeked); err != nil {
		return nil, err
	}
	var frame bytes.Buffer
	if err := take(&frame, c, h.HeaderSize); err != nil {
		return nil, err
	}
	for last := false; !last; {
		if err := take(&frame, c, blockHeaderBytes); err != nil {
			return nil, err
		}
		head := frame.Bytes()[frame.Len()-blockHeaderBytes:]
		bits := binary.LittleEndian.Uint32(append(head[:blockHeaderBytes:blockHeaderBytes], 0))
		size := int(bits >> 3)
		if bits>>1&3 == blockRepeats {
			size = 1
		}
		last = bits&1 == 1
		if err := take(&frame, c, size); err != nil {
			return nil, err
		}
	}
	if h.HasCheckSum {
		err = take(&frame, c, checksumBytes)
	} else {
		err = nil
	}
	return frame.Bytes(), err
}

const (
	blockHeaderBytes = 3
	blockRepeats     = 1 // the type of a block that is one byte, many times
	checksumBytes    = 4
)

// take appends the next n bytes. An end before that is unexpected.
func take(to *bytes.Buffer, c *counter, n int) error {
	if _, err := io.CopyN(to, c, int64(n)); err != nil {
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	return nil
}
