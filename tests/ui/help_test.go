package ui_test

import (
	"slices"
	"strings"
	"testing"
)

// TestHelp reads all help texts in a window of 80 columns: no line goes on in the next row.
func TestHelp(t *testing.T) {
	t.Parallel()
	term := openTerminal(t, 80)
	overview := help(t, term, "chatspec help")
	if len(overview) > 40 {
		t.Errorf("the overview has %d lines, more than a screen", len(overview))
	}
	commands := 0
	_, list, _ := strings.Cut(strings.Join(overview, "\n"), "\nCommands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	for line := range strings.Lines(list) {
		help(t, term, "chatspec help "+strings.Fields(line)[0])
		commands++
	}
	if commands < 9 {
		t.Errorf("the overview lists only %d commands:\n%s", commands, list)
	}
	term.checkPlain(t)
}

// help runs a command that prints a help text and returns its lines.
func help(t *testing.T, term *terminal, command string) []string {
	t.Helper()
	lines, code := term.run(t, command)
	if code != 0 || len(lines) < 3 {
		t.Errorf("%s: exit code %d, %d lines", command, code, len(lines))
	}
	rows := term.rows(t)
	for _, line := range lines {
		if !slices.Contains(rows, line) {
			t.Errorf("%s: wider than the window: %q", command, line)
		}
	}
	return lines
}
