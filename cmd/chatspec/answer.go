package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// writeText writes the text of the first choice as it arrives, and behind it the calls that the model wants
// made. However the answer ends, what has come of it stays, and a line feed ends it.
func writeText(c *console, s *stream.Stream) error {
	clean := func(text string) string { return text }
	if isTerminal(c.stdout) {
		clean = printable // an answer must not be able to repaint the screen
	}
	ended := true // whether the cursor is at the beginning of a line
	var failed error
	for text, err := range s.Text() {
		if err != nil {
			failed = err
			break
		}
		if err := c.print(clean(text)); err != nil {
			return err
		}
		ended = strings.HasSuffix(text, "\n")
	}
	if !ended {
		if err := c.print("\n"); err != nil {
			return err
		}
	}
	if failed != nil {
		return failed // calls that may be incomplete are no use to anyone
	}
	res, err := s.Result()
	if err != nil {
		return err
	}
	return writeCalls(c, res.ToolCalls())
}

// writeCalls writes one line of JSON for each call.
func writeCalls(c *console, calls chat.ToolCalls) error {
	for _, call := range calls {
		if err := c.printJSON(call); err != nil {
			return err
		}
	}
	return nil
}

// writeChunks writes each chunk in a line, as the server sent it.
func writeChunks(c *console, s *stream.Stream) error {
	for s.Next() {
		// Outside of strings a line end is white space, and inside JSON has none.
		line := bytes.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return ' '
			}
			return r
		}, bytes.TrimSpace(s.Raw()))
		if err := c.printLine(string(line)); err != nil {
			return err
		}
	}
	return s.Err()
}

// summary says why the model stopped and what that took.
func summary(res *chat.CreateChatCompletionResponse) string {
	reason := string(res.FinishReason())
	switch res.FinishReason() {
	default: // stop, tool_calls, or one that a server has made up
	case "":
		reason = "not given"
	case chat.FinishReasonLength:
		reason += " (the answer hit the limit of tokens)"
	case chat.FinishReasonContentFilter:
		reason += " (the server's filter cut the answer)"
	}
	text := "finish reason " + reason + "; " + tokens(res.Usage)
	if res.Text() == "" && res.Message().Refusal == "" && len(res.ToolCalls()) == 0 {
		text += "; the answer has no text"
	}
	return text
}

// tokens says what an answer cost.
func tokens(usage *chat.CompletionUsage) string {
	if usage == nil {
		return "usage not reported"
	}
	return fmt.Sprintf("%d prompt + %d completion tokens", usage.PromptTokens, usage.CompletionTokens)
}

// printJSON writes a value as one line of JSON.
func (c *console) printJSON(v any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return c.printLine(strings.TrimSuffix(b.String(), "\n"))
}

// printLine writes one line of JSON. At a terminal the control characters that JSON need not escape are
// escaped too: they occur in strings only, and could repaint the screen.
func (c *console) printLine(text string) error {
	if isTerminal(c.stdout) {
		var b strings.Builder
		for _, r := range text {
			if unicode.IsControl(r) {
				fmt.Fprintf(&b, "\\u%04x", r)
			} else {
				b.WriteRune(r)
			}
		}
		text = b.String()
	}
	return c.print(text + "\n")
}
