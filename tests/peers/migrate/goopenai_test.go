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
	"time"

	"github.com/sashabaranov/go-openai"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tool"
)

// TestFromGoOpenAI runs what docs/migrating-from-go-openai.md shows.
func TestFromGoOpenAI(t *testing.T) {
	t.Parallel()
	// go-openai says so in every request; a server takes the field for false where it is absent.
	notStreamed := "stream: want false, got nothing\n"
	guide[*openai.Client]{
		document: "migrating-from-go-openai.md",
		source:   "goopenai_test.go",
		clients: map[string]clientPair[*openai.Client]{
			"goOpenAIClient": {goOpenAIClientBefore, goOpenAIClientAfter},
			"goOpenAIAzure":  {goOpenAIAzureBefore, goOpenAIAzureAfter},
		},
		call: "goOpenAICall",
		tasks: map[string]task[*openai.Client]{
			"goOpenAICall":   {goOpenAICallBefore, goOpenAICallAfter, hello, "Hello, world!", notStreamed},
			"goOpenAIStream": {goOpenAIStreamBefore, goOpenAIStreamAfter, hello, "Hello, world!", ""},
			"goOpenAIUsage":  {goOpenAIUsageBefore, goOpenAIUsageAfter, hello, "Hello, world! 19 tokens", ""},
			"goOpenAITools":  {goOpenAIToolsBefore, goOpenAIToolsAfter, toolRound, "It is 21 degrees.", notStreamed},
			"goOpenAIRun":    {goOpenAIToolsBefore, goOpenAIRunAfter, toolRound, "It is 21 degrees.", notStreamed + strict},
			"goOpenAIImage":  {goOpenAIImageBefore, goOpenAIImageAfter, hello, "Hello, world!", notStreamed},
			"goOpenAIFormat": {goOpenAIFormatBefore, goOpenAIFormatAfter, city, "Paris 2100000", notStreamed},
			"goOpenAIParse":  {goOpenAIFormatBefore, goOpenAIParseAfter, city, "Paris 2100000", notStreamed},
			"goOpenAIErrors": {goOpenAIErrorsBefore, goOpenAIErrorsAfter, tooLong, "too long", notStreamed},
			"goOpenAIRetry":  {goOpenAIRetryBefore, goOpenAIRetryAfter, limited, "Hello, world!", notStreamed},
			"goOpenAICancel": {goOpenAICancelBefore, goOpenAICancelAfter, slow, "Hello, ", ""},
			"goOpenAIVendor": {goOpenAIVendorBefore, goOpenAIVendorAfter, hello, "Hello, world!", notStreamed},
		},
	}.test(t)
}

func goOpenAIClientBefore(key, url string) (*openai.Client, error) {
	config := openai.DefaultConfig(key)
	config.BaseURL = url // without it https://api.openai.com/v1
	config.OrgID = "org-1"
	return openai.NewClientWithConfig(config), nil
}

func goOpenAIClientAfter(key, url string) (*chatspec.Client, error) {
	return chatspec.New(
		chatspec.WithAPIKey(key),
		chatspec.WithBaseURL(url), // without it https://api.openai.com/v1
		chatspec.WithOrganization("org-1"),
	)
}

func goOpenAIAzureBefore(key, url string) (*openai.Client, error) {
	config := openai.DefaultAzureConfig(key, url)
	config.APIVersion = "2024-10-21"
	config.AzureModelMapperFunc = func(string) string { return "my-deployment" }
	return openai.NewClientWithConfig(config), nil
}

func goOpenAIAzureAfter(key, url string) (*chatspec.Client, error) {
	return chatspec.New(
		chatspec.WithAzure(url, "my-deployment", "2024-10-21"),
		chatspec.WithAPIKey(key),
	)
}

func goOpenAICallBefore(ctx context.Context, client *openai.Client) (string, error) {
	res, err := client.CreateChatCompletion(ctx, openai.ChatCompletionRequest{
		Model:               "gpt-4.1",
		MaxCompletionTokens: 100,
		Temperature:         0.5,
		Messages: []openai.ChatCompletionMessage{
			{Role: openai.ChatMessageRoleSystem, Content: "Be brief."},
			{Role: openai.ChatMessageRoleUser, Content: "Say hello."},
		},
	})
	if err != nil {
		return "", err
	}
	return res.Choices[0].Message.Content, nil
}

func goOpenAICallAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model:               "gpt-4.1",
		MaxCompletionTokens: new(100),
		Temperature:         new(0.5),
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

func goOpenAIStreamBefore(ctx context.Context, client *openai.Client) (string, error) {
	s, err := client.CreateChatCompletionStream(ctx, openai.ChatCompletionRequest{
		Model:    "gpt-4.1",
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "Say hello."}},
	})
	if err != nil {
		return "", err
	}
	defer s.Close()
	var text strings.Builder
	for {
		chunk, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return text.String(), nil
		}
		if err != nil {
			return "", err
		}
		if len(chunk.Choices) > 0 {
			text.WriteString(chunk.Choices[0].Delta.Content)
		}
	}
}

func goOpenAIStreamAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	s, err := client.Stream(ctx, chat.CreateChatCompletionRequest{
		Model:    "gpt-4.1",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	if err != nil {
		return "", err
	}
	defer s.Close()
	var text strings.Builder
	for piece, err := range s.Text() {
		if err != nil {
			return "", err
		}
		text.WriteString(piece)
	}
	return text.String(), nil
}

func goOpenAIUsageBefore(ctx context.Context, client *openai.Client) (string, error) {
	s, err := client.CreateChatCompletionStream(ctx, openai.ChatCompletionRequest{
		Model:         "gpt-4.1",
		Messages:      []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "Say hello."}},
		StreamOptions: &openai.StreamOptions{IncludeUsage: true},
	})
	if err != nil {
		return "", err
	}
	defer s.Close()
	var message openai.ChatCompletionMessage
	var usage openai.Usage
	for {
		chunk, err := s.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		if chunk.Usage != nil {
			usage = *chunk.Usage
		}
		for _, choice := range chunk.Choices {
			message.Content += choice.Delta.Content // and the refusal, and the tool calls by their index, …
		}
	}
	return fmt.Sprintf("%s %d tokens", message.Content, usage.TotalTokens), nil
}

func goOpenAIUsageAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	s, err := client.Stream(ctx, chat.CreateChatCompletionRequest{
		Model:         "gpt-4.1",
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

func goOpenAIToolsBefore(ctx context.Context, client *openai.Client) (string, error) {
	req := openai.ChatCompletionRequest{
		Model:    "gpt-4.1",
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "How warm is it in Paris?"}},
		Tools: []openai.Tool{{Type: openai.ToolTypeFunction, Function: &openai.FunctionDefinition{
			Name:       "temperature",
			Parameters: json.RawMessage(`{"type": "object", "properties": {"city": {"type": "string"}}}`),
		}}},
	}
	for {
		res, err := client.CreateChatCompletion(ctx, req)
		if err != nil {
			return "", err
		}
		message := res.Choices[0].Message
		if len(message.ToolCalls) == 0 {
			return message.Content, nil
		}
		req.Messages = append(req.Messages, message)
		for _, call := range message.ToolCalls {
			req.Messages = append(req.Messages, openai.ChatCompletionMessage{
				Role:       openai.ChatMessageRoleTool,
				ToolCallID: call.ID,
				Content:    temperature(call.Function.Arguments),
			})
		}
	}
}

func goOpenAIToolsAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	req := chat.CreateChatCompletionRequest{
		Model:    "gpt-4.1",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("How warm is it in Paris?")}},
		Tools: chat.Tools{chat.FunctionTool{Function: chat.FunctionDefinition{
			Name:       "temperature",
			Parameters: json.RawMessage(`{"type": "object", "properties": {"city": {"type": "string"}}}`),
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

func goOpenAIRunAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	type place struct {
		City string `json:"city"`
	}
	warmth := tool.New("temperature", "", func(_ context.Context, in place) (string, error) {
		return temperatureIn(in.City), nil
	})
	result, err := tool.Run(ctx, client, chat.CreateChatCompletionRequest{
		Model:    "gpt-4.1",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("How warm is it in Paris?")}},
	}, warmth)
	if err != nil {
		return "", err
	}
	return result.Text(), nil // result.Messages is the whole conversation
}

func goOpenAIImageBefore(ctx context.Context, client *openai.Client) (string, error) {
	res, err := client.CreateChatCompletion(ctx, openai.ChatCompletionRequest{
		Model: "gpt-4.1",
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, MultiContent: []openai.ChatMessagePart{
			{Type: openai.ChatMessagePartTypeText, Text: "What is this?"},
			{Type: openai.ChatMessagePartTypeImageURL, ImageURL: &openai.ChatMessageImageURL{
				URL:    "https://example.com/owl.png",
				Detail: openai.ImageURLDetailLow,
			}},
		}}},
	})
	if err != nil {
		return "", err
	}
	return res.Choices[0].Message.Content, nil
}

func goOpenAIImageAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model: "gpt-4.1",
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

func goOpenAIFormatBefore(ctx context.Context, client *openai.Client) (string, error) {
	res, err := client.CreateChatCompletion(ctx, openai.ChatCompletionRequest{
		Model:    "gpt-4.1",
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "Tell me about Paris."}},
		ResponseFormat: &openai.ChatCompletionResponseFormat{
			Type:       openai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: "city", Strict: true, Schema: citySchema},
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

func goOpenAIFormatAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model:          "gpt-4.1",
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

func goOpenAIParseAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	type city struct {
		Name   string `json:"name"`
		People int    `json:"people"`
	}
	answer, err := tool.Parse[city](ctx, client, chat.CreateChatCompletionRequest{
		Model:    "gpt-4.1",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Tell me about Paris.")}},
	})
	if err != nil {
		return "", err // a *tool.AnswerError where the model refused, or the answer was cut or is not what the schema wants
	}
	return fmt.Sprint(answer.Value.Name, " ", answer.Value.People), nil
}

func goOpenAIErrorsBefore(ctx context.Context, client *openai.Client) (string, error) {
	_, err := client.CreateChatCompletion(ctx, openai.ChatCompletionRequest{
		Model:    "gpt-4.1",
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "Read this book: …"}},
	})
	var refused *openai.APIError
	switch {
	case errors.As(err, &refused) && refused.Code == "context_length_exceeded":
		return "too long", nil
	case errors.As(err, &refused) && refused.HTTPStatusCode == http.StatusTooManyRequests:
		return "too many requests", nil
	}
	return "", err
}

func goOpenAIErrorsAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	_, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model:    "gpt-4.1",
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

func goOpenAIRetryBefore(ctx context.Context, client *openai.Client) (string, error) {
	for wait := time.Millisecond; ; wait *= 2 {
		res, err := client.CreateChatCompletion(ctx, openai.ChatCompletionRequest{
			Model:    "gpt-4.1",
			Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "Say hello."}},
		})
		if err == nil {
			return res.Choices[0].Message.Content, nil
		}
		var refused *openai.APIError
		if !errors.As(err, &refused) || refused.HTTPStatusCode != http.StatusTooManyRequests {
			return "", err
		}
		select {
		case <-time.After(wait): // Retry-After is not to be had
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func goOpenAIRetryAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model:    "gpt-4.1",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	}, chatspec.WithMaxRetries(5)) // 2 where nothing is said; WithMaxRetries(0) turns retries off
	if err != nil {
		return "", err
	}
	return res.Text(), nil
}

func goOpenAICancelBefore(ctx context.Context, client *openai.Client) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := client.CreateChatCompletionStream(ctx, openai.ChatCompletionRequest{
		Model:    "gpt-4.1",
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "Say hello."}},
	})
	if err != nil {
		return "", err
	}
	defer s.Close()
	var text strings.Builder
	for {
		chunk, err := s.Recv()
		if errors.Is(err, context.Canceled) {
			return text.String(), nil
		}
		if err != nil {
			return "", err
		}
		text.WriteString(chunk.Choices[0].Delta.Content)
		if text.Len() > 0 {
			cancel() // that is enough
		}
	}
}

func goOpenAICancelAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := client.Stream(ctx, chat.CreateChatCompletionRequest{
		Model:    "gpt-4.1",
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

func goOpenAIVendorBefore(ctx context.Context, client *openai.Client) (string, error) {
	res, err := client.CreateChatCompletion(ctx, openai.ChatCompletionRequest{
		Model:              "qwen3",
		Messages:           []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "Say hello."}},
		ChatTemplateKwargs: map[string]any{"enable_thinking": false}, // one of the few that the library knows
	})
	if err != nil {
		return "", err
	}
	return res.Choices[0].Message.Content, nil
}

func goOpenAIVendorAfter(ctx context.Context, client *chatspec.Client) (string, error) {
	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model:    "qwen3",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	}, chatspec.WithBodyField("chat_template_kwargs", map[string]any{"enable_thinking": false})) // any name
	if err != nil {
		return "", err
	}
	return res.Text(), nil
}

func TestGreetingWithGoOpenAI(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"choices": [{"message": {"content": "Hello!"}, "finish_reason": "stop"}]}`)
	}))
	defer srv.Close()
	config := openai.DefaultConfig("key")
	config.BaseURL = srv.URL
	text, err := goOpenAICallBefore(t.Context(), openai.NewClientWithConfig(config))
	if text != "Hello!" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

func TestGreetingAfterGoOpenAI(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("Hello!")) // in memory; it checks requests against the document
	text, err := goOpenAICallAfter(t.Context(), srv.NewClient())
	if text != "Hello!" || err != nil || srv.Requests()[0].Body.Model != "gpt-4.1" {
		t.Errorf("%q, %v", text, err)
	}
}
