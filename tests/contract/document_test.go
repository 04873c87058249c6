package contract_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/chatspec/chatspec/tests/contract/internal/facts"
)

// The files that the tests compare. What is below shared is not part of the repository.
const (
	documentPath   = "../../openapi.yaml"
	deviationsPath = "../../api/deviations.yaml"
	upstreamPath   = "../../../shared/upstream/openai-openapi-2026-08-21.yaml"
	seedPath       = "../../../shared/seed/openapi-client-openai-chat-completions.txt"

	// prefix selects the operations that the document is about; upstream has hundreds of others.
	prefix = "/chat/completions"
)

// load reads a document of the repository.
func load(t *testing.T, name string) *facts.Document {
	t.Helper()
	doc, err := facts.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// needShared skips a test whose material is not beside this clone.
func needShared(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("skipped: %s is not here; it belongs to the material that maintainers keep beside the clone", name)
	}
}

// flatten lists the facts of the operations that the document is about.
func flatten(t *testing.T, doc *facts.Document) []facts.Fact {
	t.Helper()
	out, err := facts.Facts(doc, prefix)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Fatalf("no operations below %s", prefix)
	}
	return out
}

// The document must satisfy the library that generates from it and validates with it.
func TestDocumentIsValid(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromFile(documentPath)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("the document says openapi %s, want 3.1", doc.OpenAPI)
	}
}

// kin-openapi resolves only the references that it knows as such; this follows every one there is.
func TestReferencesResolve(t *testing.T) {
	t.Parallel()
	doc := load(t, documentPath)
	found := 0
	each(doc.Root(), "#", func(path string, node map[string]any) {
		ref, ok := node["$ref"].(string)
		if !ok {
			return
		}
		found++
		if _, err := doc.Lookup(ref); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	})
	if found == 0 {
		t.Error("no references found")
	}
}
