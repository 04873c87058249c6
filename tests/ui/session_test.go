package ui_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	// sessionNote is what a session begins with, below the note about the server.
	sessionNote = `chatspec: [-.\w]+ at 127\.0\.0\.1:\d+; /help for help, Ctrl-D to leave`
	// timedNote is the note at the end of an answer that was watched.
	timedNote = `chatspec: finish reason stop; \d+ prompt \+ \d+ completion tokens; \d+\.\d s, first after \d+\.\d s, \d+\.\d tokens/s`
)

// typed says whether a session waits for a prompt, of which so much has been typed.
func typed(text string) func([]string) bool {
	return func(lines []string) bool { return lines[len(lines)-1] == strings.TrimRight("> "+text, " ") }
}

// openSession starts a session in a window, with a history of its own.
func openSession(t *testing.T, columns int, env ...string) *terminal {
	t.Helper()
	term := openTerminal(t, columns, append(env, "XDG_STATE_HOME="+t.TempDir())...)
	term.enter(t, "chatspec chat")
	term.wait(t, "the prompt of the session", typed(""))
	return term
}

// ask types a prompt and waits for the next one.
func (term *terminal) ask(t *testing.T, text string) {
	t.Helper()
	term.enter(t, text)
	answered := 0
	term.wait(t, "the answer", func(lines []string) bool {
		answered = slices.Index(lines, "> "+text)
		return typed("")(lines) && answered >= 0 && answered < len(lines)-1
	})
}

// leave leaves a session and returns its lines; the exit code must be 0, and the terminal as it was.
func (term *terminal) leave(t *testing.T) []string {
	t.Helper()
	term.press(t, "C-d")
	lines, code := term.ended(t)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	if state := term.modes(t); state != term.state {
		t.Errorf("the terminal was changed from\n%sto\n%s", term.state, state)
	}
	return lines
}

func TestSession(t *testing.T) {
	t.Parallel()
	term := openSession(t, 100)
	term.ask(t, "Say hello")
	term.write(t, "two")
	term.press(t, "M-Enter")
	term.tmux(t, "send-keys", "-l", "lines")
	term.press(t, `\`)
	term.press(t, "Enter")
	term.tmux(t, "send-keys", "-l", "早安")
	term.wait(t, "three lines", func(lines []string) bool {
		return len(lines) > 2 && slices.Equal(lines[len(lines)-3:], []string{"> two", "  lines", "  早安"})
	})
	term.press(t, "Enter")
	term.wait(t, "the answer", typed(""))
	term.press(t, "C-c")
	term.wait(t, "how to leave", func(lines []string) bool {
		return strings.Contains(lines[max(len(lines)-2, 0)], "Ctrl-D or /quit leaves") && typed("")(lines)
	})
	term.write(t, "never mind")
	term.press(t, "C-c")
	term.wait(t, "an empty prompt", typed(""))
	checkLines(t, term.leave(t), builtInNote, sessionNote,
		"> Say hello", regexp.QuoteMeta(answer("Say hello")), timedNote,
		"> two", "  lines", "  早安", regexp.QuoteMeta(answer("two lines 早安")), timedNote,
		">", "chatspec: Ctrl-D or /quit leaves", "> never mind")
}

// TestSessionPlain has a terminal that can only print: prompts are lines.
func TestSessionPlain(t *testing.T) {
	t.Parallel()
	term := openPlain(t, 100)
	term.enter(t, "chatspec chat")
	term.wait(t, "the prompt of the session", typed(""))
	term.ask(t, "Say hello")
	term.ask(t, "And again")
	checkLines(t, term.leave(t), builtInNote, sessionNote,
		"> Say hello", regexp.QuoteMeta(answer("Say hello")), endNote,
		"> And again", regexp.QuoteMeta(answer("And again")), endNote, ">")
	term.checkPlain(t)
}

// TestSessionHistory goes back to what was typed in this session and in one before.
func TestSessionHistory(t *testing.T) {
	t.Parallel()
	term := openSession(t, 100)
	term.ask(t, "first")
	term.leave(t)
	term.enter(t, "chatspec chat")
	term.wait(t, "the prompt of the session", typed(""))
	term.ask(t, "second")
	for _, step := range []struct{ key, want string }{{"Up", "second"}, {"Up", "first"}, {"Up", "first"}, {"Down", "second"}, {"Down", ""}} {
		term.press(t, step.key)
		term.wait(t, step.want, typed(step.want))
	}
	term.press(t, "Up")
	term.wait(t, "the last prompt", typed("second"))
	term.press(t, "Enter")
	term.wait(t, "the answer", func(lines []string) bool {
		n := 0
		for _, line := range lines {
			if line == answer("second") {
				n++
			}
		}
		return n == 2 && typed("")(lines)
	})
	term.leave(t)
}

// TestSessionWithoutHistory has files that cannot be written, or no file: the session goes on.
func TestSessionWithoutHistory(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ env, note string }{
		{"CHATSPEC_HISTORY=" + os.DevNull + "/history", "chatspec: the history is not kept: "},
		{"CHATSPEC_HISTORY=off", ""},
	} {
		term := openSession(t, 100, test.env)
		term.ask(t, "first")
		term.press(t, "Up")
		term.wait(t, "what was typed", typed("first")) // it is remembered until the end all the same
		term.press(t, "C-c")
		term.wait(t, "an empty prompt", typed(""))
		screen := strings.Join(term.leave(t), "\n")
		if strings.Contains(screen, "the history is not kept") != (test.note != "") || !strings.Contains(screen, test.note) || !strings.Contains(screen, answer("first")) {
			t.Errorf("on the screen:\n%s", screen)
		}
	}
}

// TestSessionInterrupted stops an answer with Ctrl-C: the session goes on, and keeps what has come.
func TestSessionInterrupted(t *testing.T) {
	t.Parallel()
	url := startServe(t, "-pace", "200ms")
	term := openSession(t, 100, "OPENAI_BASE_URL="+url)
	term.enter(t, "Say "+strings.Repeat("word ", 10)+"again and again and on and on and on") // seconds, if it were not interrupted
	begun := func(lines []string) bool { return strings.HasPrefix(partial(lines), "This is the") }
	term.wait(t, "some text, and how fast it comes", func(lines []string) bool {
		return begun(lines) && strings.Contains(lines[len(lines)-1], " tokens/s, first after ")
	})
	term.press(t, "C-c")
	term.wait(t, "the next prompt", typed(""))
	file := filepath.Join(t.TempDir(), "talk.json")
	term.tmux(t, "send-keys", "-l", "--", "/save "+file)
	term.press(t, "Enter")
	term.wait(t, "the note", func(lines []string) bool {
		return typed("")(lines) && strings.Contains(strings.Join(lines, ""), "2 messages in")
	})
	lines := term.leave(t)
	text := partial(lines)
	if !slices.Contains(lines, "chatspec: interrupted") || strings.Contains(strings.Join(lines, "\n"), "tokens/s") {
		t.Errorf("on the screen:\n%s", strings.Join(lines, "\n"))
	}
	data, err := os.ReadFile(file)
	if kept := regexp.MustCompile(`"content": "(.*?) ?\\n\\n\[interrupted\]"`).FindStringSubmatch(string(data)); kept == nil || kept[1] != text || err != nil {
		t.Errorf("%q is not kept: %s, %v", text, data, err)
	}
}

// TestSessionResized makes the window narrower and wider while a prompt is typed: it stands there once, and what is above
// stays.
func TestSessionResized(t *testing.T) {
	t.Parallel()
	term := openSession(t, 60)
	const words = "a prompt that is too long for one row of the window and goes on 早安 until it ends"
	typedOnce := func(lines []string) bool {
		screen := strings.Join(lines, "\n")
		_, typed, _ := strings.Cut(screen, "\n> ")
		return strings.Contains(strings.ReplaceAll(screen, "\n", ""), "built-in server") && strings.Join(strings.Fields(typed), " ") == words
	}
	term.tmux(t, "send-keys", "-l", words)
	term.wait(t, "the prompt", typedOnce)
	for _, columns := range []string{"40", "23", "70"} {
		term.tmux(t, "resize-window", "-x", columns)
		term.wait(t, "the prompt, once, in "+columns+" columns", typedOnce)
	}
	term.press(t, "C-c")
	term.wait(t, "an empty prompt", typed(""))
	term.leave(t)
}

// TestTypedMeanwhile types the next prompt while an answer comes: it is not seen in the answer, and not lost.
func TestTypedMeanwhile(t *testing.T) {
	t.Parallel()
	url, step := stepping(t, "One.\n\n", "Two.")
	term := openSession(t, 80, "OPENAI_BASE_URL="+url)
	term.enter(t, "Hi")
	term.wait(t, "the progress", func(lines []string) bool { return strings.HasPrefix(lines[len(lines)-1], "waiting, ") })
	term.tmux(t, "send-keys", "-l", "next")
	step()
	term.wait(t, "some text", func(lines []string) bool { return slices.Contains(lines, "One.") })
	step()
	lines := term.wait(t, "what was typed meanwhile", typed("next"))
	if strings.Count(strings.Join(lines, "\n"), "next") != 1 {
		t.Errorf("on the screen:\n%s", strings.Join(lines, "\n"))
	}
	term.press(t, "C-c")
	term.wait(t, "an empty prompt", typed(""))
	term.leave(t)
}

// stepping streams deltas, each when it is told to.
func stepping(t *testing.T, texts ...string) (url string, step func()) {
	t.Helper()
	steps := make(chan struct{}, len(texts))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i, text := range texts {
			select {
			case <-steps:
			case <-r.Context().Done():
				return
			}
			chunks := []object{delta(object{"content": text})}
			if i == len(texts)-1 {
				chunks = append(chunks, finish("stop"))
			}
			streamEvents(w, chunks...)
		}
		_, _ = io.WriteString(w, "data: [DONE]\n\n") // without it the usage would be missed
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1", func() { steps <- struct{}{} }
}

// TestRendered watches an answer in Markdown that comes in pieces, while the window becomes narrow: each word of it stands
// there once at the end, in rows that fit.
func TestRendered(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"# Title\n\nA **bold** paragraph that is so long that it does not fit in ", "one row of a narrow window.\n\n- first item which is long too\n- sec",
		"ond item\n\n```go\nfunc main() {}\n", "```\n\nThe 早安 end", " of it.",
	}
	url, step := stepping(t, pieces...)
	term := openTerminal(t, 60, "OPENAI_BASE_URL="+url)
	term.enter(t, "chatspec chat Hi")
	seen := func(text string) {
		t.Helper()
		term.wait(t, text, func(lines []string) bool { return strings.Contains(strings.Join(lines, " "), text) })
	}
	seen("waiting, ")
	step()
	seen("fit in")
	step()
	seen("• sec")
	term.tmux(t, "resize-window", "-x", "30")
	step()
	seen("func main() {}")
	step()
	seen("早安 end")
	step()
	lines, code := term.ended(t)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	screen := strings.Join(lines, "\n")
	for _, want := range []string{"# Title", "bold", "narrow window.", "first item", "second item", "func main() {}", "The 早安 end of it."} {
		if n := strings.Count(strings.ReplaceAll(screen, "\n", " "), want); n != 1 {
			t.Errorf("%q is there %d times:\n%s", want, n, screen)
		}
	}
	if strings.ContainsAny(screen, "*`") || strings.Contains(screen, "tokens, first after") {
		t.Errorf("left on the screen:\n%s", screen)
	}
	if escaped := term.tmux(t, "capture-pane", "-p", "-e", "-S", "-"); !strings.Contains(escaped, "\x1b[1mbold\x1b[") {
		t.Errorf("nothing is bold: %q", escaped)
	}
	if state := term.modes(t); state != term.state {
		t.Errorf("the terminal was changed from\n%sto\n%s", term.state, state)
	}
}

// TestNoColor has Markdown without colors, of which the signs stay.
func TestNoColor(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(streamed(delta(object{"reasoning": "Let me see."}), delta(object{"content": "A **bold** `word`.\n\n- and a list"}), finish("stop")))
	t.Cleanup(server.Close)
	term := openTerminal(t, 80, "OPENAI_BASE_URL="+server.URL+"/v1")
	for _, color := range []bool{true, false} {
		command := "chatspec chat Hi"
		if !color {
			term.tmux(t, "clear-history")
			term.run(t, "clear")
			command = "NO_COLOR=1 " + command
		}
		lines, code := term.run(t, command)
		text := "A bold word."
		if !color {
			text = "A **bold** `word`."
		}
		if code != 0 || len(lines) != 7 || !slices.Equal(lines[1:6], []string{"Let me see.", "", text, "", "• and a list"}) {
			t.Errorf("exit code %d, on the screen:\n%s", code, strings.Join(lines, "\n"))
		}
		escaped := term.tmux(t, "capture-pane", "-p", "-e", "-S", "-")
		if strings.Contains(escaped, "\x1b[") != color || color && !strings.Contains(escaped, "\x1b[2mLet me see.") {
			t.Errorf("colors: %q", escaped)
		}
	}
}

// TestWatchedPipe sends an answer to a file at a terminal: the file has the bytes as they were sent, and the terminal no
// more than the notes.
func TestWatchedPipe(t *testing.T) {
	t.Parallel()
	const text = "A **bold** `word`.\n\n- and a list\n"
	server := httptest.NewServer(streamed(delta(object{"content": text}), finish("stop")))
	t.Cleanup(server.Close)
	term := openTerminal(t, 80, "OPENAI_BASE_URL="+server.URL+"/v1")
	file := filepath.Join(t.TempDir(), "answer")
	lines, code := term.run(t, "chatspec chat Hi >"+file)
	if data, err := os.ReadFile(file); string(data) != text || err != nil || code != 0 {
		t.Errorf("exit code %d, %q, %v", code, data, err)
	}
	checkLines(t, lines, serverNote, `chatspec: finish reason stop; usage not reported`)
}

// TestToolAtTerminal asks before a program runs.
func TestToolAtTerminal(t *testing.T) {
	t.Parallel()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if asked == 1 {
			call := object{"index": 0, "id": "c1", "type": "function", "function": object{"name": "now", "arguments": `{"zone": "UTC"}`}}
			streamed(delta(object{"tool_calls": []object{call}}), finish("tool_calls"))(w, r)
			return
		}
		streamed(delta(object{"content": "It is late."}), finish("stop"))(w, r)
	}))
	t.Cleanup(server.Close)
	term := openTerminal(t, 80, "OPENAI_BASE_URL="+server.URL+"/v1")
	program := filepath.Join(t.TempDir(), "now")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho '{\"description\": \"Says the time.\"}'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	term.enter(t, "chatspec chat -tool "+program+" When is it")
	term.wait(t, "the question", func(lines []string) bool { return strings.HasPrefix(lines[len(lines)-1], "run it?") })
	term.press(t, "y")
	term.press(t, "Enter")
	lines, code := term.ended(t)
	if screen := strings.Join(lines, "\n"); code != 0 || !strings.Contains(screen, `chatspec: the model calls now {"zone":"UTC"}`) || !strings.Contains(screen, "\nIt is late.\n") {
		t.Errorf("exit code %d:\n%s", code, screen)
	}
}
