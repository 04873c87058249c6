package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestBinary builds the program and runs it for what a test in one process cannot see: exit codes, signals,
// the standard streams.
func TestBinary(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signals")
	}
	binary := buildBinary(t)
	start := func(t *testing.T, e env, args ...string) *process {
		t.Helper()
		return startProcess(t, binary, e, args...)
	}

	t.Run("exit codes", func(t *testing.T) {
		t.Parallel()
		for args, want := range map[string]int{"version": exitOK, "speak": exitUsage, "chat -h": exitOK, "chat -x": exitUsage, "list -base-url http://127.0.0.1:1": exitFailure} {
			if got := start(t, nil, strings.Fields(args)...).wait(); got.code != want {
				t.Errorf("%s: %+v", args, got)
			}
		}
	})
	t.Run("built-in server", func(t *testing.T) {
		t.Parallel()
		got := start(t, nil, "chat", "Say hello").wait()
		if got.code != exitOK || got.out == "" || !strings.Contains(got.err, "built-in server, as neither") {
			t.Errorf("%+v", got)
		}
	})
	for s, want := range map[syscall.Signal]struct {
		code int
		note string
	}{
		syscall.SIGINT:  {exitInterrupt, "chatspec: interrupted\n"},
		syscall.SIGTERM: {exitTerminate, "chatspec: terminated\n"},
	} {
		t.Run("signal in mid-answer: "+s.String(), func(t *testing.T) {
			t.Parallel()
			p := start(t, serving(t, stalling(delta(`"content":"So far\n"`))), "chat", "Hi")
			first := p.line(t)
			p.signal(t, s)
			got := p.wait()
			got.out = first + got.out
			got.check(t, want.code, "So far\n", talking+want.note)
		})
		t.Run("signal to serve: "+s.String(), func(t *testing.T) {
			t.Parallel()
			p := start(t, nil, "serve", "-addr", "127.0.0.1:0")
			if line := p.line(t); !strings.HasPrefix(line, "OPENAI_BASE_URL=http://127.0.0.1:") {
				t.Error(line)
			}
			p.signal(t, s)
			p.wait().check(t, exitOK, "", "chatspec: stopping\n")
		})
	}
	t.Run("a reader that has seen enough", func(t *testing.T) {
		t.Parallel()
		content := delta(`"content":"line\n"`)
		p := start(t, streaming(t, content, content, content, stopChunk, usageChunk, "[DONE]"), "chat", "Hi")
		p.stdin.Close()
		_ = p.stdout.Close()
		got := p.wait()
		if strings.Count(got.err, "\n") != 1 {
			t.Errorf("%+v", got)
		}
		if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGPIPE && got.code != exitPipe {
			t.Errorf("%v", p.cmd.ProcessState)
		}
	})
}

// buildBinary builds the program.
func buildBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "chatspec")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// process is the program as a process of its own.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *os.File
	out    *bufio.Reader
	errs   buffer
}

// startProcess starts the program with this environment and no other.
func startProcess(t *testing.T, binary string, e env, args ...string) *process {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.CommandContext(t.Context(), binary, args...), stdout: r, out: bufio.NewReader(r)}
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	for name, value := range e {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Stdout, p.cmd.Stderr = w, &p.errs
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close() // the program has its own
	t.Cleanup(func() { _ = r.Close() })
	return p
}

// line reads one line of standard output.
func (p *process) line(t *testing.T) string {
	t.Helper()
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("%v; standard error:\n%s", err, p.errs.String())
	}
	return line
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// wait waits for the end and returns what is left to be seen.
func (p *process) wait() outcome {
	var rest bytes.Buffer
	_, _ = rest.ReadFrom(p.out) // fails where a test has closed it
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return outcome{-1, rest.String(), err.Error()}
	}
	return outcome{p.cmd.ProcessState.ExitCode(), rest.String(), p.errs.String()}
}
