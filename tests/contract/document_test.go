package contract_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// The files that the tests compare. What is below shared is not part of the repository.
const (
	documentPath   = "../../openapi.yaml"
	deviationsPath = "api/deviations.yaml"
	upstreamPath   = "../../../shared/upstream/openai-openapi-2026-08-21.yaml"
	seedPath       = "../../../shared/seed/openapi-client-openai-chat-completions.txt"
)

// scope selects the operations that the document is about; upstream has hundreds of others.
var scope = drift.Scope{"/chat/completions"}

// needShared skips a test whose material is not beside this clone.
func needShared(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("skipped: %s is not here; it belongs to the material that maintainers keep beside the clone", name)
	}
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
