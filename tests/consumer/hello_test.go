package stranger_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxHelloLines is how long a program that streams an answer may be: the statements of main, one a line,
// with all errors handled.
const maxHelloLines = 15

func TestHelloIsShort(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("hello/main.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "main.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	var body *ast.BlockStmt
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "main" {
			body = f.Body
		}
	}
	if body == nil {
		t.Fatal("no main")
	}
	lines := 0
	for line := range strings.Lines(string(src[fset.Position(body.Lbrace).Offset+1 : fset.Position(body.Rbrace).Offset])) {
		if strings.Trim(line, "\t })\n") != "" {
			lines++
		}
	}
	if lines > maxHelloLines {
		t.Errorf("main has %d lines, want at most %d", lines, maxHelloLines)
	}
}

func TestHelloStreams(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer test-key" {
			t.Errorf("Authorization = %q", got)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil || !strings.Contains(string(body), `"stream":true`) {
			t.Errorf("body = %s, %v", body, err)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for _, piece := range []string{"Hello", ", ", "world", "."} {
			_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"`+piece+`"}}]}`+"\n\n")
		}
		_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(srv.Close)

	hello := filepath.Join(t.TempDir(), "hello")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-mod=readonly", "-o", hello, "./hello").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), hello)
	run.Env = []string{"OPENAI_API_KEY=test-key", "OPENAI_BASE_URL=" + srv.URL}
	out, err := run.CombinedOutput()
	if err != nil || string(out) != "Hello, world.\n" {
		t.Errorf("%q, %v", out, err)
	}
}
