package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/internal/terminal"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
	"github.com/chatspec/chatspec/tool"
)

// talk is a conversation with a model: one prompt and its answer, or many.
type talk struct {
	console  *console
	flags    *chatFlags
	target   *target
	model    string
	messages chat.Messages
	parts    chat.UserParts // what goes along with the next prompt
	tools    []tool.Tool
	allowed  map[string]bool // the tools that run without asking, by name
	schema   *answerSchema
	reader   terminal.Reader // asks for prompts, and whether a tool may run
}

// prepare reads what the flags name, so that a mistake is found before anything is sent.
func (k *talk) prepare(ctx context.Context, interactive bool) (err error) {
	f, c := k.flags, k.console
	if f.load != "" {
		if k.messages, err = loadMessages(f.load); err != nil {
			return err
		}
	}
	if f.system != "" {
		k.instruct(f.system)
	}
	if k.parts, err = attach(f.images, f.files); err != nil {
		return err
	}
	if f.schema != "" {
		if k.schema, err = readSchema(f.schema); err != nil {
			return err
		}
	}
	k.reader = c.reader(f.history, interactive)
	if len(f.tools) > 0 && !f.yes && !c.attended() {
		return usageError{text: "a -tool runs after you were asked, which takes a terminal: or add -yes"}
	}
	for _, command := range f.tools {
		t, err := programTool(ctx, command)
		if err != nil {
			return err
		}
		k.tools = append(k.tools, t)
	}
	return nil
}

// instruct puts a system message in the first place, or takes it away.
func (k *talk) instruct(text string) {
	if len(k.messages) > 0 {
		if _, ok := k.messages[0].(chat.SystemMessage); ok {
			k.messages = k.messages[1:]
		}
	}
	if text != "" {
		k.messages = append(chat.Messages{chat.SystemMessage{Content: chat.Text(text)}}, k.messages...)
	}
}

// once asks one prompt.
func (k *talk) once(ctx context.Context, prompt string) error {
	err := k.turn(ctx, k.prompt(prompt))
	if k.flags.save != "" && len(k.messages) > 0 {
		err = errors.Join(err, saveMessages(k.flags.save, k.messages))
	}
	return err
}

// prompt returns a message of the user, with what goes along with it.
func (k *talk) prompt(text string) chat.UserMessage {
	parts := k.parts
	if k.parts = nil; len(parts) == 0 {
		return chat.UserMessage{Content: chat.Text(text)}
	}
	return chat.UserMessage{Content: append(chat.UserParts{chat.TextPart{Text: text}}, parts...)}
}

// turn adds a message of the user to the conversation and what the model says to it, the calls of tools included.
// Where an answer broke off, what has come of it stays; where nothing has come, neither does the message.
func (k *talk) turn(ctx context.Context, message chat.UserMessage) error {
	req := k.request(append(slices.Clip(k.messages), message))
	a := &asker{talk: k, last: new(chat.CreateChatCompletionResponse)}
	messages, err := a.run(ctx, req)
	switch text := a.last.Text(); {
	case err == nil:
		err = k.verdict(a.last)
	case a.err != nil && text != "":
		messages = append(messages, chat.AssistantMessage{Content: chat.Text(text + interruptedMark)})
	case len(messages) == len(req.Messages):
		return err
	}
	k.messages = messages
	return err
}

// interruptedMark tells the model that its answer was not whole.
const interruptedMark = "\n\n[interrupted]"

// asker is a client that shows the answers.
type asker struct {
	*talk
	last *chat.CreateChatCompletionResponse // in part, where it broke off
	err  error
}

// run asks until the model has answered, and returns the conversation.
func (a *asker) run(ctx context.Context, req chat.CreateChatCompletionRequest) (chat.Messages, error) {
	if len(a.tools) == 0 { // calls are for others to make
		res, err := a.Create(ctx, req)
		if err != nil {
			return req.Messages, err
		}
		return append(req.Messages, res.Message()), nil
	}
	runner := tool.Runner{Client: a, Approve: a.approve, OnResult: a.result, MaxRounds: maxRounds, Parallel: 1, Timeout: -1}
	result, err := runner.Run(ctx, req, a.tools...)
	switch {
	case a.err != nil:
		err = a.err
	case errors.Is(err, tool.ErrRounds):
		err = failure{fmt.Sprintf("the model called tools %d times and did not come to an end", maxRounds), err}
	case errors.Is(err, tool.ErrLength), errors.Is(err, tool.ErrContentFilter):
		err = nil // the verdict says so
	}
	return result.Messages, err
}

// Create asks for the next message of the model, shows it as it arrives, and says how it ended. What has come of it is
// returned with an error, too.
func (a *asker) Create(
	ctx context.Context, req chat.CreateChatCompletionRequest, _ ...chatspec.CallOption,
) (*chat.CreateChatCompletionResponse, error) {
	a.last, a.err = a.answer(ctx, req)
	if a.err != nil {
		a.err = a.target.explain(a.err, "-model")
	}
	return a.last, a.err
}

// Stream is part of [tool.Client]. Nobody calls it, as Create streams where that was asked for.
func (a *asker) Stream(ctx context.Context, req chat.CreateChatCompletionRequest, _ ...chatspec.CallOption) (*stream.Stream, error) {
	return a.flags.ask(ctx, a.target, req)
}

// answer asks once. Its response is never nil.
func (k *talk) answer(ctx context.Context, req chat.CreateChatCompletionRequest) (*chat.CreateChatCompletionResponse, error) {
	none := new(chat.CreateChatCompletionResponse)
	show := k.console.show(k.flags)
	defer show.Close() // follow has looked at the error, where the answer went well
	s, err := k.flags.ask(ctx, k.target, req)
	if err != nil {
		return none, err
	}
	defer s.Close()
	meter, err := k.follow(s, show)
	if err != nil {
		if res, failed := s.Partial(); failed == nil {
			return res, err
		}
		return none, err
	}
	res, err := s.Result()
	if err == nil {
		k.console.aside("%s", summary(res, meter))
	}
	return res, err
}

// follow shows a stream to its end, and the calls in it that others are to make.
func (k *talk) follow(s *stream.Stream, show display) (terminal.Meter, error) {
	if k.flags.json {
		return terminal.Meter{}, writeChunks(k.console, s)
	}
	meter, err := follow(s, show)
	if err != nil || len(k.tools) > 0 {
		return meter, err
	}
	res, err := s.Result()
	if err != nil {
		return meter, err
	}
	return meter, writeCalls(k.console, res.ToolCalls())
}

// verdict returns what is wrong with an answer that came to its end.
func (k *talk) verdict(res *chat.CreateChatCompletionResponse) error {
	if refusal := res.Message().Refusal; refusal != "" {
		return failure{text: "the model refused: " + refusal}
	}
	switch res.FinishReason() {
	default: // stop, tool_calls, or one that a server has made up
	case chat.FinishReasonLength, chat.FinishReasonContentFilter:
		return exitError{code: exitCut} // the summary has said so
	}
	if k.schema != nil {
		return k.schema.check(res)
	}
	return nil
}

// request returns the request for the next message.
func (k *talk) request(messages chat.Messages) chat.CreateChatCompletionRequest {
	req := k.flags.request(k.target)
	req.Model, req.Messages = k.model, messages
	if k.schema != nil {
		req.ResponseFormat = k.schema.format
	}
	return req
}
