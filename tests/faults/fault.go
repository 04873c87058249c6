package faults

import (
	"slices"
	"time"

	"github.com/chatspec/chatspec/api"
)

// Fault is one thing that goes wrong between a client and a server, or one answer that is odd but right.
type Fault struct {
	Group string // the heading in a table
	Name  string // unique, says what the server does

	// Serve answers one request on a connection of HTTP/1.1, Serve2 on one of HTTP/2. Where both are nil,
	// nobody listens.
	Serve  func(*Conn)
	Serve2 func(*Conn2)

	Ask Ask

	// What is right for a client that asked for a stream, and for one that asked for a whole answer; nil
	// where that makes no sense.
	Stream *Want
	Whole  *Want

	Memory  bool   // the server sends far more than a client may keep
	MaxHeap uint64 // see [Fault.HeapBelow]
}

// HeapBelow returns below how many bytes the heap of the client and the server together must stay: twice the
// limit of a client where the server sends far more than that, else 1 MiB, unless MaxHeap says otherwise.
func (f Fault) HeapBelow(limit int) uint64 {
	switch {
	case f.MaxHeap > 0:
		return f.MaxHeap
	case f.Memory:
		return 2 * uint64(limit)
	}
	return 1 << 20
}

// Ask is what the client asks for and how the caller waits for it.
type Ask struct {
	Choices  int           // n; 0 for not said
	Usage    bool          // stream_options.include_usage
	Deadline time.Duration // of the caller's context; 0 where the fault must end by itself
	Cancel   bool          // the caller gives up once the server has been asked and the wanted text is there

	// Timeouts of the client's own, which not every client has.
	HeaderTimeout, FirstEventTimeout, IdleTimeout time.Duration
}

// Own says whether a is about options that only chatspec has.
func (a Ask) Own() bool { return a.HeaderTimeout > 0 || a.FirstEventTimeout > 0 || a.IdleTimeout > 0 }

// Want is what is right to make of a fault.
type Want struct {
	Outcome Outcome
	Answer  Answer     // all of it, or what had arrived when the stream ended
	Refusal *api.Error // what the server said, for [APIError]; Status, Type, Code, Message and RetryAfter count
	Is      error      // what the error is to errors.Is, if that is settled
	Phase   api.Phase  // which wait was too long, for [Timeout]
}

// Outcome is how an exchange ended. There is always exactly one.
type Outcome string

// The outcomes. All but the first are errors.
const (
	Finished  Outcome = "finished"
	APIError  Outcome = "api error"
	Truncated Outcome = "truncated"
	Malformed Outcome = "malformed"
	TooLarge  Outcome = "too large"
	NotStream Outcome = "not a stream"
	Timeout   Outcome = "timeout"
	Cancelled Outcome = "cancelled"
	Transport Outcome = "transport"
)

// Answer is what a client made of the content, in terms that all clients share.
type Answer struct {
	Choices []Choice // by index
	Tokens  int      // the total of the usage, 0 without one
}

// Choice is one choice of an [Answer].
type Choice struct {
	Index   int
	Text    string
	Refusal string
	Finish  string
	Calls   []Call
}

// Call is one call of a tool, or of a function in the form before tools, which has no ID.
type Call struct{ ID, Name, Arguments string }

// Text returns the text of the choice with index 0.
func (a Answer) Text() string {
	if i := slices.IndexFunc(a.Choices, func(c Choice) bool { return c.Index == 0 }); i >= 0 {
		return a.Choices[i].Text
	}
	return ""
}

// Equal says whether both are the same; lists may be nil or empty.
func (a Answer) Equal(b Answer) bool {
	return a.Tokens == b.Tokens && slices.EqualFunc(a.Choices, b.Choices, func(a, b Choice) bool {
		return a.Index == b.Index && a.Text == b.Text && a.Refusal == b.Refusal && a.Finish == b.Finish && slices.Equal(a.Calls, b.Calls)
	})
}

// Faults returns all faults, group by group.
func Faults() []Fault {
	return slices.Concat(
		connectionFaults(),
		lengthFaults(),
		afterDoneFaults(),
		http2Faults(),
		silenceFaults(),
		timeoutFaults(),
		endlessFaults(),
		compressionFaults(),
		statusFaults(),
		mediaTypeFaults(),
		errorEventFaults(),
		endingFaults(),
		framingFaults(),
		chunkFaults(),
		jsonFaults(),
		toolFaults(),
		wholeFaults(),
	)
}

// grouped sets the group of faults.
func grouped(group string, faults ...Fault) []Fault {
	for i := range faults {
		faults[i].Group = group
	}
	return faults
}
