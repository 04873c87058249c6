package tool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// Defaults of a [Runner].
const (
	// DefaultMaxRounds is how many answers a run asks for.
	DefaultMaxRounds = 16
	// DefaultMaxCalls is how many calls of one answer are made.
	DefaultMaxCalls = 128
	// DefaultParallel is how many calls of one answer are made at once.
	DefaultParallel = 8
	// DefaultTimeout is how long a run takes at most.
	DefaultTimeout = 15 * time.Minute
)

// Client is what answers: a *chatspec.Client, or something around one.
type Client interface {
	Create(ctx context.Context, req chat.CreateChatCompletionRequest, opts ...chatspec.CallOption) (*chat.CreateChatCompletionResponse, error)
	Stream(ctx context.Context, req chat.CreateChatCompletionRequest, opts ...chatspec.CallOption) (*stream.Stream, error)
}

var _ Client = (*chatspec.Client)(nil)

var errNoClient = errors.New("there is no client")

// Run asks for an answer to req, makes the calls of tools that it has, asks again with what they returned, and so on
// until an answer calls nothing. See [Runner.Run], which it is with all defaults.
func Run(ctx context.Context, client Client, req chat.CreateChatCompletionRequest, tools ...Tool) (*Result, error) {
	return Runner{Client: client}.Run(ctx, req, tools...)
}

// Runner runs conversations with tools. It does not change and may be used by several goroutines at once, as far as
// its functions may be. Those are called by the goroutine that called Run, one at a time, and may be nil.
type Runner struct {
	_ struct{} // keyed literals only

	Client      Client                // what answers; required
	CallOptions []chatspec.CallOption // for every request of a run

	MaxRounds int           // how many answers a run asks for; DefaultMaxRounds when 0
	MaxCalls  int           // how many calls of one answer are made; DefaultMaxCalls when 0
	Parallel  int           // how many of them are made at once; DefaultParallel when 0
	Timeout   time.Duration // how long a run takes at most, waiting for Approve included; DefaultTimeout when 0, none below

	// OnChunk sees every chunk of every answer as it arrives; round counts the answers from 1. Runs are streamed
	// where it is set, and where the request has Stream set.
	OnChunk func(ctx context.Context, round int, chunk *chat.CreateChatCompletionStreamResponse)

	// Approve is asked before a call is made whose arguments are valid, for all calls of an answer in their order before
	// the first of them is made. It returns nil to allow the call, what [Deny] returns to have the model told
	// why not, and any other error to end the run, which then makes no call of this answer. It returns when its context
	// ends, as nothing else ends its wait.
	Approve func(ctx context.Context, call Call) error

	// OnCall sees a call before it is made. OnResult sees every call that was answered, also those that were not made
	// because of their arguments, in the order in which they ended, with Output, Err and Elapsed.
	OnCall, OnResult func(ctx context.Context, call Call)

	// Fatal says which errors of calls end the run: what a function returned, a [PanicError], an [ArgumentsError],
	// [ErrUnknownTool] or [ErrCallLimit]. Calls under way are waited for, no others are made. All other errors are told to
	// the model, and where Fatal is nil all of them.
	Fatal func(err error) bool
}

// Result is a conversation that a run has led.
type Result struct {
	_ struct{} // keyed literals only

	// Messages are those of the request and everything that was added to them, ready for the next turn. That holds
	// after an error, too: a call that was not made, or whose end was not waited for, is answered by a sentence that
	// says so.
	Messages chat.Messages
	// Completion is the last answer, nil where there was none. After an error it may be in part.
	Completion *chat.CreateChatCompletionResponse
	// Usage is the sum over all answers. Streamed, an answer has one only where the request asks for it.
	Usage chat.CompletionUsage
	// Rounds counts the answers.
	Rounds int
}

// Text returns the text of the last answer.
func (r *Result) Text() string {
	if r.Completion == nil {
		return ""
	}
	return r.Completion.Text()
}

// Run leads the conversation of req to an answer that calls no tools. Tools of req itself are kept, and are for the
// server to call. A tool_choice that demands a call holds for the first answer. The request must not ask for
// several choices, and is not changed. Calls in the form before tools (function_call) are left to the caller.
//
// What an answer says is not looked at: a refusal and a text that was cut are returned as [chatspec.Client.Create]
// does, and [Decode] tells them apart. Only an answer whose calls may have been cut is an error, an [AnswerError],
// and none of them is made.
//
// Every other error is one of the client's, a [CallError], [ErrRounds], an [*api.TimeoutError] with [PhaseRun], or the
// end of the context. A Result comes with it, which is never nil.
func (r Runner) Run(ctx context.Context, req chat.CreateChatCompletionRequest, tools ...Tool) (*Result, error) {
	run, err := r.start(req, tools)
	if err == nil {
		err = run.limited(ctx)
	}
	if err != nil {
		err = fmt.Errorf("tool: Run: %w", err)
	}
	run.result.Messages = run.req.Messages
	return run.result, err
}

// run is one run of a Runner.
type run struct {
	Runner

	req      chat.CreateChatCompletionRequest // the next one
	streamed bool
	tools    map[string]Tool
	result   *Result
}

// start makes a run, also along with an error.
func (r Runner) start(req chat.CreateChatCompletionRequest, tools []Tool) (*run, error) {
	started := &run{Runner: r, req: req, streamed: req.Stream || r.OnChunk != nil, tools: map[string]Tool{}, result: &Result{}}
	started.MaxRounds = orDefault(r.MaxRounds, DefaultMaxRounds)
	started.MaxCalls = orDefault(r.MaxCalls, DefaultMaxCalls)
	started.Parallel = orDefault(r.Parallel, DefaultParallel)
	started.Timeout = orDefault(r.Timeout, DefaultTimeout)
	started.req.Stream = false // the method of the client says it
	started.req.Messages = slices.Clip(req.Messages)
	started.req.Tools = slices.Clip(req.Tools)
	switch {
	case r.Client == nil:
		return started, errNoClient
	case min(r.MaxRounds, r.MaxCalls, r.Parallel) < 0:
		return started, errors.New("MaxRounds, MaxCalls and Parallel must not be negative")
	}
	if err := oneChoice(req); err != nil {
		return started, err
	}
	for _, t := range tools {
		if err := t.check(); err != nil {
			return started, err
		}
		if _, ok := started.tools[t.name]; ok {
			return started, fmt.Errorf("two tools are called %q", t.name)
		}
		started.tools[t.name] = t
		started.req.Tools = append(started.req.Tools, t.definition)
	}
	return started, nil
}

// limited runs within the time that is allowed.
func (r *run) limited(ctx context.Context) error {
	limit := &api.TimeoutError{Phase: PhaseRun, Limit: r.Timeout}
	ctx, end := context.WithCancel(ctx)
	defer end()
	if r.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, r.Timeout, limit)
		defer stop()
	}
	err := r.loop(ctx)
	if err != nil && context.Cause(ctx) == error(limit) { //nolint:errorlint // it is this one, or another
		// One of its own: functions that are not waited for have limit, and err may be limit itself.
		return &api.TimeoutError{Phase: PhaseRun, Limit: r.Timeout, Err: err}
	}
	return err
}

// loop goes on until an answer calls nothing.
func (r *run) loop(ctx context.Context) error {
	for {
		calls, err := r.ask(ctx)
		if err != nil || len(calls) == 0 {
			return err
		}
		err = ErrRounds
		if r.result.Rounds < r.MaxRounds {
			err = r.answer(ctx, calls)
		}
		for _, c := range calls {
			r.req.Messages = append(r.req.Messages, chat.ToolMessage{Content: chat.Text(c.told), ToolCallID: c.ID})
		}
		if err != nil {
			return err
		}
		r.req.ToolChoice = undemanding(r.req.ToolChoice)
	}
}

// ask gets the next answer and returns the calls in it.
func (r *run) ask(ctx context.Context) ([]*pending, error) {
	completion, err := r.completion(ctx)
	if completion != nil {
		r.result.Completion = completion
		addUsage(&r.result.Usage, completion.Usage)
	}
	if err != nil {
		return nil, err
	}
	r.result.Rounds++
	calls, err := callsOf(completion, r.result.Rounds)
	if err != nil {
		return nil, err
	}
	r.req.Messages = append(r.req.Messages, completion.Message())
	return calls, nil
}

// completion gets an answer, streamed or not; in part together with an error.
func (r *run) completion(ctx context.Context) (*chat.CreateChatCompletionResponse, error) {
	if !r.streamed {
		return r.Client.Create(ctx, r.req, r.CallOptions...)
	}
	s, err := r.Client.Stream(ctx, r.req, r.CallOptions...)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	for s.Next() {
		if r.OnChunk != nil {
			r.OnChunk(ctx, r.result.Rounds+1, s.Chunk())
		}
	}
	return s.Result()
}

// callsOf returns the calls of an answer.
func callsOf(completion *chat.CreateChatCompletionResponse, round int) ([]*pending, error) {
	if len(completion.Choices) == 0 {
		return nil, newAnswerError(completion, ErrEmpty, nil)
	}
	list := completion.ToolCalls()
	if err := cut(completion); err != nil && len(list) > 0 {
		return nil, newAnswerError(completion, err, nil)
	}
	calls := make([]*pending, 0, len(list))
	for i, c := range list {
		call := &pending{Call: Call{Round: round, Index: i}, told: notMade}
		switch c := c.(type) {
		case chat.FunctionToolCall:
			call.ID, call.Name, call.Input = c.ID, c.Function.Name, c.Function.Arguments
		case chat.CustomToolCall:
			call.ID, call.Name, call.Input, call.Custom = c.ID, c.Custom.Name, c.Custom.Input, true
		default:
			return nil, newAnswerError(completion, fmt.Errorf("%w: the call is of an unknown kind", ErrUnknownTool), nil)
		}
		calls = append(calls, call)
	}
	return calls, nil
}

// cut says why an answer may not be whole.
func cut(completion *chat.CreateChatCompletionResponse) error {
	switch completion.FinishReason() {
	case chat.FinishReasonLength:
		return ErrLength
	case chat.FinishReasonContentFilter:
		return ErrContentFilter
	default:
		return nil
	}
}

// undemanding returns a choice without the demand that a tool be called, which would never let the model answer.
func undemanding(choice chat.ToolChoice) chat.ToolChoice {
	switch c := choice.(type) {
	case chat.AllowedToolsChoice:
		c.AllowedTools.Mode = chat.AllowedToolsModeAuto
		return c
	case chat.ToolChoiceMode:
		if c == chat.ToolChoiceModeRequired {
			return nil
		}
		return c
	case chat.FunctionToolChoice, chat.CustomToolChoice:
		return nil
	default:
		return choice
	}
}

// oneChoice refuses a request for several choices: there is one that the conversation goes on from.
func oneChoice(req chat.CreateChatCompletionRequest) error {
	if req.N != nil && *req.N != 1 {
		return fmt.Errorf("the request asks for %d choices (n); there must be one", *req.N)
	}
	return nil
}

func orDefault[N int | time.Duration](n, otherwise N) N {
	if n == 0 {
		return otherwise
	}
	return n
}
