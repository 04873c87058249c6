package chattest

import (
	"maps"
	"math"
	"slices"
	"strings"
)

const (
	// maxSampleDepth ends the sample of a schema that refers to itself.
	maxSampleDepth = 16
	// maxSampleSize bounds the lengths and counts that a schema can ask for.
	maxSampleSize = 64
	// maxSampleValues bounds the values in a sample.
	maxSampleValues = 1000
)

// sample returns the smallest JSON value that the common keywords of a JSON Schema allow: the required
// properties of an object, the first value of an enum, the first of several alternatives. A schema that is
// none, or absent, allows an empty object. Formats, patterns and conditions are not looked at.
func sample(schema any) any {
	if _, ok := schema.(map[string]any); !ok {
		return map[string]any{}
	}
	s := sampler{root: schema}
	return s.value(schema, 0)
}

// sampler makes samples of the parts of one schema.
type sampler struct {
	root   any
	values int // made so far
}

func (s *sampler) value(schema any, depth int) any {
	m, ok := schema.(map[string]any)
	if s.values++; !ok || depth > maxSampleDepth || s.values > maxSampleValues {
		return nil
	}
	if ref, ok := m["$ref"].(string); ok {
		return s.value(s.resolve(ref), depth+1)
	}
	if value, ok := m["const"]; ok {
		return value
	}
	if values, ok := m["enum"].([]any); ok && len(values) > 0 {
		return values[0]
	}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		if branches, ok := m[keyword].([]any); ok && len(branches) > 0 {
			return s.value(branches[0], depth+1)
		}
	}
	if parts, ok := m["allOf"].([]any); ok && len(parts) > 0 {
		return s.all(m, parts, depth)
	}
	return s.typed(typeOf(m), m, depth)
}

// all merges the samples of several schemas that an object must obey at once.
func (s *sampler) all(m map[string]any, parts []any, depth int) any {
	merged := s.object(m, depth)
	for _, part := range parts {
		object, ok := s.value(part, depth+1).(map[string]any)
		if !ok {
			return s.value(part, depth+1)
		}
		maps.Copy(merged, object)
	}
	return merged
}

func (s *sampler) typed(name string, m map[string]any, depth int) any {
	switch name {
	case "object":
		return s.object(m, depth)
	case "array":
		list := make([]any, size(m["minItems"]))
		for i := range list {
			list[i] = s.value(m["items"], depth+1)
		}
		return list
	case "string":
		return strings.Repeat("x", size(m["minLength"]))
	case "integer", "number":
		bound, _ := m["minimum"].(float64)
		if above, ok := m["exclusiveMinimum"].(float64); ok {
			bound = math.Floor(above) + 1
		}
		if name == "integer" {
			bound = math.Ceil(bound)
		}
		return bound
	case "boolean":
		return false
	default:
		return nil
	}
}

func (s *sampler) object(m map[string]any, depth int) map[string]any {
	object := map[string]any{}
	properties, _ := m["properties"].(map[string]any)
	required, _ := m["required"].([]any)
	for _, name := range required {
		if name, ok := name.(string); ok {
			object[name] = s.value(properties[name], depth+1)
		}
	}
	return object
}

// resolve returns the part of the schema that a reference within it means, or nil.
func (s *sampler) resolve(ref string) any {
	place, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil
	}
	part := s.root
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for name := range strings.SplitSeq(strings.TrimPrefix(place, "/"), "/") {
		if m, ok := part.(map[string]any); ok && name != "" {
			part = m[unescape.Replace(name)]
		}
	}
	return part
}

// typeOf returns the type that a schema names, the first that is not null if it names several. Without a
// name it is an object if it has properties.
func typeOf(m map[string]any) string {
	switch t := m["type"].(type) {
	case string:
		return t
	case []any:
		if i := slices.IndexFunc(t, func(name any) bool { return name != "null" }); i >= 0 {
			name, _ := t[i].(string)
			return name
		}
	case nil:
		if m["properties"] != nil || m["required"] != nil {
			return "object"
		}
	}
	return ""
}

// size returns a length or a count of a schema.
func size(v any) int {
	n, _ := v.(float64)
	return int(min(max(n, 0), maxSampleSize))
}
