package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/chatspec/chatspec/cmd/chatspec/internal/terminal"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// display shows an answer as it arrives.
type display interface {
	// Write adds text to the answer.
	Write(text string) error
	// Reason adds text to the reasoning before it.
	Reason(text string)
	// Close ends the answer with a line feed, if it has none, and returns what was measured. It may be called twice.
	Close() (terminal.Meter, error)
}

// follow shows the text of the first choice as it arrives. However the answer ends, what has come of it stays.
func follow(s *stream.Stream, show display) (terminal.Meter, error) {
	var failed error
	for chunk, err := range s.All() {
		if err != nil {
			failed = err
			break
		}
		show.Reason(reasoning(s.Raw()))
		if err := show.Write(chat.Codec{}.Text(chunk)); err != nil {
			return terminal.Meter{}, outputError{err}
		}
	}
	meter, err := show.Close()
	if err != nil {
		return meter, outputError{err}
	}
	return meter, failed
}

// reasoning returns what the model thought, by the raw JSON of a chunk: compatible servers have a field for it that the
// document has not, under one name or the other.
func reasoning(raw []byte) string {
	if !bytes.Contains(raw, []byte(`"reasoning`)) {
		return ""
	}
	type thoughts struct {
		Reasoning        string `json:"reasoning"`
		ReasoningContent string `json:"reasoning_content"`
	}
	var chunk struct {
		Choices []struct {
			Delta   thoughts `json:"delta"`
			Message thoughts `json:"message"` // of an answer that was not streamed
		} `json:"choices"`
	}
	if json.Unmarshal(raw, &chunk) != nil || len(chunk.Choices) == 0 {
		return "" // another type under that name is not shown
	}
	c := chunk.Choices[0]
	return cmp.Or(c.Delta.ReasoningContent, c.Delta.Reasoning, c.Message.ReasoningContent, c.Message.Reasoning)
}

// show returns the display for an answer: a live one at a terminal, plain bytes elsewhere.
func (c *console) show(f *chatFlags) display {
	out, errs := c.kind(c.stdout), c.kind(c.stderr)
	markdown := f.markdown.or(out.Cursor && f.schema == "")
	reason := f.reasoning.or(errs.Cursor)
	if f.json || !markdown && (!out.Cursor || !errs.Cursor) {
		return &plainDisplay{console: c, reason: reason && !f.json}
	}
	live := &liveDisplay{console: c, reason: reason, restore: func() {}}
	if out.Cursor && errs.Cursor {
		live.restore = terminal.Hush(c.stdin)
	}
	live.Live = terminal.NewLive(terminal.LiveOptions{
		Out: c.stdout, Status: c.stderr,
		Below: out.Cursor && errs.Cursor,
		Color: out.Color, Markdown: markdown,
		Size: func() (columns, rows int) { return terminal.Size(c.stdout) },
	})
	c.live = live.Live
	return live
}

// liveDisplay is a display for a terminal.
type liveDisplay struct {
	*terminal.Live
	console *console
	reason  bool
	restore func() // of the terminal's echo
}

func (d *liveDisplay) Write(text string) error { return d.Live.Write(printable(text)) }

func (d *liveDisplay) Reason(text string) {
	if d.reason {
		d.Live.Reason(printable(text))
	}
}

func (d *liveDisplay) Close() (terminal.Meter, error) {
	d.console.live = nil
	defer d.restore()
	return d.Live.Close()
}

// plainDisplay writes an answer as it was sent to standard output.
type plainDisplay struct {
	console  *console
	reason   bool
	thinking bool // whether reasoning was the last that was written
	open     bool // whether the line on standard output has no end yet
}

func (d *plainDisplay) Write(text string) error {
	if text == "" {
		return nil
	}
	d.rest()
	if isTerminal(d.console.stdout) {
		text = printable(text) // an answer must not be able to repaint the screen
	}
	d.open = !strings.HasSuffix(text, "\n")
	_, err := io.WriteString(d.console.stdout, text)
	return err
}

func (d *plainDisplay) Reason(text string) {
	if !d.reason || text == "" {
		return
	}
	d.thinking = true
	_, _ = io.WriteString(d.console.stderr, printable(text)) // where nobody can see it, nothing is lost
}

// rest ends the reasoning.
func (d *plainDisplay) rest() {
	if d.thinking {
		_, _ = io.WriteString(d.console.stderr, "\n\n")
		d.thinking = false
	}
}

func (d *plainDisplay) Close() (meter terminal.Meter, err error) {
	d.rest()
	if d.open {
		_, err = io.WriteString(d.console.stdout, "\n")
		d.open = false
	}
	return meter, err
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

// summary says why the model stopped and what that took, with the times where they were measured.
func summary(res *chat.CreateChatCompletionResponse, meter terminal.Meter) string {
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
	if !meter.End.IsZero() {
		completion := 0
		if res.Usage != nil {
			completion = res.Usage.CompletionTokens
		}
		text += "; " + meter.Summary(completion)
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
		text = escaped(text, unicode.IsControl)
	}
	return c.print(text + "\n")
}

// escaped returns JSON with those characters escaped that are not to be shown as they are.
func escaped(text string, hidden func(rune) bool) string {
	var b strings.Builder
	for _, r := range text {
		if !hidden(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
