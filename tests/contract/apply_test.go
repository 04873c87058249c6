package contract_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// TestNothingIsLeftToDescribe finds what `chatspec apply` has left to be written by hand, in comments too.
func TestNothingIsLeftToDescribe(t *testing.T) {
	t.Parallel()
	for i, line := range strings.Split(chatspec.Spec, "\n") {
		if strings.Contains(line, drift.Placeholder) {
			t.Errorf("%s:%d: %s", documentPath, i+1, strings.TrimSpace(line))
		}
	}
}

// TestApplyThenGenerate has a document that has moved on: what is added is taken over and generated as Go that
// compiles, what needs thought is all that differs then, and the rules ask for the words.
func TestApplyThenGenerate(t *testing.T) {
	t.Parallel()
	moved := load(t, documentPath).Clone()
	schemas := object(object(moved.root["components"])["schemas"])
	add := func(schema, name string, field map[string]any) {
		object(object(schemas[schema])["properties"])[name] = field
	}
	add("CreateChatCompletionRequest", "new_limit", map[string]any{"type": []any{"integer", "null"}, "minimum": 1})
	add("CreateChatCompletionRequest", "new_words", map[string]any{"type": "array", "items": map[string]any{"type": "string"}})
	add("ResponseMessage", "new_text", map[string]any{"type": "string"})
	add("Error", "new_object", map[string]any{"type": "object", "properties": map[string]any{"a": map[string]any{"type": "string"}}})
	tiers := object(schemas["ServiceTier"])
	tiers["enum"] = append(tiers["enum"].([]any), "new-tier")

	theirs := moved.document(t)
	plan, err := drift.Apply([]byte(chatspec.Spec), loadDrift(t, documentPath), theirs, scope, nil)
	if err != nil {
		t.Fatal(err)
	}
	applied, err := drift.Parse("applied.yaml", plan.Text)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range drift.Diff(flatten(t, applied), flatten(t, theirs)) {
		if !strings.HasSuffix(d.At, ".error.new_object") {
			t.Errorf("still differs: %s", d)
		}
	}

	var undescribed []string
	everythingIsDescribed(&tree{applied.Root.Plain().(map[string]any)}, func(path, _ string) { undescribed = append(undescribed, path) })
	want := []string{
		"#/components/schemas/CreateChatCompletionRequest/properties/new_limit",
		"#/components/schemas/CreateChatCompletionRequest/properties/new_words",
		"#/components/schemas/ResponseMessage/properties/new_text",
	}
	if slices.Sort(undescribed); !slices.Equal(undescribed, want) {
		t.Errorf("without a description: %v, want %v", undescribed, want)
	}
	if strings.Count(string(plan.Text), drift.Placeholder) != 4 {
		t.Errorf("want 4 places to describe:\n%s", plan.Text)
	}

	spec := filepath.Join(t.TempDir(), "openapi.yaml")
	writeFile(t, spec, string(plan.Text))
	dir := generated(t, spec, "")
	writeFile(t, filepath.Join(dir, "main.go"), `package main

import (
	"encoding/json"
	"fmt"

	"overlaid/chat"
)

func main() {
	data, err := json.Marshal(chat.CreateChatCompletionRequest{
		Model: "m", Messages: chat.Messages{}, NewLimit: new(0), NewWords: []string{"a"}, ServiceTier: chat.ServiceTierNewTier,
	})
	fmt.Println(string(data), err, chat.ResponseMessage{NewText: "b"}.NewText)
}
`)
	got, err := run(t, dir, "go", "run", "-mod=mod", ".")
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"model":"m","messages":[],"new_limit":0,"new_words":["a"],"service_tier":"new-tier"} <nil> b` + "\n"; got != want {
		t.Errorf("got %s want %s", got, want)
	}
}
