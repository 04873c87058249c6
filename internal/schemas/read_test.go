package schemas_test

import (
	"strings"
	"testing"

	"github.com/chatspec/chatspec/internal/schemas"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ source, want string }{
		{`{"type":"object","properties":{"type":{"type":["string","null"]}},"required":["type"]}`, ""},
		{`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[true,{"type":"integer"}]}},"x-kind":{"type":"ours"},"enum":[{"type":"ours"}]}`, ""},
		{`true`, ""},
		{`{"type":`, "it is not JSON: unexpected end of JSON input"},
		{`["x"]`, "it is an array, want an object"},
		{`"x"`, "it is a string, want an object"},
		{`5`, "it is a number, want an object"},
		{`null`, "it is null, want an object"},
		{`{"properties":5}`, "it has number where object is wanted, in properties"},
		{`{"properties":{"a":["x"]}}`, "it has array where object is wanted, in properties"},
		{`{"properties":{"a":{"required":true}}}`, "it has bool where array is wanted, in properties.required"},
		{`{"items":"x"}`, "it has string where object is wanted"},
		{`{"description":5}`, "it has number where string is wanted, in description"},
		{`{"uniqueItems":"x"}`, "it has string where bool is wanted, in uniqueItems"},
		{`{"minimum":"x"}`, "it has string where number is wanted, in minimum"},
		{`{"properties":{"a":null}}`, "/properties/a is nil"},
		{`{"pattern":"("}`, "missing closing )"},
		{`{"$ref":"other.json"}`, "other.json"},
		{`{"type":"strin"}`, `there is no type "strin"; the types are null, boolean, object, array, number, integer, string`},
		{`{"type":["string","nil"]}`, `there is no type "nil"; `},
		{`{"properties":{"a":{"items":{"type":"int"}}}}`, `there is no type "int"; `},
		{`{"$defs":{"a":{"allOf":[{},{"not":{"type":"float"}}]}}}`, `there is no type "float"; `},
	} {
		t.Run(test.source, func(t *testing.T) {
			t.Parallel()
			_, err := schemas.Read([]byte(test.source))
			if text := errorText(err); (text == "") != (test.want == "") || !strings.Contains(text, test.want) || strings.Contains(text, "struct") {
				t.Errorf("the error is %q, want %q", text, test.want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
