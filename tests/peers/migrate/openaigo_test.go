package migrate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tool"
)

// TestFromOpenAIGo runs what docs/migrating-from-openai-go.md shows.
func TestFromOpenAIGo(t *testing.T) {
	t.Parallel()
	guide[openai.Client]{
		document: "migrating-from-openai-go.md",
		source:   "openaigo_test.go",
		clients: map[string]clientPair[openai.Client]{
			"openAIGoClient": {openAIGoClientBefore, openAIGoClientAfter},
			"openAIGoAzure":  {openAIGoAzureBefore, openAIGoAzureAfter},
		},
		call: "openAIGoCall",
		tasks: map[string]task[openai.Client]{
			"openAIGoCall":   {openAIGoCallBefore, openAIGoCallAfter, hello, "Hello, world!", ""},
			"openAIGoStream": {openAIGoStreamBefore, openAIGoStreamAfter, hello, "Hello, world!", ""},
			"openAIGoUsage":  {openAIGoUsageBefore, openAIGoUsageAfter, hello, "Hello, world! 19 tokens", ""},
			"openAIGoTools":  {openAIGoToolsBefore, openAIGoToolsAfter, toolRound, "It is 21 degrees.", ""},
			"openAIGoRun":    {openAIGoToolsBefore, openAIGoRunAfter, toolRound, "It is 21 degrees.", strict},
			"openAIGoImage":  {openAIGoImageBefore, openAIGoImageAfter, hello, "Hello, world!", ""},
			"openAIGoFormat": {openAIGoFormatBefore, openAIGoFormatAfter, city, "Paris 2100000", ""},
			"openAIGoParse":  {openAIGoFormatBefore, openAIGoParseAfter, city, "Paris 2100000", ""},
			"openAIGoErrors": {openAIGoErrorsBefore, openAIGoErrorsAfter, tooLong, "too long", ""},
			"openAIGoRetry":  {openAIGoRetryBefore, openAIGoRetryAfter, limited, "Hello, world!", ""},
			"openAIGoCancel": {openAIGoCancelBefore, openAIGoCancelAfter, slow, "Hello, ", ""},
			"openAIGoVendor": {openAIGoVendorBefore, openAIGoVendorAfter, hello, "Hello, world!", ""},
		},
	}.test(t)
}

func openAIGoClientBefore(key, url string) (openai.Client, error) {
	return openai.NewClient( // reads OPENAI_API_KEY, OPENAI_BASE_URL and others, too
		option.WithAPIKey(key),
		option.WithBaseURL(url),
		option.WithOrganization("org-1"),
	), nil
}

func openAIGoClientAfter(key, url string) (*chatspec.Client, error) {
	return chatspec.New( // reads no environment; chatspec.FromEnv does
		chatspec.WithAPIKey(key),
		chatspec.WithBaseURL(url),
		chatspec.WithOrganization("org-1"),
	)
}

func openAIGoAzureBefore(key, url string) (openai.Client, error) {
	return openai.NewClient(
		azure.WithEndpoint(url, "2024-10-21"),
		azure.WithAPIKey(key),
		azure.WithUnsafeAllowHTTP(), // for the test, whose server is on loopback
	), nil
}

func openAIGoAzureAfter(key, url string) (*chatspec.Client, error) {
	return chatspec.New(
		chatspec.WithAzure(url, "my-deployment", "2024-10-21"), // there, the model of a request names the deployment
		chatspec.WithAPIKey(key),
	)
}

func openAIGoCallBefore(ctx context.Context, client openai.Client) (string, error) {
	res, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:               "my-deployment",
		MaxCompletionTokens: openai.Int(100),
		Temperature:         openai.Float(0),
		Messages: []openai.ChatCompletionMessageParamUnion{
			openai.SystemMessage("Be brief."),
			openai.UserMessage("Say hello."),
		},
	})
	if err != nil {
		return "", err
	}
	return res.Choices[0].Message.Content, nil
}

func openAIGoCallAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model:               "my-deployment",
		MaxCompletionTokens: new(100),
		Temperature:         new(0.0),
		Messages: chat.Messages{
			chat.SystemMessage{Content: chat.Text("Be brief.")},
			chat.UserMessage{Content: chat.Text("Say hello.")},
		},
	})
	if err != nil {
		return "", err
	}
	return res.Text(), nil
}

func openAIGoStreamBefore(ctx context.Context, client openai.Client) (string, error) {
	s := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{
		Model:    "gpt-5.4",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say hello.")},
	})
	defer s.Close()
	var text strings.Builder
	for s.Next() {
		chunk := s.Current()
		if len(chunk.Choices) > 0 {
			text.WriteString(chunk.Choices[0].Delta.Content)
		}
	}
	return text.String(), s.Err()
}

func openAIGoStreamAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	s, err := client.Stream(ctx, chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	if err != nil { // what the server refuses is known here, before the loop
		return "", err
	}
	defer s.Close()
	var text strings.Builder
	for s.Next() {
		text.WriteString(s.Chunk().Text())
	}
	return text.String(), s.Err()
}

func openAIGoUsageBefore(ctx context.Context, client openai.Client) (string, error) {
	s := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{
		Model:         "gpt-5.4",
		Messages:      []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say hello.")},
		StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	})
	defer s.Close()
	var acc openai.ChatCompletionAccumulator
	for s.Next() {
		if !acc.AddChunk(s.Current()) {
			return "", errors.New("the accumulator refuses a chunk")
		}
	}
	if err := s.Err(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %d tokens", acc.Choices[0].Message.Content, acc.Usage.TotalTokens), nil
}

func openAIGoUsageAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	s, err := client.Stream(ctx, chat.CreateChatCompletionRequest{
		Model:         "gpt-5.4",
		Messages:      chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
		StreamOptions: &chat.StreamOptions{IncludeUsage: true},
	})
	if err != nil {
		return "", err
	}
	defer s.Close()
	res, err := s.Result() // reads what is left; after a loop over s.All() it is there already
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %d tokens", res.Text(), res.Usage.TotalTokens), nil
}

func openAIGoToolsBefore(ctx context.Context, client openai.Client) (string, error) {
	params := openai.ChatCompletionNewParams{
		Model:    "gpt-5.4",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("How warm is it in Paris?")},
		Tools: []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
			Name:       "temperature",
			Parameters: openai.FunctionParameters{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}},
		})},
	}
	for {
		res, err := client.Chat.Completions.New(ctx, params)
		if err != nil {
			return "", err
		}
		message := res.Choices[0].Message
		if len(message.ToolCalls) == 0 {
			return message.Content, nil
		}
		params.Messages = append(params.Messages, message.ToParam())
		for _, call := range message.ToolCalls {
			if call, ok := call.AsAny().(openai.ChatCompletionMessageFunctionToolCall); ok {
				params.Messages = append(params.Messages, openai.ToolMessage(temperature(call.Function.Arguments), call.ID))
			}
		}
	}
}

func openAIGoToolsAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	req := chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("How warm is it in Paris?")}},
		Tools: chat.Tools{chat.FunctionTool{Function: chat.FunctionDefinition{
			Name:       "temperature",
			Parameters: map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}},
		}}},
	}
	for {
		res, err := client.Create(ctx, req)
		if err != nil {
			return "", err
		}
		if len(res.ToolCalls()) == 0 {
			return res.Text(), nil
		}
		req.Messages = append(req.Messages, res.Message())
		for _, call := range res.ToolCalls() {
			if call, ok := call.(chat.FunctionToolCall); ok { // the other kind is chat.CustomToolCall
				req.Messages = append(req.Messages, chat.ToolMessage{
					ToolCallID: call.ID,
					Content:    chat.Text(temperature(call.Function.Arguments)),
				})
			}
		}
	}
}

func openAIGoRunAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	type place struct {
		City string `json:"city"`
	}
	warmth := tool.New("temperature", "", func(_ context.Context, in place) (string, error) {
		return temperatureIn(in.City), nil
	})
	result, err := tool.Run(ctx, client, chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("How warm is it in Paris?")}},
	}, warmth)
	if err != nil {
		return "", err
	}
	return result.Text(), nil // result.Messages is the whole conversation
}

func openAIGoImageBefore(ctx context.Context, client openai.Client) (string, error) {
	res, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model: "gpt-5.4",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
			openai.TextContentPart("What is this?"),
			openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{
				URL:    "https://example.com/owl.png",
				Detail: "low",
			}),
		})},
	})
	if err != nil {
		return "", err
	}
	return res.Choices[0].Message.Content, nil
}

func openAIGoImageAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model: "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.UserParts{
			chat.TextPart{Text: "What is this?"},
			chat.ImagePart{ImageURL: chat.ImageURL{
				URL:    "https://example.com/owl.png", // for a file, what chatspec.DataURL returns
				Detail: chat.ImageDetailLow,
			}},
		}}},
	})
	if err != nil {
		return "", err
	}
	return res.Text(), nil
}

func openAIGoFormatBefore(ctx context.Context, client openai.Client) (string, error) {
	res, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:    "gpt-5.4",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Tell me about Paris.")},
		ResponseFormat: openai.ChatCompletionNewParamsResponseFormatUnion{
			OfJSONSchema: &openai.ResponseFormatJSONSchemaParam{
				JSONSchema: openai.ResponseFormatJSONSchemaJSONSchemaParam{
					Name:   "city",
					Strict: openai.Bool(true),
					Schema: citySchema,
				},
			},
		},
	})
	if err != nil {
		return "", err
	}
	var city struct {
		Name   string `json:"name"`
		People int    `json:"people"`
	}
	if err := json.Unmarshal([]byte(res.Choices[0].Message.Content), &city); err != nil {
		return "", err
	}
	return fmt.Sprint(city.Name, " ", city.People), nil
}

func openAIGoFormatAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model:          "gpt-5.4",
		Messages:       chat.Messages{chat.UserMessage{Content: chat.Text("Tell me about Paris.")}},
		ResponseFormat: chat.JSONSchemaResponse{JSONSchema: chat.NamedSchema{Name: "city", Strict: true, Schema: citySchema}},
	})
	if err != nil {
		return "", err
	}
	var city struct {
		Name   string `json:"name"`
		People int    `json:"people"`
	}
	if err := json.Unmarshal([]byte(res.Text()), &city); err != nil {
		return "", err
	}
	return fmt.Sprint(city.Name, " ", city.People), nil
}

func openAIGoParseAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	type city struct {
		Name   string `json:"name"`
		People int    `json:"people"`
	}
	answer, err := tool.Parse[city](ctx, client, chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Tell me about Paris.")}},
	})
	if err != nil {
		return "", err // a *tool.AnswerError where the model refused, or the answer was cut or is not what the schema wants
	}
	return fmt.Sprint(answer.Value.Name, " ", answer.Value.People), nil
}

func openAIGoErrorsBefore(ctx context.Context, client openai.Client) (string, error) {
	_, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:    "gpt-5.4",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Read this book: …")},
	})
	var refused *openai.Error
	switch {
	case errors.As(err, &refused) && refused.Code == "context_length_exceeded":
		return "too long", nil
	case errors.As(err, &refused) && refused.StatusCode == http.StatusTooManyRequests:
		return "too many requests", nil
	}
	return "", err
}

func openAIGoErrorsAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	_, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Read this book: …")}},
	})
	switch {
	case errors.Is(err, api.ErrContextLength):
		return "too long", nil
	case errors.Is(err, api.ErrRateLimit):
		return "too many requests", nil
	}
	return "", err // an *api.Error where the server said no, with Status, Code, Message, RequestID, RetryAfter, …
}

func openAIGoRetryBefore(ctx context.Context, client openai.Client) (string, error) {
	res, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:    "gpt-5.4",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say hello.")},
	}, option.WithMaxRetries(5)) // 2 where nothing is said
	if err != nil {
		return "", err
	}
	return res.Choices[0].Message.Content, nil
}

func openAIGoRetryAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	}, chatspec.WithMaxRetries(5)) // 2 where nothing is said
	if err != nil {
		return "", err
	}
	return res.Text(), nil
}

func openAIGoCancelBefore(ctx context.Context, client openai.Client) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{
		Model:    "gpt-5.4",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say hello.")},
	})
	defer s.Close()
	var acc openai.ChatCompletionAccumulator
	for s.Next() {
		if !acc.AddChunk(s.Current()) {
			return "", errors.New("the accumulator refuses a chunk")
		}
		if acc.Choices[0].Message.Content != "" {
			cancel() // that is enough
		}
	}
	if !errors.Is(s.Err(), context.Canceled) {
		return "", s.Err()
	}
	return acc.Choices[0].Message.Content, nil
}

func openAIGoCancelAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := client.Stream(ctx, chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	if err != nil {
		return "", err
	}
	defer s.Close()
	for s.Next() {
		if s.Chunk().Text() != "" {
			cancel() // that is enough; s.Close() would do as well, from any goroutine
		}
	}
	res, err := s.Result() // what had arrived, and why there is no more
	if !errors.Is(err, context.Canceled) {
		return "", err
	}
	return res.Text(), nil
}

func openAIGoVendorBefore(ctx context.Context, client openai.Client) (string, error) {
	res, err := client.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model:    "qwen3",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say hello.")},
	}, option.WithJSONSet("chat_template_kwargs", map[string]any{"enable_thinking": false}))
	if err != nil {
		return "", err
	}
	return res.Choices[0].Message.Content, nil
}

func openAIGoVendorAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model:    "qwen3",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	}, chatspec.WithBodyField("chat_template_kwargs", map[string]any{"enable_thinking": false}))
	if err != nil {
		return "", err
	}
	return res.Text(), nil
}

func TestGreetingWithOpenAIGo(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json") // which the library insists on
		_, _ = io.WriteString(w, `{"choices": [{"message": {"content": "Hello!"}, "finish_reason": "stop"}]}`)
	}))
	defer srv.Close()
	text, err := openAIGoCallBefore(t.Context(), openai.NewClient(option.WithBaseURL(srv.URL), option.WithAPIKey("key")))
	if text != "Hello!" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestGreetingAfterOpenAIGo(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("Hello!")) // in memory; it checks requests against the document
	text, err := openAIGoCallAfter(t.Context(), srv.NewClient())
	if text != "Hello!" || err != nil || srv.Requests()[0].Body.Model != "my-deployment" {
		t.Errorf("%q, %v", text, err)
	}
}
