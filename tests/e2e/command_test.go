package e2e_test

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCommand(t *testing.T) {
	t.Parallel()
	command := buildCommand(t)
	t.Run("against aimock", func(t *testing.T) {
		t.Parallel()
		testCommandAgainstAimock(t, command)
	})
	t.Run("openai against serve", func(t *testing.T) {
		t.Parallel()
		testOpenAIAgainstServe(t, command)
	})
}

func testCommandAgainstAimock(t *testing.T, command string) {
	server := startAimock(t)
	env := environment("OPENAI_BASE_URL="+server.url+"/v1", "OPENAI_API_KEY="+key)

	for _, test := range []struct {
		name   string
		args   []string
		stdin  string
		stdout string
		code   int
		stderr []string
	}{
		{name: "streamed", args: []string{"chat", "Say hello"}, stdout: hello, stderr: []string{"11", "23", "stop"}},
		{name: "whole", args: []string{"chat", "-no-stream", "Say hello"}, stdout: hello, stderr: []string{"11", "23", "stop"}},
		{name: "from standard input", args: []string{"chat"}, stdin: "Say hello\n", stdout: hello, stderr: []string{"stop"}},
		{name: "cut by length", args: []string{"chat", "cut by length"}, stdout: "It was a dark and", code: 4, stderr: []string{"length"}},
		{name: "truncated", args: []string{"chat", "truncate"}, stdout: "This ", code: 3, stderr: []string{"truncated"}},
		{name: "malformed", args: []string{"chat", "malformed"}, code: 1, stderr: []string{"application/json"}},
		{name: "rate limit", args: []string{"chat", "too fast"}, code: 1, stderr: []string{"429", "Slow down"}},
		{name: "unknown operation", args: []string{"get", "chatcmpl-hello"}, code: 1, stderr: []string{"404"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, env, strings.NewReader(test.stdin), command, test.args...)
			if code != test.code {
				t.Errorf("exit code %d", code)
			}
			if strings.TrimSuffix(stdout, "\n") != test.stdout {
				t.Errorf("standard output %q", stdout)
			}
			for _, want := range test.stderr {
				if !strings.Contains(stderr, want) {
					t.Errorf("standard error lacks %q", want)
				}
			}
			if t.Failed() {
				t.Logf("standard error:\n%s", stderr)
			}
		})
	}

	t.Run("raw chunks", func(t *testing.T) {
		t.Parallel()
		stdout, stderr, code := run(t, env, nil, command, "chat", "-json", "Say hello")
		if code != 0 {
			t.Fatalf("exit code %d\n%s", code, stderr)
		}
		var text strings.Builder
		for line := range strings.Lines(stdout) {
			var chunk struct {
				Object  string
				Choices []struct{ Delta struct{ Content string } }
			}
			if err := json.Unmarshal([]byte(line), &chunk); err != nil || chunk.Object != "chat.completion.chunk" {
				t.Errorf("line %q: %v", line, err)
			}
			for _, choice := range chunk.Choices {
				text.WriteString(choice.Delta.Content)
			}
		}
		if text.String() != hello {
			t.Errorf("text %q", text.String())
		}
	})

	t.Run("wrong key", func(t *testing.T) {
		t.Parallel()
		env := environment("OPENAI_BASE_URL="+server.url+"/v1", "OPENAI_API_KEY=sk-wrong")
		stdout, stderr, code := run(t, env, nil, command, "chat", "Say hello")
		if code != 1 || stdout != "" || !strings.Contains(stderr, "401") || strings.Contains(stderr, "sk-wrong") {
			t.Errorf("exit code %d\nstandard output: %s\nstandard error: %s", code, stdout, stderr)
		}
	})

	t.Run("dead port", func(t *testing.T) {
		t.Parallel()
		address := deadAddress(t)
		env := environment("OPENAI_BASE_URL=http://"+address+"/v1", "OPENAI_API_KEY="+key)
		stdout, stderr, code := run(t, env, nil, command, "chat", "Say hello")
		// One line says beforehand where the question goes, one what went wrong.
		lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
		if code != 1 || stdout != "" || len(lines) > 2 {
			t.Errorf("exit code %d\nstandard output: %s\nstandard error: %s", code, stdout, stderr)
		}
		if last := lines[len(lines)-1]; !strings.Contains(last, address) || !strings.Contains(last, "refused") {
			t.Errorf("the error does not say what happened: %s", last)
		}
	})

	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		cmd := exec.Command(command, "chat", "take your time")
		cmd.Env = env
		cmd.SysProcAttr = ownGroup()
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(callLimit, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		reader := bufio.NewReader(stdout)
		first, err := reader.ReadString(' ') // waits for the text, which does not end by itself
		if err != nil {
			t.Fatalf("%q: %v", first, err)
		}
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		rest, _ := reader.ReadString(0) // to the end
		_ = cmd.Wait()                  // the exit code is looked at below
		if got := strings.TrimSuffix(first+rest, "\n"); got != "This " || cmd.ProcessState.ExitCode() != 130 {
			t.Errorf("standard output %q, exit code %d", got, cmd.ProcessState.ExitCode())
		}
	})

	t.Run("asks for the usage", func(t *testing.T) {
		t.Parallel()
		_, _, _ = run(t, env, nil, command, "chat", "-model", "gpt-asked", "-system", "Be brief.", "think first")
		for _, got := range server.journal(t, "") {
			if got.Body["model"] != "gpt-asked" {
				continue
			}
			options, _ := got.Body["stream_options"].(map[string]any)
			messages, _ := got.Body["messages"].([]any)
			if got.Body["stream"] != true || options["include_usage"] != true || len(messages) != 2 {
				t.Errorf("the server saw %v", got.Body)
			}
			return
		}
		t.Error("the server saw no such request")
	})
}

// deadAddress returns a loopback address that refuses connections: it is taken until the test ends, but
// nobody listens.
func deadAddress(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	t.Cleanup(func() { _ = syscall.Close(fd) }) // nothing was written
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + strconv.Itoa(bound.(*syscall.SockaddrInet4).Port)
}
