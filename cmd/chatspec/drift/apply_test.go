package drift_test

import (
	"strings"
	"testing"

	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// ours is a document to be edited. It has every way of writing that an edit has to cope with.
const ours = `# Kept by hand.
openapi: 3.1.0
paths:
  /x:
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Ask'}}}}
      responses:
        '200': {content: {application/json: {schema: {$ref: '#/components/schemas/Answer'}}, text/event-stream: {schema: {$ref: '#/components/schemas/Chunk'}}}}
components:
  schemas:
    Ask:
      type: object
      required: [model]
      properties:
        # First, as people read it.
        model: {type: string, description: is the model.}
        alpha:
          type: string
          description: |-
            is text

            # and not a comment
        # About delta.
        delta: {$ref: '#/components/schemas/Effort'}
        kind: {type: string, const: one, description: is one.}
        list: {$ref: '#/components/schemas/Listed'}
        omega: {anyOf: [{$ref: '#/components/schemas/Shared'}, {type: 'null'}], x-omitempty: true, description: is shared.} # last

    Effort: {type: string, enum: [low, "hi, gh", 'don''t' ], description: is an effort.}   # a comment
    Listed:
      type: string
      enum:
      - a
      - 'b'   # quoted
      description: is listed.
    Named: {type: string, enum: [x], x-enum-varnames: [X], description: is named.}
    Side:
      type: string
      enum: [up, down]
      x-enumDescriptions:
        up: is up.
        down: is down.
      description: is a side.
    Wind:
      type: string
      x-enumDescriptions:
        n: is north.
      enum:
      - n
      description: is a wind.
    Short: {type: string, enum: [s], x-enumDescriptions: {s: is short.}}
    Shared:
      type: object
      description: is shared.
      properties: {a: {type: string}}
    Answer:
      type: object
      properties:
        text: {type: string, description: is text.}
        effort: {$ref: '#/components/schemas/Effort'}
        named: {$ref: '#/components/schemas/Named'}
        short: {$ref: '#/components/schemas/Short'}
        side: {$ref: '#/components/schemas/Side'}
        wind: {$ref: '#/components/schemas/Wind'}
    Chunk:
      type: object
      x-accumulates-to: Answer
      properties:
        text: {type: string, description: is a piece of text.}
`

// theirs is the document with the replacements, as another one that has moved on.
func theirs(t *testing.T, pairs ...string) *drift.Document {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(ours, pairs[i]) != 1 {
			t.Fatalf("%q is there %d times", pairs[i], strings.Count(ours, pairs[i]))
		}
	}
	doc, err := drift.Parse("theirs", []byte(strings.NewReplacer(pairs...).Replace(ours)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// apply takes over what the other document has added.
func apply(t *testing.T, text string, other *drift.Document) *drift.Plan {
	t.Helper()
	doc, err := drift.Parse("ours", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := drift.Apply([]byte(text), doc, other, drift.Scope{"/x"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// The places at which the tests add something.
const (
	inAsk    = "        # First, as people read it.\n"
	inChunk  = "        text: {type: string, description: is a piece of text.}\n"
	inAnswer = "        text: {type: string, description: is text.}\n"
	effort   = `    Effort: {type: string, enum: [low, "hi, gh", 'don''t' ], description: is an effort.}   # a comment` + "\n"
)

// TestApply has additions, and the one edit of the text that each becomes.
func TestApply(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ from, to, before, after string }{
		"string between fields": {
			inAsk, inAsk + "        beta: {type: string, maxLength: 9}\n",
			"            # and not a comment\n", "            # and not a comment\n        beta:\n          type: string\n          maxLength: 9\n          description: TODO describe this field\n",
		},
		"number or null": {
			inAsk, inAsk + "        gamma: {type: [number, 'null'], minimum: -0.5, default: 1}\n",
			"        # About delta.\n        delta: {$ref: '#/components/schemas/Effort'}\n",
			"        # About delta.\n        delta: {$ref: '#/components/schemas/Effort'}\n        gamma:\n          type: [number, 'null']\n          x-omitempty: true\n" +
				"          default: 1\n          minimum: -0.5\n          description: TODO describe this field\n          x-go-type-skip-optional-pointer: false\n",
		},
		"list of strings at the end": {
			inAsk, inAsk + "        zeta: {type: array, maxItems: 4, items: {type: string, pattern: '^a'}}\n",
			"description: is shared.} # last\n",
			"description: is shared.} # last\n        zeta:\n          type: array\n          items: {type: string, pattern: \"^a\"}\n          maxItems: 4\n          description: TODO describe this field\n",
		},
		"before all that is sorted": {
			inAnswer, inAnswer + "        aaa: {type: boolean}\n",
			"        effort: {$ref: '#/components/schemas/Effort'}\n        named", "        aaa:\n          type: boolean\n          description: TODO describe this field\n        effort: {$ref: '#/components/schemas/Effort'}\n        named",
		},
		"name that needs quotes": {
			inAnswer, inAnswer + "        'on': {type: string}\n",
			"        named: {$ref: '#/components/schemas/Named'}\n", "        named: {$ref: '#/components/schemas/Named'}\n        'on':\n          type: string\n          description: TODO describe this field\n",
		},
		"what a component says": {
			inAnswer, inAnswer + "        how: {type: string, enum: [low, \"hi, gh\", 'don''t']}\n",
			"        named: {$ref", "        how:\n          $ref: '#/components/schemas/Effort'\n        named: {$ref",
		},
		"what a component says, or null": {
			inAnswer, inAnswer + "        so: {type: [object, 'null'], properties: {a: {type: string}}}\n",
			"        side: {$ref: '#/components/schemas/Side'}\n",
			"        side: {$ref: '#/components/schemas/Side'}\n        so:\n          anyOf: [{$ref: '#/components/schemas/Shared'}, {type: 'null'}]\n          x-omitempty: true\n          description: TODO describe this field\n",
		},
		"value in brackets": {
			effort, strings.Replace(effort, "low,", "low, 'no', ", 1),
			effort, "    # TODO describe the value 'no'\n" + strings.Replace(effort, "'don''t' ]", "'don''t', 'no' ]", 1),
		},
		"value in a line": {
			"      - a\n", "      - a\n      - c-d\n",
			"      - 'b'   # quoted\n", "      - 'b'   # quoted\n      # TODO describe the value c-d\n      - c-d\n",
		},
		"value with words": {
			"enum: [up, down]", "enum: [up, down, 'off']",
			"enum: [up, down]\n      x-enumDescriptions:\n        up: is up.\n        down: is down.\n",
			"enum: [up, down, 'off']\n      x-enumDescriptions:\n        up: is up.\n        down: is down.\n        'off': TODO describe this value\n",
		},
		"value below its words": {
			"      - n\n", "      - n\n      - e\n",
			"        n: is north.\n      enum:\n      - n\n", "        n: is north.\n        e: TODO describe this value\n      enum:\n      - n\n      - e\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, ending := range []string{"\n", "\r\n"} {
				text := strings.ReplaceAll(ours, "\n", ending)
				plan := apply(t, text, theirs(t, tc.from, tc.to))
				want := strings.ReplaceAll(strings.Replace(ours, tc.before, tc.after, 1), "\n", ending)
				if got := string(plan.Text); got != want || len(plan.Refused) > 0 || strings.Count(ours, tc.before) != 1 {
					t.Errorf("got\n%s\nwant\n%s\nrefused %v", got, want, plan.Refused)
				}
			}
		})
	}
}

// TestApplyAtTheEdges has texts whose lines are not like others.
func TestApplyAtTheEdges(t *testing.T) {
	t.Parallel()
	const head = "openapi: 3.1.0\npaths: {/x: {get: {responses: {'200': {content: {a/b: {schema: {$ref: '#/components/schemas/A'}}}}}}}}\ncomponents:\n  schemas:\n"
	for name, tc := range map[string]struct{ ours, theirs, want string }{
		"no line feed at the end": {
			"    A:\n      properties:\n        a: {type: string}", "    A: {properties: {a: {type: string}, b: {type: string}}}",
			"    A:\n      properties:\n        a: {type: string}\n        b:\n          type: string\n          description: TODO describe this field\n",
		},
		"not before the first": {
			"    A:\n        properties:\n            # first\n            b: {type: string}\n", "    A: {properties: {a: {type: string}, b: {type: string}}}",
			"    A:\n        properties:\n            # first\n            b: {type: string}\n            a:\n              type: string\n              description: TODO describe this field\n",
		},
		"brackets over several lines": {
			"    A:\n      enum: [a,\n        ü, 'é',   b # last\n      ]\n", "    A: {enum: [a, b, c, ü, é]}",
			"    A:\n      enum: [a,\n        # TODO describe the value c\n        ü, 'é',   b, c # last\n      ]\n",
		},
		"numbers": {"    A: {enum: [1, 2.5]}", "    A: {enum: [1, 2.5, 3]}", "    # TODO describe the value '3'\n    A: {enum: [1, 2.5, 3]}"},
		"last value without a line feed": {
			"    A:\n      enum:\n        - \"a\"", "    A: {enum: [a, b]}",
			"    A:\n      enum:\n        - \"a\"\n        # TODO describe the value b\n        - b\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other, err := drift.Parse("theirs", []byte(head+tc.theirs))
			if err != nil {
				t.Fatal(err)
			}
			if plan := apply(t, head+tc.ours, other); string(plan.Text) != head+tc.want {
				t.Errorf("got\n%s\nwant\n%s\nrefused %v", plan.Text[len(head):], tc.want, plan.Refused)
			}
		})
	}
}

// TestApplyRefuses has what needs thought, and what is said about it. The text stays as it is.
func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	const component = "it needs a component of its own, with a name and a description"
	for name, tc := range map[string]struct{ from, to, why string }{
		"required field":       {"required: [model]\n      properties:\n" + inAsk, "required: [model, new]\n      properties:\n        new: {type: string}\n" + inAsk, "a required field breaks those who do not send it"},
		"field made required":  {"required: [model]", "required: [model, alpha]", "required is neither a new field nor a new value"},
		"deprecated field":     {inAsk, inAsk + "        new: {type: string, deprecated: true}\n", "it is deprecated already: say what takes its place"},
		"object":               {inAsk, inAsk + "        new: {type: object, properties: {b: {type: string}}}\n", component},
		"enum":                 {inAsk, inAsk + "        new: {type: string, enum: [p, q]}\n", "an enum needs a component of its own, with a name and a description"},
		"union":                {inAsk, inAsk + "        new: {type: [string, integer]}\n", component},
		"list of lists":        {inAsk, inAsk + "        new: {type: array, items: {type: array, items: {type: string}}}\n", "its elements need a component of their own"},
		"anything":             {inAsk, inAsk + "        new: {}\n", component},
		"unknown keyword":      {inAsk, inAsk + "        new: {type: string, contentSchema: {}}\n", "it has contentSchema, which needs a look"},
		"streamed text":        {inChunk, inChunk + "        new: {type: string}\n", "it is streamed: say with x-accumulate how its pieces add up"},
		"streamed alone":       {inChunk, inChunk + "        new: {type: integer}\n", "it is streamed, and Answer, to which chunks add up, has no such field"},
		"field in brackets":    {"properties: {a: {type: string}}", "properties: {a: {type: string}, b: {type: string}}", "the fields of the object stand in brackets; put them into lines of their own first"},
		"constant":             {"const: one", "enum: [one, two]", "our document has a constant here, which would become an enum"},
		"words in brackets":    {"enum: [s]", "enum: [s, t]", "the fields of the object stand in brackets; put them into lines of their own first"},
		"names for Go":         {"enum: [x]", "enum: [x, y]", "x-enum-varnames of #/components/schemas/Named needs a Go name for it"},
		"type":                 {"text: {type: string, description: is text.}", "text: {type: [string, 'null']}", "type is neither a new field nor a new value"},
		"changed type":         {"text: {type: string, description: is text.}", "text: {type: integer}", "a change of what is there breaks those who rely on it"},
		"removed value":        {"      - a\n", "", "the other document has it no more, or never had it: take it out by hand, or list it as a deviation"},
		"operation":            {"    post:\n", "    get: {}\n    post:\n", "only fields and values are added; this needs names of its own"},
		"parameter":            {"    post:\n", "    post:\n      parameters: [{in: query, name: q}]\n", "only fields and values are added; this needs names of its own"},
		"values of a free one": {"alpha:\n          type: string\n", "alpha:\n          type: string\n          enum: [a]\n", "our document lists no values here"},
		"used elsewhere too": {
			"delta: {$ref: '#/components/schemas/Effort'}", "delta: {type: string, enum: [low, \"hi, gh\", 'don''t', new]}",
			`an edit at #/components/schemas/Effort/enum/3 would make another difference, because the schema serves several places: removed POST /x response 200 application/json.effort value "new"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := apply(t, ours, theirs(t, tc.from, tc.to))
			if len(plan.Refused) == 0 || plan.Refused[0].Why != tc.why || len(plan.Applied) > 0 {
				t.Errorf("refused %+v, applied %v, want %s", plan.Refused, plan.Applied, tc.why)
			}
			if string(plan.Text) != ours {
				t.Errorf("the text has changed:\n%s", plan.Text)
			}
		})
	}
}

// TestApplyInSeveralPlaces has one addition that shows in many places, and two in one object.
func TestApplyInSeveralPlaces(t *testing.T) {
	t.Parallel()
	plan := apply(t, ours, theirs(t, effort, strings.Replace(effort, "low", "low, new", 1), inAnswer, inAnswer+"        b: {type: integer}\n        c: {type: integer}\n"))
	got := map[string]int{}
	for _, a := range plan.Applied {
		got[a.Pointer]++
	}
	for pointer, n := range map[string]int{
		"#/components/schemas/Effort/enum/3": 2, "#/components/schemas/Answer/properties/b": 1, "#/components/schemas/Answer/properties/c": 1,
	} {
		if got[pointer] != n {
			t.Errorf("%s serves %d places, want %d", pointer, got[pointer], n)
		}
	}
	if len(plan.Refused) > 0 || len(got) != 3 {
		t.Errorf("applied %v, refused %v", got, plan.Refused)
	}
}

// FuzzApply has any two schemas: what is applied leaves fewer differences, all of them there before, in a
// document that can be read; where nothing is applied, no byte changes.
func FuzzApply(f *testing.F) {
	f.Add("{type: string, enum: [a, 'b' ]} # c", "{type: string, enum: [a, b, c]}")
	f.Add("\n  type: object\n  properties:\n    a: {type: string}\n", "{properties: {a: {type: string}, 'b ': {type: [number, 'null']}}}")
	f.Add("\n  enum:\n  - \"a\\\"\"\n  -   b\n", "{enum: [c]}")
	f.Add("{type: object, properties: {\n a: {type: string}}}", "{properties: {b: {type: array, items: {type: string}}}}")
	f.Fuzz(func(t *testing.T, a, b string) {
		const head = "openapi: 3.1.0\npaths: {/x: {get: {responses: {'200': {content: {a/b: {schema: {$ref: '#/x-a'}}}}}}}}\nx-a: "
		ours, errA := drift.Parse("ours", []byte(head+a))
		theirs, errB := drift.Parse("theirs", []byte(head+b))
		if errA != nil || errB != nil {
			return
		}
		plan, err := drift.Apply([]byte(head+a), ours, theirs, drift.Scope{"/x"}, nil)
		if err != nil {
			return
		}
		if len(plan.Applied) == 0 {
			if string(plan.Text) != head+a {
				t.Errorf("nothing was applied, and the text is\n%s", plan.Text)
			}
			return
		}
		after, err := drift.Parse("after", plan.Text)
		if err != nil {
			t.Fatalf("%v\n%s", err, plan.Text)
		}
		left := drift.Diff(mustFlatten(t, after), mustFlatten(t, theirs))
		if len(left) > len(plan.Refused) {
			t.Errorf("%d differences are left, %d were refused:\n%s", len(left), len(plan.Refused), plan.Text)
		}
	})
}
