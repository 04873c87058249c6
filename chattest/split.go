package chattest

import (
	"strings"
	"unicode"

	chat "github.com/chatspec/chatspec/generated"
)

// split tells a completion in chunks: for each choice the role, then the text and the tool calls piece by
// piece, then what else there is, then the finish reason. Chunks of several choices alternate. The usage
// has a chunk of its own at the end, if it is wanted. What the chunks have in common, and the fields of a
// choice, come from the generated package, so that none is forgotten.
func split(c chat.CreateChatCompletionResponse, pieces []string, usage bool) []chat.CreateChatCompletionStreamResponse {
	whole := *chat.Codec{}.Chunk(&c)
	frame := whole
	frame.Choices, frame.Usage, frame.Moderation = nil, nil, nil
	var chunks []chat.CreateChatCompletionStreamResponse
	for _, choice := range alternating(whole.Choices, pieces) {
		chunk := frame
		chunk.Choices = []chat.ChunkChoice{choice}
		chunks = append(chunks, chunk)
	}
	if whole.Moderation != nil {
		frame.Moderation = whole.Moderation
		chunks = append(chunks, frame)
		frame.Moderation = nil
	}
	if usage {
		frame.Usage = whole.Usage
		chunks = append(chunks, frame)
	}
	return chunks
}

// alternating splits each choice and returns the first parts of all, then the second ones, and so on.
func alternating(choices []chat.ChunkChoice, pieces []string) []chat.ChunkChoice {
	parts := make([][]chat.ChunkChoice, len(choices))
	for i, choice := range choices {
		parts[i] = splitChoice(choice, pieces)
	}
	var list []chat.ChunkChoice
	for round, found := 0, true; found; round++ {
		found = false
		for _, p := range parts {
			if round < len(p) {
				list, found = append(list, p[round]), true
			}
		}
	}
	return list
}

// splitChoice splits one choice. The pieces are those of its text; nil splits it into words.
func splitChoice(whole chat.ChunkChoice, pieces []string) []chat.ChunkChoice {
	rest := whole.Delta
	rest.Role, rest.Content, rest.Refusal, rest.ToolCalls = "", "", "", nil
	if pieces == nil {
		pieces = words(whole.Delta.Content)
	}
	deltas := []chat.Delta{{Role: whole.Delta.Role}}
	for _, piece := range pieces {
		deltas = append(deltas, chat.Delta{Content: piece})
	}
	for _, piece := range words(whole.Delta.Refusal) {
		deltas = append(deltas, chat.Delta{Refusal: piece})
	}
	for _, call := range whole.Delta.ToolCalls {
		for _, part := range splitCall(call) {
			deltas = append(deltas, chat.Delta{ToolCalls: []chat.ToolCallDelta{part}})
		}
	}
	list := make([]chat.ChunkChoice, 0, len(deltas)+1)
	for _, delta := range deltas {
		list = append(list, chat.ChunkChoice{Index: whole.Index, Delta: delta})
	}
	whole.Delta = rest // with the finish reason and the log probabilities
	return append(list, whole)
}

// splitCall splits a tool call: its ID and name come first, then its arguments.
func splitCall(whole chat.ToolCallDelta) []chat.ToolCallDelta {
	first := whole
	var parts []chat.ToolCallDelta
	if whole.Function != nil {
		first.Function = &chat.FunctionCallDelta{Name: whole.Function.Name}
		for _, piece := range words(whole.Function.Arguments) {
			parts = append(parts, chat.ToolCallDelta{Index: whole.Index, Function: &chat.FunctionCallDelta{Arguments: piece}})
		}
	}
	if whole.Custom != nil {
		first.Custom = &chat.CustomCallDelta{Name: whole.Custom.Name}
		for _, piece := range words(whole.Custom.Input) {
			parts = append(parts, chat.ToolCallDelta{Index: whole.Index, Custom: &chat.CustomCallDelta{Input: piece}})
		}
	}
	return append([]chat.ToolCallDelta{first}, parts...)
}

// words splits a text before each space that follows something else, so that the pieces make up the text
// again. It stands for the tokens of a model.
func words(text string) []string {
	var list []string
	start, inWord := 0, false
	for i, r := range text {
		if space := unicode.IsSpace(r); space && inWord {
			list = append(list, text[start:i])
			start, inWord = i, false
		} else if !space {
			inWord = true
		}
	}
	if start < len(text) {
		list = append(list, text[start:])
	}
	return list
}

func joined(pieces []string) string { return strings.Join(pieces, "") }
