package tool

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
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

// violation is what breaks a schema.
type violation struct {
	place  string // in the schema, as a JSON pointer, or empty
	reason string // which quotes the value
}

func (v *violation) Error() string {
	if v.place == "" {
		return v.reason
	}
	return v.place + ": " + v.reason
}

// newViolation makes one of what package jsonschema says, which begins with the places on every level.
func newViolation(err error) *violation {
	v := &violation{reason: err.Error()}
	for {
		rest, ok := strings.CutPrefix(v.reason, "validating ")
		place, rest, found := strings.Cut(rest, ": ")
		if !ok || !found {
			break
		}
		v.reason = rest
		if strings.HasPrefix(place, "/") {
			v.place = place
		}
	}
	v.reason = clipped(v.reason, maxReasonBytes)
	return v
}

// decode reads JSON that obeys the schema into v.
func (s *schema) decode(text string, v any) error {
	var instance any
	if err := json.Unmarshal([]byte(text), &instance); err != nil {
		return fmt.Errorf("not valid JSON: %w", err)
	}
	if deeper(instance, maxDepth) {
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	if err := s.check.Validate(instance); err != nil {
		return newViolation(err)
	}
	return json.Unmarshal([]byte(text), v)
}

// maxDepth is how deep arguments and answers may be nested. A reason is put together on every level.
const maxDepth = 100

// deeper says whether a JSON value has more than so many levels of objects and arrays.
func deeper(v any, levels int) bool {
	switch v := v.(type) {
	case []any:
		return levels == 0 || slices.ContainsFunc(v, func(v any) bool { return deeper(v, levels-1) })
	case map[string]any:
		return levels == 0 || deeper(slices.Collect(maps.Values(v)), levels)
	default:
		return false
	}
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
