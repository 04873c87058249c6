// Package prelude declares what the fragments of Go in the documents assume, and imports what they use beyond the
// standard library.
package prelude

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chatspecotel"
	"github.com/chatspec/chatspec/chatspecslog"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
	"github.com/chatspec/chatspec/tool"
	"github.com/chatspec/chatspec/validate"
)

//nolint:unused // The fragments use them.
var (
	ctx     context.Context
	client  *chatspec.Client
	key     string
	req     chat.CreateChatCompletionRequest
	resp    *http.Response
	s       *stream.Stream
	chunk   *chat.CreateChatCompletionStreamResponse
	err     error
	schema  map[string]any
	dataURL string
	logger  *slog.Logger
	w       http.ResponseWriter

	// What fragments make with these packages.
	_ api.Doer
	_ tool.Tool
	_ chattest.Reply
	_ validate.Option
	_ = chatspecotel.Hooks
	_ = chatspecslog.Hooks
)

// Weather is what a function returns that is a tool.
type Weather struct{}

//nolint:unused // as above
func lookUp(context.Context, string, string) (Weather, error) { return Weather{}, nil }
