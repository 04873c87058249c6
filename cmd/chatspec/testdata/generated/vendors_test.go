// Package generated_test is copied into a module of its own beside the packages that "chatspec generate" writes
// for the overlays that are built in.
package generated_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"reflect"
	"testing"

	"github.com/chatspec/chatspec/codec"
	"github.com/chatspec/chatspec/stream"

	"generated/azure"
	"generated/deepseek"
	"generated/groq"
	"generated/ollama"
	"generated/openrouter"
	"generated/together"
	"generated/vllm"
)

// read streams NAME.sse, holds its result to the unstreamed answer NAME.json, and returns it. The answer written
// again must be as it was: so each of its fields has a type.
func read[C, R any, P encodes[R]](t *testing.T, name string, c codec.Stream[C, R]) *R {
	t.Helper()
	body, err := os.Open(name + ".sse")
	if err != nil {
		t.Fatal(err)
	}
	s, err := stream.OpenWith(&http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/event-stream"}},
		Body:       body,
	}, c, stream.Expect(1, true))
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Result()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := os.ReadFile(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var want R
	if err := c.DecodeResponse(answer, &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, want) {
		g, _ := json.Marshal(got)
		t.Errorf("streamed\n%s\nunstreamed\n%s", g, answer)
	}
	written[R, P](t, want, string(answer))
	again := c.NewAccumulator()
	if err := again.Add(c.Chunk(got)); err != nil || !reflect.DeepEqual(again.Result(), got) {
		t.Errorf("as one chunk it differs: %+v %v", again.Result(), err)
	}
	return got
}

// encodes is a type that the templates have written an encoder for.
type encodes[T any] interface {
	*T
	EncodeJSON(e *codec.Encoder)
}

// written holds a value to what both encoding/json and its own encoder must write.
func written[T any, P encodes[T]](t *testing.T, v T, want string) {
	t.Helper()
	got, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, got, []byte(want))
	got, err = codec.Marshal(&v, func(v *T, e *codec.Encoder) { P(v).EncodeJSON(e) })
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, got, []byte(want))
}

func sameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want, &w); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(g, w) {
		var compact bytes.Buffer
		_ = json.Compact(&compact, want)
		t.Errorf("written\n%s\nwant\n%s", got, &compact)
	}
}

// writes holds a request to what must reach the wire, and to what is read from there.
func writes[T any, P encodes[T]](t *testing.T, request T, want string) {
	t.Helper()
	written[T, P](t, request, want)
	var back T
	if err := json.Unmarshal([]byte(want), &back); err != nil || !reflect.DeepEqual(back, request) {
		t.Errorf("read back: %+v %v", back, err)
	}
}

func TestVLLM(t *testing.T) {
	t.Parallel()
	res := read(t, "vllm", vllm.Codec{})
	if c := res.Choices[0]; c.Message.Reasoning != "Warm air" || c.StopReason != vllm.StopToken(128001) || len(c.TokenIDs) != 5 || res.Message().Reasoning != "Warm air" {
		t.Errorf("%+v", c)
	}
	writes(t, vllm.CreateChatCompletionRequest{
		TopK: new(0), ChatTemplateKwargs: map[string]any{"enable_thinking": false},
		StructuredOutputs: &vllm.StructuredOutputs{Choice: []string{"yes", "no"}},
	}, `{"model":"","messages":null,"top_k":0,"chat_template_kwargs":{"enable_thinking":false},"structured_outputs":{"choice":["yes","no"]}}`)
}

func TestDeepSeek(t *testing.T) {
	t.Parallel()
	res := read(t, "deepseek", deepseek.Codec{})
	if res.Choices[0].Message.ReasoningContent != "Count legs" || res.Usage.PromptCacheHitTokens != 3 ||
		res.FinishReason() != deepseek.FinishReasonInsufficientSystemResource || res.Message().ReasoningContent != "Count legs" {
		t.Errorf("%+v", res)
	}
	writes(t, deepseek.CreateChatCompletionRequest{Thinking: &deepseek.Thinking{Type: deepseek.ThinkingModeDisabled}},
		`{"model":"","messages":null,"thinking":{"type":"disabled"}}`)
}

func TestOpenRouter(t *testing.T) {
	t.Parallel()
	res := read(t, "openrouter", openrouter.Codec{})
	if c := res.Choices[0]; c.Message.Reasoning != "Add up" || c.NativeFinishReason != "end_turn" || *res.Usage.Cost != 0.00012 ||
		res.Provider != "Acme" || len(res.Message().ReasoningDetails) != 2 {
		t.Errorf("%+v", c)
	}
	writes(t, openrouter.CreateChatCompletionRequest{
		Models:   []string{"a", "b"},
		Provider: &openrouter.ProviderPreferences{Order: []string{"acme"}, AllowFallbacks: new(false), DataCollection: openrouter.DataCollectionDeny},
	}, `{"model":"","messages":null,"models":["a","b"],"provider":{"order":["acme"],"allow_fallbacks":false,"data_collection":"deny"}}`)
}

func TestGroq(t *testing.T) {
	t.Parallel()
	res := read(t, "groq", groq.Codec{})
	if m := res.Choices[0].Message; m.Reasoning != "Look it up" || m.ExecutedTools[0].SearchResults.Results[0].Title != "News" ||
		res.XGroq.ID != "req_1" || *res.XGroq.Seed != 77 || res.Usage.QueueTime != 0.06 {
		t.Errorf("%+v", m)
	}
	writes(t, groq.CreateChatCompletionRequest{ReasoningFormat: groq.ReasoningFormatParsed, ServiceTier: groq.ServiceTierOnDemand},
		`{"model":"","messages":null,"reasoning_format":"parsed","service_tier":"on_demand"}`)
}

func TestAzure(t *testing.T) {
	t.Parallel()
	res := read(t, "azure", azure.Codec{})
	if c := res.Choices[0]; c.ContentFilterResults.Violence.Severity != azure.SeverityLow || !*c.Message.EndTurn ||
		c.Message.Context.Citations[0].Title != "Forecast" || res.PromptFilterResults[0].ContentFilterResults.Jailbreak.Detected {
		t.Errorf("%+v", c)
	}
	writes(t, azure.CreateChatCompletionRequest{DataSources: []azure.DataSource{{Type: "azure_search", Parameters: map[string]any{"index_name": "i"}}}},
		`{"model":"","messages":null,"data_sources":[{"type":"azure_search","parameters":{"index_name":"i"}}]}`)
}

func TestOllama(t *testing.T) {
	t.Parallel()
	res := read(t, "ollama", ollama.Codec{})
	if m := res.Choices[0].Message; m.Reasoning != "Use eyes" || m.ToolCalls[1].(ollama.FunctionToolCall).Index != 1 {
		t.Errorf("%+v", m)
	}
	writes(t, ollama.CreateChatCompletionRequest{Reasoning: &ollama.Reasoning{Effort: "high"}},
		`{"model":"","messages":null,"reasoning":{"effort":"high"}}`)
}

// TestTogether has one package with the fields of all vendors, as a gateway needs it.
func TestTogether(t *testing.T) {
	t.Parallel()
	for _, vendor := range []string{"azure", "deepseek", "groq", "ollama", "openrouter", "vllm"} {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			read(t, vendor, together.Codec{})
		})
	}
}
