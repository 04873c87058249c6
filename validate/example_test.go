package validate_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/validate"
)

// A client in development checks what it sends before it sends it, here nothing, and with Answers also what comes
// back.
func ExampleValidator_Middleware() {
	v, err := validate.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := chatspec.New(
		chatspec.WithBaseURL("http://127.0.0.1:8080/v1"),
		chatspec.WithMiddleware(v.Middleware(validate.Answers())),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Create(context.Background(), chat.CreateChatCompletionRequest{
		Model:       "gpt-5.4",
		Temperature: new(20.0),
		Messages:    chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	fmt.Println(err)
	if broken, ok := errors.AsType[*validate.Error](err); ok {
		fmt.Println(broken.Pointer, broken.Rule, broken.Allowed)
	}
	// Output:
	// chatspec: Create: validate: body /temperature: maximum (allowed: 2)
	// /temperature maximum [2]
}

// A request that breaks the document is named by the place and the rule, never by what was sent.
func ExampleValidator_Request() {
	v, err := validate.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	req, err := http.NewRequest(http.MethodPost, "https://api.openai.com/v1/chat/completions", strings.NewReader(
		`{"model": "gpt-5.4", "messages": [{"role": "tool", "content": "It rains."}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	broken, _ := errors.AsType[*validate.Error](v.Request(req))
	fmt.Println(broken.Pointer, broken.Rule)
	fmt.Println(broken)
	// Output:
	// /messages/0/tool_call_id required
	// validate: body /messages/0/tool_call_id: required
}

// A gateway asks which operation a request is for, and answers by what is wrong with it.
func ExampleValidator_Route() {
	v, err := validate.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, target := range []string{"GET /v1/chat/completions/chatcmpl-1", "PUT /v1/chat/completions", "GET /v1/models"} {
		method, path, _ := strings.Cut(target, " ")
		route, err := v.Route(httptest.NewRequest(method, path, nil))
		if err == nil {
			fmt.Println(route.OperationID, route.Params)
			continue
		}
		broken, _ := errors.AsType[*validate.Error](err)
		if broken.In == validate.InMethod {
			fmt.Println(http.StatusMethodNotAllowed, broken.Allowed)
		} else {
			fmt.Println(http.StatusNotFound)
		}
	}
	// Output:
	// getChatCompletion map[completion_id:chatcmpl-1]
	// 405 [GET POST]
	// 404
}
