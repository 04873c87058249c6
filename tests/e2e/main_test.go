package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// What npm ci installs.
const (
	aimockCLI  = "node_modules/@copilotkit/aimock/dist/cli.js"
	openaiMain = "node_modules/openai/index.mjs"
)

func TestMain(m *testing.M) {
	if err := installed(); err != nil {
		fmt.Fprintf(os.Stderr, "tests/e2e: %v\nThe counterparts are not installed: run \"make e2e\" at the root, or what README.md says.\n", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// installed says what is missing.
func installed() error {
	for _, path := range []string{aimockCLI, openaiMain} {
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	_, err := exec.LookPath(nodePath())
	return err
}

// nodePath returns the Node.js 22 that npm ci installs, where there is one for this machine, and otherwise
// the one on the path, whose version npm openai checks.
func nodePath() string {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	if runtime.GOOS != "linux" || arch == "" {
		return "node"
	}
	path, err := filepath.Abs("node_modules/node-linux-" + arch + "/bin/node")
	if err != nil {
		panic(err) // no working directory
	}
	return path
}
