package main

import (
	"context"
	"errors"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"github.com/chatspec/chatspec/tests/faults"
	"github.com/chatspec/chatspec/tests/faults/calls"
)

// streamOpenAI asks with openai-go for a stream and adds it up with its accumulator.
func streamOpenAI(parent context.Context, s *faults.Server) (got faults.Got) {
	ctx, heard, done := s.Call(parent)
	defer done()
	client, params := newOpenAI(s)
	if s.Fault.Ask.Usage {
		params.StreamOptions.IncludeUsage = openai.Bool(true)
	}
	st := client.Chat.Completions.NewStreaming(ctx, params)
	defer st.Close()
	var acc openai.ChatCompletionAccumulator
	for st.Next() {
		chunk := st.Current()
		if !acc.AddChunk(chunk) {
			got.Err = errors.New("the accumulator refuses a chunk")
			return got
		}
		for _, c := range chunk.Choices {
			if c.Index == 0 {
				got.Text += c.Delta.Content
			}
		}
		heard(got.Text)
	}
	got.Err, got.Answer = st.Err(), answerOfOpenAI(&acc.ChatCompletion)
	return got
}

// wholeOpenAI asks with openai-go for a whole answer.
func wholeOpenAI(parent context.Context, s *faults.Server) faults.Got {
	ctx, _, done := s.Call(parent)
	defer done()
	client, params := newOpenAI(s)
	res, err := client.Chat.Completions.New(ctx, params)
	if err != nil {
		return faults.Got{Err: err}
	}
	return faults.Got{Answer: answerOfOpenAI(res)}
}

// callOpenAI is the Asker of openai-go, which repeats as it does by default.
func callOpenAI(ctx context.Context, s *calls.Site, ask calls.Ask) calls.Got {
	client := openai.NewClient(option.WithBaseURL(s.URL), option.WithAPIKey(calls.Key), option.WithHTTPClient(s.HTTP))
	got := calls.Got{Client: client}
	params := openai.ChatCompletionNewParams{
		Model:    "m",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(s.Prompt())},
	}
	switch ask {
	case calls.Stream:
		st := client.Chat.Completions.NewStreaming(ctx, params)
		defer st.Close()
		for st.Next() {
			for _, c := range st.Current().Choices {
				got.Text += c.Delta.Content
			}
		}
		got.Err = st.Err()
	case calls.List:
		_, got.Err = client.Chat.Completions.List(ctx, openai.ChatCompletionListParams{Metadata: shared.Metadata{"user": calls.Filter}})
	case calls.Create:
		var res *openai.ChatCompletion
		if res, got.Err = client.Chat.Completions.New(ctx, params); got.Err == nil {
			got.Text = answerOfOpenAI(res).Text()
		}
	}
	return got
}

// newOpenAI returns a client for the server that does not retry, and the request.
func newOpenAI(s *faults.Server) (openai.Client, openai.ChatCompletionNewParams) {
	params := openai.ChatCompletionNewParams{
		Model:    "m",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say hello.")},
	}
	if n := s.Fault.Ask.Choices; n > 0 {
		params.N = openai.Int(int64(n))
	}
	return openai.NewClient(
		option.WithBaseURL(s.URL),
		option.WithAPIKey("key"),
		option.WithHTTPClient(s.HTTP),
		option.WithMaxRetries(0),
	), params
}

func answerOfOpenAI(res *openai.ChatCompletion) (a faults.Answer) {
	if res == nil {
		return a
	}
	for _, c := range res.Choices {
		choice := faults.Choice{Index: int(c.Index), Text: c.Message.Content, Refusal: c.Message.Refusal, Finish: c.FinishReason}
		for _, call := range c.Message.ToolCalls {
			choice.Calls = append(choice.Calls, faults.Call{ID: call.ID, Name: call.Function.Name, Arguments: call.Function.Arguments})
		}
		//nolint:staticcheck // servers still send the form before tools
		if f := c.Message.FunctionCall; f.Name != "" || f.Arguments != "" {
			choice.Calls = append(choice.Calls, faults.Call{Name: f.Name, Arguments: f.Arguments})
		}
		a.Choices = append(a.Choices, choice)
	}
	a.Tokens = int(res.Usage.TotalTokens)
	return a
}
