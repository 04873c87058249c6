package validate

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// fault returns the first fault of a value that came from encoding/json, or nil if it finds none. It
// knows the keywords that documents of chat APIs use; path leads to the value.
func fault(schema *openapi3.Schema, value any, path []string) *Error {
	if schema == nil || value == nil && schema.PermitsNull() {
		return nil
	}
	for _, ref := range schema.AllOf {
		if e := fault(ref.Value, value, path); e != nil {
			return e
		}
	}
	for _, branches := range []openapi3.SchemaRefs{schema.OneOf, schema.AnyOf} {
		if e := unionFault(branches, schema.Discriminator, value, path); e != nil {
			return e
		}
	}
	if len(schema.Type.Slice()) > 0 && !permits(schema.Type.Slice(), value) {
		return broken(path, "type", schema.Type.Slice()...)
	}
	if e := valueFault(schema, value, path); e != nil {
		return e
	}
	switch value := value.(type) {
	case float64:
		return numberFault(schema, value, path)
	case string:
		return sizeFault(path, uint64(utf8.RuneCountInString(value)), "Length", schema.MinLength, schema.MaxLength)
	case []any:
		return arrayFault(schema, value, path)
	case map[string]any:
		return objectFault(schema, value, path)
	}
	return nil
}

func broken(path []string, rule string, allowed ...string) *Error {
	return &Error{Pointer: pointer(path), Rule: rule, Allowed: allowed}
}

// valueFault checks a value against those that are listed.
func valueFault(schema *openapi3.Schema, value any, path []string) *Error {
	if schema.Const != nil && !equal(schema.Const, value) {
		return broken(path, "const", literal(schema.Const))
	}
	isValue := func(listed any) bool { return equal(listed, value) }
	if len(schema.Enum) > 0 && !slices.ContainsFunc(schema.Enum, isValue) {
		return broken(path, "enum", literals(schema.Enum)...)
	}
	return nil
}

func numberFault(schema *openapi3.Schema, value float64, path []string) *Error {
	exclusiveMin, exclusiveMax := schema.ExclusiveMin.Value, schema.ExclusiveMax.Value
	switch {
	case schema.Min != nil && value < *schema.Min:
		return broken(path, "minimum", literal(*schema.Min))
	case schema.Max != nil && value > *schema.Max:
		return broken(path, "maximum", literal(*schema.Max))
	case exclusiveMin != nil && value <= *exclusiveMin:
		return broken(path, "exclusiveMinimum", literal(*exclusiveMin))
	case exclusiveMax != nil && value >= *exclusiveMax:
		return broken(path, "exclusiveMaximum", literal(*exclusiveMax))
	}
	return nil
}

// sizeFault checks a size against the keywords min… and max….
func sizeFault(path []string, n uint64, what string, low uint64, high *uint64) *Error {
	switch {
	case n < low:
		return broken(path, "min"+what, strconv.FormatUint(low, 10))
	case high != nil && n > *high:
		return broken(path, "max"+what, strconv.FormatUint(*high, 10))
	}
	return nil
}

func arrayFault(schema *openapi3.Schema, value []any, path []string) *Error {
	if e := sizeFault(path, uint64(len(value)), "Items", schema.MinItems, schema.MaxItems); e != nil {
		return e
	}
	if schema.Items == nil {
		return nil
	}
	for i, item := range value {
		if e := fault(schema.Items.Value, item, append(path, strconv.Itoa(i))); e != nil {
			return e
		}
	}
	return nil
}

// objectFault checks first that nothing is missing, then the properties that the document names, then
// the others.
func objectFault(schema *openapi3.Schema, value map[string]any, path []string) *Error {
	for _, name := range schema.Required {
		if _, ok := value[name]; !ok {
			return broken(append(path, name), "required", constant(property(schema, name))...)
		}
	}
	if e := sizeFault(path, uint64(len(value)), "Properties", schema.MinProps, schema.MaxProps); e != nil {
		return e
	}
	var open []string
	for _, name := range slices.Sorted(maps.Keys(value)) {
		known := schema.Properties[name]
		if known == nil {
			open = append(open, name)
		} else if e := fault(known.Value, value[name], append(path, name)); e != nil {
			return e
		}
	}
	for _, name := range open {
		if has := schema.AdditionalProperties.Has; has != nil && !*has {
			return broken(append(path, openName(name)), "additionalProperties")
		}
		if rest := schema.AdditionalProperties.Schema; rest != nil {
			if e := fault(rest.Value, value[name], append(path, openName(name))); e != nil {
				return e
			}
		}
	}
	return nil
}

// permits says whether one of the types is the value's.
func permits(types []string, value any) bool {
	return slices.ContainsFunc(types, func(t string) bool {
		switch value := value.(type) {
		case nil:
			return t == openapi3.TypeNull
		case bool:
			return t == openapi3.TypeBoolean
		case float64:
			return t == openapi3.TypeNumber || t == openapi3.TypeInteger && value == math.Trunc(value)
		case string:
			return t == openapi3.TypeString
		case []any:
			return t == openapi3.TypeArray
		default:
			return t == openapi3.TypeObject
		}
	})
}

// constant returns the only values that a schema allows, if it lists them.
func constant(ref *openapi3.SchemaRef) []string {
	switch {
	case ref == nil || ref.Value == nil:
		return nil
	case ref.Value.Const != nil:
		return []string{literal(ref.Value.Const)}
	default:
		return literals(ref.Value.Enum)
	}
}

// equal compares a value of the document with one of JSON.
func equal(listed, value any) bool {
	if s, ok := listed.(string); ok {
		return s == value
	}
	if s, ok := value.(string); ok {
		return s == listed
	}
	return literal(listed) == literal(value)
}

// literals returns each value of the document as text.
func literals(values []any) []string {
	var list []string
	for _, value := range values {
		list = append(list, literal(value))
	}
	return list
}

// literal returns a string as it is and any other value as JSON.
func literal(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "?"
	}
	return string(text)
}
