package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestHelp compares the help texts with the golden file, which -update writes.
func TestHelp(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	all.WriteString(program(t, nil, "help").out)
	for _, cmd := range commands() {
		got := program(t, nil, "help", cmd.name)
		for _, flag := range []string{"-h", "-help", "--help"} {
			if again := program(t, nil, cmd.name, flag); again != got {
				t.Errorf("%s %s differs from help %[1]s:\n%+v", cmd.name, flag, again)
			}
		}
		if got.code != exitOK || got.err != "" {
			t.Errorf("help %s: %+v", cmd.name, got)
		}
		all.WriteString("\n" + strings.Repeat("-", 80) + "\n" + got.out)
	}
	golden := filepath.Join("testdata", "help.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if all.String() != string(want) {
		t.Errorf("help texts differ from %s; after a look, go test -run TestHelp -update\n%s", golden, all.String())
	}
	for line := range strings.Lines(all.String()) {
		if n := utf8.RuneCountInString(line); n > 81 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
}

func TestHelpInOtherWords(t *testing.T) {
	t.Parallel()
	want := program(t, nil, "help")
	for _, word := range []string{"-h", "-help", "--help"} {
		if got := program(t, nil, word); got != want {
			t.Errorf("%s: %+v", word, got)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"version", "-version", "--version"} {
		got := program(t, nil, word)
		if !regexp.MustCompile(`^chatspec \d+\.\d+\.\d+.* go1\.\S+ \w+/\w+\n$`).MatchString(got.out) || got.code != exitOK || got.err != "" {
			t.Errorf("%s: %+v", word, got)
		}
	}
}
