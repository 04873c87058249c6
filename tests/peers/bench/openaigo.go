package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

type openAIGo struct{ client openai.Client }

func openOpenAIGo(baseURL string, client *http.Client) (caller, error) {
	return openAIGo{openai.NewClient(option.WithBaseURL(baseURL), option.WithAPIKey(apiKey), option.WithHTTPClient(client))}, nil
}

func (o openAIGo) stream(ctx context.Context, first func()) (chunks int, err error) {
	s := o.client.Chat.Completions.NewStreaming(ctx, paramsOfOpenAI(shortRequest()))
	defer s.Close()
	var acc openai.ChatCompletionAccumulator
	for s.Next() {
		if chunks++; chunks == 1 {
			first()
		}
		if !acc.AddChunk(s.Current()) {
			return chunks, errors.New("the accumulator refuses a chunk")
		}
	}
	return chunks, s.Err()
}

func (o openAIGo) whole(r request) func(context.Context) error {
	params := paramsOfOpenAI(r)
	return func(ctx context.Context) error {
		_, err := o.client.Chat.Completions.New(ctx, params)
		return err
	}
}

func paramsOfOpenAI(r request) openai.ChatCompletionNewParams {
	params := openai.ChatCompletionNewParams{Model: "m"}
	for _, m := range r.messages {
		var union openai.ChatCompletionMessageParamUnion
		switch {
		case m.role == "system":
			union = openai.SystemMessage(m.text)
		case m.role == "assistant":
			union = openai.AssistantMessage(m.text)
		case r.image != "":
			union = openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
				openai.TextContentPart(m.text),
				openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: r.image}),
			})
		default:
			union = openai.UserMessage(m.text)
		}
		params.Messages = append(params.Messages, union)
	}
	return params
}
