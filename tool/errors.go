package tool

import (
	"errors"
	"fmt"

	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
)

// What an [AnswerError] may be to errors.Is.
var (
	// ErrRefusal says that the model refused to answer; AnswerError.Refusal has its reason.
	ErrRefusal = errors.New("the model refused to answer")
	// ErrLength says that the answer was cut at the limit of tokens.
	ErrLength = errors.New("the answer was cut at the limit of tokens")
	// ErrContentFilter says that a part of the answer was withheld. It is also [api.ErrContentFilter], which is what
	// a refused request is.
	ErrContentFilter = fmt.Errorf("a part of the answer was withheld: %w", api.ErrContentFilter)
	// ErrEmpty says that there is no choice, or no text in it.
	ErrEmpty = errors.New("the answer is empty")
	// ErrCalls says that the model called tools where a value was asked for.
	ErrCalls = errors.New("the model called tools instead of answering")
	// ErrInvalid says that the answer is not JSON, or does not obey the schema; AnswerError.Reason says why not.
	ErrInvalid = errors.New("the answer does not obey the schema")
)

// What else may end a run, or be wrong with a call.
var (
	// ErrRounds says that the model called tools in the last answer that [Runner.MaxRounds] allows.
	ErrRounds = errors.New("the model still calls tools in the last round")
	// ErrUnknownTool says that a model called a tool that the run does not have.
	ErrUnknownTool = errors.New("there is no such tool")
	// ErrCallLimit says that a call is beyond those of one answer that [Runner.MaxCalls] allows.
	ErrCallLimit = errors.New("the answer has too many calls")
)

// PhaseRun is the Phase of an [api.TimeoutError] that ended a run after [Runner.Timeout].
const PhaseRun api.Phase = "run"

// AnswerError says that a model answered, but not what was asked for. What it did instead is found with errors.Is:
// [ErrRefusal], [ErrLength], [ErrContentFilter], [ErrEmpty], [ErrCalls] or [ErrInvalid]; a run has [ErrUnknownTool] for
// calls that are neither of functions nor custom.
type AnswerError struct {
	_ struct{} // keyed literals only

	Completion *chat.CreateChatCompletionResponse // the whole answer, with its usage; never nil
	Text       string                             // its text, as far as there is one
	Refusal    string                             // the model's reason to refuse, or empty
	Reason     error                              // what breaks the schema; it quotes the value, and is nil elsewhere
	Err        error                              // one of the above
}

// Error returns one line without anything of the answer, with the place in the schema that is broken.
func (e *AnswerError) Error() string {
	if broken, ok := errors.AsType[*violation](e.Reason); ok && broken.place != "" {
		return fmt.Sprintf("%v at %s", e.Err, broken.place)
	}
	return fmt.Sprint(e.Err)
}

// Unwrap returns what the model did.
func (e *AnswerError) Unwrap() error { return e.Err }

// CallError says that a call ended a run, because [Runner.Fatal] says so or Runner.Approve returned an error.
type CallError struct {
	_ struct{} // keyed literals only

	Call Call
	Err  error // what Fatal was asked about, or what Approve returned
}

// Error names the tool.
func (e *CallError) Error() string { return fmt.Sprintf("tool %q: %v", e.Call.Name, e.Err) }

// Unwrap returns what went wrong.
func (e *CallError) Unwrap() error { return e.Err }

// ArgumentsError says that a model wrote arguments that a tool does not take.
type ArgumentsError struct {
	Err error // what is wrong with them; it may quote them
}

// Error has nothing of the arguments. The model is told more, by Err.
func (e *ArgumentsError) Error() string { return "the arguments are invalid" }

// Unwrap returns what is wrong.
func (e *ArgumentsError) Unwrap() error { return e.Err }

// PanicError says that the function of a tool panicked.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // of its goroutine
}

// Error has nothing of the value, as it is what the model is told.
func (e *PanicError) Error() string { return "the tool panicked" }

// DeniedError is a call that was not allowed; see [Deny].
type DeniedError struct {
	Reason string // for the model
}

// Error is what the model is told.
func (e *DeniedError) Error() string {
	if e.Reason == "" {
		return "the call was not allowed"
	}
	return "the call was not allowed: " + e.Reason
}

// Deny returns an error by which [Runner.Approve] refuses a call and lets the run go on. The model is told the reason.
func Deny(reason string) error { return &DeniedError{Reason: reason} }

// newAnswerError makes an AnswerError for a completion that may have no choice.
func newAnswerError(c *chat.CreateChatCompletionResponse, err, reason error) *AnswerError {
	e := &AnswerError{Completion: c, Text: c.Text(), Reason: reason, Err: err}
	if len(c.Choices) > 0 {
		e.Refusal = c.Choices[0].Message.Refusal
	}
	return e
}
