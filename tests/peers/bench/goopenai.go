package main

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/sashabaranov/go-openai"
)

type goOpenAI struct{ client *openai.Client }

func openGoOpenAI(baseURL string, client *http.Client) (caller, error) {
	config := openai.DefaultConfig(apiKey)
	config.BaseURL, config.HTTPClient = baseURL, client
	return goOpenAI{openai.NewClientWithConfig(config)}, nil
}

// stream adds nothing up, as the library has nothing for it.
func (g goOpenAI) stream(ctx context.Context, first func()) (chunks int, err error) {
	s, err := g.client.CreateChatCompletionStream(ctx, requestOfGoOpenAI(shortRequest()))
	if err != nil {
		return 0, err
	}
	defer s.Close()
	for {
		if _, err := s.Recv(); errors.Is(err, io.EOF) {
			return chunks, nil
		} else if err != nil {
			return chunks, err
		}
		if chunks++; chunks == 1 {
			first()
		}
	}
}

func (g goOpenAI) whole(r request) func(context.Context) error {
	req := requestOfGoOpenAI(r)
	return func(ctx context.Context) error {
		_, err := g.client.CreateChatCompletion(ctx, req)
		return err
	}
}

func requestOfGoOpenAI(r request) openai.ChatCompletionRequest {
	req := openai.ChatCompletionRequest{Model: "m"}
	for _, m := range r.messages {
		message := openai.ChatCompletionMessage{Role: m.role, Content: m.text}
		if r.image != "" {
			message.Content = ""
			message.MultiContent = []openai.ChatMessagePart{
				{Type: openai.ChatMessagePartTypeText, Text: m.text},
				{Type: openai.ChatMessagePartTypeImageURL, ImageURL: &openai.ChatMessageImageURL{URL: r.image}},
			}
		}
		req.Messages = append(req.Messages, message)
	}
	return req
}
