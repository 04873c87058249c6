package chatspecotel

import "go.opentelemetry.io/otel/attribute"

// What we take from the semantic conventions, all of it, so that a change of theirs is a change of this file.
// The tests hold it against go.opentelemetry.io/otel/semconv/v1.41.0, the last version that has it; here are
// constants, so that importers do not link that package.

const (
	scopeName = "github.com/chatspec/chatspec/chatspecotel"
	schemaURL = "https://opentelemetry.io/schemas/1.41.0"

	operationChat   = "chat"             // gen_ai.operation.name
	apiTypeChat     = "chat_completions" // openai.api.type
	outputText      = "text"             // gen_ai.output.type
	outputJSON      = "json"
	outputSpeech    = "speech"
	tokenTypeInput  = "input" // gen_ai.token.type
	tokenTypeOutput = "output"
)

// Attributes of spans. Those up to the server's port are of metrics too, with the error type, the token type
// and the model of the response.
const (
	keyOperation     = attribute.Key("gen_ai.operation.name")
	keyProvider      = attribute.Key("gen_ai.provider.name")
	keyRequestModel  = attribute.Key("gen_ai.request.model")
	keyServerAddress = attribute.Key("server.address")
	keyServerPort    = attribute.Key("server.port")

	keyStream           = attribute.Key("gen_ai.request.stream")
	keyChoices          = attribute.Key("gen_ai.request.choice.count")
	keyFrequencyPenalty = attribute.Key("gen_ai.request.frequency_penalty")
	keyMaxTokens        = attribute.Key("gen_ai.request.max_tokens")
	keyPresencePenalty  = attribute.Key("gen_ai.request.presence_penalty")
	keySeed             = attribute.Key("gen_ai.request.seed")
	keyTemperature      = attribute.Key("gen_ai.request.temperature")
	keyTopP             = attribute.Key("gen_ai.request.top_p")
	keyOutputType       = attribute.Key("gen_ai.output.type")

	keyResponseID      = attribute.Key("gen_ai.response.id")
	keyResponseModel   = attribute.Key("gen_ai.response.model")
	keyFinishReasons   = attribute.Key("gen_ai.response.finish_reasons")
	keyFirstChunk      = attribute.Key("gen_ai.response.time_to_first_chunk")
	keyInputTokens     = attribute.Key("gen_ai.usage.input_tokens")
	keyOutputTokens    = attribute.Key("gen_ai.usage.output_tokens")
	keyCacheRead       = attribute.Key("gen_ai.usage.cache_read.input_tokens")
	keyCacheCreation   = attribute.Key("gen_ai.usage.cache_creation.input_tokens")
	keyReasoningTokens = attribute.Key("gen_ai.usage.reasoning.output_tokens")

	keyTokenType = attribute.Key("gen_ai.token.type")
	keyErrorType = attribute.Key("error.type")

	keyStatus      = attribute.Key("http.response.status_code")
	keyResendCount = attribute.Key("http.request.resend_count")

	// Only where the provider is OpenAI.
	keyAPIType      = attribute.Key("openai.api.type")
	keyRequestTier  = attribute.Key("openai.request.service_tier")
	keyResponseTier = attribute.Key("openai.response.service_tier")
)

// Providers that are told from others.
const (
	providerOpenAI         = "openai"
	providerAzureOpenAI    = "azure.ai.openai"
	providerAzureInference = "azure.ai.inference"
)

// providers are the names that the conventions list, by the hosts of their APIs.
var providers = []struct{ host, name string }{
	{"*.openai.com", providerOpenAI},
	{"*.openai.azure.com", providerAzureOpenAI},
	{"*.cognitiveservices.azure.com", providerAzureOpenAI},
	{"*.ai.azure.com", providerAzureInference},
	{"api.anthropic.com", "anthropic"},
	{"bedrock*.amazonaws.com", "aws.bedrock"},
	{"api.cohere.ai", "cohere"},
	{"api.cohere.com", "cohere"},
	{"api.deepseek.com", "deepseek"},
	{"generativelanguage.googleapis.com", "gcp.gemini"},
	{"aiplatform.googleapis.com", "gcp.vertex_ai"},
	{"*-aiplatform.googleapis.com", "gcp.vertex_ai"},
	{"api.groq.com", "groq"},
	{"*.ml.cloud.ibm.com", "ibm.watsonx.ai"},
	{"api.mistral.ai", "mistral_ai"},
	{"api.perplexity.ai", "perplexity"},
	{"*.x.ai", "x_ai"},
}

// What the conventions have no names for.
const (
	eventRetry      = "chatspec.retry"
	eventFirstChunk = "chatspec.first_chunk"

	keyRetryWait = attribute.Key("chatspec.retry.wait") // in seconds, until the next attempt
	keyRequestID = attribute.Key("chatspec.request_id") // of the answer, whatever header it came in
)

// Metrics; the descriptions are ours.
const (
	metricDuration   = "gen_ai.client.operation.duration"
	aboutDuration    = "Duration of a chat completion, with all its attempts and the whole of a stream."
	metricFirstChunk = "gen_ai.client.operation.time_to_first_chunk"
	aboutFirstChunk  = "Time from the start of a streamed chat completion to its first chunk, with all its attempts."
	metricTokens     = "gen_ai.client.token.usage"
	aboutTokens      = "Tokens that a chat completion used, as the server counted them."
	unitSeconds      = "s"
	unitTokens       = "{token}"
)

// The bucket boundaries that the conventions recommend: times double, numbers of tokens quadruple.
var (
	bucketsSeconds = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	bucketsTokens  = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
)
