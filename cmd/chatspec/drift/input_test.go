package drift_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// body is a document whose only operation takes a body of the schema on line 7.
func body(schema string) string {
	return `openapi: 3.1.0
paths:
  /x:
    post:
      requestBody:
        content:
          application/json: {schema: ` + schema + `}
components:
  schemas:
    A: {type: string}
    Loop: {$ref: '#/components/schemas/Back'}
    Back: {allOf: [{$ref: '#/components/schemas/Loop'}]}
`
}

// operation is a document with the operation on line 5.
func operation(text string) string {
	return "openapi: 3.0.3\npaths:\n  /x:\n    get:\n      " + text + "\n"
}

// fan is a document whose schemas each refer twice to the next one.
func fan(text string) string {
	var b strings.Builder
	b.WriteString("openapi: 3.1.0\npaths: {/x: {post: {requestBody: {content: {a/b: {schema: {$ref: '#/components/schemas/S0'}}}}}}}\ncomponents:\n  schemas:\n")
	for i := range 40 {
		next := fmt.Sprintf("{$ref: '#/components/schemas/S%d'}", i+1)
		fmt.Fprintf(&b, "    S%d: "+text+"\n", i, next, next)
	}
	b.WriteString("    S40: {type: string}\n")
	return b.String()
}

// TestBadInput has what is refused, with the line and the reason for each.
func TestBadInput(t *testing.T) {
	t.Parallel()
	const place = "#/paths/~1x/post/requestBody/content/application~1json/schema"
	for name, tc := range map[string]struct{ text, want string }{
		"empty":              {"", "1: empty"},
		"only a comment":     {"# nothing", "1: empty"},
		"binary":             {"openapi: 3.1.0\n\x00", "2: not text: want YAML or JSON in UTF-8"},
		"not UTF-8":          {"a\n\nb: \xff", "3: not text: want YAML or JSON in UTF-8"},
		"a sentence":         {"This is a letter.", "1: #: the document is a text, not an object"},
		"a list":             {"- openapi", "1: #: the document is a list, not an object"},
		"a web page":         {"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "1: #: the document is a text, not an object"},
		"broken YAML":        {"openapi: 3.1.0\npaths:\n  a: b: c\n", "3: not YAML: mapping values are not allowed in this context"},
		"two documents":      {"openapi: 3.1.0\n---\na: b", "1: more than one document"},
		"unknown anchor":     {"a: *b", "1: not YAML: unknown anchor 'b' referenced"},
		"key twice":          {"openapi: 3.1.0\npaths: {}\nopenapi: 3.0.0", `3: key "openapi" stands here twice`},
		"key of a list":      {"? [a]\n: b", "1: a key is not a text"},
		"alias of itself":    {"a: &a\n  b: *a", "1: nested more than 500 deep"},
		"deep YAML":          {strings.Repeat("[", 600) + strings.Repeat("]", 600) + " # YAML", "1: nested more than 500 deep"},
		"aliases of aliases": {bomb(), "2: more than 1000000 values"},
		"cut JSON":           {"{\n\"openapi\": \"3.1.0\",\n\"paths\": {", "3: not JSON: it ends too early"},
		"JSON, comma":        {"{\n\"openapi\": \"3.1.0\",\n\"paths\": {}\n\"x\": 1}", "4: not JSON: invalid character '\"' after object key:value pair"},
		"JSON, key twice":    {"{\n\"a\": 1,\n\"a\": 2}", `3: key "a" stands here twice`},
		"JSON and more":      {"{\"openapi\": \"3.1.0\"}\n{}", "2: something stands behind the document"},
		"deep JSON":          {strings.Repeat("[", 600) + strings.Repeat("]", 600), "1: nested more than 500 deep"},
		"huge number":        {"{\"a\": 1e999}", "1: the number 1e999 is too large"},
		"no number":          {"a: .nan", `1: ".nan" is no number of JSON`},
		"another format":     {"asyncapi: 3.0.0", "1: #: no member openapi: this is not an OpenAPI document"},
		"Swagger":            {"swagger: '2.0'", "1: #: OpenAPI 2.0 (swagger) is not supported; convert the document to 3.0 or 3.1"},
		"a later version":    {"openapi: 3.2.0", "1: #: OpenAPI 3.2.0 is not supported, only 3.0 and 3.1"},
		"version of a type":  {"openapi: 3.1", "1: #: openapi is a number, want a text such as 3.1.0"},
		"too many values":    {"[" + strings.Repeat("a,", 3_000_001) + "]", "1: not JSON: invalid character 'a' looking for beginning of value"},
		"too many lines":     {strings.Repeat("- a\n", 3_000_001), "1: more than 3000000 lines and commas"},
		"too large":          {strings.Repeat(" ", drift.MaxBytes+1), "1: larger than 16 MiB"},

		"no paths":     {"openapi: 3.1.0\ninfo: {}", "1: #: has no paths"},
		"paths":        {"openapi: 3.1.0\npaths: []", "2: #/paths: want an object, not a list"},
		"path":         {"openapi: 3.1.0\npaths: {/x: 1}", "2: #/paths/~1x: want an object, not a number"},
		"method":       {"openapi: 3.1.0\npaths: {/x: {get: true}}", "2: #/paths/~1x/get: want an object, not a boolean"},
		"responses":    {operation("responses: ok"), "5: #/paths/~1x/get/responses: want an object, not a text"},
		"response":     {operation("responses: {200: [a]}"), "5: #/paths/~1x/get/responses/200: want an object, not a list"},
		"content":      {operation("responses: {200: {content: {a/b: 1}}}"), "5: #/paths/~1x/get/responses/200/content/a~1b: want an object, not a number"},
		"parameters":   {operation("parameters: {a: b}"), "5: #/paths/~1x/get/parameters: want a list, not an object"},
		"no name":      {operation("parameters: [{in: query}]"), "5: #/paths/~1x/get/parameters/0: has no name"},
		"a flag":       {operation("parameters: [{in: query, name: n, required: 'yes'}]"), "5: #/paths/~1x/get/parameters/0/required: want a boolean, not a text"},
		"no parameter": {operation("parameters: [{$ref: '#/components/parameters/Gone'}]"), `5: #/paths/~1x/get/parameters/0/$ref: reference "#/components/parameters/Gone" points at nothing`},
		"itself":       {operation("parameters: [{$ref: '#/paths/~1x/get/parameters/0'}]"), `5: #/paths/~1x/get/parameters/0/$ref: reference "#/paths/~1x/get/parameters/0" leads to itself`},

		"schema":         {body("5"), "7: " + place + ": want a schema, not a number"},
		"type":           {body("{type: text}"), "7: " + place + `/type: "text" is no type`},
		"types":          {body("{type: [string, 5]}"), "7: " + place + "/type/1: 5 is no type"},
		"properties":     {body("{properties: [a]}"), "7: " + place + "/properties: want an object, not a list"},
		"property":       {body("{properties: {a: b}}"), "7: " + place + "/properties/a: want a schema, not a text"},
		"required":       {body("{type: object, required: true}"), "7: " + place + "/required: want a list, not a boolean"},
		"a required one": {body("{type: object, required: [1]}"), "7: " + place + "/required/0: want the name of a field, not a number"},
		"items":          {body("{items: [a]}"), "7: " + place + "/items: want a schema, not a list"},
		"enum":           {body("{enum: a}"), "7: " + place + "/enum: want a list, not a text"},
		"anyOf":          {body("{anyOf: {type: string}}"), "7: " + place + "/anyOf: want a list, not an object"},
		"a branch":       {body("{oneOf: [1]}"), "7: " + place + "/oneOf/0: want a schema, not a number"},
		"nullable":       {body("{type: string, nullable: 1}"), "7: " + place + "/nullable: want a boolean, not a number"},
		"discriminator":  {body("{oneOf: [{type: object}], discriminator: type}"), "7: " + place + "/discriminator: want an object, not a text"},
		"$ref":           {body("{$ref: 1}"), "7: " + place + "/$ref: want a text, not a number"},
		"no such schema": {body("{$ref: '#/components/schemas/Gone'}"), "7: " + place + `/$ref: reference "#/components/schemas/Gone" points at nothing`},
		"another file":   {body("{$ref: 'other.yaml#/A'}"), "7: " + place + `/$ref: reference "other.yaml#/A" leads out of the document; bundle the documents into one first`},
		"an anchor":      {body("{$ref: '#A'}"), "7: " + place + `/$ref: reference "#A" names an anchor, which is not supported`},
		"a circle":       {body("{$ref: '#/components/schemas/Loop'}"), `12: #/components/schemas/Back/allOf/0/$ref: reference "#/components/schemas/Loop" leads to itself`},
		"fields fan out": {fan("{type: object, properties: {a: %s, b: %s}}"), "*: the references below fan out into too many places to compare"},
		"unions fan out": {fan("{oneOf: [%s, %s]}"), "*: has more than 5000 alternatives"},
		"parts fan out":  {fan("{allOf: [%s, %s]}"), "*: the references below fan out into too many places to compare"},
		"alternatives":   {body("{allOf: [" + strings.Repeat("{anyOf: ["+strings.Repeat("{type: object}, ", 20)+"]}, ", 3) + "]}"), "7: " + place + ": has more than 5000 alternatives"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := drift.Parse("doc", []byte(tc.text))
			if err == nil {
				_, err = drift.Flatten(doc, drift.Scope{"/x"})
			}
			var bad *drift.Error
			if !errors.As(err, &bad) || bad.File != "doc" || bad.Line < 1 {
				t.Fatalf("%v is no error with a place", err)
			}
			if reason, anywhere := strings.CutPrefix(tc.want, "*: "); anywhere && bad.Reason == reason {
				return
			}
			if err.Error() != "doc:"+tc.want {
				t.Errorf("%v, want doc:%s", err, tc.want)
			}
		})
	}
}

// bomb is a small text that aliases make large.
func bomb() string {
	text := "a0: &a0 [x]\n"
	for i := 1; i < 12; i++ {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9))
	}
	return text
}

// TestOddButRight has what is unusual and allowed.
func TestOddButRight(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]string{
		"nothing":        "{}",
		"true":           "true",
		"false":          "false",
		"null members":   "{type: object, properties: , required: , description: }",
		"merged keys":    "{<<: {type: object}, properties: {a: {type: string}}}",
		"an extension":   "{x-any: [1, {$ref: 5}]}",
		"escaped":        "{$ref: '#/components/schemas/%41'}",
		"into a path":    "{$ref: '#/paths/~1x/post/requestBody/content/application~1json/x-schema'}",
		"contradictory":  "{allOf: [{type: string}, {type: integer}]}",
		"patterns":       "{type: object, patternProperties: {^a: {type: string}}, propertyNames: {maxLength: 3}}",
		"by position":    "{type: array, prefixItems: [{type: string}, {type: integer}]}",
		"large integers": "{type: integer, maximum: 9223372036854775807, minimum: -1e30}",
		"a date":         "{type: string, default: 2024-10-01}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(body(schema), "{schema:", "{x-schema: {type: string}, schema:", 1)
			doc, err := drift.Parse("doc", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := drift.Flatten(doc, drift.Scope{"/x"}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestJSONStrings has escapes that a YAML parser does not know.
func TestJSONStrings(t *testing.T) {
	t.Parallel()
	n, err := drift.ParseNode("x.json", []byte("{\n \"a\\/b\": [\"\\ud83d\\ude00\", 1.0, 10e-1, true, null]\n}"))
	if err != nil {
		t.Fatal(err)
	}
	items := n.Get("a/b").Items
	if items[0].Text != "😀" || items[1].Text != "1" || items[2].Text != "1" || !items[3].Bool || items[4].Kind != drift.Null || items[0].Line != 2 {
		t.Errorf("%+v", items)
	}
}

// FuzzDocument has any text as a document, or as a schema in one: it is refused with file and line, or it does
// not differ from itself.
func FuzzDocument(f *testing.F) {
	for _, text := range []string{
		"{}", "true", "{type: [string, 'null'], enum: [a, null]}", "{$ref: '#/components/schemas/A', nullable: true}",
		"{oneOf: [{type: object, required: [k], properties: {k: {const: a}}}, {type: object, properties: {k: {enum: [b]}}}], discriminator: {propertyName: k}}",
		"{allOf: [{required: [a]}, {properties: {a: {items: {minimum: 1}}}}], additionalProperties: {type: number, exclusiveMinimum: true}}",
		"{$ref: '#/components/schemas/Loop'}", "{not: {patternProperties: {a: 5}}}", "openapi: 3.1.0\npaths: {/x: {get: {}}}",
		operation("parameters: [{in: header, name: a, schema: {type: integer}}]"), "&a [*a]", "{<<: {a: b}, a: c}", `{"a":"\ud83d"}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, doc := range []string{text, body(text)} {
			d, err := drift.Parse("doc", []byte(doc))
			var facts *drift.Facts
			if err == nil {
				facts, err = drift.Flatten(d, drift.Scope{"/x"})
			}
			if err == nil {
				if diffs := drift.Diff(facts, facts); len(diffs) > 0 {
					t.Errorf("%s differs from itself: %v", doc, diffs)
				}
				continue
			}
			var bad *drift.Error
			lines := 2 + len(strings.FieldsFunc(" "+strings.NewReplacer("\n", "\n ", "\r", "\n ", "\u0085", "\n ", "\u2028", "\n ", "\u2029", "\n ").Replace(doc), func(r rune) bool { return r == '\n' }))
			if !errors.As(err, &bad) || bad.File != "doc" || bad.Line < 1 || bad.Line > lines || bad.Reason == "" {
				t.Errorf("%q: %v is no error with a place", doc, err)
			}
		}
	})
}
