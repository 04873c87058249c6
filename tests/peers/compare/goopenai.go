package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/sashabaranov/go-openai"

	"github.com/chatspec/chatspec/tests/faults"
	"github.com/chatspec/chatspec/tests/faults/calls"
)

// streamGoOpenAI asks with go-openai for a stream and adds it up.
func streamGoOpenAI(parent context.Context, s *faults.Server) (got faults.Got) {
	ctx, heard, done := s.Call(parent)
	defer done()
	client, req := newGoOpenAI(s)
	if s.Fault.Ask.Usage {
		req.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	}
	st, err := client.CreateChatCompletionStream(ctx, req)
	if err != nil {
		return faults.Got{Err: err}
	}
	defer st.Close()
	var acc accumulator
	for {
		chunk, err := st.Recv()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				got.Err = err
			}
			got.Answer = acc.answer()
			return got
		}
		acc.add(chunk)
		got.Text = acc.answer().Text()
		heard(got.Text)
	}
}

// wholeGoOpenAI asks with go-openai for a whole answer.
func wholeGoOpenAI(parent context.Context, s *faults.Server) faults.Got {
	ctx, _, done := s.Call(parent)
	defer done()
	client, req := newGoOpenAI(s)
	res, err := client.CreateChatCompletion(ctx, req)
	if err != nil {
		return faults.Got{Err: err}
	}
	a := faults.Answer{Tokens: res.Usage.TotalTokens}
	for _, c := range res.Choices {
		choice := faults.Choice{Index: c.Index, Text: c.Message.Content, Refusal: c.Message.Refusal, Finish: string(c.FinishReason)}
		for _, call := range c.Message.ToolCalls {
			choice.Calls = append(choice.Calls, faults.Call{ID: call.ID, Name: call.Function.Name, Arguments: call.Function.Arguments})
		}
		if f := c.Message.FunctionCall; f != nil {
			choice.Calls = append(choice.Calls, faults.Call{Name: f.Name, Arguments: f.Arguments})
		}
		a.Choices = append(a.Choices, choice)
	}
	return faults.Got{Answer: a}
}

// callGoOpenAI is the Asker of go-openai. Its list with a query is that of batches.
func callGoOpenAI(ctx context.Context, s *calls.Site, ask calls.Ask) calls.Got {
	config := openai.DefaultConfig(calls.Key)
	config.BaseURL, config.HTTPClient = s.URL, s.HTTP
	client := openai.NewClientWithConfig(config)
	got := calls.Got{Client: client}
	req := openai.ChatCompletionRequest{
		Model:    "m",
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: s.Prompt()}},
	}
	switch ask {
	case calls.Stream:
		var st *openai.ChatCompletionStream
		if st, got.Err = client.CreateChatCompletionStream(ctx, req); got.Err != nil {
			return got
		}
		defer st.Close()
		for {
			chunk, err := st.Recv()
			if errors.Is(err, io.EOF) {
				return got
			}
			if got.Err = err; err != nil {
				return got
			}
			for _, c := range chunk.Choices {
				got.Text += c.Delta.Content
			}
		}
	case calls.List:
		after := calls.Filter
		_, got.Err = client.ListBatch(ctx, &after, nil)
	case calls.Create:
		var res openai.ChatCompletionResponse
		if res, got.Err = client.CreateChatCompletion(ctx, req); got.Err == nil && len(res.Choices) > 0 {
			got.Text = res.Choices[0].Message.Content
		}
	}
	return got
}

// newGoOpenAI returns a client for the server, which never retries, and the request.
func newGoOpenAI(s *faults.Server) (*openai.Client, openai.ChatCompletionRequest) {
	config := openai.DefaultConfig("key")
	config.BaseURL = s.URL
	config.HTTPClient = s.HTTP
	return openai.NewClientWithConfig(config), openai.ChatCompletionRequest{
		Model:    "m",
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: "Say hello."}},
		N:        s.Fault.Ask.Choices,
	}
}

// accumulator adds chunks up as is right: choices by index, calls by index and ID, the last of the rest.
type accumulator struct {
	choices []accumulated
	tokens  int
}

type accumulated struct {
	faults.Choice
	indices []int // of the calls
}

func (a *accumulator) add(chunk openai.ChatCompletionStreamResponse) {
	if chunk.Usage != nil {
		a.tokens = chunk.Usage.TotalTokens
	}
	for _, c := range chunk.Choices {
		i := slices.IndexFunc(a.choices, func(have accumulated) bool { return have.Index == c.Index })
		if i < 0 {
			i = len(a.choices)
			a.choices = append(a.choices, accumulated{Choice: faults.Choice{Index: c.Index}})
		}
		choice := &a.choices[i]
		choice.Text += c.Delta.Content
		choice.Refusal += c.Delta.Refusal
		choice.Finish = cmp.Or(string(c.FinishReason), choice.Finish)
		for _, call := range c.Delta.ToolCalls {
			choice.addCall(call)
		}
		if f := c.Delta.FunctionCall; f != nil {
			choice.addCall(openai.ToolCall{Function: *f})
		}
	}
}

// addCall adds to the latest call at the index, unless the ID is new.
func (c *accumulated) addCall(delta openai.ToolCall) {
	index := 0
	if delta.Index != nil {
		index = *delta.Index
	}
	at := -1
	for i, have := range c.indices {
		if id := c.Calls[i].ID; have == index && (delta.ID == "" || id == "" || id == delta.ID) {
			at = i
		}
	}
	if at < 0 {
		at = len(c.Calls)
		c.Calls, c.indices = append(c.Calls, faults.Call{}), append(c.indices, index)
	}
	call := &c.Calls[at]
	call.ID = cmp.Or(delta.ID, call.ID)
	call.Name = cmp.Or(delta.Function.Name, call.Name)
	call.Arguments += delta.Function.Arguments
}

// answer returns what has been added, choices and calls by their indices.
func (a *accumulator) answer() faults.Answer {
	answer := faults.Answer{Tokens: a.tokens}
	for _, c := range a.choices {
		order := make([]int, len(c.Calls))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(c.indices[i], c.indices[j]) })
		choice := c.Choice
		choice.Calls = nil
		for _, i := range order {
			choice.Calls = append(choice.Calls, c.Calls[i])
		}
		answer.Choices = append(answer.Choices, choice)
	}
	slices.SortFunc(answer.Choices, func(a, b faults.Choice) int { return cmp.Compare(a.Index, b.Index) })
	return answer
}
