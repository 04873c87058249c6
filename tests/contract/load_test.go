package contract_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// documentFile is the document from this module.
const documentFile = "../../openapi.yaml"

// loadDocument loads the document with its references resolved.
func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
