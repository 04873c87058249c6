package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"unicode"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/cmd/chatspec/internal/terminal"
	"github.com/chatspec/chatspec/stream"
)

// The exit codes of the program.
const (
	exitOK        = 0
	exitFailure   = 1
	exitUsage     = 2 // also for documents that cannot be used
	exitBroken    = 3 // the answer broke off
	exitCut       = 4 // a limit or a filter cut the answer
	exitMisfit    = 5 // the answer does not fit the schema
	exitInterrupt = 128 + int(syscall.SIGINT)
	exitTerminate = 128 + int(syscall.SIGTERM)
	exitPipe      = 128 + 13 // as of a program that SIGPIPE ended, which Windows has not
)

// console is what a command reads and writes, so that tests need no process.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string

	// live is the answer that arrives at the terminal, above whose end notes are written; nil where there is none.
	live *terminal.Live
	// interrupt takes the place of the end of the program on Ctrl-C, if it is set.
	interrupt atomic.Pointer[func()]
}

func newConsole(stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) *console {
	return &console{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv}
}

// command is one of the words that may follow "chatspec".
type command struct {
	name    string
	args    string // what follows the flags
	summary string // one line for the list of commands
	help    string // what it does, with examples

	// words returns what an argument may be; nil where that is not known.
	words func() []string

	// flags declares the flags and returns what runs once they are parsed.
	flags func(*flag.FlagSet) action
}

// action is a command with its flags parsed.
type action func(ctx context.Context, c *console, args []string) error

// commands returns the commands in the order in which help lists them.
func commands() []command {
	return []command{
		chatCommand(),
		listCommand(),
		getCommand(),
		updateCommand(),
		deleteCommand(),
		messagesCommand(),
		serveCommand(),
		driftCommand(),
		applyCommand(),
		generateCommand(),
		batchCommand(),
		batchRunCommand(),
		batchSubmitCommand(),
		batchWorkCommand(),
		batchCollectCommand(),
		batchStatusCommand(),
		completionCommand(),
		versionCommand(),
		helpCommand(),
	}
}

// findCommand returns the command of that name.
func findCommand(name string) (command, error) {
	for _, cmd := range commands() {
		if cmd.name == name {
			return cmd, nil
		}
	}
	return command{}, usageError{text: fmt.Sprintf("unknown command %q", name)}
}

// commandsAfter returns the second words of commands that are two words.
func commandsAfter(first string) (rest []string) {
	for _, cmd := range commands() {
		if second, ok := strings.CutPrefix(cmd.name, first+" "); ok {
			rest = append(rest, second)
		}
	}
	return rest
}

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, c *console) int {
	return c.report(ctx, dispatch(ctx, args, c))
}

func dispatch(ctx context.Context, args []string, c *console) error {
	if len(args) == 0 {
		return usageError{text: "no command"}
	}
	name, args := args[0], args[1:]
	switch name {
	case "-h", "-help", "--help":
		name = "help"
	case "-version", "--version":
		name = "version"
	}
	if len(args) > 0 && slices.Contains(commandsAfter(name), args[0]) {
		name, args = name+" "+args[0], args[1:]
	}
	cmd, err := findCommand(name)
	if err != nil {
		return err
	}
	fs := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard) // errors are reported in one line, help is our own
	act := cmd.flags(fs)
	args, err = parse(fs, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return c.print(cmd.usage())
	case err != nil:
		return usageError{cmd.name, err.Error()}
	}
	err = act(ctx, c, args)
	if usage, ok := errors.AsType[usageError](err); ok && usage.command == "" {
		usage.command = cmd.name
		return usage
	}
	return err
}

// parse reads flags wherever they stand, so that a flag behind a prompt or an ID does not become part of it
// unseen. What follows "--" is not looked at.
func parse(fs *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		left := fs.Args()
		if seen := len(args) - len(left); len(left) == 0 || seen > 0 && args[seen-1] == "--" {
			return append(rest, left...), nil
		}
		rest = append(rest, left[0])
		args = left[1:]
	}
}

// usageError says that the command line is wrong.
type usageError struct{ command, text string }

func (e usageError) Error() string {
	return fmt.Sprintf("%s; see chatspec %s", e.text, strings.TrimSpace("help "+e.command))
}

// exitError ends the program with an exit code of its own.
type exitError struct {
	code int
	text string // empty where all has been said
}

func (e exitError) Error() string { return e.text }

// outputError says that standard output could not be written.
type outputError struct{ err error }

func (e outputError) Error() string { return "standard output: " + e.err.Error() }
func (e outputError) Unwrap() error { return e.err }

// report says on standard error how the command ended, unless well, and returns the exit code.
func (c *console) report(ctx context.Context, err error) int {
	var output outputError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &output) && (errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)):
		return exitPipe // the reader has seen enough
	case ctx.Err() != nil:
		return c.reportSignal(context.Cause(ctx))
	}
	if text := err.Error(); text != "" {
		c.note("%s", text)
	}
	return exitCode(err)
}

// exitCode returns the exit code for an error that is no signal.
func exitCode(err error) int {
	if exit, ok := errors.AsType[exitError](err); ok {
		return exit.code
	}
	_, wrong := errors.AsType[usageError](err)
	_, useless := errors.AsType[inputError](err)
	if wrong || useless {
		return exitUsage
	}
	_, broken := errors.AsType[*stream.Error](err)
	_, refused := errors.AsType[*api.Error](err)
	_, other := errors.AsType[*stream.NotStreamError](err)
	if broken && !refused && !other {
		return exitBroken
	}
	return exitFailure
}

func (c *console) reportSignal(cause error) int {
	var s signalError
	if errors.As(cause, &s) && s.Signal == syscall.SIGTERM {
		c.note("terminated")
		return exitTerminate
	}
	c.note("interrupted")
	return exitInterrupt
}

// note writes one line to standard error. Control characters, with which a server could repaint the terminal,
// are left out.
func (c *console) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	text = strings.TrimPrefix(text, "chatspec: ") // that of the package, which errors begin with
	c.line("chatspec: " + oneLine(text))
}

// aside is a note of what one may well not read: it is dimmed where that is possible.
func (c *console) aside(format string, args ...any) {
	c.line(c.kind(c.stderr).Dim("chatspec: " + oneLine(fmt.Sprintf(format, args...))))
}

// line writes one line to standard error.
func (c *console) line(text string) {
	if c.live != nil {
		c.live.Note(text)
		return
	}
	_, _ = io.WriteString(c.stderr, text+"\n") // there is no other place to say that it failed
}

// kind says what may be written to a stream.
func (c *console) kind(stream any) terminal.Kind { return terminal.KindOf(stream, c.getenv) }

// print writes to standard output.
func (c *console) print(text string) error {
	if _, err := io.WriteString(c.stdout, text); err != nil {
		return outputError{err}
	}
	return nil
}

// oneLine folds white space and leaves control characters out.
func oneLine(s string) string { return printable(strings.Join(strings.Fields(s), " ")) }

// printable leaves out the control characters of s but for line feeds and tabs.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// isTerminal says whether someone sits at the other end of a reader or writer.
func isTerminal(stream any) bool { return terminal.IsTerminal(stream) }
