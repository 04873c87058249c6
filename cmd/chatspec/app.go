package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"unicode"
)

// The exit codes of the program.
const (
	exitOK        = 0
	exitFailure   = 1
	exitUsage     = 2 // also for documents that cannot be used
	exitInterrupt = 128 + int(syscall.SIGINT)
	exitTerminate = 128 + int(syscall.SIGTERM)
	exitPipe      = 128 + 13 // as of a program that SIGPIPE ended, which Windows has not
)

// console is what a command reads and writes, so that tests need no process.
type console struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

// command is one of the words that may follow "chatspec".
type command struct {
	name    string
	args    string // what follows the flags
	summary string // one line for the list of commands
	help    string // what it does, with examples

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
	c.note("%v", err)
	_, wrong := errors.AsType[usageError](err)
	_, useless := errors.AsType[inputError](err)
	if wrong || useless {
		return exitUsage
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
	fmt.Fprintf(c.stderr, "chatspec: %s\n", oneLine(text))
}

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
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull) // a device for characters too
	return err != nil || !os.SameFile(info, null)
}
