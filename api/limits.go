package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"time"
)

// TooLargeError says that a peer sent more than a limit allows. Nothing beyond the limit was kept.
// Limits are counted on decompressed bytes.
type TooLargeError struct {
	What  string // what was too large: "event", "stream", "body" or "file"
	Limit int64  // in bytes
}

// Error names what was too large and its limit, and nothing of the content.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s exceeds the limit of %d bytes", e.What, e.Limit)
}

// Phase is the part of an exchange in which a [TimeoutError] struck.
type Phase string

// The phases of an exchange, in their order.
const (
	PhaseHeaders    Phase = "headers"     // from sending the request to the response headers
	PhaseFirstEvent Phase = "first event" // from the headers to the first event of a stream
	PhaseIdle       Phase = "idle"        // between two events of a stream
	PhaseTotal      Phase = "total"       // the deadline of the caller's context
)

// TimeoutError says which wait was too long. It is [context.DeadlineExceeded] to errors.Is.
type TimeoutError struct {
	Phase Phase
	Limit time.Duration // zero for a limit that is not ours: the caller's context, the transport's own
	Err   error         // the cause, or nil
}

// Error names the phase and its limit.
func (e *TimeoutError) Error() string {
	if e.Phase == PhaseTotal {
		return "timeout: the deadline of the context has passed"
	}
	if e.Limit == 0 {
		return fmt.Sprintf("timeout (%s): %v", e.Phase, e.Err)
	}
	return fmt.Sprintf("timeout (%s) after %v", e.Phase, e.Limit)
}

// Is makes the error [context.DeadlineExceeded].
func (e *TimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// Timeout returns true, as net.Error has it.
func (e *TimeoutError) Timeout() bool { return true }

// Unwrap returns the cause.
func (e *TimeoutError) Unwrap() error { return e.Err }

// Interrupted returns what err, which ended an exchange under ctx, is: a [TimeoutError] where the deadline of
// ctx or one of the transport has passed, [context.Canceled] where ctx was cancelled, whatever cause that was
// given, and else err. A nil err stays nil.
func Interrupted(ctx context.Context, err error) error {
	_, told := errors.AsType[*TimeoutError](err)
	network, failed := errors.AsType[net.Error](err)
	switch {
	case err == nil, told:
		return err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &TimeoutError{Phase: PhaseTotal, Err: err}
	case ctx.Err() != nil && !errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %w", context.Canceled, err)
	case failed && network.Timeout():
		return &TimeoutError{Phase: PhaseHeaders, Err: err}
	default:
		return err
	}
}

// DecodeError says that a peer sent JSON that the document does not allow: broken syntax or a value of
// the wrong type. Unknown fields and enum values are never an error.
type DecodeError struct {
	What      string // what could not be decoded: "event" or "response"
	MediaType string // of a response that does not even claim to be JSON, such as a login page; else empty
	Err       error  // what was wrong, at which byte; it holds nothing of the content
}

// Error says what could not be decoded and why.
func (e *DecodeError) Error() string {
	if e.MediaType != "" {
		return fmt.Sprintf("malformed %s: it is %q, not JSON", e.What, e.MediaType)
	}
	return fmt.Sprintf("malformed %s: %v", e.What, e.Err)
}

// Unwrap returns what was wrong.
func (e *DecodeError) Unwrap() error { return e.Err }

// ResponseError says that the answer to a call that is not streamed was a success by its status, but could not
// be read or was not what the operation answers. What went wrong is found with errors.Is and errors.As through
// it: [DecodeError], [TooLargeError], [TimeoutError], context.Canceled, or the transport's own error.
type ResponseError struct {
	_ struct{} // keyed literals only

	Status    int    // HTTP status, 2xx
	RequestID string // of the response; empty when the server gave none
	Err       error  // what went wrong; never nil
}

// Error returns one line without anything of the content.
func (e *ResponseError) Error() string {
	text := fmt.Sprint(e.Err)
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// Unwrap returns what went wrong.
func (e *ResponseError) Unwrap() error { return e.Err }

// maxEmptyReads is how many Reads in a row may return nothing, as in package bufio.
const maxEmptyReads = 100

// ReadBody reads r to its end; a body of more than limit bytes is a [TooLargeError]. It returns what it has
// read, at most limit bytes, in any case. Where the length is said to be expected, as in a Content-Length, and
// is, less is copied; 0 or less is for a length that is not known. No allocation exceeds twice what has arrived plus
// 64 KiB.
func ReadBody(r io.Reader, limit, expected int64) ([]byte, error) {
	const first, slack = 4 << 10, 64 << 10
	most := int(min(max(limit, 0), math.MaxInt-1)) + 1 // one byte more tells a body that is too large
	whole := 0                                         // with room for a Read that finds the end
	if 0 < expected && expected < int64(most) {
		whole = int(expected) + 1
	}
	b := make([]byte, 0, min(max(first, min(whole, slack)), most))
	for idle := 0; ; {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if idle++; n > 0 {
			idle = 0
		}
		switch {
		case idle == maxEmptyReads:
			return b, io.ErrNoProgress
		case len(b) == most:
			return b[:most-1], &TooLargeError{What: "body", Limit: limit}
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return b, err
		case len(b) == cap(b):
			size := 2 * cap(b)
			switch {
			case cap(b) < whole && whole <= size+slack:
				size = whole
			case size >= most-slack:
				size = most
			}
			b = append(make([]byte, 0, size), b...)
		}
	}
}
