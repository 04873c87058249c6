package contract_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	chat "github.com/chatspec/chatspec/generated"
)

// roots are the schemas that stand at the top of a body or an event, as Go.
var roots = map[string]func() any{
	"CreateChatCompletionRequest":        func() any { return new(chat.CreateChatCompletionRequest) },
	"CreateChatCompletionResponse":       func() any { return new(chat.CreateChatCompletionResponse) },
	"CreateChatCompletionStreamResponse": func() any { return new(chat.CreateChatCompletionStreamResponse) },
	"ChatCompletionList":                 func() any { return new(chat.ChatCompletionList) },
	"ChatCompletionMessageList":          func() any { return new(chat.ChatCompletionMessageList) },
	"ChatCompletionUpdate":               func() any { return new(chat.ChatCompletionUpdate) },
	"ChatCompletionDeleted":              func() any { return new(chat.ChatCompletionDeleted) },
	"ErrorResponse":                      func() any { return new(chat.ErrorResponse) },
}

// TestEveryVariantRoundTrips makes values of every root schema from the document, so that every variant of
// every union, every enum value and every field occurs. Each must be valid, survive decoding and encoding
// as Go, and be decoded without a Raw, that is into the type that the document names.
func TestEveryVariantRoundTrips(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	branches := map[*openapi3.Schema]bool{}
	for name, newValue := range roots {
		schema := doc.Components.Schemas[name]
		if schema == nil {
			t.Fatalf("the document has no %s", name)
		}
		for i, sample := range samples(schema.Value, branches) {
			if err := schema.Value.VisitJSON(sample, openapi3.EnableJSONSchema2020()); err != nil {
				t.Fatalf("%s, sample %d is not valid: %v", name, i, err)
			}
			data, err := json.Marshal(sample)
			if err != nil {
				t.Fatal(err)
			}
			v := newValue()
			if err := json.Unmarshal(data, v); err != nil {
				t.Errorf("%s: %v\n%s", name, err, data)
				continue
			}
			if path := findRaw(reflect.ValueOf(v), name); path != "" {
				t.Errorf("%s was not recognized in\n%s", path, data)
			}
			back, err := json.Marshal(v)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			var got any
			if err := json.Unmarshal(back, &got); err != nil || !reflect.DeepEqual(got, sample) {
				t.Errorf("%s came back as\n%s\nwant\n%s", name, back, data)
			}
		}
	}
	for name, schema := range doc.Components.Schemas {
		for i, branch := range slices.Concat(schema.Value.OneOf, schema.Value.AnyOf) {
			if !branch.Value.Type.Is("null") && !branches[branch.Value] {
				t.Errorf("branch %d of %s never occurred", i, name)
			}
		}
	}
}

// TestEveryResponseAccumulates tells each response as a chunk and adds it up again.
func TestEveryResponseAccumulates(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	for _, sample := range samples(doc.Components.Schemas["CreateChatCompletionResponse"].Value, map[*openapi3.Schema]bool{}) {
		data, err := json.Marshal(sample)
		if err != nil {
			t.Fatal(err)
		}
		var want chat.CreateChatCompletionResponse
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		want.Metadata = nil // chunks have none
		var acc chat.Accumulator
		if err := acc.Add(chat.Codec{}.Chunk(&want)); err != nil {
			t.Fatal(err)
		}
		if got := acc.Result(); !reflect.DeepEqual(got, &want) {
			t.Errorf("got  %+v\nwant %+v", got, &want)
		}
	}
}

// samples returns values that the schema allows: the first with every field, then for each choice that the
// document offers somewhere below (a variant, an enum value) one that takes it. Branches taken are noted.
func samples(s *openapi3.Schema, branches map[*openapi3.Schema]bool) []any {
	if union := slices.Concat(s.OneOf, s.AnyOf); len(union) > 0 {
		var all []any
		for _, branch := range union {
			if !branch.Value.Type.Is("null") {
				branches[branch.Value] = true
				all = append(all, samples(branch.Value, branches)...)
			}
		}
		return all
	}
	switch {
	case s.Const != nil:
		return []any{s.Const}
	case len(s.Enum) > 0:
		return slices.DeleteFunc(slices.Clone(s.Enum), func(v any) bool { return v == nil })
	case s.Type.Includes("string"):
		return []any{"a<&>é"}
	case s.Type.Includes("boolean"):
		return []any{true}
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		return []any{1.0}
	case s.Type.Includes("array"):
		var all []any
		for _, item := range samples(s.Items.Value, branches) {
			all = append(all, []any{item})
		}
		return all
	default:
		return objects(s, branches)
	}
}

// objects returns samples of an object.
func objects(s *openapi3.Schema, branches map[*openapi3.Schema]bool) []any {
	full := map[string]any{}
	var more []any
	props := openapi3.Schemas{}
	for _, part := range s.AllOf {
		maps.Copy(props, part.Value.Properties)
	}
	maps.Copy(props, s.Properties)
	choices := map[string][]any{}
	for name, p := range props {
		choices[name] = samples(p.Value, branches)
		full[name] = choices[name][0]
	}
	for name, list := range choices {
		for _, v := range list[1:] {
			other := maps.Clone(full)
			other[name] = v
			more = append(more, other)
		}
	}
	if extra := s.AdditionalProperties; extra.Schema != nil {
		full["key"] = samples(extra.Schema.Value, branches)[0]
	} else if len(props) == 0 {
		full["key"] = "anything"
	}
	return append([]any{full}, more...)
}

// findRaw returns the path of the first chat.Raw in v, empty if there is none.
func findRaw(v reflect.Value, path string) string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return ""
		}
		return findRaw(v.Elem(), path)
	case reflect.Struct:
		for i := range v.NumField() {
			if found := findRaw(v.Field(i), path+"."+v.Type().Field(i).Name); found != "" {
				return found
			}
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[chat.Raw]() {
			return path
		}
		for i := range v.Len() {
			if found := findRaw(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); found != "" {
				return found
			}
		}
	}
	return ""
}
