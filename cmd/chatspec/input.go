package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/chatspec/chatspec/cmd/chatspec/internal/terminal"
	chat "github.com/chatspec/chatspec/generated"
)

// maxPromptBytes is how much of standard input a prompt may take: 32 MiB, far above what models read.
const maxPromptBytes = 32 << 20

// The reasons for which the value of a flag is refused.
var (
	errNumber   = errors.New("not a number")
	errPositive = errors.New("not a positive whole number")
	errPair     = errors.New("want KEY=VALUE")
	errLimit    = errors.New("want 0 or a positive whole number")
	errPace     = errors.New("a time cannot be negative")
	errEmpty    = errors.New("the value is empty")
)

// readPrompt returns the prompt: the arguments, with standard input in the place of "-" or of all of them.
func readPrompt(ctx context.Context, c *console, args []string) (string, error) {
	if len(args) == 0 {
		args = []string{"-"}
	}
	var prompt strings.Builder
	for i, arg := range args {
		switch {
		case arg == "-" && slices.Contains(args[:i], "-"):
			return "", usageError{text: `standard input ("-") can be read only once`}
		case arg == "-":
			text, err := readInput(ctx, c)
			if err != nil {
				return "", err
			}
			arg = "\n" + text + "\n"
		}
		prompt.WriteString(arg)
		prompt.WriteByte(' ')
	}
	text := strings.TrimSpace(prompt.String())
	switch {
	case text == "":
		return "", usageError{text: "the prompt is empty"}
	case !utf8.ValidString(text):
		return "", usageError{text: "the prompt is not UTF-8 text"}
	}
	return text, nil
}

// readInput reads standard input to its end. It gives up when ctx ends, although the read goes on.
func readInput(ctx context.Context, c *console) (string, error) {
	if isTerminal(c.stdin) {
		c.note("reading the prompt from the terminal; Ctrl-D ends it")
	}
	type result struct {
		data []byte
		err  error
	}
	read := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(c.stdin, maxPromptBytes+1))
		read <- result{data, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-read:
		switch {
		case r.err != nil:
			return "", fmt.Errorf("standard input: %w", r.err)
		case len(r.data) > maxPromptBytes:
			return "", fmt.Errorf("the prompt on standard input is larger than %d MiB", maxPromptBytes>>20)
		}
		return string(r.data), nil
	}
}

// interactive says whether someone can talk at standard input and output.
func (c *console) interactive() bool {
	return isTerminal(c.stdin) && isTerminal(c.stdout) && isTerminal(c.stderr)
}

// attended says whether someone can be asked. What comes from a file or a pipe was not written in answer to a question.
func (c *console) attended() bool { return isTerminal(c.stdin) && isTerminal(c.stderr) }

// reader returns what asks for text: an editor, or lines where none can work.
func (c *console) reader(history string, interactive bool) terminal.Reader {
	if interactive && c.interactive() && c.kind(c.stderr).Cursor {
		return terminal.NewEditor(c.stdin, c.stderr, c.history(history))
	}
	return terminal.NewLines(c.stdin, c.stderr)
}

// envHistory names the file with what was typed, where -history does not.
const envHistory = "CHATSPEC_HISTORY"

// history opens the file with what was typed. Where it cannot be read, that is said, and nothing is kept.
func (c *console) history(file string) *terminal.History {
	file = cmp.Or(file, c.getenv(envHistory), c.historyFile(), historyOff)
	if file == historyOff {
		return new(terminal.History)
	}
	h, err := terminal.OpenHistory(file)
	if err != nil {
		c.note("the history is not kept: %v", err)
		return new(terminal.History)
	}
	return h
}

// historyOff is the name of a file that is none.
const historyOff = "off"

// historyFile returns where the history is by default: where the XDG Base Directory Specification puts the state of
// programs, on Windows with other local data. It is empty where there is no such place.
func (c *console) historyFile() string {
	state := c.getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		state = c.getenv("LocalAppData")
	}
	if home := c.getenv("HOME"); !filepath.IsAbs(state) && filepath.IsAbs(home) {
		state = filepath.Join(home, ".local", "state")
	}
	if !filepath.IsAbs(state) {
		return ""
	}
	return filepath.Join(state, "chatspec", "history")
}

// positive reads a number above zero.
func positive(s string) (*int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 {
		return nil, errPositive
	}
	return &n, nil
}

// words is a flag that may be repeated.
type words []string

// String is part of flag.Value; words have no default to show.
func (w *words) String() string { return "" }

// Set adds one value.
func (w *words) Set(s string) error {
	if s == "" {
		return errEmpty
	}
	*w = append(*w, s)
	return nil
}

// choice is a flag with few values.
type choice[T ~string] struct {
	value  *T
	values []T
}

// String is part of flag.Value; what the default is the help says.
func (choice[T]) String() string { return "" }

// Set takes one of the values.
func (c choice[T]) Set(s string) error {
	if !slices.Contains(c.values, T(s)) {
		return errors.New("want " + alternatives(c.Values()))
	}
	*c.value = T(s)
	return nil
}

// Values returns the values, for completion.
func (c choice[T]) Values() (values []string) {
	for _, v := range c.values {
		values = append(values, string(v))
	}
	return values
}

// alternatives joins words with commas and an "or".
func alternatives(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// when is whether something is done: always, never, or where it suits, as at first.
type when string

const (
	whenAuto when = "auto"
	whenOn   when = "on"
	whenOff  when = "off"
)

// flag returns the flag that sets it.
func (w *when) flag() choice[when] { return choice[when]{w, []when{whenAuto, whenOn, whenOff}} }

// or says whether it is done; auto says what suits.
func (w *when) or(auto bool) bool { return *w == whenOn || *w != whenOff && auto }

// pairs is metadata from flags or arguments of the form key=value.
type pairs map[string]string

// String is part of flag.Value; pairs have no default to show.
func (p *pairs) String() string { return "" }

// Set adds one pair.
func (p *pairs) Set(s string) error {
	key, value, ok := strings.Cut(s, "=")
	if !ok || key == "" {
		return errPair
	}
	if *p == nil {
		*p = pairs{}
	}
	(*p)[key] = value
	return nil
}

func (p *pairs) metadata() chat.Metadata { return chat.Metadata(*p) }
