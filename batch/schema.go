package batch

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/internal/schemas"
)

// DefaultSchemaRetries is how often a request is sent again whose answer breaks the schema, unless
// [Schema].Retries says otherwise.
const DefaultSchemaRetries = 2

// Schema is a JSON Schema for the text of answers. Requests of lines with only a prompt ask for it as their
// response format; lines with a body must do that themselves. It must not be changed while it is used.
type Schema struct {
	// Retries is how often a request is sent again whose answer breaks the schema; each time is paid for.
	Retries int

	source   json.RawMessage
	resolved *jsonschema.Resolved
}

// NewSchema reads a JSON Schema. References to other files are refused.
func NewSchema(source []byte) (*Schema, error) {
	resolved, err := schemas.Read(source)
	if err != nil {
		return nil, fmt.Errorf("batch: the schema cannot be used: %w", err)
	}
	return &Schema{Retries: DefaultSchemaRetries, source: source, resolved: resolved}, nil
}

// String returns the schema as it was read.
func (s *Schema) String() string { return string(s.source) }

// format is how a request asks for the schema; nil for a nil Schema.
func (s *Schema) format() chat.ResponseFormat {
	if s == nil {
		return nil
	}
	return chat.JSONSchemaResponse{JSONSchema: chat.NamedSchema{Name: "answer", Schema: s.source, Strict: true}}
}

// schemaError says where an answer breaks the schema.
type schemaError struct{ err error }

func (e *schemaError) Error() string { return "the answer breaks the schema: " + e.err.Error() }
func (e *schemaError) Unwrap() error { return e.err }

// check returns a *schemaError where the text of a choice is not what the schema asks for. Nothing breaks a nil
// Schema.
func (s *Schema) check(res *chat.CreateChatCompletionResponse) error {
	if s == nil {
		return nil
	}
	for _, choice := range res.Choices {
		var value any
		if err := json.Unmarshal([]byte(choice.Message.Content), &value); err != nil {
			return &schemaError{errors.New("it is not JSON")}
		}
		if err := s.resolved.Validate(value); err != nil {
			return &schemaError{err}
		}
	}
	return nil
}

// retries is how often a request is sent again for the schema's sake.
func (s *Schema) retries() int {
	if s == nil {
		return 0
	}
	return s.Retries
}
