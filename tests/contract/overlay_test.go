package contract_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOverlayReachesTheWire adds fields and a variant to a copy of the document by an overlay, and nothing
// else by hand: they must appear in Go, be written and read, and accumulate.
func TestOverlayReachesTheWire(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := filepath.Abs("testdata/overlay/overlay.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := strings.NewReplacer(
		"output: generated/chat.gen.go", "output: "+filepath.Join(dir, "chat", "chat.gen.go"),
		"output-options:", "output-options:\n  overlay: {path: "+overlay+"}",
	).Replace(readFile(t, filepath.Join(root, "oapi-codegen.yaml")))
	writeFile(t, filepath.Join(dir, "config.yaml"), config)
	writeFile(t, filepath.Join(dir, "chat", "doc.go"), "package chat\n")
	run(t, root, "go", "tool", "oapi-codegen", "-config", filepath.Join(dir, "config.yaml"), "openapi.yaml")

	writeFile(t, filepath.Join(dir, "main.go"), readFile(t, "testdata/overlay/main.go.txt"))
	writeFile(t, filepath.Join(dir, "go.sum"), readFile(t, filepath.Join(root, "go.sum")))
	writeFile(t, filepath.Join(dir, "go.mod"), "module overlaid\n\ngo 1.26.0\n\n"+
		"require github.com/chatspec/chatspec v0.0.0\n\nreplace github.com/chatspec/chatspec => "+root+"\n")
	got := run(t, dir, "go", "run", "-mod=mod", ".")
	want := `{"model":"m","messages":[{"role":"user","content":[{"type":"video_url","video_url":{"url":"u"}}]}],"top_k":7} <nil>
chat.VideoPart 7 <nil>
yes / because so / because so <nil>
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// run runs a command outside any workspace and returns its standard output.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
