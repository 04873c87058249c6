// Package schemas reads JSON Schemas that somebody wrote, and says in plain words what is wrong with them.
package schemas

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// Read reads a JSON Schema of draft 2020-12 or draft 7. References to other documents are refused, and so are types
// that JSON does not have: no value would ever obey them. For what is not JSON the error is a [*json.SyntaxError].
func Read(source []byte) (*jsonschema.Resolved, error) {
	var root any
	if err := json.Unmarshal(source, &root); err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	switch root.(type) {
	case map[string]any, bool: // true is the schema of anything
	default:
		return nil, fmt.Errorf("it is %s, want an object", kind(root))
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(source, &s); err != nil {
		return nil, plain(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		return nil, err
	}
	return resolved, knownTypes(&s)
}

// kind returns what a value is in JSON.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case float64:
		return "a number"
	default:
		return "an array"
	}
}

// plain says what stands in the wrong place without the Go types that package jsonschema reads it into.
func plain(err error) error {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	want := "object"
	switch wrong.Type.Kind() {
	case reflect.Slice:
		want = "array"
	case reflect.String, reflect.Bool:
		want = wrong.Type.Kind().String()
	case reflect.Float64:
		want = "number"
	}
	text := fmt.Sprintf("has %s where %s is wanted", wrong.Value, want)
	if place := strings.ReplaceAll(wrong.Field, "schemaWithoutMethods.", ""); place != "" {
		return errors.New("it " + text + ", in " + place)
	}
	return errors.New("it " + text)
}

// types are those of JSON Schema.
var types = []string{"null", "boolean", "object", "array", "number", "integer", "string"}

// knownTypes refuses a schema in which a type is none, at any depth.
func knownTypes(s *jsonschema.Schema) error {
	for _, name := range append(slices.Clip(s.Types), s.Type) {
		if name != "" && !slices.Contains(types, name) {
			return fmt.Errorf("there is no type %q; the types are %s", name, strings.Join(types, ", "))
		}
	}
	for field, value := range reflect.ValueOf(*s).Fields() {
		if !field.IsExported() {
			continue
		}
		var inner []*jsonschema.Schema
		switch v := value.Interface().(type) {
		case *jsonschema.Schema:
			inner = append(inner, v)
		case []*jsonschema.Schema:
			inner = v
		case map[string]*jsonschema.Schema:
			for _, s := range v {
				inner = append(inner, s)
			}
		}
		for _, s := range inner {
			if s == nil {
				continue
			}
			if err := knownTypes(s); err != nil {
				return err
			}
		}
	}
	return nil
}
