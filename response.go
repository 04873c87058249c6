package chatspec

import (
	"errors"
	"net/http"
	"time"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/internal/exchange"
)

// Response is what is known of an answer beside its content; see [WithResponse] and [Hooks].
type Response struct {
	Status    int           // HTTP status; 0 where no answer came
	Header    http.Header   // of the answer, a key that the server repeats masked; nil where none came
	RequestID string        // see api.RequestID; empty when there was none
	RateLimit api.RateLimit // what the server says of the caller's rate limits
	Attempts  int           // how many requests were sent; 0 where the call was refused before
	Latency   time.Duration // from sending the last of them to the headers of its response
}

// WithResponse has the call write to r what it learned of the answer, whether it succeeds or not: before the
// method returns, for a stream when the headers have come, and for lists anew with each page. r belongs to the
// call until then.
func WithResponse(r *Response) CallOption {
	return callOption(func(c *call) error {
		if r == nil {
			return errors.New("chatspec: WithResponse: nil")
		}
		*r = Response{} // which stays where the call is refused before it is sent
		c.response = r
		return nil
	})
}

// responseOf returns what is known of the answer to a call.
func responseOf(resp *http.Response, err error) Response {
	if err != nil {
		if given, ok := errors.AsType[*attemptsError](err); ok {
			return Response{Attempts: given.number}
		}
		return Response{}
	}
	r := Response{
		Status:    resp.StatusCode,
		Header:    resp.Header,
		RequestID: api.RequestID(resp.Header),
		RateLimit: api.ParseRateLimit(resp.Header, time.Now()),
		Attempts:  api.Attempts(resp),
	}
	if attempt := exchange.AttemptOf(resp); attempt != nil {
		r.Latency = attempt.Latency
	}
	return r
}
