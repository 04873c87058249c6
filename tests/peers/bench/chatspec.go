package main

import (
	"context"
	"net/http"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// fastest are the options of the fastest way to read a stream.
var fastest = []stream.Option{stream.WithoutResult(), stream.ReuseChunk()}

// kept are the options of the default, in which chunks may be kept, without accumulating: decoding alone.
var kept = []stream.Option{stream.WithoutResult()}

type ours struct{ client *chatspec.Client }

func openChatspec(baseURL string, client *http.Client) (caller, error) {
	return newOurs(baseURL, client)
}

// openReusing is openChatspec for callers that keep no chunk.
func openReusing(baseURL string, client *http.Client) (caller, error) {
	return newOurs(baseURL, client, chatspec.WithStreamOptions(stream.ReuseChunk()))
}

func newOurs(baseURL string, client *http.Client, opts ...chatspec.Option) (caller, error) {
	opts = append(opts, chatspec.WithBaseURL(baseURL), chatspec.WithAPIKey(apiKey), chatspec.WithHTTPClient(client))
	c, err := chatspec.New(opts...)
	return ours{c}, err
}

func (o ours) stream(ctx context.Context, first func()) (chunks int, err error) {
	s, err := o.client.Stream(ctx, requestOfOurs(shortRequest()))
	if err != nil {
		return 0, err
	}
	defer s.Close()
	for s.Next() {
		if chunks++; chunks == 1 {
			first()
		}
	}
	_, err = s.Result()
	return chunks, err
}

func (o ours) whole(r request) func(context.Context) error {
	req := requestOfOurs(r)
	return func(ctx context.Context) error {
		_, err := o.client.Create(ctx, req)
		return err
	}
}

func requestOfOurs(r request) chat.CreateChatCompletionRequest {
	req := chat.CreateChatCompletionRequest{Model: "m"}
	for _, m := range r.messages {
		switch {
		case m.role == "system":
			req.Messages = append(req.Messages, chat.SystemMessage{Content: chat.Text(m.text)})
		case m.role == "assistant":
			req.Messages = append(req.Messages, chat.AssistantMessage{Content: chat.Text(m.text)})
		case r.image != "":
			req.Messages = append(req.Messages, chat.UserMessage{Content: chat.UserParts{
				chat.TextPart{Text: m.text}, chat.ImagePart{ImageURL: chat.ImageURL{URL: r.image}},
			}})
		default:
			req.Messages = append(req.Messages, chat.UserMessage{Content: chat.Text(m.text)})
		}
	}
	return req
}
