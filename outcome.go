package chatspec

import (
	"context"
	"errors"
	"io"
	"net/url"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/stream"
)

// Outcome is how a call ended, in one word that logs and metrics can count by. There is always exactly one.
type Outcome string

// The outcomes. All but the first come with an error.
const (
	OutcomeFinished  Outcome = "finished"
	OutcomeRefused   Outcome = "refused"    // the server said no: *api.Error
	OutcomeTruncated Outcome = "truncated"  // the answer ended before it was complete: stream.ErrTruncated, io.ErrUnexpectedEOF
	OutcomeMalformed Outcome = "malformed"  // the answer is not the JSON of the document: *api.DecodeError
	OutcomeTooLarge  Outcome = "too_large"  // *api.TooLargeError
	OutcomeNotStream Outcome = "not_stream" // *stream.NotStreamError
	OutcomeTimeout   Outcome = "timeout"    // *api.TimeoutError
	OutcomeCancelled Outcome = "cancelled"  // by the caller, who may also have closed the answer before its end
	OutcomeNotSent   Outcome = "not_sent"   // nothing was sent: no key was to be had, a check found a fault
	OutcomeTransport Outcome = "transport"  // anything else: no connection, or one that broke
)

// OutcomeOf returns how a call ended that returned err, or whose stream ended with it. It goes by types and
// never by texts. What refuses a request without being of this package is taken for the transport; see
// [Call.Outcome].
func OutcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return OutcomeFinished
	case errors.Is(err, context.DeadlineExceeded):
		return OutcomeTimeout
	case errors.Is(err, context.Canceled):
		return OutcomeCancelled
	case isNotSent(err): // whatever a function of the caller's returned
		return OutcomeNotSent
	case is[*api.Error](err):
		return OutcomeRefused
	case is[*stream.NotStreamError](err):
		return OutcomeNotStream
	case is[*api.TooLargeError](err):
		return OutcomeTooLarge
	case is[*api.DecodeError](err):
		return OutcomeMalformed
	case errors.Is(err, stream.ErrTruncated), errors.Is(err, io.ErrUnexpectedEOF) && !is[*url.Error](err):
		return OutcomeTruncated
	}
	return OutcomeTransport
}

// Outcome returns how the call ended; it is known at End. It knows more than [OutcomeOf]: where no attempt was
// made, such as after a middleware that refused the request, nothing was sent.
func (c Call) Outcome() Outcome {
	outcome := OutcomeOf(c.Err)
	if outcome == OutcomeTransport && c.Response.Status == 0 && c.Response.Attempts == 0 {
		return OutcomeNotSent
	}
	return outcome
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
