package faults_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/tests/faults"
)

var update = flag.Bool("update", false, "write docs/faults.md")

const tablePath = "../../docs/faults.md"

// TestTable holds docs/faults.md against the faults.
func TestTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(tableHead, "'", "`"))
	group := ""
	for _, f := range faults.Faults() {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&b, "\n## %s\n\n| fault | stream | whole answer | peak heap |\n|---|---|---|---|\n", group)
		}
		heap := "–"
		if measured(f) {
			heap = fmt.Sprintf("< %d MiB", f.HeapBelow(maxEventBytes)>>20)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.Name, outcome(f.Stream), outcome(f.Whole), heap)
	}
	if *update {
		if err := os.WriteFile(tablePath, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(tablePath)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != b.String() {
		t.Errorf("%s is out of date; write it with: GOWORK=off go test -run TestTable . -update\n%s", tablePath, firstDifference(string(have), b.String()))
	}
}

// outcome is a cell of the table.
func outcome(w *faults.Want) string {
	if w == nil {
		return ""
	}
	text := string(w.Outcome)
	if w.Phase != "" {
		text += fmt.Sprintf(" (%s)", w.Phase)
	}
	if w.Refusal != nil {
		text += fmt.Sprintf(" (%d)", w.Refusal.Status)
	}
	if said := w.Answer.Text(); w.Outcome != faults.Finished && said != "" {
		text += fmt.Sprintf(", after %q", said)
	}
	return text
}

// firstDifference returns the first line that differs.
func firstDifference(have, want string) string {
	a, b := strings.Split(have, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\nhave %s\nwant %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}

// tableHead has apostrophes where Markdown has backquotes.
const tableHead = `# What can go wrong, and what comes of it

The package in 'tests/faults' serves each of these on loopback. Its tests hold chatspec against the outcome, the text
that had been delivered by then, the result, and what stays behind of goroutines and connections. 'make compare'
runs the same through openai-go and go-openai.

An outcome is found with 'errors.Is' and 'errors.As', never by text:

| outcome | what it is |
|---|---|
| finished | no error |
| api error | '*api.Error', here with its status |
| truncated | 'stream.ErrTruncated', which is 'io.ErrUnexpectedEOF' too |
| malformed | '*api.DecodeError' |
| too large | '*api.TooLargeError' |
| not a stream | '*stream.NotStreamError' |
| timeout | '*api.TimeoutError', here with its phase |
| cancelled | 'context.Canceled' |
| transport | none of these: the error of the connection |

An empty cell means that the fault makes no sense for such a request. The peak heap is that of the client and the
server of the fault together, with a limit of 8 MiB for an event or a body; a test measures that it stays below. A
dash stands where a fault only waits.

A test writes this file: 'GOWORK=off go test -run TestTable . -update' in 'tests/faults'.
`
