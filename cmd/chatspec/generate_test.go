package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chatspec/chatspec"
)

// TestGeneratedPackages writes a package for each overlay that is built in, for all of them together and for
// everything that the templates support, and runs testdata/generated against them, in one module that knows only the root module.
func TestGeneratedPackages(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "generated")
	if err := os.CopyFS(dir, os.DirFS("testdata/generated")); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, overlay := range builtInOverlays() {
		generated(t, dir, overlay, "-overlay", overlay)
		all = append(all, "-overlay", overlay)
	}
	generated(t, dir, "together", all...)
	generated(t, dir, "supported", "-overlay", "testdata/supported.yaml")
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "go.sum"), readFile(t, filepath.Join(root, "go.sum")))
	writeFile(t, filepath.Join(dir, "go.mod"), "module generated\n\ngo 1.26.0\n\n"+
		"require github.com/chatspec/chatspec v0.0.0\n\nreplace github.com/chatspec/chatspec => "+root+"\n")
	test := exec.CommandContext(t.Context(), "go", "test", "-mod=mod", "./...")
	test.Dir = dir
	test.Env = append(os.Environ(), "GOWORK=off")
	if out, err := test.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestGenerateRefuses has what is wrong with a command line or a file: nothing is written, not even the folder.
func TestGenerateRefuses(t *testing.T) {
	t.Parallel()
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	writeFile(t, bad, "overlay: 1.0.0\ninfo: {title: Two mistakes, version: 1.0.0}\nactions:\n"+
		"  - {target: $.components.schemas.Delta.properties, update: {x: {type: string}, y: {type: array}}}\n")
	for args, want := range map[string]string{
		"":                       "-o is missing: want a folder; see chatspec help generate",
		"-o DIR/a x":             "generate takes no arguments; see chatspec help generate",
		"-o DIR/a-b":             `-package: "a-b" is not the name of a Go package; see chatspec help generate`,
		"-o DIR/a -package _":    `-package: "_" is not the name of a Go package; see chatspec help generate`,
		"-o DIR/a -overlay nope": "-overlay: open nope: no such file or directory (built in: azure, deepseek, groq, ollama, openrouter, vllm)",
		"-o DIR/a -spec nope":    "-spec: open nope: no such file or directory",
		"-o DIR/a -overlay " + bad: bad + ":4: #/components/schemas/Delta/properties/x: ResponseMessage has no property x to add up to: add it there, or say x-accumulate: none\n" +
			"chatspec: " + bad + ":4: #/components/schemas/Delta/properties/y: a list needs x-accumulate: append, last, by-index or none\n" +
			"chatspec: " + bad + ":4: #/components/schemas/Delta/properties/y: ResponseMessage has no property y to add up to: add it there, or say x-accumulate: none",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			fields := strings.Fields(strings.ReplaceAll(args, "DIR", dir))
			program(t, nil, append([]string{"generate"}, fields...)...).check(t, exitUsage, "", "chatspec: "+want+"\n")
			empty(t, dir)
		})
	}
}

// TestGenerateReplaces writes over what was generated, and over nothing else.
func TestGenerateReplaces(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not a package")
	first := generated(t, filepath.Dir(dir), filepath.Base(dir), "-package", "chat")
	if again := generated(t, filepath.Dir(dir), filepath.Base(dir), "-package", "chat", "-overlay", "ollama"); again == first {
		t.Error("the overlay changed nothing")
	}
	target := filepath.Join(dir, generatedFile)
	writeFile(t, target, "package chat // by hand\n")
	program(t, nil, "generate", "-o", dir, "-package", "chat").check(t, exitUsage, "", "chatspec: "+target+" was not generated, and is left alone\n")
	if got := readFile(t, target); got != "package chat // by hand\n" {
		t.Error(got)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%v %v", files, err)
	}
}

// TestGenerateFromASpec takes a document of the caller's own, here the one built in.
func TestGenerateFromASpec(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "mine.yaml"), chatspec.Spec)
	_, want, _ := strings.Cut(generated(t, dir, "chat"), "\n")
	head, got, _ := strings.Cut(generated(t, dir, "chat", "-spec", filepath.Join(dir, "mine.yaml")), "\n")
	if got != want || !strings.HasSuffix(head, " from mine.yaml. DO NOT EDIT.") {
		t.Error(head)
	}
}

// TestWriteWhole fails to write in every way that a test can arrange; nothing stays behind.
func TestWriteWhole(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if err := writeWhole(canceled, filepath.Join(dir, "a", "b"), nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	empty(t, dir)
	target := filepath.Join(dir, "target")
	if err := os.Mkdir(target, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeWhole(t.Context(), target, []byte("x")); err == nil {
		t.Error("a folder was replaced")
	}
	if err := writeWhole(&endsLater{Context: t.Context()}, filepath.Join(dir, "late"), []byte("x")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := os.Remove(target); err != nil {
		t.Fatal(err)
	}
	empty(t, dir)
	if err := writeWhole(t.Context(), target, []byte("x")); err != nil || readFile(t, target) != "x" {
		t.Error(err)
	}
}

// endsLater is a context that ends once it has been asked.
type endsLater struct {
	context.Context //nolint:containedctx // it is one

	asked bool
}

func (c *endsLater) Err() error {
	if c.asked {
		return context.Canceled
	}
	c.asked = true
	return nil
}

func empty(t *testing.T, dir string) {
	t.Helper()
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("%v %v", files, err)
	}
}

// generated writes a package into a folder of that name and returns what is in it.
func generated(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	target := filepath.Join(dir, name)
	got := program(t, nil, append([]string{"generate", "-o", target}, args...)...)
	got.check(t, exitOK, "", "chatspec: wrote "+filepath.Join(target, generatedFile)+"\n")
	return readFile(t, filepath.Join(target, generatedFile))
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
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
