package contract_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

const (
	request = "POST /chat/completions request application/json"
	chunk   = "POST /chat/completions response 200 text/event-stream"
	deleted = "DELETE /chat/completions/{completion_id} response 200 application/json"
	stored  = "GET /chat/completions/{completion_id}/messages response 200 application/json.data[]"
)

// mutation is one edit of the document and all that the comparison must say of it.
type mutation struct {
	name string
	at   string // a reference to the object to edit
	edit func(node map[string]any)
	want []string
}

func set(key string, value any) func(map[string]any) {
	return func(node map[string]any) { node[key] = value }
}

func remove(key string) func(map[string]any) {
	return func(node map[string]any) { delete(node, key) }
}

// without takes one value, or one reference to a component, out of a list.
func without(key, value string) func(map[string]any) {
	return func(node map[string]any) {
		node[key] = slices.DeleteFunc(node[key].([]any), func(v any) bool {
			ref, _ := object(v)["$ref"].(string)
			return v == value || object(v)["type"] == value || strings.HasSuffix(ref, "/"+value)
		})
	}
}

func with(key string, value any) func(map[string]any) {
	return func(node map[string]any) { node[key] = append(slices.Clone(node[key].([]any)), value) }
}

// mutations are edits of every kind of thing that a document can change in.
var mutations = []mutation{
	{"operation removed", "#/paths/~1chat~1completions~1{completion_id}", remove("delete"), []string{"removed DELETE /chat/completions/{completion_id}"}},
	{"operation renamed", "#/paths/~1chat~1completions/post", set("operationId", "create"), []string{`changed POST /chat/completions operationId "createChatCompletion" -> "create"`}},
	{"body made optional", "#/paths/~1chat~1completions/post/requestBody", remove("required"), []string{"removed POST /chat/completions request required true"}},
	{"parameter removed", "#/paths/~1chat~1completions~1{completion_id}~1messages/get", func(op map[string]any) {
		op["parameters"] = op["parameters"].([]any)[1:]
	}, []string{"removed GET /chat/completions/{completion_id}/messages query after"}},
	{"parameter made required", "#/paths/~1chat~1completions/get", func(op map[string]any) {
		op["parameters"].([]any)[0].(map[string]any)["required"] = true
	}, []string{"added GET /chat/completions query model required true"}},
	{"parameter default changed", "#/paths/~1chat~1completions/get", func(op map[string]any) {
		op["parameters"].([]any)[3].(map[string]any)["schema"].(map[string]any)["default"] = 50.0
	}, []string{"changed GET /chat/completions query limit default 20 -> 50"}},
	{"parameter style removed", "#/paths/~1chat~1completions/get", func(op map[string]any) {
		delete(op["parameters"].([]any)[1].(map[string]any), "style")
	}, []string{`removed GET /chat/completions query metadata style "deepObject"`}},
	{"response removed", "#/paths/~1chat~1completions/post/responses", remove("429"), []string{"removed POST /chat/completions response 429"}},
	{"media type removed", "#/paths/~1chat~1completions/post/responses/200/content", remove("text/event-stream"), []string{"removed " + chunk}},
	{"header limit changed", "#/components/responses/TooManyRequests/headers/Retry-After/schema", set("minimum", 2.0), []string{
		"changed DELETE /chat/completions/{completion_id} response 429 header Retry-After minimum 1 -> 2",
		"changed GET /chat/completions response 429 header Retry-After minimum 1 -> 2",
		"changed GET /chat/completions/{completion_id} response 429 header Retry-After minimum 1 -> 2",
		"changed GET /chat/completions/{completion_id}/messages response 429 header Retry-After minimum 1 -> 2",
		"changed POST /chat/completions response 429 header Retry-After minimum 1 -> 2",
		"changed POST /chat/completions/{completion_id} response 429 header Retry-After minimum 1 -> 2",
	}},

	{"field removed", "#/components/schemas/ChatCompletionDeleted/properties", remove("deleted"), []string{
		"removed " + deleted + ".deleted", `added ` + deleted + ` requires "deleted"`,
	}},
	{"field of a field removed", "#/components/schemas/AudioInput/properties", remove("data"), []string{
		`added ` + request + `.messages[]<role=user>.content[]<type=input_audio>.input_audio requires "data"`,
		"removed " + request + ".messages[]<role=user>.content[]<type=input_audio>.input_audio.data",
	}},
	{"field added", "#/components/schemas/CustomVoice/properties", set("style", map[string]any{"type": "string"}), []string{"added " + request + ".audio.voice.style"}},
	{"field made required", "#/components/schemas/CreateChatCompletionRequest", with("required", "n"), []string{"added " + request + ".n required true"}},
	{"field made optional", "#/components/schemas/ChatCompletionDeleted", without("required", "id"), []string{"removed " + deleted + ".id required true"}},
	{"type changed", "#/components/schemas/ChatCompletionDeleted/properties/deleted", set("type", "string"), []string{`changed ` + deleted + `.deleted type "boolean" -> "string"`}},
	{"number made integer", "#/components/schemas/CreateChatCompletionRequest/properties/top_p", set("type", []any{"integer", "null"}), []string{`changed ` + request + `.top_p type "number" -> "integer"`}},
	{"null removed from types", "#/components/schemas/CreateChatCompletionRequest/properties/n", set("type", "integer"), []string{`removed ` + request + `.n type "null"`}},
	{"null removed from anyOf", "#/components/schemas/CreateChatCompletionRequest/properties/prediction", without("anyOf", "null"), []string{`removed ` + request + `.prediction type "null"`}},
	{"null removed from a union", "#/components/schemas/Stop", without("oneOf", "null"), []string{`removed ` + request + `.stop type "null"`}},
	{"null added in the old style", "#/components/schemas/CreateChatCompletionRequest/properties/model", set("nullable", true), []string{`added ` + request + `.model type "null"`}},

	{"enum value removed", "#/components/schemas/GrammarSyntax", without("enum", "lark"), []string{`removed ` + request + `.tools[]<type=custom>.custom.format<type=grammar>.grammar.syntax value "lark"`}},
	{"enum value added", "#/components/schemas/ImageDetail", with("enum", "original"), []string{
		`added ` + stored + `.content_parts[]<type=image_url>.image_url.detail value "original"`,
		`added ` + request + `.messages[]<role=user>.content[]<type=image_url>.image_url.detail value "original"`,
	}},
	{"enum opened", "#/components/schemas/Modality", remove("enum"), []string{
		`removed ` + request + `.modalities[] value "audio"`, `removed ` + request + `.modalities[] value "text"`,
	}},
	{"constant changed", "#/components/schemas/UserLocation/properties/type", set("const", "exact"), []string{
		`changed ` + request + `.web_search_options.user_location.type value "approximate" -> "exact"`,
	}},

	{"branch removed", "#/components/schemas/Message", without("oneOf", "FunctionMessage"), []string{"removed " + request + ".messages[]<role=function>"}},
	{"branch of another type removed", "#/components/schemas/UserContent", without("oneOf", "Text"), []string{`removed ` + request + `.messages[]<role=user>.content type "string"`}},
	{"branch added", "#/components/schemas/UserPart", with("oneOf", map[string]any{"$ref": "#/components/schemas/RefusalPart"}), []string{
		"added " + request + ".messages[]<role=user>.content[]<type=refusal>",
	}},
	{"one of two branches removed", "#/components/schemas/AssistantPart", without("oneOf", "RefusalPart"), []string{
		"removed " + request + ".messages[]<role=assistant>.content[]<type=refusal>",
	}},

	{"minimum changed", "#/components/schemas/CreateChatCompletionRequest/properties/temperature", set("minimum", -1.0), []string{"changed " + request + ".temperature minimum 0 -> -1"}},
	{"minimum of zero removed", "#/components/schemas/CreateChatCompletionRequest/properties/top_p", remove("minimum"), []string{"removed " + request + ".top_p minimum 0"}},
	{"maximum removed", "#/components/schemas/CreateChatCompletionRequest/properties/n", remove("maximum"), []string{"removed " + request + ".n maximum 128"}},
	{"length changed", "#/components/schemas/CreateChatCompletionRequest/properties/safety_identifier", set("maxLength", 32.0), []string{"changed " + request + ".safety_identifier maxLength 64 -> 32"}},
	{"item limit removed", "#/components/schemas/Messages", remove("minItems"), []string{"removed " + request + ".messages minItems 1"}},
	{"default changed", "#/components/schemas/CreateChatCompletionRequest/properties/parallel_tool_calls", set("default", false), []string{"changed " + request + ".parallel_tool_calls default true -> false"}},
	{"format removed", "#/components/schemas/CreateChatCompletionStreamResponse/properties/created", remove("format"), []string{`removed ` + chunk + `.created format "unixtime"`}},
	{"pattern added", "#/components/schemas/ToolMessage/properties/tool_call_id", set("pattern", "^call_"), []string{`added ` + request + `.messages[]<role=tool>.tool_call_id pattern "^call_"`}},
	{"unknown keyword added", "#/components/schemas/FileInput", set("minProperties", 1.0), []string{"added " + request + ".messages[]<role=user>.content[]<type=file>.file minProperties 1"}},
	{"object closed", "#/components/schemas/FileInput", set("additionalProperties", false), []string{"added " + request + ".messages[]<role=user>.content[]<type=file>.file closed true"}},
	{"map values changed", "#/components/schemas/LogitBias", set("additionalProperties", map[string]any{"type": "number"}), []string{`changed ` + request + `.logit_bias{} type "integer" -> "number"`}},
	{"deprecated", "#/components/schemas/CreateChatCompletionRequest/properties/store", set("deprecated", true), []string{"added " + request + ".store deprecated true"}},

	{"text changed", "#/components/schemas/Choice", set("description", "is another text."), nil},
	{"extension changed", "#/components/schemas/Delta", set("x-accumulates-to", "Other"), nil},
	{"words of an enum changed", "#/components/schemas/Verbosity/x-enumDescriptions", set("low", "is other words."), nil},
	{"null written in the old style", "#/components/schemas/CreateChatCompletionRequest/properties/n", func(node map[string]any) {
		node["type"], node["nullable"] = "integer", true
	}, nil},
	{"constant written as an enum", "#/components/schemas/UserLocation/properties/type", func(node map[string]any) {
		node["enum"] = []any{node["const"]}
		delete(node, "const")
	}, nil},
}

// A comparison that reports nothing proves nothing unless it reports what is there. Each edit must be
// found, at its place and nowhere else.
func TestEveryEditIsFound(t *testing.T) {
	t.Parallel()
	doc := load(t, documentPath)
	before := flatten(t, doc.document(t))
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			changed := doc.Clone()
			node, err := changed.Lookup(m.at)
			if err != nil {
				t.Fatal(err)
			}
			m.edit(object(node))
			var got []string
			for _, d := range drift.Diff(before, flatten(t, changed.document(t))) {
				got = append(got, d.String())
			}
			want := slices.Sorted(slices.Values(m.want))
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
		})
	}
}
