package ui_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// bin is the folder with the command, which TestMain builds; an absolute path.
var bin string

func TestMain(m *testing.M) {
	code, err := build(m.Run)
	if err != nil {
		fmt.Fprintf(os.Stderr, "tests/ui: %v\n", err)
	}
	os.Exit(code)
}

// build builds cmd/chatspec in the workspace, as people do, and calls run with bin set.
func build(run func() int) (code int, err error) {
	for _, tool := range []string{"tmux", "chromium"} {
		if _, err := exec.LookPath(tool); err != nil {
			return 1, fmt.Errorf("make ui needs %s", tool)
		}
	}
	if bin, err = os.MkdirTemp("", "chatspec-ui-"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(bin)
	cmd := exec.Command("go", "build", "-o", filepath.Join(bin, "chatspec"), "./cmd/chatspec")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=") // the workspace, whatever these tests run with
	if out, err := cmd.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("go build ./cmd/chatspec: %w\n%s", err, out)
	}
	return run(), nil
}
