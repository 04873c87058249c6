package calls

import (
	"context"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
)

// Chatspec is the [Asker] of chatspec.
func Chatspec(ctx context.Context, s *Site, ask Ask) (got Got) {
	client, err := chatspec.New(chatspec.WithBaseURL(s.URL), chatspec.WithAPIKey(Key), chatspec.WithHTTPClient(s.HTTP))
	if err != nil {
		return Got{Err: err}
	}
	var meta chatspec.Response
	defer func() { got.Client, got.Attempts = client, meta.Attempts }()
	req := chat.CreateChatCompletionRequest{Model: "m", Messages: chat.Messages{chat.UserMessage{Content: chat.Text(s.Prompt())}}}
	switch ask {
	case Stream:
		st, err := client.Stream(ctx, req, chatspec.WithResponse(&meta))
		if err != nil {
			return Got{Err: err}
		}
		defer st.Close()
		res, err := st.Result()
		return Got{Text: res.Text(), Err: err}
	case List:
		for _, err := range client.List(ctx, chat.ListChatCompletionsParams{Metadata: &chat.Metadata{"user": Filter}}, chatspec.WithResponse(&meta)) {
			if err != nil {
				return Got{Err: err}
			}
		}
		return Got{}
	default:
		res, err := client.Create(ctx, req, chatspec.WithResponse(&meta))
		if err != nil {
			return Got{Err: err}
		}
		return Got{Text: res.Text()}
	}
}
