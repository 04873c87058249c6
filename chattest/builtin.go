package chattest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	chat "github.com/chatspec/chatspec/generated"
)

// introduction begins every text of the built-in reply.
const introduction = "This is the built-in server of chatspec, not a model."

// builtIn is the completion of [BuiltIn].
func builtIn(req *chat.CreateChatCompletionRequest) (chat.CreateChatCompletionResponse, error) {
	said, byTool := lastWords(req.Messages)
	if tool := called(req, said); tool != nil && !byTool {
		call, err := callOf(tool, said)
		return oneChoice(chat.ResponseMessage{ToolCalls: chat.ToolCalls{call}}), err
	}
	text, err := formatted(req.ResponseFormat, said, byTool)
	if err != nil {
		return chat.CreateChatCompletionResponse{}, err
	}
	c := oneChoice(chat.ResponseMessage{Content: text})
	limit := req.MaxCompletionTokens
	if limit == nil {
		limit = req.MaxTokens // clients of compatible servers send it
	}
	if tokens := words(text); limit != nil && len(tokens) > *limit {
		c.Choices[0].Message.Content = joined(tokens[:max(*limit, 0)])
		c.Choices[0].FinishReason = chat.FinishReasonLength
	}
	return c, nil
}

// formatted returns the text of the answer in the format that was asked for.
func formatted(format chat.ResponseFormat, said string, byTool bool) (string, error) {
	var value any
	switch format := format.(type) {
	case chat.JSONObjectResponse:
		value = map[string]string{"server": introduction, "said": said}
	case chat.JSONSchemaResponse:
		value = sample(format.JSONSchema.Schema)
	default:
		if byTool {
			return fmt.Sprintf("%s The tool returned: %s", introduction, said), nil
		}
		return fmt.Sprintf("%s You said: %s", introduction, said), nil
	}
	text, err := encode(value)
	return string(text), err
}

// lastWords returns the text of the last message of a user, or of a tool if that came later.
func lastWords(messages chat.Messages) (text string, byTool bool) {
	for _, message := range slices.Backward(messages) {
		switch message := message.(type) {
		case chat.UserMessage:
			return textOf(message), false
		case chat.ToolMessage:
			return textOf(message), true
		}
	}
	return "", false
}

// textOf returns the text of a message, its parts joined.
func textOf(message chat.Message) string {
	data, err := json.Marshal(message)
	if err != nil {
		return ""
	}
	var fields struct {
		Content json.RawMessage `json:"content"`
	}
	if json.Unmarshal(data, &fields) != nil {
		return ""
	}
	var text string
	if json.Unmarshal(fields.Content, &text) == nil {
		return text
	}
	var parts []struct {
		Text string `json:"text"`
	}
	_ = json.Unmarshal(fields.Content, &parts) // no content, or content of another kind, has no text
	for _, part := range parts {
		text += part.Text
	}
	return text
}

// called returns the tool that the request insists on, else the first one that it allows and the user named, or nil.
func called(req *chat.CreateChatCompletionRequest, said string) chat.Tool {
	if tool := demanded(req); tool != nil {
		return tool
	}
	for _, tool := range allowed(req) {
		if names(said, toolName(tool)) {
			return tool
		}
	}
	return nil
}

// allowed returns the tools that a model may call or leave.
func allowed(req *chat.CreateChatCompletionRequest) chat.Tools {
	switch choice := req.ToolChoice.(type) {
	case nil:
		return req.Tools
	case chat.ToolChoiceMode:
		if choice != chat.ToolChoiceModeNone {
			return req.Tools
		}
	case chat.AllowedToolsChoice:
		return slices.DeleteFunc(slices.Clone(req.Tools), func(tool chat.Tool) bool {
			isIt := func(other chat.AllowedTool) bool { return allowedName(other) == toolName(tool) }
			return !slices.ContainsFunc(choice.AllowedTools.Tools, isIt)
		})
	}
	return nil
}

// names says whether the text has the name as a word of its own, in capitals or not.
func names(text, name string) bool {
	word := func(r rune) bool { return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	is := func(word string) bool { return strings.EqualFold(word, name) }
	return slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool { return !word(r) }), is)
}

// demanded returns the tool that the request insists on, or nil.
func demanded(req *chat.CreateChatCompletionRequest) chat.Tool {
	switch choice := req.ToolChoice.(type) {
	case chat.ToolChoiceMode:
		if choice == chat.ToolChoiceModeRequired && len(req.Tools) > 0 {
			return req.Tools[0]
		}
	case chat.FunctionToolChoice:
		return toolNamed(req.Tools, choice.Function.Name)
	case chat.CustomToolChoice:
		return toolNamed(req.Tools, choice.Custom.Name)
	case chat.AllowedToolsChoice:
		if choice.AllowedTools.Mode != chat.AllowedToolsModeRequired {
			return nil
		}
		for _, allowed := range choice.AllowedTools.Tools {
			if tool := toolNamed(req.Tools, allowedName(allowed)); tool != nil {
				return tool
			}
		}
	}
	return nil
}

// allowedName returns the name of a tool of an allowed_tools choice: {"type": t, t: {"name": name}}.
func allowedName(allowed chat.AllowedTool) string {
	for _, value := range allowed {
		if definition, ok := value.(map[string]any); ok {
			if name, ok := definition["name"].(string); ok {
				return name
			}
		}
	}
	name, _ := allowed["name"].(string)
	return name
}

func toolNamed(tools chat.Tools, name string) chat.Tool {
	i := slices.IndexFunc(tools, func(tool chat.Tool) bool { return toolName(tool) == name })
	if i < 0 {
		return nil
	}
	return tools[i]
}

// toolName returns the name of a tool, or "" for one that this package does not know how to call.
func toolName(tool chat.Tool) string {
	switch t := tool.(type) {
	case chat.FunctionTool:
		return t.Function.Name
	case chat.CustomTool:
		return t.Custom.Name
	}
	return ""
}

// callOf calls a tool: a function with the smallest arguments that its schema allows, a custom tool with
// what was said.
func callOf(tool chat.Tool, said string) (chat.ToolCall, error) {
	switch t := tool.(type) {
	case chat.FunctionTool:
		arguments, err := encode(sample(t.Function.Parameters))
		return chat.FunctionToolCall{Function: chat.FunctionCall{Name: t.Function.Name, Arguments: string(arguments)}}, err
	case chat.CustomTool:
		return chat.CustomToolCall{Custom: chat.CustomCall{Name: t.Custom.Name, Input: said}}, nil
	default:
		return nil, fmt.Errorf("no call can be made of a tool of type %T", tool)
	}
}
