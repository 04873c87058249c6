package chatspec

import (
	"context"
	"io"
	"net/http"

	chat "github.com/chatspec/chatspec/generated"
)

// The shapes of generated code that the hand-written packages rely on. If a changed document or generator
// changes one, the build fails here, beside the reason.
var (
	// Create and Stream send a body of their own making and look at the whole *http.Response.
	_ func(*chat.Client, context.Context, string, io.Reader, ...chat.RequestEditorFn) (*http.Response, error)         = (*chat.Client).CreateChatCompletionWithBody
	_ func(*chat.Client, context.Context, string, string, io.Reader, ...chat.RequestEditorFn) (*http.Response, error) = (*chat.Client).UpdateChatCompletionWithBody

	// The lists are paged through After, which must be told apart from an empty string, and LastID.
	_ = chat.ListChatCompletionsParams{After: new("")}
	_ = chat.GetChatCompletionMessagesParams{After: new("")}
	_ = chat.ChatCompletionList{Data: []chat.CreateChatCompletionResponse{}, LastID: "", HasMore: false}
	_ = chat.ChatCompletionMessageList{Data: []chat.StoredMessage{}, LastID: "", HasMore: false}

	// The client says what a stream must bring; zero and absent differ for n.
	_ = chat.CreateChatCompletionRequest{Stream: true, N: new(1), StreamOptions: &chat.StreamOptions{IncludeUsage: true}}

	// Variants of unions are plain values, written in one literal.
	_ = chat.Messages{chat.SystemMessage{}, chat.UserMessage{Content: chat.Text("")}, chat.AssistantMessage{}}

	// api.Error repeats the error schema; TestErrorFields compares the names.
	_ = chat.ErrorResponse{Error: chat.Error{Type: "", Code: "", Param: "", Message: ""}}

	// A Doer is what the generated client sends with.
	_ chat.HttpRequestDoer = Doer(nil)
)
