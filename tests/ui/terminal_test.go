package ui_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// prompt is that of the shell in a terminal.
const prompt = "ui> "

// terminal is a window of tmux with a shell in it. It belongs to the goroutine of the test.
type terminal struct {
	socket  string
	written string // the file that gets every byte written to the terminal
	state   string // what the terminal was like at first
	plain   bool   // whether programs take it for one that can only print
}

// openTerminal opens a window of so many columns for the test. The shell has the environment env, and the
// command on its path.
func openTerminal(t *testing.T, columns int, env ...string) *terminal {
	t.Helper()
	dir := t.TempDir()
	term := &terminal{socket: filepath.Join(dir, "s"), written: filepath.Join(dir, "written")}
	// With -D the server is our child, and so cannot outlive the tests.
	server := start(t, environment(append(env, "PS1="+prompt)...), "tmux", "-u", "-D", "-S", term.socket, "-f", os.DevNull)
	server.until(t, func() bool {
		conn, err := new(net.Dialer).DialContext(t.Context(), "unix", term.socket)
		if err == nil {
			_ = conn.Close() // only to see that someone listens
		}
		return err == nil
	})
	// A shell with a line editor would write control sequences of its own.
	term.tmux(t, "set-option", "-g", "status", "off", ";",
		"new-session", "-d", "-x", strconv.Itoa(columns), "-y", "40", "/bin/sh", "+o", "emacs", "+o", "vi", "-i")
	term.wait(t, "the prompt", prompted)
	term.tmux(t, "pipe-pane", "exec cat >'"+term.written+"'")
	term.state = term.modes(t)
	return term
}

// openPlain opens a window as openTerminal does, whose programs write nothing but text.
func openPlain(t *testing.T, columns int, env ...string) *terminal {
	t.Helper()
	term := openTerminal(t, columns, env...)
	term.run(t, "export TERM=dumb")
	term.plain = true
	return term
}

// tmux runs a command of tmux and returns what it prints.
func (term *terminal) tmux(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tmux", append([]string{"-u", "-N", "-S", term.socket}, args...)...)
	cmd.Env = environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// modes returns what programs can change of the terminal beside the text.
func (term *terminal) modes(t *testing.T) string {
	t.Helper()
	return term.tmux(t, "display-message", "-p", "title #{pane_title}, alternate screen #{alternate_on}, cursor #{cursor_flag}, "+
		"insert #{insert_flag}, wrap #{wrap_flag}, origin #{origin_flag}, keypad #{keypad_flag}, mouse #{mouse_any_flag}, "+
		"scroll region #{scroll_region_upper}-#{scroll_region_lower}")
}

// rows returns the screen, and what has scrolled off it, row by row.
func (term *terminal) rows(t *testing.T) []string {
	t.Helper()
	return split(term.tmux(t, "capture-pane", "-p", "-S", "-"))
}

// lines is rows with lines that were too long for one row in one piece again.
func (term *terminal) lines(t *testing.T) []string {
	t.Helper()
	return split(term.tmux(t, "capture-pane", "-p", "-J", "-S", "-"))
}

// split splits a screen and leaves out blanks at the end of lines and lines without text at its end.
func split(screen string) []string {
	lines := strings.Split(strings.TrimRight(screen, " \n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return lines
}

// wait returns the lines once they are what is waited for.
func (term *terminal) wait(t *testing.T, what string, done func(lines []string) bool) (lines []string) {
	t.Helper()
	eventually(t, func() bool {
		lines = term.lines(t)
		return done(lines)
	}, func() string { return what + " is not on the screen:\n" + strings.Join(lines, "\n") })
	return lines
}

// prompted says whether the shell waits for a command.
func prompted(lines []string) bool {
	return strings.HasSuffix(lines[len(lines)-1], strings.TrimSpace(prompt))
}

// enter types a line and presses the key Enter.
func (term *terminal) enter(t *testing.T, line string) {
	t.Helper()
	term.write(t, line)
	term.press(t, "Enter")
}

// write types a text and waits until it is on the screen.
func (term *terminal) write(t *testing.T, text string) {
	t.Helper()
	term.tmux(t, "send-keys", "-l", "--", text)
	term.wait(t, "what was typed", func(lines []string) bool { return strings.HasSuffix(lines[len(lines)-1], text) })
}

// press presses a key, which has the name that tmux gives it.
func (term *terminal) press(t *testing.T, key string) {
	t.Helper()
	term.tmux(t, "send-keys", key)
}

// run runs a command to its end and returns its lines on the screen and its exit code.
func (term *terminal) run(t *testing.T, line string) (lines []string, code int) {
	t.Helper()
	term.enter(t, line)
	return term.ended(t)
}

const (
	askCode  = `echo "exit code $?"`
	exitCode = "exit code "
)

// ended waits until the shell has the terminal back. It returns the lines below the one with the command, and
// the exit code of the command.
func (term *terminal) ended(t *testing.T) (lines []string, code int) {
	t.Helper()
	term.wait(t, "the prompt", prompted)
	term.enter(t, askCode)
	screen := term.wait(t, "the exit code", func(lines []string) bool {
		return prompted(lines) && len(lines) > 1 && strings.HasPrefix(lines[len(lines)-2], exitCode)
	})
	end := len(screen) - 3
	if screen[end] != prompt+askCode {
		t.Fatalf("the cursor was not at the beginning of a line:\n%s", strings.Join(screen, "\n"))
	}
	begin := end
	for begin > 0 && !strings.HasPrefix(screen[begin-1], prompt) {
		begin--
	}
	code, err := strconv.Atoi(strings.TrimPrefix(screen[end+1], exitCode))
	if err != nil {
		t.Fatal(err)
	}
	return screen[begin:end], code
}

// checkPlain fails the test if anything but text has been written since the terminal was opened. It is called
// when the shell waits for a command after [terminal.ended].
func (term *terminal) checkPlain(t *testing.T) {
	t.Helper()
	if escaped, plain := split(term.tmux(t, "capture-pane", "-p", "-e", "-S", "-")), term.rows(t); !slices.Equal(escaped, plain) {
		t.Errorf("the screen has attributes:\n%+q", strings.Join(escaped, "\n"))
	}
	if state := term.modes(t); state != term.state {
		t.Errorf("the terminal was changed from\n%sto\n%s", term.state, state)
	}
	written := term.bytes(t)
	if found := controls(written); found != "" {
		t.Errorf("control characters %+q were written:\n%+q", found, written)
	}
}

// controls returns the control characters in a text but for those that texts need, and the bytes that are not
// UTF-8; each once, and sorted.
func controls(text string) string {
	var found []string
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 || unicode.IsControl(r) && !strings.ContainsRune("\r\n\t", r) {
			found = append(found, text[:size])
		}
		text = text[size:]
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), "")
}

// lastPrompt is what the terminal gets last when the shell waits after [terminal.ended].
var lastPrompt = regexp.MustCompile(`\n` + exitCode + `\d+\r\n` + prompt + `$`)

// bytes returns what was written to the terminal.
func (term *terminal) bytes(t *testing.T) (written string) {
	t.Helper()
	eventually(t, func() bool {
		data, _ := os.ReadFile(term.written) // which there may not be yet
		written = string(data)
		return lastPrompt.MatchString(written)
	}, func() string { return fmt.Sprintf("the terminal has got only %+q", written) })
	return written
}

// checkLines compares lines with regular expressions, which match all of a line each.
func checkLines(t *testing.T, lines []string, want ...string) {
	t.Helper()
	same := len(lines) == len(want)
	for i := 0; same && i < len(lines); i++ {
		same = regexp.MustCompile(`^(?:` + want[i] + `)$`).MatchString(lines[i])
	}
	if !same {
		t.Errorf("on the screen:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}
