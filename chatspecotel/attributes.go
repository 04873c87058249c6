package chatspecotel

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
)

// commonAttributes returns the attributes that a span has from its start and shares with the metrics, and the
// provider among them.
func commonAttributes(call chatspec.Call, provider string) (string, []attribute.KeyValue) {
	u, err := url.Parse(call.URL)
	if err != nil { // it was parsed before
		u = &url.URL{}
	}
	if provider == "" {
		provider = providerOf(u)
	}
	attrs := []attribute.KeyValue{keyOperation.String(operationChat), keyProvider.String(provider)}
	attrs = addText(attrs, keyRequestModel, call.Request.Model)
	if host := u.Hostname(); host != "" {
		attrs = append(attrs, keyServerAddress.String(host), keyServerPort.Int(portOf(u)))
	}
	return provider, attrs
}

func portOf(u *url.URL) int {
	if port, err := strconv.Atoi(u.Port()); err == nil {
		return port
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// requestAttributes returns the settings of a request, as far as it has them, and none of its texts.
func requestAttributes(req *chat.CreateChatCompletionRequest, provider string) (attrs []attribute.KeyValue) {
	if req.Stream {
		attrs = append(attrs, keyStream.Bool(true))
	}
	if req.N != nil && *req.N != 1 {
		attrs = append(attrs, keyChoices.Int(*req.N))
	}
	if req.Seed != nil {
		attrs = append(attrs, keySeed.Int64(*req.Seed))
	}
	if req.MaxCompletionTokens != nil {
		attrs = append(attrs, keyMaxTokens.Int(*req.MaxCompletionTokens))
	} else if req.MaxTokens != nil {
		attrs = append(attrs, keyMaxTokens.Int(*req.MaxTokens))
	}
	for _, setting := range []struct {
		key   attribute.Key
		value *float64
	}{
		{keyTemperature, req.Temperature},
		{keyTopP, req.TopP},
		{keyFrequencyPenalty, req.FrequencyPenalty},
		{keyPresencePenalty, req.PresencePenalty},
	} {
		if setting.value != nil {
			attrs = append(attrs, setting.key.Float64(*setting.value))
		}
	}
	attrs = addText(attrs, keyOutputType, outputType(req))
	if provider != providerOpenAI {
		return attrs
	}
	attrs = append(attrs, keyAPIType.String(apiTypeChat))
	if req.ServiceTier != chat.ServiceTierAuto {
		attrs = addText(attrs, keyRequestTier, string(req.ServiceTier))
	}
	return attrs
}

// outputType returns the kind of output that a request asks for, empty where it leaves that open.
func outputType(req *chat.CreateChatCompletionRequest) string {
	if slices.Contains(req.Modalities, chat.ModalityAudio) {
		return outputSpeech
	}
	switch req.ResponseFormat.(type) {
	case chat.TextResponse:
		return outputText
	case chat.JSONObjectResponse, chat.JSONSchemaResponse:
		return outputJSON
	}
	return ""
}

// responseAttributes returns what is known of the answer at the end, beside the error.
func responseAttributes(call chatspec.Call, provider string) (attrs []attribute.KeyValue) {
	attrs = addText(attrs, keyResponseID, call.ID)
	attrs = addText(attrs, keyResponseModel, call.Model)
	if len(call.FinishReasons) > 0 {
		reasons := make([]string, len(call.FinishReasons))
		for i, reason := range call.FinishReasons {
			reasons[i] = string(reason)
		}
		attrs = append(attrs, keyFinishReasons.StringSlice(reasons))
	}
	if call.Request.Stream && call.Chunks > 0 {
		attrs = append(attrs, keyFirstChunk.Float64(call.FirstEvent.Seconds()))
	}
	attrs = append(attrs, usageAttributes(call.Usage)...)
	if call.Response.Status != 0 {
		attrs = append(attrs, keyStatus.Int(call.Response.Status))
	}
	attrs = addText(attrs, keyRequestID, call.Response.RequestID)
	if call.Response.Attempts > 1 {
		attrs = append(attrs, keyResendCount.Int(call.Response.Attempts-1))
	}
	if provider == providerOpenAI {
		attrs = addText(attrs, keyResponseTier, string(call.ServiceTier))
	}
	return attrs
}

// usageAttributes returns the numbers of tokens; the details only where there are any.
func usageAttributes(u *chat.CompletionUsage) []attribute.KeyValue {
	if u == nil {
		return nil
	}
	attrs := []attribute.KeyValue{keyInputTokens.Int(u.PromptTokens), keyOutputTokens.Int(u.CompletionTokens)}
	add := func(key attribute.Key, n int) {
		if n > 0 {
			attrs = append(attrs, key.Int(n))
		}
	}
	if d := u.PromptTokensDetails; d != nil {
		add(keyCacheRead, d.CachedTokens)
		add(keyCacheCreation, d.CacheWriteTokens)
	}
	if d := u.CompletionTokensDetails; d != nil {
		add(keyReasoningTokens, d.ReasoningTokens)
	}
	return attrs
}

// retryAttributes says how an attempt failed that is going to be repeated.
func retryAttributes(failed chatspec.Attempt) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		keyResendCount.Int(failed.Number), // of the attempt to come
		keyErrorType.String(errorType(failed.Err, chatspec.OutcomeOf(failed.Err))),
		keyRetryWait.Float64(failed.Wait.Seconds()),
	}
	if refused, ok := errors.AsType[*api.Error](failed.Err); ok {
		attrs = append(attrs, keyStatus.Int(refused.Status))
	}
	return attrs
}

// errorType returns the error.type of an error; the package comment has the list.
func errorType(err error, outcome chatspec.Outcome) string {
	refused, ok := errors.AsType[*api.Error](err)
	switch {
	case !ok:
		return string(outcome)
	case isPlain(refused.Code):
		return refused.Code
	case isPlain(refused.Type):
		return refused.Type
	}
	return strconv.Itoa(refused.Status)
}

// describe says in a few words how a call failed, without those of the server.
func describe(call chatspec.Call) string {
	if timeout, ok := errors.AsType[*api.TimeoutError](call.Err); ok && timeout.Phase != "" {
		return string(call.Outcome()) + ": " + string(timeout.Phase)
	}
	return string(call.Outcome())
}

// maxPlain is how long a word of a server may be to be recorded.
const maxPlain = 64

// isPlain tells a word, such as rate_limit_exceeded, from a sentence, which may quote the prompt.
func isPlain(word string) bool {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	}
	return word != "" && len(word) <= maxPlain && !strings.ContainsFunc(word, odd)
}

func addText(attrs []attribute.KeyValue, key attribute.Key, value string) []attribute.KeyValue {
	if value == "" {
		return attrs
	}
	return append(attrs, key.String(value))
}
