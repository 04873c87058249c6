package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/chatspec/chatspec/cmd/chatspec/internal/terminal"
	chat "github.com/chatspec/chatspec/generated"
)

// session is a conversation that someone types.
type session struct {
	*talk
	next  string            // the prompt that comes before any is typed
	asked *chat.UserMessage // the last message, for /retry
	start int               // how many messages there were before it
}

func newSession(k *talk, prompt string) *session { return &session{talk: k, next: prompt} }

// sessionPrompt is what stands before what is typed.
const sessionPrompt = "> "

// run reads prompts and shows answers until the user leaves.
func (s *session) run(ctx context.Context) error {
	s.console.aside("%s at %s; /help for help, Ctrl-D to leave", s.model, s.target.host)
	for {
		text, err := s.read(ctx)
		switch {
		case errors.Is(err, errLeave):
			return nil
		case err != nil:
			return err
		}
		if err := s.obey(ctx, text); errors.Is(err, errLeave) {
			return nil
		} else if err := s.report(ctx, err); err != nil {
			return err
		}
	}
}

// errLeave ends a session.
var errLeave = errors.New("leaving")

// read returns what is typed.
func (s *session) read(ctx context.Context) (string, error) {
	if text := s.next; text != "" {
		s.next = ""
		return text, nil
	}
	text, err := s.reader.Read(ctx, sessionPrompt)
	switch {
	case errors.Is(err, io.EOF):
		return "", errLeave
	case errors.Is(err, terminal.ErrInterrupted):
		if text == "" {
			s.console.aside("Ctrl-D or /quit leaves")
		}
		return "", nil
	case err != nil:
		return "", err
	}
	if h, ok := s.reader.(interface{ Remember(text string) error }); ok && strings.TrimSpace(text) != "" {
		if err := h.Remember(text); err != nil {
			s.console.note("the history is not kept: %v", err)
		}
	}
	return text, nil
}

// obey does what was typed: a command, or else a prompt.
func (s *session) obey(ctx context.Context, text string) error {
	text = strings.TrimSpace(text)
	if name, argument, ok := slash(text); ok {
		return s.command(ctx, name, argument)
	}
	if text == "" {
		return nil
	}
	return s.ask(ctx, s.prompt(text))
}

// ask asks, in a way that Ctrl-C stops only the answer.
func (s *session) ask(ctx context.Context, message chat.UserMessage) error {
	s.asked, s.start = &message, len(s.messages)
	answering, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	interrupt := func() { stop(terminal.ErrInterrupted) }
	s.console.interrupt.Store(&interrupt)
	defer s.console.interrupt.Store(nil)
	err := s.turn(answering, message)
	if errors.Is(err, terminal.ErrInterrupted) || context.Cause(answering) == terminal.ErrInterrupted { //nolint:errorlint // set as it is
		err = terminal.ErrInterrupted // wherever Ctrl-C came
	}
	if s.flags.save != "" && len(s.messages) > 0 {
		err = errors.Join(err, saveMessages(s.flags.save, s.messages))
	}
	return err
}

// report says what went wrong, unless that ends the session.
func (s *session) report(ctx context.Context, err error) error {
	var output outputError
	if err == nil {
		return nil
	}
	if ctx.Err() != nil || errors.As(err, &output) {
		return err
	}
	if text := strings.TrimSpace(err.Error()); text != "" {
		s.console.note("%s", text)
	}
	return nil
}

// sessionCommand is what can be typed besides prompts.
type sessionCommand struct {
	name, argument, help string

	run func(s *session, ctx context.Context, argument string) error
}

// sessionCommands returns them in the order in which /help lists them.
func sessionCommands() []sessionCommand {
	return []sessionCommand{
		{"image", "FILE", "send an image or its URL with the next prompt", (*session).image},
		{"file", "FILE", "send a text or a document with the next prompt", (*session).file},
		{"retry", "", "ask the last prompt again", (*session).retry},
		{"clear", "", "begin anew; a system message stays", (*session).clear},
		{"model", "[MODEL]", "say which model answers, or ask another", (*session).chooseModel},
		{"system", "[TEXT]", "set the system message, or take it away", (*session).system},
		{"save", "FILE", "write the messages to a file", (*session).save},
		{"load", "FILE", "go on with the messages in a file", (*session).load},
		{"help", "", "list these commands", (*session).help},
		{"quit", "", "leave, as Ctrl-D does", (*session).quit},
	}
}

// slash splits a command into its name and argument. A path such as /etc/hosts is none.
func slash(text string) (name, argument string, ok bool) {
	rest, ok := strings.CutPrefix(text, "/")
	name, argument, _ = strings.Cut(rest, " ")
	if strings.ContainsFunc(name, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return "", "", false
	}
	return name, strings.TrimSpace(argument), ok
}

// command runs a command.
func (s *session) command(ctx context.Context, name, argument string) error {
	for _, cmd := range sessionCommands() {
		if cmd.name != name {
			continue
		}
		if argument == "" && cmd.argument != "" && cmd.argument[0] != '[' {
			return fmt.Errorf("want /%s %s", name, cmd.argument)
		}
		return cmd.run(s, ctx, argument)
	}
	return fmt.Errorf("there is no command /%s; /help lists them", name)
}

func (s *session) image(_ context.Context, file string) error { return s.attach([]string{file}, nil) }

func (s *session) file(_ context.Context, file string) error { return s.attach(nil, []string{file}) }

func (s *session) attach(images, files []string) error {
	parts, err := attach(images, files)
	if err != nil {
		return err
	}
	s.parts = append(s.parts, parts...)
	s.console.aside("goes along with the next prompt")
	return nil
}

func (s *session) retry(ctx context.Context, _ string) error {
	if s.asked == nil {
		return errors.New("there is no prompt to ask again")
	}
	s.messages = s.messages[:min(s.start, len(s.messages))]
	return s.ask(ctx, *s.asked)
}

func (s *session) clear(context.Context, string) error {
	var kept chat.Messages
	if len(s.messages) > 0 {
		if system, ok := s.messages[0].(chat.SystemMessage); ok {
			kept = chat.Messages{system}
		}
	}
	s.messages, s.parts, s.asked = kept, nil, nil
	s.console.aside("a new conversation")
	return nil
}

func (s *session) chooseModel(_ context.Context, model string) error {
	s.model = cmp.Or(model, s.model)
	s.console.aside("%s answers", s.model)
	return nil
}

func (s *session) system(_ context.Context, text string) error {
	before := len(s.messages)
	s.instruct(text)
	s.start += len(s.messages) - before
	s.console.aside("the model gets %s", cmp.Or(text, "no system message"))
	return nil
}

func (s *session) save(_ context.Context, file string) error {
	if err := saveMessages(file, s.messages); err != nil {
		return err
	}
	s.console.aside("%s in %s", count(len(s.messages), "message"), file)
	return nil
}

func (s *session) load(_ context.Context, file string) error {
	messages, err := loadMessages(file)
	if err != nil {
		return err
	}
	s.messages, s.asked = messages, nil
	s.console.aside("%s from %s", count(len(messages), "message"), file)
	return nil
}

func (s *session) help(context.Context, string) error {
	var rows [][]string
	for _, cmd := range sessionCommands() {
		rows = append(rows, []string{strings.TrimSpace("/" + cmd.name + " " + cmd.argument), cmd.help})
	}
	_, err := io.WriteString(s.console.stderr, columns(rows)+sessionKeys)
	return err
}

const sessionKeys = `
Enter sends; Alt-Enter, or a backslash before Enter, begins
a new line. Up and down go through what was typed before.
Ctrl-C stops an answer.
`

func (s *session) quit(context.Context, string) error { return errLeave }
