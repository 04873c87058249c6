package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/chatspec/chatspec"
)

// overview is what "chatspec help" begins and ends with; the commands stand between.
const (
	overviewHead = `Talks to chat completions servers from a terminal, serves a fake one, and keeps
the document of their API up to date.

  chatspec chat
  chatspec chat "Say hello"
  git diff | chatspec chat "Write a commit message for this diff:" -
  chatspec help chat

Commands:
`
	overviewTail = `
Environment:
  OPENAI_API_KEY   the key, if the server wants one
  OPENAI_BASE_URL  the server, such as http://127.0.0.1:11434/v1;
                   with a key the default is https://api.openai.com/v1
  OPENAI_MODEL     the model of chat where -model is not given
  OPENAI_ORG_ID, OPENAI_PROJECT_ID

Without a key and a base URL a server that is built in answers, so that
everything can be tried without either. It calls a tool whose name is in the
prompt.

Standard output has nothing but the answer or the data; everything else is on
standard error, where the first line says which server is talked to.
Exit codes: 0 done, 1 failed or found something, 2 wrong usage or a document
that cannot be used, 3 to 5 an answer that is not whole or not as asked for (see
help chat), 130 interrupted with Ctrl-C.
`
)

func helpCommand() command {
	return command{
		name:    "help",
		args:    "[command]",
		summary: "say what a command does",
		help:    "Says what a command does and which flags it has, or which commands there are.\n",
		words:   commandNames,
		flags: func(*flag.FlagSet) action {
			return func(_ context.Context, c *console, args []string) error {
				if len(args) == 0 {
					return c.print(overview())
				}
				cmd, err := findCommand(strings.Join(args, " "))
				switch {
				case err == nil:
					return c.print(cmd.usage())
				case len(args) > 1:
					return usageError{text: "one command at a time"}
				}
				return err
			}
		},
	}
}

// commandNames returns the names of the commands.
func commandNames() (names []string) {
	for _, cmd := range commands() {
		names = append(names, cmd.name)
	}
	return names
}

// overview lists the commands, those of two words by their first.
func overview() string {
	return overviewHead + summaries(func(cmd command) bool { return !strings.Contains(cmd.name, " ") }) + overviewTail
}

// summaries lists some commands.
func summaries(which func(command) bool) string {
	var b strings.Builder
	for _, cmd := range commands() {
		if which(cmd) {
			fmt.Fprintf(&b, "  %-*s %s\n", nameColumns, cmd.name, cmd.summary)
		}
	}
	return b.String()
}

// nameColumns is the width of the longest name, "batch collect".
const nameColumns = 13

// usage is the help text of a command.
func (cmd command) usage() string {
	fs := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	cmd.flags(fs)
	var rows [][]string
	hint := ""
	fs.VisitAll(func(f *flag.Flag) {
		hint = " [flags]"
		value, text := flag.UnquoteUsage(f)
		rows = append(rows, []string{strings.TrimSpace("-" + f.Name + " " + value), text})
	})
	text := strings.TrimSpace("Usage: chatspec "+cmd.name+hint+" "+cmd.args) + "\n\n" + cmd.help
	if len(commandsAfter(cmd.name)) > 0 {
		text += "\nCommands:\n" + summaries(func(other command) bool { return strings.HasPrefix(other.name, cmd.name+" ") })
	}
	if hint == "" {
		return text
	}
	text += "\nFlags, which may also stand behind the arguments; -- ends them:\n"
	for line := range strings.Lines(columns(rows)) {
		text += "  " + line
	}
	return text
}

func versionCommand() command {
	return command{
		name:    "version",
		summary: "print the version",
		help:    "Prints the version, the commit if it is known, Go's version and the platform.\n",
		flags: func(*flag.FlagSet) action {
			return func(_ context.Context, c *console, args []string) error {
				if len(args) > 0 {
					return usageError{text: "version takes no arguments"}
				}
				return c.print(fmt.Sprintf("chatspec %s%s %s %s/%s\n", release, commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH))
			}
		},
	}
}

// release is the version of the command. The linker sets it for binaries that are published.
var release = chatspec.Version

// commit returns what Go noted at build time of the commit, with a blank before it.
func commit() (text string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			text = " " + s.Value[:min(len(s.Value), 12)] + text
		case s.Key == "vcs.modified" && s.Value == "true":
			text += "+changes"
		}
	}
	return text
}
