package drift_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// parse makes a document whose only operation takes a body of the given schema, in YAML.
func parse(t *testing.T, schema, components string) *drift.Document {
	t.Helper()
	doc, err := drift.Parse("x.yaml", []byte(`
openapi: 3.1.0
paths:
  /x:
    post:
      requestBody: {content: {application/json: {schema: `+schema+`}}}
components: {schemas: {`+components+`}}
`))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// lines are the facts about the body, each without the way to it.
func lines(t *testing.T, doc *drift.Document) []string {
	t.Helper()
	facts, err := drift.Flatten(doc, doc.Scope())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range facts.List {
		if rest, ok := strings.CutPrefix(f.String(), "POST /x request application/json"); ok {
			out = append(out, strings.TrimSpace(rest))
		}
	}
	return out
}

// Documents say one thing in many ways; the facts of each group must be the same.
func TestOneMeaningOneFact(t *testing.T) {
	t.Parallel()
	groups := map[string]struct {
		components string
		schemas    []string
		want       []string
	}{
		"null": {
			components: `S: {type: string}, N: {type: [string, 'null']}`,
			schemas: []string{
				`{type: [string, 'null']}`,
				`{type: string, nullable: true}`,
				`{anyOf: [{type: string}, {type: 'null'}]}`,
				`{oneOf: [{$ref: '#/components/schemas/S'}, {type: 'null'}]}`,
				`{$ref: '#/components/schemas/S', nullable: true}`,
				`{$ref: '#/components/schemas/N'}`,
				`{allOf: [{$ref: '#/components/schemas/N'}]}`,
				`{nullable: true, oneOf: [{type: string}]}`,
				`{nullable: true, allOf: [{$ref: '#/components/schemas/S'}]}`,
				`{type: string, nullable: true, allOf: [{$ref: '#/components/schemas/S'}]}`,
			},
			want: []string{"present", `type "null"`, `type "string"`},
		},
		"constant": {
			schemas: []string{`{const: a}`, `{type: string, enum: [a]}`, `{type: string, const: a, default: a}`, `{enum: [a]}`},
			want:    []string{"present", `type "string"`, `value "a"`},
		},
		"enum": {
			components: `E: {type: string, enum: [b, a]}`,
			schemas: []string{
				`{type: string, enum: [a, b]}`,
				`{$ref: '#/components/schemas/E'}`,
				`{oneOf: [{const: a}, {const: b}]}`,
				`{allOf: [{type: string}, {enum: [a, b]}]}`,
				`{allOf: [{enum: [a, b, c]}, {enum: [a, b]}]}`,
			},
			want: []string{"present", `type "string"`, `value "a"`, `value "b"`},
		},
		"open enum": {
			schemas: []string{
				`{anyOf: [{type: string}, {type: string, enum: [a]}]}`,
				`{anyOf: [{anyOf: [{type: string, enum: [a]}, {type: string}]}]}`,
			},
			want: []string{`known "a"`, "present", `type "string"`},
		},
		"object": {
			components: `A: {type: object, required: [a], properties: {a: {type: string}}}`,
			schemas: []string{
				`{type: object, required: [a, b], properties: {a: {type: string}, b: {type: integer, maximum: 9}}}`,
				`{required: [a, b], properties: {b: {type: integer, maximum: 9.0}, a: {type: string}}, additionalProperties: true}`,
				`{allOf: [{$ref: '#/components/schemas/A'}, {required: [b], properties: {b: {type: integer, maximum: 9}}}]}`,
				`{allOf: [{$ref: '#/components/schemas/A'}], required: [b], properties: {b: {type: integer, maximum: 9}}}`,
				`{allOf: [{$ref: '#/components/schemas/A'}, {required: [b], properties: {b: {type: number, maximum: 10}}}, {properties: {b: {type: integer, maximum: 9}}}]}`,
			},
			want: []string{"present", `type "object"`, ".a present", ".a required true", `.a type "string"`, ".b maximum 9", ".b present", ".b required true", `.b type "integer"`},
		},
		"union": {
			components: `A: {type: object, required: [k], properties: {k: {const: a}}}, B: {type: object, required: [k], properties: {k: {const: b}}}`,
			schemas: []string{
				`{oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}]}`,
				`{anyOf: [{oneOf: [{$ref: '#/components/schemas/B'}]}, {$ref: '#/components/schemas/A'}], discriminator: {propertyName: k}}`,
				`{required: [k], properties: {k: {type: string}}, oneOf: [{properties: {k: {const: a}}}, {properties: {k: {const: b}}}]}`,
			},
			want: []string{
				"present", `type "object"`,
				"<k=a> present", "<k=a>.k present", "<k=a>.k required true", `<k=a>.k type "string"`, `<k=a>.k value "a"`,
				"<k=b> present", "<k=b>.k present", "<k=b>.k required true", `<k=b>.k type "string"`, `<k=b>.k value "b"`,
			},
		},
		"closed and map": {
			schemas: []string{`{type: object, properties: {m: {type: object, additionalProperties: {type: integer}}}, additionalProperties: false}`},
			want:    []string{"closed true", "present", `type "object"`, ".m present", `.m type "object"`, ".m{} present", `.m{} type "integer"`},
		},
		"recursion": {
			components: `T: {type: object, properties: {next: {type: array, items: {$ref: '#/components/schemas/T'}}}}`,
			schemas:    []string{`{$ref: '#/components/schemas/T'}`},
			want: []string{
				"present", `type "object"`, ".next present", `.next type "array"`, ".next[] present",
				`.next[] recursive "POST /x request application/json"`, `.next[] type "object"`,
			},
		},
		"recursion with more at the way back": {
			components: `T: {type: object, properties: {next: {$ref: '#/components/schemas/T', maxProperties: 3}}},
				U: {type: object, properties: {next: {allOf: [{$ref: '#/components/schemas/U'}, {maxProperties: 3}]}}}`,
			schemas: []string{`{$ref: '#/components/schemas/T'}`, `{$ref: '#/components/schemas/U'}`},
			want: []string{
				"present", `type "object"`, ".next maxProperties 3", ".next present", `.next type "object"`,
				".next.next present", `.next.next recursive "POST /x request application/json.next"`, `.next.next type "object"`,
			},
		},
		"both of an allOf": {
			schemas: []string{
				`{allOf: [{type: string, pattern: a}, {pattern: b, minLength: 2}, {pattern: b, minLength: 1}]}`,
				`{type: string, pattern: b, allOf: [{pattern: a}], minLength: 2}`,
			},
			want: []string{"minLength 2", `pattern "a"`, `pattern "b"`, "present", `type "string"`},
		},
		"default beside an allOf": {
			components: `E: {type: string, enum: [a, b], default: a}`,
			schemas:    []string{`{allOf: [{$ref: '#/components/schemas/E'}], default: b}`, `{type: string, enum: [a, b], default: b}`},
			want:       []string{`default "b"`, "present", `type "string"`, `value "a"`, `value "b"`},
		},
		"union by its mapping": {
			components: `A: {type: object, required: [k], properties: {k: {type: string}}}, B: {type: object, required: [k], properties: {k: {type: string}, b: {}}}`,
			schemas: []string{
				`{oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}], discriminator: {propertyName: k, mapping: {a: A, b: '#/components/schemas/B', c: B}}}`,
			},
			want: []string{
				"present", `type "object"`,
				"<k=a> present", "<k=a>.k present", "<k=a>.k required true", `<k=a>.k type "string"`,
				"<k=b|c> present", "<k=b|c>.b present", `<k=b|c>.b type "any"`, "<k=b|c>.k present", "<k=b|c>.k required true", `<k=b|c>.k type "string"`,
			},
		},
		"names that look like steps": {
			schemas: []string{`{type: object, properties: {a: {type: object, required: [b]}, a.b: {type: string}, 'c[]': {type: string}}, required: [a.b]}`},
			want: []string{
				"present", `type "object"`, ".a present", `.a requires "b"`, `.a type "object"`,
				`["a.b"] present`, `["a.b"] required true`, `["a.b"] type "string"`, `["c[]"] present`, `["c[]"] type "string"`,
			},
		},
		"list of anything": {
			schemas: []string{`{type: array, items: {}}`, `{type: array, minItems: 0, items: true}`, `{type: array}`},
			want:    []string{"present", `type "array"`},
		},
		"not even one": {
			schemas: []string{`{type: array, contains: {const: a}, minContains: 0}`},
			want:    []string{"minContains 0", "present", `type "array"`, "contains present", `contains type "string"`, `contains value "a"`},
		},
	}
	for name, g := range groups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, schema := range g.schemas {
				if got := lines(t, parse(t, schema, g.components)); !slices.Equal(got, g.want) {
					t.Errorf("%s\ngot  %q\nwant %q", schema, got, g.want)
				}
			}
		})
	}
}

func TestReferencesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{
		`{$ref: '#/components/schemas/Gone'}`,
		`{$ref: 'other.yaml#/X'}`,
		`{$ref: '#/components/schemas/Loop'}`,
		`{allOf: [{$ref: '#/components/schemas/Loop'}]}`,
	} {
		doc := parse(t, schema, `Loop: {$ref: '#/components/schemas/Back'}, Back: {$ref: '#/components/schemas/Loop'}`)
		if _, err := drift.Flatten(doc, doc.Scope()); err == nil {
			t.Errorf("%s was accepted", schema)
		}
	}
}

func TestDeviations(t *testing.T) {
	t.Parallel()
	diffs := []drift.Difference{
		{Kind: drift.Added, At: "GET /a response default", Fact: drift.Present},
		{Kind: drift.Added, At: "GET /b response default", Fact: drift.Present},
		{Kind: drift.Removed, At: "GET /a query n", Fact: "maximum", Old: "9"},
		{Kind: drift.Added, At: "GET /a query n", Fact: "maximum", New: "9"},
	}
	meant := []drift.Deviation{
		{Kind: drift.Added, At: "* response default", Reason: "r"},
		{Kind: drift.Removed, At: "GET /a query n", Fact: "maximum", Reason: "r"},
		{Kind: drift.Removed, At: "GET /a query n", Reason: "the place is there"},
		{Kind: drift.Removed, At: "GET /a query *n.x*", Fact: "maximum", Reason: "no such place"},
	}
	got := drift.Sift(diffs, meant)
	if !slices.Equal(got.Rest, diffs[3:]) {
		t.Errorf("not listed: %v, want %v", got.Rest, diffs[3:])
	}
	if !slices.Equal(got.Stale, meant[2:]) {
		t.Errorf("stale: %v, want %v", got.Stale, meant[2:])
	}
	if len(got.Listed) != 3 || got.Listed[0].Deviation != meant[0] || got.Listed[2].Deviation != meant[1] {
		t.Errorf("listed: %v", got.Listed)
	}
}

// What a document lacks is shown where it would say it: not beside the null that the place allows too.
func TestPlaceOfWhatIsLacking(t *testing.T) {
	t.Parallel()
	before := mustFlatten(t, parse(t, `{anyOf: [{type: 'null'}, {type: string}]}`, ""))
	after := mustFlatten(t, parse(t, `{anyOf: [{type: 'null'}, {type: string, maxLength: 1}]}`, ""))
	const want = "#/paths/~1x/post/requestBody/content/application~1json/schema/anyOf/1"
	if got := drift.Diff(before, after); len(got) != 1 || got[0].OldSource.Pointer != want {
		t.Errorf("got %v, want one difference at %s", got, want)
	}
}
