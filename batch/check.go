package batch

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/validate"
)

// operation is the one that batches are for.
const operation = "createChatCompletion"

// Checker says what is wrong with lines of an input before anything is sent. It is safe for concurrent use.
type Checker struct {
	config    Config
	format    chat.ResponseFormat // that prompts ask for, nil for none
	validator *validate.Validator
}

// NewChecker returns a Checker of lines that a scheduler with this configuration sends.
func NewChecker(config Config) (*Checker, error) {
	v, err := validate.New(nil)
	if err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	return &Checker{config, config.Schema.format(), v}, nil
}

// Check reads a line and returns the body of the request that it asks for, or what is wrong with it: with the line,
// with its operation, or where its body breaks the document. A body of the line is sent as it stands there. Of a
// request that is refused the custom ID is there as far as it could be read.
func (c *Checker) Check(text []byte) (r Request, body []byte, failure *Failure) {
	r, failure = ParseRequest(text)
	switch {
	case failure != nil:
		return r, nil, failure
	case r.Body == nil:
		return r, c.prompt(r.Prompt), nil
	}
	if failure = c.route(&r); failure == nil {
		failure = c.body(r.Body)
	}
	return r, r.Body, failure
}

// body checks the body of a line.
func (c *Checker) body(body []byte) *Failure {
	if err := c.validator.Body("CreateChatCompletionRequest", body); err != nil {
		return &Failure{Code: CodeInvalidBody, Message: strings.TrimPrefix(err.Error(), "validate: ")}
	}
	var req chat.CreateChatCompletionRequest
	if err := codec.Unmarshal(body, &req, (*chat.CreateChatCompletionRequest).DecodeJSON); err != nil {
		return &Failure{Code: CodeInvalidBody, Message: "body: " + err.Error()}
	}
	if req.Stream {
		return &Failure{Code: CodeInvalidBody, Message: "body /stream: an answer in a file cannot be streamed"}
	}
	return nil
}

// route checks that a line asks for a completion.
func (c *Checker) route(r *Request) *Failure {
	u, err := url.Parse(r.URL)
	if err != nil {
		return &Failure{Code: CodeUnknownURL, Message: fmt.Sprintf("url %q is malformed", r.URL)}
	}
	route, err := c.validator.Route(&http.Request{Method: r.Method, URL: u})
	if err != nil || route.OperationID != operation {
		return &Failure{Code: CodeUnknownURL, Message: fmt.Sprintf("%s %s cannot be asked in a batch; want POST /v1/chat/completions", r.Method, r.URL)}
	}
	return nil
}

// prompt returns the body of a request with a prompt.
func (c *Checker) prompt(text string) []byte {
	req := chat.CreateChatCompletionRequest{Model: c.config.Model, ResponseFormat: c.format}
	if c.config.System != "" {
		req.Messages = append(req.Messages, chat.SystemMessage{Content: chat.Text(c.config.System)})
	}
	req.Messages = append(req.Messages, chat.UserMessage{Content: chat.Text(text)})
	body, _ := codec.Marshal(&req, (*chat.CreateChatCompletionRequest).EncodeJSON) // of strings, and JSON that was read
	return body
}
