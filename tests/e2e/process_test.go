package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// How long anything may take before it counts as hanging. Nothing here waits for time to pass: these only
// turn a hang into a failure.
const (
	startLimit = time.Minute      // a server prints its address
	callLimit  = time.Minute      // a program or a call ends
	stopLimit  = 10 * time.Second // a server ends after SIGTERM
)

// buildCommand builds cmd/chatspec in the workspace, as people do, and returns the path of the binary.
func buildCommand(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chatspec")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./cmd/chatspec")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=") // the workspace, whatever these tests run with
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build ./cmd/chatspec: %v\n%s", err, out)
	}
	return path
}

// environment returns env beside what programs need to run at all, and nothing of the caller's keys.
func environment(env ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}, env...)
}

// startServer starts a program that goes on until the test ends, and returns what the first group of address
// matched in its output.
func startServer(t *testing.T, address *regexp.Regexp, env []string, name string, args ...string) string {
	t.Helper()
	out := &output{want: address, found: make(chan string, 1)}
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	cmd.SysProcAttr = ownGroup()
	cmd.WaitDelay = stopLimit
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // a server's exit code is not looked at
	}()
	t.Cleanup(func() {
		stop(cmd, ended)
		if t.Failed() {
			t.Logf("output of %s:\n%s", filepath.Base(name), out)
		}
	})
	select {
	case found := <-out.found:
		return found
	case <-ended:
		t.Fatalf("%s %v ended at once", name, args)
	case <-time.After(startLimit):
		t.Fatalf("%s %v has not printed its address after %v", name, args, startLimit)
	}
	return ""
}

// stop ends the process group of cmd and waits for it.
func stop(cmd *exec.Cmd, ended <-chan struct{}) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		select {
		case <-ended:
			return
		default:
		}
		_ = syscall.Kill(-cmd.Process.Pid, signal) // fails where it has just ended
		select {
		case <-ended:
		case <-time.After(stopLimit):
		}
	}
}

// run runs a program to its end.
func run(t *testing.T, env []string, stdin io.Reader, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, stdin, &out, &errs
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = stopLimit
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
		t.Fatalf("%s %v: %v\nstdout: %s\nstderr: %s", filepath.Base(name), args, err, &out, &errs)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// output collects what a program prints and looks for its address in it.
type output struct {
	mu    sync.Mutex
	text  strings.Builder
	want  *regexp.Regexp
	found chan string
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	if o.want != nil {
		if match := o.want.FindStringSubmatch(o.text.String()); match != nil {
			o.want = nil
			o.found <- match[1]
		}
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
