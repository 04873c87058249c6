package terminal_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/cmd/chatspec/internal/terminal"
)

// Keys as terminals send them.
const (
	enter    = "\r"
	altEnter = "\x1b\r"
	up       = "\x1b[A"
	down     = "\x1b[B"
	left     = "\x1b[D"
	ctrlC    = "\x03"
	ctrlD    = "\x04"
)

// TestEditor types keys.
func TestEditor(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a pipe cannot be waited for there; consoles can")
	}
	for _, tc := range []struct {
		name, keys, want string
		err              error
	}{
		{"a line", "Say hello" + enter, "Say hello", nil},
		{"Alt-Enter", "one" + altEnter + "two" + enter, "one\ntwo", nil},
		{"Ctrl-J", "one\ntwo" + enter, "one\ntwo", nil},
		{"a backslash", `one\` + enter + "two" + enter, "one\ntwo", nil},
		{"pasted lines", "\x1b[200~one\ntwo\n\x1b[201~" + enter, "one\ntwo\n", nil},
		{"in the middle", "早 安" + left + "b" + enter, "早 b安", nil},
		{"history", up + enter, "second", nil},
		{"further back", up + up + up + enter, "first\nof two lines", nil},
		{"the end of the history", up + up + down + enter, "second", nil},
		{"a draft", "draft" + up + down + enter, "draft", nil},
		{"nothing below", "draft" + down + down + enter, "draft", nil},
		{"lines first", "a" + altEnter + "b" + up + "c" + enter, "ac\nb", nil},
		{"Ctrl-C", "draft" + ctrlC, "draft", terminal.ErrInterrupted},
		{"Ctrl-D", ctrlD, "", io.EOF},
		{"Ctrl-D in text", "ab" + left + ctrlD + enter, "a", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			if _, err := w.WriteString(tc.keys); err != nil {
				t.Fatal(err)
			}
			var h terminal.History
			for _, text := range []string{"first\nof two lines", "second"} {
				if err := h.Add(text); err != nil {
					t.Fatal(err)
				}
			}
			got, err := terminal.NewEditor(r, io.Discard, &h).Read(t.Context(), "> ")
			if got != tc.want || !errors.Is(err, tc.err) {
				t.Errorf("%q, %v, want %q, %v", got, err, tc.want, tc.err)
			}
		})
	}
}

func TestEditorCanceled(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := terminal.NewEditor(r, io.Discard, new(terminal.History)).Read(ctx, "> "); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state", "history")
	h, err := terminal.OpenHistory(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two\nlines", "two\nlines", "早"} {
		if err := h.Add(text); err != nil {
			t.Fatal(err)
		}
	}
	if data, err := os.ReadFile(file); string(data) != "\"one\"\n\"two\\nlines\"\n\"早\"\n" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	again, err := terminal.OpenHistory(file)
	if err != nil || strings.Join(again.Typed(), "|") != "one|two\nlines|早" {
		t.Errorf("%q, %v", again.Typed(), err)
	}
}

// TestLongHistory adds more than is kept: the file does not grow for ever.
func TestLongHistory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(file, []byte("not JSON\n"+strings.Repeat("\"a\"\n\"b\"\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := terminal.OpenHistory(file)
	if err != nil || len(h.Typed()) != 1000 {
		t.Fatal(len(h.Typed()), err)
	}
	if err := h.Add("new"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if lines := strings.Count(string(data), "\n"); lines != 1000 || !strings.HasSuffix(string(data), "\"new\"\n") || err != nil {
		t.Errorf("%d lines, %v", lines, err)
	}
}

// TestLongPrompt adds a prompt that is too long for the file: what is added after it is found again.
func TestLongPrompt(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "history")
	h, err := terminal.OpenHistory(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", strings.Repeat("<", 200_000), "two"} {
		if err := h.Add(text); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(h.Typed()); n != 3 {
		t.Errorf("%d prompts are remembered, want 3", n)
	}
	again, err := terminal.OpenHistory(file)
	if err != nil || strings.Join(again.Typed(), "|") != "one|two" {
		t.Errorf("%d prompts, %v", len(again.Typed()), err)
	}
}

func TestHistoryThatCannotBeRead(t *testing.T) {
	t.Parallel()
	if _, err := terminal.OpenHistory(filepath.Join(os.DevNull, "history")); err == nil {
		t.Error("no error")
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	l := terminal.NewLines(strings.NewReader("one\r\ntwo\\\nthree\nlast"), &out)
	for _, want := range []string{"one", "two\nthree", "last"} {
		if got, err := l.Read(t.Context(), "> "); got != want || err != nil {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	if _, err := l.Read(t.Context(), "> "); err != io.EOF {
		t.Error(err)
	}
	if got := out.String(); got != "> > . > > \n" {
		t.Errorf("%q", got)
	}
}

// TestLinesCanceled gives up a read, whose line the next gets.
func TestLinesCanceled(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	l := terminal.NewLines(r, io.Discard)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Read(ctx, "> "); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	go func() { _, _ = w.Write([]byte("one\n")) }()
	if got, err := l.Read(t.Context(), "> "); got != "one" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
