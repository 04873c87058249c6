package ui_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// limit turns a hang into a failure; nothing waits for it to pass.
	limit = 30 * time.Second
	// stopLimit is how long a process may take to end after SIGTERM.
	stopLimit = 10 * time.Second
	// pollEvery is how often a screen is looked at.
	pollEvery = 40 * time.Millisecond
)

// eventually asks again and again until done says yes. Where that takes longer than limit, the test fails with
// what explain returns.
func eventually(t *testing.T, done func() bool, explain func() string) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%s (after %v)", explain(), limit)
		}
	}
}

// environment returns env beside what programs need to run at all, and nothing of the caller's keys. The
// command is on the path.
func environment(env ...string) []string {
	path := bin + string(filepath.ListSeparator) + os.Getenv("PATH")
	return append([]string{"PATH=" + path, "HOME=" + os.DevNull}, env...)
}

// process is a program that goes on until the test ends.
type process struct {
	name  string
	cmd   *exec.Cmd
	out   output // standard output and standard error
	ended chan struct{}
}

func start(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{name: filepath.Base(name), cmd: exec.Command(name, args...), ended: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, &p.out, &p.out
	p.cmd.SysProcAttr = ownGroup()
	p.cmd.WaitDelay = stopLimit
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // a server's exit code is not looked at
	}()
	t.Cleanup(func() {
		p.stop()
		if out := p.out.String(); t.Failed() && out != "" {
			t.Logf("output of %s:\n%s", p.name, out)
		}
	})
	return p
}

// until waits until ready says yes, and fails the test if the process ends before.
func (p *process) until(t *testing.T, ready func() bool) {
	t.Helper()
	eventually(t, func() bool {
		select {
		case <-p.ended:
			t.Fatalf("%s ended at once", p.name)
		default:
		}
		return ready()
	}, func() string { return p.name + " is not ready" })
}

// stop ends the process group and waits for it.
func (p *process) stop() {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		select {
		case <-p.ended:
			return
		default:
		}
		_ = syscall.Kill(-p.cmd.Process.Pid, signal) // fails where it has just ended
		select {
		case <-p.ended:
		case <-time.After(stopLimit):
		}
	}
}

var serveAddress = regexp.MustCompile(`(?m)^OPENAI_BASE_URL=(http://127\.0\.0\.1:\d+/v1)\n`)

// startServe starts chatspec serve and returns the base URL that it prints.
func startServe(t *testing.T, flags ...string) (url string) {
	t.Helper()
	args := append([]string{"serve", "-addr", "127.0.0.1:0"}, flags...)
	p := start(t, environment(), filepath.Join(bin, "chatspec"), args...)
	p.until(t, func() bool {
		if match := serveAddress.FindStringSubmatch(p.out.String()); match != nil {
			url = match[1]
		}
		return url != ""
	})
	return url
}

// output collects what a program prints. Goroutines may share it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
