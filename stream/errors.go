package stream

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/chatspec/chatspec/api"
)

type (
	// DecodeError is [api.DecodeError]: an event that is not the JSON that the document allows.
	DecodeError = api.DecodeError
	// TimeoutError is [api.TimeoutError]: a wait that was too long.
	TimeoutError = api.TimeoutError
	// TooLargeError is [api.TooLargeError]: an event or stream beyond its limit.
	TooLargeError = api.TooLargeError
)

var (
	// ErrTruncated says that a stream ended before the answer was complete. Such an error is also
	// [io.ErrUnexpectedEOF] to errors.Is.
	ErrTruncated = errors.New("stream truncated")
	// ErrNoResult is what Result and Partial return where [WithoutResult] turned accumulating off and the end was good.
	ErrNoResult = errors.New("stream: no result was accumulated")
)

// Error says how a stream that had begun ended, if not well, and how far it came. What went wrong is
// found with errors.Is and errors.As through it: [api.Error], [ErrTruncated], [DecodeError],
// [TooLargeError], [NotStreamError], [TimeoutError], context.Canceled, or the transport's own error.
type Error struct {
	Events    int    // events read: one with malformed JSON counts, one that was cut or too large does not
	Offset    int64  // bytes read up to the end of the last of these events
	RequestID string // of the response; empty when the server gave none
	// Incomplete is the data of the event under way when the input ended; nil where there was none.
	// It may be as long as the limit for an event and is not part of the text. A key in it is masked, as in
	// api.Error.
	Incomplete []byte
	Err        error // what went wrong; never nil
}

// Error returns one line without anything of the content, but for the server's own message where the
// server refused.
func (e *Error) Error() string {
	events := "events"
	if e.Events == 1 {
		events = "event"
	}
	text := fmt.Sprintf("%v (after %d %s, %d bytes", e.Err, e.Events, events, e.Offset)
	if e.RequestID != "" {
		text += ", request " + e.RequestID
	}
	return text + ")"
}

// Unwrap returns what went wrong.
func (e *Error) Unwrap() error { return e.Err }

// NotStreamError says that a successful answer was neither an event stream nor a complete JSON completion,
// such as the login page of a proxy.
type NotStreamError struct {
	MediaType string // without parameters, lower case; empty when the answer had none
	Snippet   []byte // the beginning of the body, at most 1 KiB, a key in it masked; not part of the text
	RequestID string // empty when the server gave none
}

// snippetBytes is how much of a body a [NotStreamError] keeps.
const snippetBytes = 1 << 10

// Error names the media type.
func (e *NotStreamError) Error() string {
	if e.MediaType == "" {
		return "the answer is not an event stream and has no media type"
	}
	return fmt.Sprintf("the answer is %q, not an event stream", e.MediaType)
}

// errClosed says that the caller closed a stream that had not ended.
var errClosed = fmt.Errorf("%w: the stream was closed", context.Canceled)

// missingError is the reason for a truncation that the transport did not see.
type missingError string

func (e missingError) Error() string { return string(e) }

// Is makes every truncation an io.ErrUnexpectedEOF.
func (e missingError) Is(target error) bool { return target == io.ErrUnexpectedEOF }

// truncated wraps the reason for a truncation, so that the standard library's word for it fits as well.
func truncated(reason error) error {
	return fmt.Errorf("%w: %w", ErrTruncated, reason)
}

// transportError turns what reading a body under ctx returned into one of the endings.
func transportError(ctx context.Context, err error) error {
	var tooLarge *TooLargeError
	var timeout *TimeoutError
	if errors.As(err, &tooLarge) || errors.As(err, &timeout) {
		return err
	}
	switch err := api.Interrupted(ctx, err); {
	case errors.As(err, &timeout):
		timeout.Phase = api.PhaseTotal // the headers have come
		return err
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return truncated(err)
	default:
		return fmt.Errorf("reading the stream: %w", err)
	}
}
