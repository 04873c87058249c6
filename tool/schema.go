package tool

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// maxNameBytes is how long names of functions and schemas may be.
const maxNameBytes = 64

// schema is what a server is told of a value, and what the value is held against.
type schema struct {
	sent  json.RawMessage
	check *jsonschema.Resolved
}

// MarshalJSON writes what is sent.
func (s *schema) MarshalJSON() ([]byte, error) { return s.sent, nil }

// schemaOf returns the schema of a Go type, to be sent as f.
func schemaOf(t reflect.Type, f form) (*schema, error) {
	wire, err := reflected(t, f)
	if err != nil {
		return nil, err
	}
	sent, err := json.Marshal(wire)
	if err != nil {
		return nil, err
	}
	taken, err := reflected(t, accepted)
	if err != nil {
		return nil, err
	}
	check, err := taken.Resolve(nil)
	if err != nil {
		return nil, err
	}
	return &schema{sent: sent, check: check}, nil
}

// schemaFrom returns a schema that somebody wrote: any value that marshals to one. Without one it is that of any object.
func schemaFrom(v any) (*schema, error) {
	switch s := v.(type) {
	case *schema:
		return s, nil
	case nil:
		v = json.RawMessage(`{"type":"object"}`)
	}
	sent, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("the schema: %w", err)
	}
	var written jsonschema.Schema
	if err := json.Unmarshal(sent, &written); err != nil {
		return nil, fmt.Errorf("the schema: %w", err)
	}
	check, err := written.Resolve(nil)
	if err != nil {
		return nil, fmt.Errorf("the schema: %w", err)
	}
	return &schema{sent: sent, check: check}, nil
}

// decode reads JSON that obeys the schema into v.
func (s *schema) decode(text string, v any) error {
	var instance any
	if err := json.Unmarshal([]byte(text), &instance); err != nil {
		return fmt.Errorf("not valid JSON: %w", err)
	}
	if err := s.check.Validate(instance); err != nil {
		return errors.New(clipped(err.Error(), maxReasonBytes))
	}
	return json.Unmarshal([]byte(text), v)
}

// maxReasonBytes is how much is said of what breaks a schema. The reason quotes the value, which may be long.
const maxReasonBytes = 1 << 10

// clipped returns text, cut where it has more than limit bytes.
func clipped(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + " …"
}

// identifier returns name with what names of the API may not have replaced: letters, digits, underscores and hyphens.
func identifier(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_', r == '-':
			return r
		default:
			return '_'
		}
	}, name)
	return name[:min(len(name), maxNameBytes)]
}
