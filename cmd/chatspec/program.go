package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
	"unicode"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tool"
)

const (
	// describeFlag is the argument with which a program describes itself.
	describeFlag = "--describe"
	// describeTimeout is how long that may take.
	describeTimeout = 10 * time.Second
	// maxProgramOutput is how much of what a program prints the model gets to see, on either stream: 1 MiB.
	maxProgramOutput = 1 << 20
	// killAfter is how long a program may go on to hold its output open when it has ended or been stopped.
	killAfter = 2 * time.Second
	// maxRounds is how often the model may call tools before it answers.
	maxRounds = 50
)

// programTool makes a program a tool. The program says what it is for.
func programTool(ctx context.Context, command string) (tool.Tool, error) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return tool.Tool{}, usageError{text: "-tool names no program"}
	}
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	var definition chat.FunctionDefinition
	out, err := runProgram(ctx, append(slices.Clip(words), describeFlag), nil)
	if err == nil {
		err = json.Unmarshal(out, &definition)
	}
	if err == nil {
		definition.Name = cmp.Or(definition.Name, apiName(words[0]))
		t := tool.NewRaw(definition, func(ctx context.Context, arguments json.RawMessage) (string, error) {
			out, err := runProgram(ctx, words, arguments)
			return strings.ToValidUTF8(string(out), "\ufffd"), err
		})
		if _, err = t.Definition(); err == nil {
			return t, nil
		}
	}
	return tool.Tool{}, inputError{fmt.Errorf("%s %s does not print what the tool is for: %w", command, describeFlag, err)}
}

// runProgram runs a program with something on standard input and returns what it prints. It gets no key.
func runProgram(ctx context.Context, words []string, stdin []byte) ([]byte, error) {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // what the user names
	var out, errs limited
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, envAPIKey+"=") })
	cmd.WaitDelay = killAfter
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if said := strings.TrimSpace(errs.String()); err != nil && said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return out.Bytes(), err
}

// limited is a buffer that takes so much and drops the rest.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	l.Buffer.Write(p[:min(len(p), maxProgramOutput-l.Len())])
	return len(p), nil
}

// approve shows what the model calls, and asks whether that may run. No answer is a no.
func (k *talk) approve(ctx context.Context, call tool.Call) error {
	k.console.line("chatspec: the model calls " + call.Name + " " + visible(call.Input))
	if k.flags.yes || k.allowed[call.Name] {
		return nil
	}
	answer, err := k.reader.Read(ctx, "run it? y(es), N(o), a(lways): ")
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "a", "always":
		if k.allowed == nil {
			k.allowed = map[string]bool{}
		}
		k.allowed[call.Name] = true
		return nil
	case "y", "yes":
		return nil
	}
	return tool.Deny("the user does not want this to run")
}

// visible returns arguments in one line that looks like nothing else: characters that are not seen, or turn the direction
// of those around them, are escaped.
func visible(arguments string) string {
	var line bytes.Buffer
	_ = json.Compact(&line, []byte(arguments)) // they have been checked, or there are none
	return escaped(line.String(), func(r rune) bool { return !unicode.IsPrint(r) })
}

// result says why a call brought no result.
func (k *talk) result(ctx context.Context, call tool.Call) {
	_, denied := errors.AsType[*tool.DeniedError](call.Err)
	if call.Err != nil && !denied && ctx.Err() == nil {
		k.console.note("%s: %v", call.Name, call.Err)
	}
}
