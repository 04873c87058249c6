package terminal_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec/cmd/chatspec/internal/terminal"
)

// answer has every kind of block, and what could be mistaken for the end of one.
const answer = "# A title\n\nA *paragraph*\nof two lines.\n```go\nfunc main() {\n\n\tprint(\"a rather long line of code that is not wrapped\")\n}\n```\n" +
	"Right below, ```inline``` code.\n\n1. one\n\n   still one\n2. two\n   ```sh\n   ls\n\n   cd\n   ```\n\n10. ten\n- other\n\nAn end &#27;[2J &amp; &lt;b&gt;\n\n" +
	"| a | b |\n|---|---|\n| 1 | 早安 |\n\n> quote\n\n~~~\nnot ``` closed\n"

// options returns those of a Live that writes to one screen.
func options(s *screen, markdown bool) terminal.LiveOptions {
	return terminal.LiveOptions{
		Out: s, Status: s, Below: true, Markdown: markdown,
		Size: func() (columns, rows int) { return 40, 12 },
	}
}

// write writes an answer in pieces and returns what stands on the screen at the end.
func write(t *testing.T, o terminal.LiveOptions, pieces ...string) {
	t.Helper()
	l := terminal.NewLive(o)
	for _, piece := range pieces {
		if err := l.Write(piece); err != nil {
			t.Error(err)
		}
	}
	if _, err := l.Close(); err != nil {
		t.Error(err)
	}
}

// TestAnyPieces writes an answer in pieces of all kinds: what comes of it is the same, and nothing is twice.
func TestAnyPieces(t *testing.T) {
	t.Parallel()
	for _, markdown := range []bool{true, false} {
		want := newScreen(t, 0)
		write(t, options(want, markdown), answer)
		if !markdown && want.text() != answer {
			t.Errorf("%q", want.text())
		}
		splits := [][]string{strings.Split(answer, ""), strings.SplitAfter(answer, "\n"), strings.SplitAfter(answer, " ")}
		random := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			var pieces []string
			for rest := answer; rest != ""; {
				n := 1 + random.IntN(min(len(rest), 60))
				pieces = append(pieces, rest[:n])
				rest = rest[n:]
			}
			splits = append(splits, pieces)
		}
		for _, pieces := range splits {
			got := newScreen(t, 0)
			write(t, options(got, markdown), pieces...)
			if got.text() != want.text() {
				t.Errorf("in %d pieces:\n%s\nwant:\n%s", len(pieces), got.text(), want.text())
			}
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	s := newScreen(t, 0)
	write(t, options(s, true), answer)
	for _, want := range []string{
		"# A title\n\nA *paragraph* of two lines.\n\n",
		"print(\"a rather long line of code that is not wrapped\")\n",
		"\n\nRight below,",
		"An end [2J & <b>",
		"\n1. one\n\n   still one\n\n2. two\n",
		" a │ b\n",
		"早安",
	} {
		if !strings.Contains(s.text(), want) {
			t.Errorf("%q is not in:\n%s", want, s.text())
		}
	}
	if strings.ContainsAny(strings.NewReplacer("\x1b[J", "", "\x1b[2A", "").Replace(s.text()), "\x1b") {
		t.Errorf("attributes without colors: %q", s.text())
	}
	for line := range strings.Lines(s.text()) {
		if strings.TrimRight(line, " \n") != strings.TrimSuffix(line, "\n") {
			t.Errorf("blanks at the end: %q", line)
		}
	}
}

func TestColors(t *testing.T) {
	t.Parallel()
	s := newScreen(t, 0)
	o := options(s, true)
	o.Color = true
	l := terminal.NewLive(o)
	l.Reason("Hm.")
	_ = l.Write("Some **bold** text &#27;[31m&#155;2J and &#x1b;]0;title&#7;.\n\n```go\nvar s = \"text\"\n```\n")
	_, _ = l.Close()
	all := s.all()
	for _, want := range []string{"\x1b[2mHm.\x1b[m\n", "Some \x1b[1mbold\x1b[m text", "\n  \x1b[36mvar s = \"text\"\x1b[m\n"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in %q", want, all)
		}
	}
	if strings.Contains(all, "title\a") || strings.Contains(all, "\u009b") {
		t.Errorf("the answer steers the terminal: %q", all)
	}
}

// TestProgress looks at what is shown while the answer comes, with the time of a bubble.
func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(t, 60)
		o := options(s, true)
		o.Size = func() (columns, rows int) { return 61, 6 }
		l := terminal.NewLive(o)
		steps := []struct {
			do   func()
			want string
		}{
			{func() {}, "waiting, 1.0 s"},
			{func() { l.Reason("Let me\nthink") }, "Let me\nthink\n1 token, first after 1.0 s"},
			{func() { _ = l.Write("One *two*") }, "Let me\nthink\n\nOne *two*\n2 tokens, 1.0 tokens/s, first after 1.0 s"},
			{func() { l.Note("a note") }, "Let me\nthink\na note\n\nOne *two*\n2 tokens, 1.0 tokens/s, first after 1.0 s"},
			{func() { _ = l.Write(" three.\n\nNew") }, "Let me\nthink\na note\n\nOne *two* three.\n\nNew\n3 tokens, 0.7 tokens/s, first after 1.0 s"},
			{func() { _ = l.Write("\n- a\n- b\n- c\n- d\n- e\n") }, "Let me\nthink\na note\n\nOne *two* three.\n• b\n• c\n• d\n• e\n4 tokens, 0.8 tokens/s, first after 1.0 s"},
		}
		for _, step := range steps {
			step.do()
			time.Sleep(time.Second)
			synctest.Wait()
			if got := s.text(); got != step.want {
				t.Errorf("%s\nwant:\n%s", got, step.want)
			}
		}
		meter, err := l.Close()
		if want := "Let me\nthink\na note\n\nOne *two* three.\n\nNew\n\n• a\n• b\n• c\n• d\n• e\n"; s.text() != want || err != nil {
			t.Errorf("%s\nwant:\n%s", s.text(), want)
		}
		if got := meter.Summary(9); got != "6.0 s, first after 1.0 s, 2.0 tokens/s" {
			t.Error(got)
		}
		if again, err := l.Close(); again != meter || err != nil {
			t.Errorf("%v, %v", again, err)
		}
	})
}

// TestNarrower makes the window narrower, which wraps what is below.
func TestNarrower(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		columns := 60
		var written strings.Builder
		l := terminal.NewLive(terminal.LiveOptions{
			Out: io.Discard, Status: &written, Below: true,
			Size: func() (int, int) { return columns, 20 },
		})
		_ = l.Write(strings.Repeat("早", 25))       // 50 columns
		time.Sleep(time.Second + time.Millisecond) // between two ticks
		synctest.Wait()
		written.Reset()
		columns = 20
		_, _ = l.Close()
		// The text has 3 rows now, and the progress, of 26 columns, 2: the cursor is in the last of them.
		if got := written.String(); got != "\r\x1b[4A\x1b[J" {
			t.Errorf("%q", got)
		}
	})
}

// TestWithoutBelow writes to a file: nothing but what is finished.
func TestWithoutBelow(t *testing.T) {
	t.Parallel()
	var out, status strings.Builder
	l := terminal.NewLive(terminal.LiveOptions{Out: &out, Status: &status, Markdown: true, Size: func() (int, int) { return 80, 24 }})
	_ = l.Write("One\n\nTw")
	_ = l.Write("o")
	if _, err := l.Close(); err != nil || out.String() != "One\n\nTwo\n" || status.String() != "" {
		t.Errorf("%q, %q, %v", out.String(), status.String(), err)
	}
}

func TestOutputFails(t *testing.T) {
	t.Parallel()
	full := errors.New("the disk is full")
	r, w := io.Pipe()
	_ = r.CloseWithError(full)
	l := terminal.NewLive(terminal.LiveOptions{Out: w, Status: io.Discard, Size: func() (int, int) { return 80, 24 }})
	if err := l.Write("One\n"); !errors.Is(err, full) {
		t.Error(err)
	}
	if _, err := l.Close(); !errors.Is(err, full) {
		t.Error(err)
	}
}
