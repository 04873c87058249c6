package tool

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/chatspec/chatspec/internal/schemas"
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
	if failed, ok := errors.AsType[*json.MarshalerError](err); ok {
		err = failed.Unwrap() // which is not about Go types
	}
	if err != nil {
		return nil, fmt.Errorf("the schema: %w", err)
	}
	check, err := schemas.Read(sent)
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

// noValue is what package jsonschema calls null.
const noValue = ": <invalid reflect.Value> "

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
	v.reason = clipped(strings.Replace(v.reason, noValue, ": null ", 1), maxReasonBytes)
	return v
}

// decode reads JSON that obeys the schema into v.
func (s *schema) decode(text string, v any) error {
	var instance any
	if err := json.Unmarshal([]byte(text), &instance); err != nil {
		return fmt.Errorf("not valid JSON: %w", err)
	}
	if err := sound(json.NewDecoder(strings.NewReader(text)), maxDepth); err != nil {
		return err
	}
	if err := s.check.Validate(instance); err != nil {
		return newViolation(err)
	}
	return json.Unmarshal([]byte(text), v)
}

// maxDepth is how deep arguments and answers may be nested. What breaks a schema is told on every level, which adds up.
const maxDepth = 100

// sound refuses what is valid JSON and cannot be checked: more than so many levels of objects and arrays, and names
// that an object has twice. Only the last of those is checked, but encoding/json may leave the first in a struct.
func sound(d *json.Decoder, levels int) error {
	token, err := d.Token()
	bracket, ok := token.(json.Delim)
	if err != nil || !ok {
		return err
	}
	if levels == 0 {
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	names := map[json.Token]bool{}
	for d.More() {
		if bracket == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			if names[name] {
				return fmt.Errorf("an object has the name %q twice", name)
			}
			names[name] = true
		}
		if err := sound(d, levels-1); err != nil {
			return err
		}
	}
	_, err = d.Token() // the closing bracket
	return err
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
