package stranger_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDependencies pins what a program links that imports chatspec, stream, api and generated, beyond the
// standard library: chatspec itself, the runtime of the generated client, and what that imports.
func TestDependencies(t *testing.T) {
	t.Parallel()
	want := []string{
		"github.com/apapsch/go-jsonmerge/v2",
		"github.com/chatspec/chatspec",
		"github.com/chatspec/chatspec/api",
		"github.com/chatspec/chatspec/codec",
		"github.com/chatspec/chatspec/generated",
		"github.com/chatspec/chatspec/internal/exchange",
		"github.com/chatspec/chatspec/stream",
		"github.com/google/uuid",
		"github.com/oapi-codegen/runtime",
		"github.com/oapi-codegen/runtime/types",
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-mod=readonly", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}",
		"github.com/chatspec/chatspec", "github.com/chatspec/chatspec/stream", "github.com/chatspec/chatspec/api", "github.com/chatspec/chatspec/generated").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(out))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("an importer links\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// TestModules shows that what has a module of its own, such as the command and chatspecotel, does not reach the
// go.mod of an importer, nor does what it needs.
func TestModules(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-mod=readonly", "-m", "all").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := strings.Fields(string(out))
	if !slices.Contains(modules, "github.com/chatspec/chatspec") {
		t.Fatalf("no chatspec in %v", modules)
	}
	for _, module := range modules {
		if strings.HasPrefix(module, "github.com/chatspec/chatspec/") && !strings.Contains(module, "/tests/") || strings.HasPrefix(module, "go.opentelemetry.io/") {
			t.Errorf("an importer's go.mod knows %s", module)
		}
	}
}

// TestSourcesCostNothing builds a program that uses the client: what only "chatspec generate" needs is not in it.
func TestSourcesCostNothing(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"./hello": false, "./testdata/sources": true} {
		binary := filepath.Join(t.TempDir(), "program")
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-mod=readonly", "-o", binary, name).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		data, err := os.ReadFile(binary)
		if err != nil {
			t.Fatal(err)
		}
		// The first words of a template, of an overlay and of a file of package codec.
		for _, text := range []string{"Accumulating: how the deltas of a stream add up", "What DeepSeek adds, as documented", "// Tag returns the value of the member called name"} {
			if got := bytes.Contains(data, []byte(text)); got != want {
				t.Errorf("%s has %q: %t, want %t", name, text, got, want)
			}
		}
	}
}
