package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	chat "github.com/chatspec/chatspec/generated"
)

// maxPromptBytes is how much of standard input a prompt may take: 32 MiB, far above what models read.
const maxPromptBytes = 32 << 20

// The reasons for which the value of a flag is refused.
var (
	errNumber   = errors.New("not a number")
	errPositive = errors.New("not a positive whole number")
	errPair     = errors.New("want KEY=VALUE")
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

// positive reads a number above zero.
func positive(s string) (*int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n <= 0 {
		return nil, errPositive
	}
	return &n, nil
}

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
