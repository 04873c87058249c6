package faults

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/chatspec/chatspec/api"
)

// patience is the deadline of a caller whose server is silent. It leaves a slow machine the time to deliver
// what comes before the silence.
const patience = time.Second

// busy is what a failing server says.
const busy = `{"error":{"message":"overloaded","type":"server_error","code":"busy"}}`

var errBusy = &api.Error{Status: http.StatusServiceUnavailable, Type: "server_error", Code: "busy", Message: "overloaded"}

// silenceFaults stop sending without closing anything.
func silenceFaults() []Fault {
	late := func(answer Answer) *Want {
		w := Want{Outcome: Timeout, Answer: answer, Phase: api.PhaseTotal}
		return w.because(context.DeadlineExceeded)
	}
	cancelled := func(answer Answer) *Want {
		return Want{Outcome: Cancelled, Answer: answer}.because(context.Canceled)
	}
	silent := func(name, text string, answer Answer) Fault {
		return Fault{Name: name, Ask: Ask{Deadline: patience}, Stream: late(answer), Serve: func(c *Conn) {
			c.events(text)
			c.hang()
		}}
	}
	return grouped("Silence, until the caller's deadline",
		Fault{Name: "silence before the header", Ask: Ask{Deadline: patience}, Stream: late(Answer{}), Whole: late(Answer{}), Serve: (*Conn).hang},
		Fault{Name: "silence in the header", Ask: Ask{Deadline: patience}, Stream: late(Answer{}), Whole: late(Answer{}), Serve: func(c *Conn) {
			c.send("HTTP/1.1 200 OK\r\n")
			c.hang()
		}},
		silent("silence before the first event", ": hi\n\n", Answer{}),
		silent("silence between events", hello, helloSoFar),
		silent("silence in an event", hello+stop[:20], helloSoFar),
		silent("silence in a blank line of CRLF", strings.ReplaceAll(hello, "\n", "\r\n")[:len(strings.ReplaceAll(hello, "\n", "\r\n"))-1], helloSoFar),
		silent("silence where usage or [DONE] would come", hello+stop, helloStop),
		Fault{Name: "silence in a whole answer", Ask: Ask{Deadline: patience}, Stream: late(Answer{}), Whole: late(Answer{}), Serve: func(c *Conn) {
			c.head(http.StatusOK, jsonType, "Content-Length: 1000")
			c.send(completion[:100])
			c.hang()
		}},
		Fault{Name: "silence in an error body", Ask: Ask{Deadline: patience}, Stream: refused(errBusy), Whole: refused(errBusy), Serve: func(c *Conn) {
			c.chunked(http.StatusServiceUnavailable, jsonType)
			c.chunk(busy[:len(busy)-1])
			c.hang()
		}},
		Fault{Name: "the caller cancels before the header", Ask: Ask{Cancel: true}, Stream: cancelled(Answer{}), Serve: (*Conn).hang},
		Fault{Name: "the caller cancels between events", Ask: Ask{Cancel: true}, Stream: cancelled(helloSoFar), Serve: func(c *Conn) {
			c.events(hello)
			c.hang()
		}},
	)
}

// timeoutFaults are about the timeouts of chatspec.
func timeoutFaults() []Fault {
	const limit = patience / 2
	late := func(phase api.Phase, answer Answer) *Want {
		w := Want{Outcome: Timeout, Answer: answer, Phase: phase}
		return w.because(context.DeadlineExceeded)
	}
	noHeader, noEvent, idle := late(api.PhaseHeaders, Answer{}), late(api.PhaseFirstEvent, Answer{}), late(api.PhaseIdle, helloSoFar)
	sends := func(name string, ask Ask, first, again string, want *Want) Fault {
		return Fault{Name: name, Ask: ask, Stream: want, Serve: func(c *Conn) {
			c.events(first)
			for range c.every(20 * time.Millisecond) {
				c.chunk(again)
			}
		}}
	}
	return grouped("Timeouts of chatspec",
		Fault{Name: "silence until the header timeout", Ask: Ask{HeaderTimeout: limit}, Stream: noHeader, Whole: noHeader, Serve: (*Conn).hang},
		sends("comments until the first-event timeout", Ask{FirstEventTimeout: limit}, ": hi\n\n", ": hi\n\n", noEvent),
		sends("comments until the idle timeout", Ask{IdleTimeout: limit}, hello, ": hi\n\n", idle),
		sends("retry lines until the idle timeout", Ask{IdleTimeout: limit}, hello, "retry: 1\n\n", idle),
		Fault{Name: "silence until the idle timeout", Ask: Ask{IdleTimeout: limit}, Stream: idle, Serve: func(c *Conn) {
			c.events(hello)
			c.hang()
		}},
		Fault{
			Name:   "slow, but within all timeouts",
			Ask:    Ask{HeaderTimeout: patience, FirstEventTimeout: patience, IdleTimeout: patience},
			Stream: ends(Finished, helloTokens),
			Serve: func(c *Conn) {
				c.events(role)
				for i := range c.every(patience / 10) {
					if c.chunk(event("")); i == 12 {
						break
					}
				}
				c.chunk(strings.TrimPrefix(hello, role) + stop + usage + done)
				c.end()
			},
		},
	)
}

// refused is the outcome that the server said no.
func refused(e *api.Error) *Want { return &Want{Outcome: APIError, Refusal: e} }
