package chatspecslog_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chatspecslog"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// served is what answers in place of an *http.Client.
type served struct{ http.Handler }

func (s served) Do(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return w.Result(), nil
}

// The log says how each call ended; here with a few of the attributes.
func ExampleHooks() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case slog.LevelKey, slog.MessageKey, "gen_ai.request.model", "outcome", "gen_ai.usage.output_tokens":
				return a
			}
			return slog.Attr{}
		},
	}))
	client, err := chatspec.New(
		chatspec.WithBaseURL("http://fake.localhost/v1"),
		chatspec.WithHTTPClient(served{chattest.NewHandler(chattest.Text("Hello!"))}),
		chatspec.WithHooks(chatspecslog.Hooks(logger)),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Create(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: level=INFO msg="call finished" gen_ai.request.model=gpt-5.4 outcome=finished gen_ai.usage.output_tokens=1
}
