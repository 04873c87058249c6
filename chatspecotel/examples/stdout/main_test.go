package main_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxMainLines is how long a program that shows its spans may be.
const maxMainLines = 30

func TestMainIsShort(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "main.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Name.Name == "main" {
			lines = fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1
		}
	}
	if lines == 0 || lines > maxMainLines {
		t.Errorf("main has %d lines, want at most %d", lines, maxMainLines)
	}
}

// TestSpans runs the program without a server, as one does who tries it.
func TestSpans(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "stdout")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), program)
	run.Env = []string{} // neither a key nor a server
	var answer strings.Builder
	run.Stderr = &answer
	out, err := run.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, answer.String())
	}
	var span struct {
		Name       string
		Attributes []struct {
			Key   string
			Value struct{ Value any }
		}
		Events []struct{ Name string }
	}
	if err := json.Unmarshal(out, &span); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	attrs := map[string]any{}
	for _, a := range span.Attributes {
		attrs[a.Key] = a.Value.Value
	}
	if span.Name != "chat gpt-5.4" || attrs["gen_ai.request.stream"] != true || attrs["gen_ai.usage.input_tokens"] != 5.0 ||
		len(span.Events) != 1 || span.Events[0].Name != "chatspec.first_chunk" {
		t.Errorf("printed %s", out)
	}
	if !strings.Contains(answer.String(), "hello") || strings.Contains(string(out), "hello") {
		t.Errorf("the answer is %q, and must not be in %s", answer.String(), out)
	}
}
