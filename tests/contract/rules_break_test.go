package contract_test

import (
	"strings"
	"testing"

	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// breaches are edits that each break one rule, and what the rule must say.
var breaches = []struct {
	rule string
	at   string // a reference to the object to edit
	edit func(node map[string]any)
	want string
}{
	{"reference", "#/components/schemas/Choice/properties/message", set("description", "is lost."), "beside a $ref"},
	{"reference", "#/components/schemas/Choice/properties/message", set("deprecated", true), "beside a $ref"},
	{"reference", "#/components", set("parameters", map[string]any{"Limit": map[string]any{}}), "write parameters inline"},
	{"named", "#/components/schemas/ImageURL/properties", set("detail", map[string]any{"type": "string", "enum": []any{"low"}}), "enum without a name"},
	{"named", "#/components/schemas/FilePart/properties", set("file", map[string]any{"type": "object"}), "object without a name"},
	{"named", "#/components/schemas/Prediction/properties", set("content", map[string]any{"oneOf": []any{}}), "union without a name"},
	{"named", "#/components/schemas/Tools", set("items", map[string]any{"anyOf": []any{}}), "union without a name"},
	{"null", "#/components/schemas/CreateChatCompletionRequest/properties/temperature", remove("x-omitempty"), "x-omitempty"},
	{"null", "#/components/schemas/CreateChatCompletionRequest/properties/stop", remove("x-omitempty"), "x-omitempty"},
	{"null", "#/components/schemas/AssistantMessage/properties/audio", remove("x-omitempty"), "x-omitempty"},
	{"null", "#/components/schemas/Error/properties/code", set("nullable", true), "nullable"},
	{"null", "#/components/schemas/Stop", func(node map[string]any) {
		branches := node["oneOf"].([]any)
		branches[0], branches[2] = branches[2], branches[0]
	}, "null last"},
	{"null", "#/components/schemas/CreateChatCompletionRequest/properties", set("tool_choice", map[string]any{
		"x-omitempty": true,
		"anyOf":       []any{map[string]any{"$ref": "#/components/schemas/ToolChoice"}, map[string]any{"type": "null"}},
	}), "null beside a union"},
	{"query", "#/paths/~1chat~1completions/get", func(op map[string]any) {
		delete(op["parameters"].([]any)[0].(map[string]any), "x-go-type-skip-optional-pointer")
	}, "x-go-type-skip-optional-pointer"},
	{"text", "#/components/schemas/Choice", remove("description"), "no description"},
	{"text", "#/components/schemas/Choice/properties/index", remove("description"), "no description"},
	{"text", "#/components/schemas/Choice", set("description", "One of the answers"), "as a sentence"},
	{"text", "#/components/schemas/Choice", set("description", drift.Placeholder+" this field"), "as a sentence"},
	{"text", "#/components/schemas/Choice", set("deprecated", true), "two newlines"},
	{"text", "#/components/schemas/FunctionMessage", remove("x-deprecated-reason"), "in its place"},
	{"text", "#/components/schemas/FunctionMessage", remove("deprecated"), "as if it were"},
	{"text", "#/paths/~1chat~1completions/get", remove("summary"), "summary"},
	{"text", "#/paths/~1chat~1completions/get", remove("description"), "no description"},
	{"enum", "#/components/schemas/Verbosity", remove("x-enumDescriptions"), "no words in x-enumDescriptions for low"},
	{"enum", "#/components/schemas/Verbosity/x-enumDescriptions", remove("high"), "for high that"},
	{"enum", "#/components/schemas/Verbosity/x-enumDescriptions", set("high", drift.Placeholder+" this value"), "for high that"},
	{"enum", "#/components/schemas/Verbosity/x-enumDescriptions", set("huge", "is most."), "huge, which is no value"},
	{"operation", "#/paths/~1chat~1completions/get/responses", remove("default"), "no default"},
	{"operation", "#/paths/~1chat~1completions/get/responses", remove("429"), "no 429"},
	{"operation", "#/components/responses/TooManyRequests", remove("headers"), "Retry-After"},
	{"response", "#/components/schemas/URLCitation", set("additionalProperties", true), "further fields"},
}

// A rule that finds nothing proves nothing unless it finds what breaks it.
func TestEveryBreachIsFound(t *testing.T) {
	t.Parallel()
	doc := load(t, documentPath)
	for _, b := range breaches {
		t.Run(b.rule+" "+b.want, func(t *testing.T) {
			t.Parallel()
			changed := doc.Clone()
			node, err := changed.Lookup(b.at)
			if err != nil {
				t.Fatal(err)
			}
			b.edit(object(node))
			var got []string
			rules[b.rule](changed, func(path, why string) { got = append(got, path+" "+why) })
			if !strings.Contains(strings.Join(got, "\n"), b.want) {
				t.Errorf("got %q, want a complaint about %q", got, b.want)
			}
		})
	}
}
