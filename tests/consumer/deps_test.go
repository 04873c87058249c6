package stranger_test

import (
	"os/exec"
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
