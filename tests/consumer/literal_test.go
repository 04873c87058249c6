package stranger_test

import (
	"encoding/json"
	"testing"

	chat "github.com/chatspec/chatspec/generated"
)

// TestRequestIsOneLiteral is a request with an image, two tools and a JSON schema, written without a
// variable, a helper or an error check.
func TestRequestIsOneLiteral(t *testing.T) {
	t.Parallel()
	req := chat.CreateChatCompletionRequest{
		Model:       "gpt-5.4",
		Temperature: new(0.0),
		Messages: chat.Messages{
			chat.SystemMessage{Content: chat.Text("Be brief.")},
			chat.UserMessage{Content: chat.UserParts{
				chat.TextPart{Text: "What is this?"},
				chat.ImagePart{ImageURL: chat.ImageURL{URL: "data:image/png;base64,iVBORw0="}},
			}},
		},
		Tools: chat.Tools{
			chat.FunctionTool{Function: chat.FunctionDefinition{
				Name: "weather",
				Parameters: map[string]any{
					"type":       "object",
					"properties": map[string]any{"city": map[string]any{"type": "string"}},
				},
			}},
			chat.CustomTool{Custom: chat.CustomDefinition{Name: "shell"}},
		},
		ResponseFormat: chat.JSONSchemaResponse{JSONSchema: chat.NamedSchema{
			Name:   "answer",
			Schema: json.RawMessage(`{"type":"object"}`),
		}},
		Stop: chat.StopSequence("END"),
	}
	got, err := json.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	var parsed, want any
	if err := json.Unmarshal(got, &parsed); err != nil {
		t.Fatal(err)
	}
	const wire = `{
		"model": "gpt-5.4", "temperature": 0, "stop": "END",
		"messages": [
			{"role": "system", "content": "Be brief."},
			{"role": "user", "content": [
				{"type": "text", "text": "What is this?"},
				{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0="}}]}],
		"tools": [
			{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}},
			{"type": "custom", "custom": {"name": "shell"}}],
		"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
	}`
	if err := json.Unmarshal([]byte(wire), &want); err != nil {
		t.Fatal(err)
	}
	g, _ := json.Marshal(parsed)
	w, _ := json.Marshal(want)
	if string(g) != string(w) {
		t.Errorf("on the wire:\n%s\nwant:\n%s", g, w)
	}
}
