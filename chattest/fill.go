package chattest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	chat "github.com/chatspec/chatspec/generated"
)

// What IDs begin with; a number follows that counts up from 1.
const (
	completionPrefix = "chatcmpl-"
	callPrefix       = "call_"
	requestPrefix    = "req_"
)

// completion returns the completion that a reply stands for, and the chunks if the reply has its own.
func (h *Handler) completion(r Reply, req *chat.CreateChatCompletionRequest) (chat.CreateChatCompletionResponse, []chat.CreateChatCompletionStreamResponse, error) {
	if r.chunks != nil {
		chunks := h.fillChunks(r.chunks, req)
		var sum chat.Accumulator
		for i := range chunks {
			if err := sum.Add(&chunks[i]); err != nil {
				return chat.CreateChatCompletionResponse{}, nil, err
			}
		}
		return *sum.Result(), chunks, nil
	}
	complete := r.complete
	if complete == nil {
		complete = builtIn
	}
	c, err := complete(req)
	if err != nil {
		return c, nil, err
	}
	if r.usage != nil {
		c.Usage = r.usage
	}
	return h.fill(c, r.finishReason, req), nil, nil
}

// fill adds what a completion must have and a reply left out.
func (h *Handler) fill(c chat.CreateChatCompletionResponse, reason chat.FinishReason, req *chat.CreateChatCompletionRequest) chat.CreateChatCompletionResponse {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.ID == "" {
		c.ID = h.ids.next(completionPrefix)
	}
	c.Created = cmp.Or(c.Created, h.now().Unix())
	c.Model = cmp.Or(c.Model, req.Model)
	c.Choices = repeated(c.Choices, req.N)
	for i := range c.Choices {
		choice := &c.Choices[i]
		choice.Message.ToolCalls = h.ids.fill(choice.Message)
		choice.FinishReason = cmp.Or(reason, choice.FinishReason)
		if choice.FinishReason == "" {
			choice.FinishReason = chat.FinishReasonStop
			if len(choice.Message.ToolCalls) > 0 {
				choice.FinishReason = chat.FinishReasonToolCalls
			}
		}
	}
	if c.Usage == nil {
		c.Usage = countUsage(req, c.Choices)
	}
	return c
}

// fillChunks returns copies of the chunks with what all chunks of a stream must have.
func (h *Handler) fillChunks(chunks []chat.CreateChatCompletionStreamResponse, req *chat.CreateChatCompletionRequest) []chat.CreateChatCompletionStreamResponse {
	h.mu.Lock()
	defer h.mu.Unlock()
	id, created := h.ids.next(completionPrefix), h.now().Unix()
	filled := make([]chat.CreateChatCompletionStreamResponse, len(chunks))
	for i, chunk := range chunks {
		chunk.ID = cmp.Or(chunk.ID, id)
		chunk.Created = cmp.Or(chunk.Created, created)
		chunk.Model = cmp.Or(chunk.Model, req.Model)
		filled[i] = chunk
	}
	return filled
}

// keep stores a completion.
func (h *Handler) keep(c chat.CreateChatCompletionResponse, req *chat.CreateChatCompletionRequest) error {
	messages, err := storedMessages(c.ID, req.Messages)
	if err != nil {
		return fmt.Errorf("store the messages of %s: %w", c.ID, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stored.add(c, messages)
	return nil
}

// repeated returns a copy of the choices; a single one is there n times. Where two have the same index, all are
// numbered by their place: nobody wrote indexes then.
func repeated(choices []chat.Choice, n *int) []chat.Choice {
	list := append([]chat.Choice{}, choices...)
	if len(choices) == 1 && n != nil {
		list = slices.Repeat(choices, *n)
	}
	taken := map[int]bool{}
	for _, choice := range list {
		taken[choice.Index] = true
	}
	if len(taken) < len(list) {
		for i := range list {
			list[i].Index = i
		}
	}
	return list
}

// countUsage counts words for tokens, so that a test can tell the numbers beforehand: those of the prompt, and of
// every text of the answer that grows piece by piece in a stream.
func countUsage(req *chat.CreateChatCompletionRequest, choices []chat.Choice) *chat.CompletionUsage {
	var u chat.CompletionUsage
	for _, message := range req.Messages {
		u.PromptTokens += len(words(textOf(message)))
	}
	for _, choice := range choices {
		if d, err := splitDelta(deltaOf(choice.Message), nil); err == nil { // or the answer has no JSON at all
			u.CompletionTokens += d.texts
		}
	}
	u.TotalTokens = u.PromptTokens + u.CompletionTokens
	return &u
}

// deltaOf returns a message as the one delta that adds up to it.
func deltaOf(m chat.ResponseMessage) chat.Delta {
	c := oneChoice(m)
	return chat.Codec{}.Chunk(&c).Choices[0].Delta
}

// counters numbers the IDs of each prefix from 1. The handler's lock guards it.
type counters map[string]int

func (c *counters) next(prefix string) string {
	if *c == nil {
		*c = counters{}
	}
	(*c)[prefix]++
	return prefix + strconv.Itoa((*c)[prefix])
}

// fill returns the tool calls of a message, each with an ID. Calls of a kind that the document lacks stay as they
// are.
func (c *counters) fill(m chat.ResponseMessage) chat.ToolCalls {
	delta := deltaOf(m)
	for i := range delta.ToolCalls {
		call := &delta.ToolCalls[i]
		switch {
		case call.Type == "":
			return m.ToolCalls
		case call.ID == "":
			call.ID = c.next(callPrefix)
		}
	}
	var sum chat.Accumulator
	_ = sum.Add(&chat.CreateChatCompletionStreamResponse{Choices: []chat.ChunkChoice{{Delta: delta}}}) // it is not nil
	return sum.Result().ToolCalls()
}
