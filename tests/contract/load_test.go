package contract_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// loadDocument loads the document with its references resolved.
func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(documentPath)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
