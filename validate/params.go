package validate

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// checkParameters checks the parameters of a request that the document names. Cookies are not looked at.
func checkParameters(m match, r *http.Request) error {
	query := r.URL.Query()
	for _, parameter := range parameters(m) {
		var err error
		switch parameter.In {
		case openapi3.ParameterInPath:
			err = checkParameter(InPath, parameter, []string{m.params[parameter.Name]})
		case openapi3.ParameterInQuery:
			if parameter.Style == openapi3.SerializationDeepObject {
				err = checkDeepObject(parameter, query)
			} else {
				err = checkParameter(InQuery, parameter, query[parameter.Name])
			}
		case openapi3.ParameterInHeader:
			err = checkParameter(InHeader, parameter, r.Header.Values(parameter.Name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parameters returns the parameters of an operation; its own stand for those of the path with the same
// name.
func parameters(m match) []*openapi3.Parameter {
	var list []*openapi3.Parameter
	for _, ref := range m.operation.Parameters {
		if ref.Value != nil {
			list = append(list, ref.Value)
		}
	}
	for _, ref := range m.route.item.Parameters {
		if ref.Value != nil && m.operation.Parameters.GetByInAndName(ref.Value.In, ref.Value.Name) == nil {
			list = append(list, ref.Value)
		}
	}
	return list
}

// checkParameter checks the values of one parameter.
func checkParameter(in Place, p *openapi3.Parameter, values []string) error {
	switch {
	case len(values) == 0 && p.Required:
		return &Error{In: in, Pointer: p.Name, Rule: "required"}
	case len(values) == 0 || p.Schema == nil || p.Schema.Value == nil:
		return nil
	}
	schema := p.Schema.Value
	if schema.Type.Is(openapi3.TypeArray) {
		list := make([]any, len(values))
		for i, value := range values {
			list[i] = convert(schema.Items, value)
		}
		return checkValue(in, p.Name, schema, list)
	}
	if len(values) > 1 {
		return &Error{In: in, Pointer: p.Name, Rule: "maxItems", Allowed: []string{"1"}}
	}
	return checkValue(in, p.Name, schema, convert(p.Schema, values[0]))
}

// checkDeepObject checks a parameter that is written name[key]=value.
func checkDeepObject(p *openapi3.Parameter, query url.Values) error {
	object := map[string]any{}
	for key, values := range query {
		key, isPart := strings.CutPrefix(key, p.Name+"[")
		key, isWhole := strings.CutSuffix(key, "]")
		if isPart && isWhole && len(values) > 0 && p.Schema != nil {
			object[key] = convert(property(p.Schema.Value, key), values[0])
		}
	}
	switch {
	case len(object) > 0:
		return checkValue(InQuery, p.Name, p.Schema.Value, object)
	case p.Required:
		return &Error{In: InQuery, Pointer: p.Name, Rule: "required"}
	default:
		return nil
	}
}

// checkValue checks the value of a parameter; a place in it is written name[key].
func checkValue(in Place, name string, schema *openapi3.Schema, value any) error {
	found := check(in, schema, value)
	if found == nil {
		return nil
	}
	key := strings.TrimPrefix(found.Pointer, "/")
	found.Pointer = name
	if key != "" {
		found.Pointer += "[" + key + "]"
	}
	return found
}

// property returns the schema of one property of an object, or nil.
func property(schema *openapi3.Schema, name string) *openapi3.SchemaRef {
	if schema == nil {
		return nil
	}
	if ref := schema.Properties[name]; ref != nil {
		return ref
	}
	return schema.AdditionalProperties.Schema
}

// convert reads the text of a parameter as the schema wants it. What does not fit stays text, which the
// check of the type then finds.
func convert(schema *openapi3.SchemaRef, text string) any {
	if schema == nil || schema.Value == nil {
		return text
	}
	var value any
	switch types := schema.Value.Type; {
	case types.Permits(openapi3.TypeString):
		return text
	case types.Permits(openapi3.TypeInteger) && !types.Permits(openapi3.TypeNumber):
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return text
		}
	}
	if json.Unmarshal([]byte(text), &value) != nil {
		return text
	}
	return value
}
