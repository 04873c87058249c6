package terminal

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
)

// ErrInterrupted is the error of a prompt that Ctrl-C ended.
var ErrInterrupted = errors.New("interrupted")

// Reader asks for text. The error is [io.EOF] where no more text will come, [ErrInterrupted] after Ctrl-C, with what was
// typed before, or that of the context.
type Reader interface {
	Read(ctx context.Context, prompt string) (string, error)
}

// Lines reads prompts as lines, for terminals and files where no editor can work. A backslash at the end of a line goes
// on with the next. It is not safe for concurrent use.
type Lines struct {
	in   *bufio.Reader
	out  io.Writer
	read chan lineRead // of a read that the context left behind
}

type lineRead struct {
	line string
	err  error
}

// NewLines returns a reader of lines that writes its prompts to out.
func NewLines(in io.Reader, out io.Writer) *Lines { return &Lines{in: bufio.NewReader(in), out: out} }

// Read reads a prompt.
func (l *Lines) Read(ctx context.Context, prompt string) (string, error) {
	var text strings.Builder
	for {
		if _, err := io.WriteString(l.out, prompt); err != nil {
			return "", err
		}
		line, err := l.line(ctx)
		if line == "" && errors.Is(err, io.EOF) {
			_, _ = io.WriteString(l.out, "\n") // nobody has ended the line of the prompt
		}
		if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
			return text.String(), err
		}
		line = strings.TrimRight(line, "\r\n")
		rest, more := strings.CutSuffix(line, `\`)
		text.WriteString(rest)
		if !more {
			return text.String(), nil
		}
		text.WriteByte('\n')
		prompt = continuation(prompt)
	}
}

// line reads one line. A read cannot be canceled: the next call takes what it finds.
func (l *Lines) line(ctx context.Context) (string, error) {
	if l.read == nil {
		l.read = make(chan lineRead, 1)
		go func(read chan<- lineRead) {
			line, err := l.in.ReadString('\n')
			read <- lineRead{line, err}
		}(l.read)
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case read := <-l.read:
		l.read = nil
		return read.line, read.err
	}
}

// continuation is what stands before further lines of a prompt.
func continuation(prompt string) string { return strings.Repeat(" ", max(len(prompt)-2, 0)) + ". " }
