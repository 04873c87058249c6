package validate_test

import (
	"strings"
	"testing"

	"github.com/chatspec/chatspec/validate"
)

const completion = `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"` + planted + `","refusal":null},"finish_reason":"stop","logprobs":null}]}`

func TestResponse(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	check := func(err error, in validate.Place, pointer, rule string) {
		t.Helper()
		if got := asError(t, err); got.In != in || got.Pointer != pointer || got.Rule != rule {
			t.Errorf("got %v, want %s %s", err, pointer, rule)
		}
		checkText(t, err)
	}
	for _, op := range []string{"createChatCompletion", "getChatCompletion", "updateChatCompletion"} {
		if err := v.Response(op, 200, []byte(completion)); err != nil {
			t.Error(err)
		}
		check(v.Response(op, 200, []byte(strings.Replace(completion, `"stop"`, `"`+planted+`"`, 1))), validate.InBody, "/choices/0/finish_reason", "enum")
		check(v.Response(op, 500, []byte(completion)), validate.InBody, "/error", "required")
		check(v.Response(op, 200, []byte(`<html>`+planted)), validate.InBody, "", validate.RuleJSON)
	}
	if err := v.Response("unknown", 200, nil); err == nil {
		t.Error("no error for an unknown operation")
	}
}

func TestChunk(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	const chunk = `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"` + planted + `"},"finish_reason":null}]}`
	if err := v.Chunk([]byte(chunk)); err != nil {
		t.Error(err)
	}
	err := v.Chunk([]byte(strings.Replace(chunk, `null`, `"`+planted+`"`, 1)))
	if got := asError(t, err); got.Pointer != "/choices/0/finish_reason" || got.Rule != "enum" {
		t.Error(err)
	}
	checkText(t, err)
	if got := asError(t, v.Chunk([]byte("[DONE]"))); got.Rule != validate.RuleJSON {
		t.Error(got)
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	if err := v.Body("CreateChatCompletionResponse", []byte(completion)); err != nil {
		t.Error(err)
	}
	if got := asError(t, v.Body("ErrorResponse", []byte(`{"error":{"message":"`+planted+`","type":"t","param":null}}`))); got.Pointer != "/error/code" || got.Rule != "required" {
		t.Error(got)
	}
	if err := v.Body("Unknown", nil); err == nil || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
}
