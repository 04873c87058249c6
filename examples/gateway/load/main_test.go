package main_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLoad is a brief run: every stream arrives whole through everything that is compared.
func TestLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "load.exe")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), path, "-streams", "3", "-chunks", "5", "-pace", "1ms", "-rounds", "1").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, way := range []string{"no proxy", "httputil.ReverseProxy", "gateway"} {
		if !strings.Contains(string(out), " "+way+" ") {
			t.Errorf("no line for %s:\n%s", way, out)
		}
	}
}
