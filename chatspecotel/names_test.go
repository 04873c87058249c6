package chatspecotel_test

import (
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/semconv/v1.41.0/genaiconv"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chatspecotel"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// Names and units are those of the conventions, the boundaries those that they recommend.
func TestInstruments(t *testing.T) {
	t.Parallel()
	seconds := []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	numbers := []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
	want := map[string]struct {
		convention interface {
			Name() string
			Unit() string
		}
		bounds []float64
	}{
		duration:   {genaiconv.ClientOperationDuration{}, seconds},
		firstChunk: {genaiconv.ClientOperationTimeToFirstChunk{}, seconds},
		tokens:     {genaiconv.ClientTokenUsage{}, numbers},
	}
	all := recorded(t, readAll, reply()).metrics(t)
	if len(all) != len(want) {
		t.Errorf("%d instruments, want %d", len(all), len(want))
	}
	for _, m := range all {
		w, ok := want[m.Name]
		if !ok {
			t.Errorf("no such instrument: %s", m.Name)
			continue
		}
		if c := w.convention; m.Name != c.Name() || m.Unit != c.Unit() || m.Description == "" || !slices.Equal(bounds(m), w.bounds) {
			t.Errorf("%s is %+v, want %s in %s with boundaries %v", m.Name, m, c.Name(), c.Unit(), w.bounds)
		}
	}
}

func bounds(m metricdata.Metrics) []float64 {
	switch data := m.Data.(type) {
	case metricdata.Histogram[float64]:
		return data.DataPoints[0].Bounds
	case metricdata.Histogram[int64]:
		return data.DataPoints[0].Bounds
	}
	return nil
}

// count returns how many values an instrument has.
func count(m metricdata.Metrics) (n uint64) {
	switch data := m.Data.(type) {
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			n += p.Count
		}
	case metricdata.Histogram[int64]:
		for _, p := range data.DataPoints {
			n += p.Count
		}
	}
	return n
}

// ask creates a completion at a server in memory that any base URL leads to.
func ask(t *testing.T, o *telemetry, baseURL string, req chat.CreateChatCompletionRequest) {
	t.Helper()
	client, err := chatspec.New(chatspec.WithBaseURL(baseURL), chatspec.WithHTTPClient(memory{chattest.NewHandler(chattest.Completion(
		chat.CreateChatCompletionResponse{ID: "c1", Model: "answered", ServiceTier: chat.ServiceTierFlex, Choices: []chat.Choice{{}}}).
		WithUsage(chat.CompletionUsage{}).WithHeader("X-Request-Id", "req-1"))}), chatspec.WithHooks(o.hooks(t)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Create(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

// All settings that the conventions have names for, and openai.* where the provider is OpenAI.
func TestRequestAttributes(t *testing.T) {
	t.Parallel()
	req := request()
	req.N, req.Seed, req.MaxCompletionTokens, req.MaxTokens = new(2), new(int64(-1)), new(100), new(50)
	req.Temperature, req.TopP, req.FrequencyPenalty, req.PresencePenalty = new(0.0), new(0.5), new(-1.0), new(1.5)
	req.ResponseFormat, req.ServiceTier = chat.JSONObjectResponse{}, chat.ServiceTierPriority
	o := newTelemetry()
	ask(t, o, "https://api.openai.com/v1", req)
	checkAttributes(t, o.onlySpan(t).Attributes,
		semconv.GenAIOperationNameChat, semconv.GenAIProviderNameOpenAI, semconv.GenAIRequestModel("asked"),
		semconv.ServerAddress("api.openai.com"), semconv.ServerPort(443),
		semconv.GenAIRequestChoiceCount(2), semconv.GenAIRequestSeed(-1), semconv.GenAIRequestMaxTokens(100),
		semconv.GenAIRequestTemperature(0), semconv.GenAIRequestTopP(0.5), semconv.GenAIRequestFrequencyPenalty(-1), semconv.GenAIRequestPresencePenalty(1.5),
		semconv.GenAIOutputTypeJSON, semconv.OpenAIAPITypeChatCompletions, semconv.OpenAIRequestServiceTierKey.String("priority"),
		semconv.OpenAIResponseServiceTier("flex"), semconv.GenAIResponseID("c1"), answeredBy, semconv.GenAIResponseFinishReasons("stop", "stop"),
		semconv.GenAIUsageInputTokens(0), semconv.GenAIUsageOutputTokens(0),
		semconv.HTTPResponseStatusCode(200), requestID("req-1"))
}

func TestOutputType(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		change func(*chat.CreateChatCompletionRequest)
		want   attribute.KeyValue
	}{
		{func(r *chat.CreateChatCompletionRequest) { r.ResponseFormat = chat.TextResponse{} }, semconv.GenAIOutputTypeText},
		{func(r *chat.CreateChatCompletionRequest) {
			r.ResponseFormat = chat.JSONSchemaResponse{JSONSchema: chat.NamedSchema{Name: "x"}}
		}, semconv.GenAIOutputTypeJSON},
		{func(r *chat.CreateChatCompletionRequest) {
			r.Modalities = []chat.Modality{chat.ModalityText, chat.ModalityAudio}
		}, semconv.GenAIOutputTypeSpeech},
	} {
		req := request()
		test.change(&req)
		o := newTelemetry()
		ask(t, o, "http://127.0.0.1:8080/v1", req)
		if attrs := o.onlySpan(t).Attributes; !hasAttribute(attrs, test.want) || !hasAttribute(attrs, semconv.ServerPort(8080)) {
			t.Errorf("no %v in %v", test.want, attrs)
		}
	}
}

func hasAttribute(attrs []attribute.KeyValue, want attribute.KeyValue) bool {
	return slices.ContainsFunc(attrs, func(a attribute.KeyValue) bool { return a.Key == want.Key && a.Value.String() == want.Value.String() })
}

func TestProviderFromBaseURL(t *testing.T) {
	t.Parallel()
	fallback := semconv.GenAIProviderNameKey.String(chatspecotel.FallbackProvider)
	for baseURL, want := range map[string]attribute.KeyValue{
		"https://api.openai.com/v1":                                             semconv.GenAIProviderNameOpenAI,
		"https://EU.api.openai.com./v1":                                         semconv.GenAIProviderNameOpenAI,
		"https://name.openai.azure.com/openai/deployments/d":                    semconv.GenAIProviderNameAzureAIOpenAI,
		"https://name.cognitiveservices.azure.com/openai/v1":                    semconv.GenAIProviderNameAzureAIOpenAI,
		"https://name.services.ai.azure.com/openai/v1":                          semconv.GenAIProviderNameAzureAIOpenAI,
		"https://name.services.ai.azure.com/models":                             semconv.GenAIProviderNameAzureAIInference,
		"https://api.anthropic.com/v1":                                          semconv.GenAIProviderNameAnthropic,
		"https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1":             semconv.GenAIProviderNameAWSBedrock,
		"https://api.cohere.ai/compatibility/v1":                                semconv.GenAIProviderNameCohere,
		"https://api.cohere.com/compatibility/v1":                               semconv.GenAIProviderNameCohere,
		"https://api.deepseek.com":                                              semconv.GenAIProviderNameDeepseek,
		"https://generativelanguage.googleapis.com/v1beta/openai":               semconv.GenAIProviderNameGCPGemini,
		"https://aiplatform.googleapis.com/v1/projects/p/endpoints/openapi":     semconv.GenAIProviderNameGCPVertexAI,
		"https://europe-west4-aiplatform.googleapis.com/v1/p/endpoints/openapi": semconv.GenAIProviderNameGCPVertexAI,
		"https://api.groq.com/openai/v1":                                        semconv.GenAIProviderNameGroq,
		"https://us-south.ml.cloud.ibm.com/ml/gateway/v1":                       semconv.GenAIProviderNameIBMWatsonxAI,
		"https://api.mistral.ai/v1":                                             semconv.GenAIProviderNameMistralAI,
		"https://api.perplexity.ai":                                             semconv.GenAIProviderNamePerplexity,
		"https://api.x.ai/v1":                                                   semconv.GenAIProviderNameXAI,
		"https://openrouter.ai/api/v1":                                          fallback,
		"https://api.openai.com.example.org/v1":                                 fallback,
		"https://models.eu-west-1.elb.amazonaws.com/v1":                         fallback,
		"http://localhost:11434/v1":                                             fallback,
		"http://[::1]:8000/v1":                                                  fallback,
	} {
		o := newTelemetry()
		ask(t, o, baseURL, request())
		if attrs := o.onlySpan(t).Attributes; !hasAttribute(attrs, want) {
			t.Errorf("%s: no %v in %v", baseURL, want.Value.String(), attrs)
		}
	}
}
