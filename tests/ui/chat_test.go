package ui_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// The notes before and after an answer.
	builtInNote = `chatspec: built-in server, as neither OPENAI_API_KEY nor OPENAI_BASE_URL is set`
	serverNote  = `chatspec: http://127\.0\.0\.1:\d+ \(model [-.\w]+\)`
	endNote     = `chatspec: finish reason stop; \d+ prompt \+ \d+ completion tokens`
	stdinNote   = `chatspec: reading the prompt from the terminal; Ctrl-D ends it`
	interrupted = `chatspec: interrupted`
	// The terminal itself shows the key Ctrl-C, and leaves the cursor behind it.
	behindKey = `\^C`
)

// answer returns what the built-in server, and chatspec serve, answer to a text.
func answer(text string) string {
	return "This is the built-in server of chatspec, not a model. You said: " + text
}

func TestChat(t *testing.T) {
	t.Parallel()
	term := openPlain(t, 80)
	lines, code := term.run(t, `chatspec chat "Say hello"`)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	checkLines(t, lines, builtInNote, regexp.QuoteMeta(answer("Say hello")), endNote)
	term.checkPlain(t)
}

// TestNarrow has lines that are longer than a row, and characters that are two columns wide, some of which do
// not fit at the end of a row.
func TestNarrow(t *testing.T) {
	t.Parallel()
	const columns = 24
	const text = "Zoë 早安 🌅 大家早上好今天的天气很好我们去公园散步吧 and a-word-that-is-longer-than-a-row-of-this-window"
	term := openPlain(t, columns)
	lines, code := term.run(t, `chatspec chat "`+text+`"`)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	checkLines(t, lines, builtInNote, regexp.QuoteMeta(answer(text)), endNote)
	if rows := term.rows(t); !slices.Contains(rows, answer(text)[:columns]) {
		t.Errorf("the window is not narrow:\n%s", strings.Join(rows, "\n"))
	}
	term.checkPlain(t)
}

func TestStreaming(t *testing.T) {
	t.Parallel()
	url := startServe(t, "-pace", "200ms")
	term := openPlain(t, 80, "OPENAI_BASE_URL="+url)
	want := answer("Say hello")
	term.enter(t, `chatspec chat "Say hello"`)
	var seen []string
	term.wait(t, "the answer", func(lines []string) bool {
		if text := partial(lines); text != "" && !slices.Contains(seen, text) {
			seen = append(seen, text)
		}
		return slices.Contains(lines, want)
	})
	for i, text := range seen {
		if !strings.HasPrefix(want, text) || i > 0 && !strings.HasPrefix(text, seen[i-1]) {
			t.Errorf("%q is not how the answer begins", text)
		}
	}
	if len(seen) < 3 {
		t.Errorf("the answer did not grow on the screen: %q", seen)
	}
	lines, code := term.ended(t)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	checkLines(t, lines, serverNote, regexp.QuoteMeta(want), endNote)
	term.checkPlain(t)
}

// partial returns the line that begins like an answer.
func partial(lines []string) string {
	if i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "This ") }); i >= 0 {
		return lines[i]
	}
	return ""
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	t.Run("in an answer", func(t *testing.T) {
		t.Parallel()
		text := strings.Repeat("word ", 100) // 20 seconds, if it were not interrupted
		url := startServe(t, "-pace", "200ms")
		term := openPlain(t, 80, "OPENAI_BASE_URL="+url)
		term.enter(t, `chatspec chat "`+text+`"`)
		before := partial(term.wait(t, "some text", func(lines []string) bool { return strings.HasPrefix(partial(lines), "This is the") }))
		term.press(t, "C-c")
		lines, code := term.ended(t)
		if code != 130 {
			t.Errorf("exit code %d", code)
		}
		checkLines(t, lines, serverNote, regexp.QuoteMeta(before)+`.*`+behindKey+`.*`, interrupted)
		if got := strings.Replace(partial(lines), "^C", "", 1); !strings.HasPrefix(answer(text), got) || len(got) >= len(strings.TrimSpace(answer(text))) {
			t.Errorf("text so far: %q", got)
		}
		term.checkPlain(t)
	})
	t.Run("before the answer", func(t *testing.T) {
		t.Parallel()
		asked := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // until then it is not seen that the client goes
			close(asked)
			<-r.Context().Done()
		}))
		t.Cleanup(server.Close)
		term := openPlain(t, 80, "OPENAI_BASE_URL="+server.URL+"/v1")
		term.enter(t, `chatspec chat "Say hello"`)
		select {
		case <-asked:
		case <-time.After(limit):
			t.Fatal("the server was not asked")
		}
		term.press(t, "C-c")
		lines, code := term.ended(t)
		if code != 130 {
			t.Errorf("exit code %d", code)
		}
		checkLines(t, lines, serverNote, behindKey+interrupted)
		term.checkPlain(t)
	})
	t.Run("at the prompt", func(t *testing.T) {
		t.Parallel()
		term := openPlain(t, 80)
		term.enter(t, "chatspec chat -")
		term.wait(t, "the note", func(lines []string) bool { return strings.Contains(lines[len(lines)-1], "Ctrl-D") })
		term.write(t, "never mind")
		term.press(t, "C-c")
		lines, code := term.ended(t)
		if code != 130 {
			t.Errorf("exit code %d", code)
		}
		checkLines(t, lines, stdinNote, "never mind"+behindKey+interrupted)
		term.checkPlain(t)
	})
}

func TestTypedPrompt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		typed  []string
		answer []string
	}{
		{"one line", []string{"Say hello"}, []string{answer("Say hello")}},
		{"more lines", []string{"Say hello", "", "早安"}, []string{answer("Say hello"), "", "早安"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			term := openPlain(t, 80)
			term.enter(t, "chatspec chat -")
			term.wait(t, "the note", func(lines []string) bool { return strings.Contains(lines[len(lines)-1], "Ctrl-D") })
			want := []string{stdinNote}
			for _, line := range test.typed {
				term.enter(t, line)
				want = append(want, regexp.QuoteMeta(line)) // the terminal's echo
			}
			term.press(t, "C-d")
			lines, code := term.ended(t)
			if code != 0 {
				t.Errorf("exit code %d", code)
			}
			want = append(want, builtInNote)
			for _, line := range test.answer {
				want = append(want, regexp.QuoteMeta(line))
			}
			checkLines(t, lines, append(want, endNote)...)
			term.checkPlain(t)
		})
	}
	t.Run("nothing", func(t *testing.T) {
		t.Parallel()
		term := openPlain(t, 80)
		term.enter(t, "chatspec chat -")
		term.wait(t, "the note", func(lines []string) bool { return strings.Contains(lines[len(lines)-1], "Ctrl-D") })
		term.press(t, "C-d")
		lines, code := term.ended(t)
		if code != 2 {
			t.Errorf("exit code %d", code)
		}
		checkLines(t, lines, stdinNote, `chatspec: the prompt is empty; see chatspec help chat`)
		term.checkPlain(t)
	})
}
