package ui_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// batchPrompts writes a file of n prompts, and returns a command that answers them.
func batchPrompts(t *testing.T, n int, flags string) (command string) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"custom_id":"p%d","prompt":"Say %[1]d."}`+"\n", i)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.jsonl"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return "(cd " + dir + " && exec chatspec batch run " + flags + " p.jsonl a.jsonl)"
}

const (
	bar          = `100 %% \[=+\] %d/%[1]d done, 0 failed, [0-9,]+ tokens, [0-9.]+/s, 0s left`
	batchSummary = `chatspec: %d answered, 0 failed, in [0-9.a-zµ]+ \([0-9.]+/s\); [0-9,]+ tokens; %[1]d requests, 0 of them again; 0 refused for now`
)

// TestBatch shows the bar, which is on one line whatever happens, and the summary below it.
func TestBatch(t *testing.T) {
	t.Parallel()
	term := openTerminal(t, 120)
	lines, code := term.run(t, batchPrompts(t, 300, ""))
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	checkLines(t, lines, builtInNote, fmt.Sprintf(bar, 300), fmt.Sprintf(batchSummary, 300))
}

// TestBatchInterrupted presses Ctrl-C, and gives the same command again.
func TestBatchInterrupted(t *testing.T) {
	t.Parallel()
	term := openTerminal(t, 120)
	command := batchPrompts(t, 400, "-concurrency 4")
	term.enter(t, command)
	term.wait(t, "the bar", func(lines []string) bool { return strings.Contains(strings.Join(lines, "\n"), "/400 done") })
	term.press(t, "C-c")
	lines, code := term.ended(t)
	if code != 130 {
		t.Errorf("exit code %d", code)
	}
	text := strings.Join(lines, "\n")
	for _, want := range []string{
		"chatspec: stopping: finishes what is under way (4); Ctrl-C again stops at once\n",
		" lines without an answer; the same command goes on\nchatspec: interrupted",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	lines, code = term.run(t, strings.Replace(command, "-concurrency 4", "", 1))
	if text := strings.Join(lines, "\n"); code != 0 || !strings.Contains(text, " of 400 lines have an answer already\n") || !strings.Contains(text, "400/400 done") {
		t.Errorf("exit code %d:\n%s", code, text)
	}
}
