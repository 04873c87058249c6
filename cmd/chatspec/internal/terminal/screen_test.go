package terminal_test

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// screen is a terminal that is as wide as it needs to be, and shows what was written to it. It knows the sequences that
// a Live may use, and fails the test for others.
type screen struct {
	t       *testing.T
	columns int

	mu      sync.Mutex
	lines   []string
	row     int
	written strings.Builder
}

func newScreen(t *testing.T, columns int) *screen {
	t.Helper()
	return &screen{t: t, columns: columns, lines: []string{""}}
}

var sequence = regexp.MustCompile(`^\x1b\[(\d*)([AJm])`)

// Write takes only whole lines or what ends in the middle of one, and whole sequences.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written.Write(p)
	for text := string(p); text != ""; {
		match := sequence.FindStringSubmatch(text)
		switch {
		case match != nil:
			s.control(match[1], match[2])
			text = text[len(match[0]):]
			continue
		case text[0] == '\n':
			if s.row++; s.row == len(s.lines) {
				s.lines = append(s.lines, "")
			}
		case text[0] == '\r':
			// Whatever follows begins a line: it goes up or clears.
			if !strings.HasPrefix(text[1:], "\x1b[") {
				s.t.Errorf("text after a return: %q", text)
			}
		case text[0] < ' ' && text[0] != '\t':
			s.t.Errorf("control character: %q", text)
			return len(p), nil
		default:
			end := strings.IndexAny(text+"\n", "\n\r\x1b")
			s.lines[s.row] += text[:end]
			if s.columns > 0 && ansi.StringWidth(s.lines[s.row]) > s.columns {
				s.t.Errorf("wider than %d columns: %q", s.columns, s.lines[s.row])
			}
			text = text[end:]
			continue
		}
		text = text[1:]
	}
	return len(p), nil
}

func (s *screen) control(number, final string) {
	switch final {
	case "A":
		n := 1
		if number != "" {
			n, _ = strconv.Atoi(number) // it is one, by the expression
		}
		if s.row -= n; s.row < 0 {
			s.t.Errorf("%d rows above the top", -s.row)
			s.row = 0
		}
	case "J":
		s.lines = s.lines[:s.row+1]
		s.lines[s.row] = ""
	}
}

// text returns what is on the screen.
func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// all returns every byte that was written.
func (s *screen) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written.String()
}
