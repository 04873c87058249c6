// Package terminal shows answers in a terminal as they arrive, and reads prompts from it.
//
// [Live] writes text that grows, rendered as Markdown if asked to, above a line that says how it goes. [Editor] reads
// prompts of several lines with a history, [Lines] reads them where no editor can work. Nothing here reads the
// environment: callers say what they found out with [Kind].
package terminal

import (
	"os"
	"runtime"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/term"
)

// Kind is what may be written to a stream. The zero Kind is for a file or a pipe: plain bytes.
type Kind struct {
	Cursor bool // the cursor may be moved, so that lines can be written again
	Color  bool // bold, dim, italic and colors may be used
}

// KindOf looks at what a stream leads to, and at the variables TERM and NO_COLOR (https://no-color.org).
func KindOf(stream any, getenv func(string) string) Kind {
	if !IsTerminal(stream) || getenv("TERM") == "dumb" || runtime.GOOS == "windows" && getenv("WT_SESSION") == "" {
		return Kind{}
	}
	return Kind{Cursor: true, Color: getenv("NO_COLOR") == ""}
}

// IsTerminal says whether someone sits at the other end of a reader or writer.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}

// The size that is assumed where a terminal does not tell.
const (
	defaultColumns = 80
	defaultRows    = 24
)

// Size returns the columns and rows of the window in which a stream is shown.
func Size(stream any) (columns, rows int) {
	if f, ok := stream.(*os.File); ok {
		if columns, rows, err := term.GetSize(f.Fd()); err == nil && columns > 0 && rows > 0 {
			return columns, rows
		}
	}
	return defaultColumns, defaultRows
}

// Dim returns text that is less bright, where k has colors; each line of it by itself.
func (k Kind) Dim(text string) string {
	p := painter{color: k.Color}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = p.paint(dim, line)
	}
	return strings.Join(lines, "\n")
}

// resetStyle ends all styles.
const resetStyle = "\x1b[m"

// printable leaves out the control characters of a text but for tabs: with them an answer could steer the terminal. Line
// feeds, which stand between words, become blanks.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return ' '
		case unicode.IsControl(r) && r != '\t':
			return -1
		}
		return r
	}, text)
}
