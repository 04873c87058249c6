package validate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/validate"
)

// Every single change of a request that breaks it is explained at its place, and never by saying only
// that no branch of a union fits.
func TestEveryMutationIsExplained(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	var tree any
	if err := json.Unmarshal([]byte(largeRequest), &tree); err != nil {
		t.Fatal(err)
	}
	broken := 0
	mutate(tree, "", func(place string) {
		data, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		err = v.Body("CreateChatCompletionRequest", data)
		if err == nil {
			return
		}
		broken++
		checkText(t, err)
		got := asError(t, err)
		if slices.Contains([]string{"oneOf", "anyOf", "allOf", "schema", "nullable", ""}, got.Rule) {
			t.Errorf("change of %s: %v", place, err)
		}
		near := place
		if got.Rule == "required" || got.Rule == "minItems" {
			near = got.Pointer // what is missing is in the place or the place itself
		}
		if !strings.HasPrefix(got.Pointer, near) && !strings.HasPrefix(place, got.Pointer) {
			t.Errorf("change of %s is reported as %v", place, err)
		}
	})
	if broken < 500 {
		t.Errorf("only %d changes broke the request", broken)
	}
}

// mutate changes every value below v in several ways, one at a time, and calls f after each change.
func mutate(v any, place string, f func(place string)) {
	replacements := []any{nil, true, 1.5, planted, []any{}, []any{planted}, map[string]any{}, map[string]any{planted + "!": planted}}
	switch v := v.(type) {
	case map[string]any:
		for key, old := range v {
			at := place + "/" + key
			delete(v, key)
			f(at)
			for _, v[key] = range replacements {
				f(at)
			}
			v[key] = old
			mutate(old, at, f)
		}
	case []any:
		for i, old := range v {
			at := fmt.Sprint(place, "/", i)
			for _, v[i] = range replacements {
				f(at)
			}
			v[i] = old
			mutate(old, at, f)
		}
	}
}

func FuzzBody(f *testing.F) {
	f.Add([]byte(largeRequest))
	f.Add([]byte(with(`"n":0`)))
	v, err := validate.New(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		err := v.Body("CreateChatCompletionRequest", data)
		if err == nil {
			if !json.Valid(data) {
				t.Error("not JSON")
			}
			return
		}
		text := err.Error()
		if len(text) > 1000 || strings.ContainsAny(text, "\n\r") {
			t.Errorf("text of an error: %q", text)
		}
	})
}

func BenchmarkRequest(b *testing.B) {
	v, err := validate.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://localhost/v1/chat/completions", bytes.NewReader([]byte(largeRequest)))
		if err != nil {
			b.Fatal(err)
		}
		if err := v.Request(r); err != nil {
			b.Fatal(err)
		}
	}
}

// largeRequest uses every union of a request.
const largeRequest = `{
	"model": "m",
	"messages": [
		{"role": "developer", "content": "x", "name": "n"},
		{"role": "system", "content": [{"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}]},
		{"role": "user", "content": "x"},
		{"role": "user", "content": [
			{"type": "text", "text": "x"},
			{"type": "image_url", "image_url": {"url": "data:", "detail": "low"}},
			{"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}},
			{"type": "file", "file": {"file_id": "f"}}]},
		{"role": "assistant", "content": [{"type": "text", "text": "x"}, {"type": "refusal", "refusal": "x"}], "refusal": "x", "audio": {"id": "a"},
			"tool_calls": [
				{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
				{"id": "2", "type": "custom", "custom": {"name": "c", "input": "x"}}],
			"function_call": {"name": "f", "arguments": "{}"}},
		{"role": "tool", "content": "x", "tool_call_id": "1"},
		{"role": "function", "content": null, "name": "f"}],
	"audio": {"voice": {"id": "v"}, "format": "wav"},
	"frequency_penalty": -2, "presence_penalty": 2, "temperature": 0, "top_p": 1, "top_logprobs": 0, "logprobs": true,
	"function_call": {"name": "f"}, "functions": [{"name": "f", "parameters": {"type": "object"}}],
	"logit_bias": {"50256": -100}, "max_completion_tokens": 1, "max_tokens": 1, "metadata": {"k": "v"}, "modalities": ["text", "audio"],
	"moderation": {"model": "m", "policy": {"input": {"mode": "score"}, "output": {"mode": "block"}}},
	"n": 2, "parallel_tool_calls": true, "prediction": {"type": "content", "content": [{"type": "text", "text": "x"}]},
	"prompt_cache_key": "k", "prompt_cache_options": {"mode": "implicit", "ttl": "30m"}, "prompt_cache_retention": "24h",
	"reasoning_effort": "low", "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": true}},
	"safety_identifier": "s", "seed": 7, "service_tier": "auto", "stop": ["a"], "store": true, "stream": true,
	"stream_options": {"include_usage": true, "include_obfuscation": false},
	"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "name": "f"}]}},
	"tools": [
		{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true}},
		{"type": "custom", "custom": {"name": "c", "format": {"type": "grammar", "grammar": {"definition": "d", "syntax": "lark"}}}}],
	"user": "u", "verbosity": "low",
	"web_search_options": {"search_context_size": "low", "user_location": {"type": "approximate", "approximate": {"city": "c"}}}
}`
