package chattest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	chat "github.com/chatspec/chatspec/generated"
)

// Reply is one answer of a script. It is a value: the methods that change something return a changed copy,
// and a Reply may be used in several scripts and by several goroutines, as long as nobody changes what its
// constructor was given. The zero Reply is [BuiltIn].
//
// What a completion leaves empty is filled in: an ID and IDs of tool calls that count up from 1, the time,
// the model of the request, finish reasons, and a usage that counts words for tokens.
type Reply struct {
	complete func(*chat.CreateChatCompletionRequest) (chat.CreateChatCompletionResponse, error)
	pieces   []string // how the text is streamed; nil: word by word
	chunks   []chat.CreateChatCompletionStreamResponse
	plain    *plainAnswer
	choose   func(chat.CreateChatCompletionRequest) Reply
	nothing  func(context.Context) error // comes in place of an answer; its error ends it
	suits    func(chat.CreateChatCompletionRequest) bool

	usage        *chat.CompletionUsage
	finishReason chat.FinishReason
	header       http.Header
	delay, pace  time.Duration
	faults       []placedFault
	repeated     bool
}

// BuiltIn answers like a small model without knowledge. It always answers the same to the same request: it
// says what it is and repeats what the user said last, or what a tool returned. It calls a tool where tool_choice
// demands that, and where the user said the name of one that tool_choice allows, as a word of its own, in capitals
// or not; but never when a tool has just returned something. The arguments, and the answer where response_format
// wants JSON, are the smallest that the schema's common keywords allow. It ends with the finish reason length where
// the answer has more words than max_completion_tokens.
func BuiltIn() Reply { return Reply{} }

// Text answers with a text. Streamed, each piece is one chunk, between one with the role and one with the
// finish reason; a single piece is split into words.
func Text(pieces ...string) Reply {
	text := joined(pieces)
	r := Reply{complete: func(*chat.CreateChatCompletionRequest) (chat.CreateChatCompletionResponse, error) {
		return oneChoice(chat.ResponseMessage{Content: text}), nil
	}}
	if len(pieces) > 1 {
		r.pieces = slices.Clone(pieces)
	}
	return r
}

// ToolCalls answers with calls of tools. Streamed, the arguments come in several chunks.
func ToolCalls(calls ...chat.ToolCall) Reply {
	return Reply{complete: func(*chat.CreateChatCompletionRequest) (chat.CreateChatCompletionResponse, error) {
		return oneChoice(chat.ResponseMessage{ToolCalls: slices.Clone(calls)}), nil
	}}
}

// Completion answers with a completion, streamed or not. Its choices are used as they are, whatever n the
// request has; only a completion with one choice is repeated n times. Where two choices have the same index, all
// are numbered by their place.
func Completion(c chat.CreateChatCompletionResponse) Reply {
	return Reply{complete: func(*chat.CreateChatCompletionRequest) (chat.CreateChatCompletionResponse, error) {
		return c, nil
	}}
}

// Chunks answers with a stream of these chunks and [DONE]. Nothing is added to them but an ID, the time and
// the model where they have none: usage and finish reasons come only if they are there. Not streamed, the
// answer is what the chunks add up to.
func Chunks(chunks ...chat.CreateChatCompletionStreamResponse) Reply {
	return Reply{chunks: slices.Clone(chunks)}
}

// Status answers as the API does when it refuses a request with this status, from 400 to 599: with an error object
// of the type and code that the API has for it. 429 and 503 ask for another attempt after a second, see
// [Reply.WithRetryAfter]. [Error] is for an error object of one's own.
func Status(status int) Reply {
	if err := checkStatus(status, minRefusal, maxRefusal); err != nil {
		return Reply{nothing: func(context.Context) error { return err }}
	}
	r := Reply{plain: &plainAnswer{status: status, failed: scriptedError(status)}}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		return r.WithRetryAfter(time.Second)
	}
	return r
}

// Error answers with an HTTP status and this error object as it is, JSON in any case. See [Reply.WithRetryAfter]
// for when to come back.
func Error(status int, e chat.Error) Reply {
	return Reply{plain: &plainAnswer{status: status, failed: &e}}
}

// Raw answers with these bytes, whatever was asked. There is no Content-Type unless the header has one. The
// status must be one that ends an answer, from 200 to 999.
func Raw(status int, header http.Header, body []byte) Reply {
	return Reply{plain: &plainAnswer{status: status, body: slices.Clone(body)}, header: header.Clone()}
}

// HangUp closes the connection without an answer, so that nobody knows whether the server has processed the
// request. A [Handler] does it as all of net/http does, see [Cut].
func HangUp() Reply {
	return Reply{nothing: func(context.Context) error { return http.ErrAbortHandler }}
}

// Silence never answers, not even with a status, until the client gives up or the server is closed.
func Silence() Reply {
	return Reply{nothing: func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}}
}

// Func answers with the reply that choose returns for the request, so that a script can depend on the
// prompt; [Reply.When] is for scripts in which it matters which reply is left. Changes that were made to Func's
// reply are made to the chosen one on top, whose own conditions do not count. If choose panics, the answer has status
// 500 and the test fails.
func Func(choose func(req chat.CreateChatCompletionRequest) Reply) Reply {
	return Reply{choose: choose}
}

// WithUsage sets the usage of a completion. Like [Reply.WithFinishReason] it does not change [Chunks], [Error]
// and [Raw].
func (r Reply) WithUsage(u chat.CompletionUsage) Reply {
	r.usage = &u
	return r
}

// WithFinishReason sets the finish reason of all choices of a completion. Without, it is the reply's own;
// where there is none it is tool_calls for calls of tools and stop otherwise.
func (r Reply) WithFinishReason(reason chat.FinishReason) Reply {
	r.finishReason = reason
	return r
}

// WithHeader sets a header of the answer.
func (r Reply) WithHeader(name, value string) Reply {
	header := http.Header{}
	maps.Copy(header, r.header)
	header.Set(name, value)
	r.header = header
	return r
}

// WithRetryAfter sets the header Retry-After, in whole seconds, rounded up. Where d is something else, it sets
// Retry-After-Ms too, as the API does. A client in a testing/synctest bubble waits for it without taking time.
func (r Reply) WithRetryAfter(d time.Duration) Reply {
	seconds := (d + time.Second - 1) / time.Second
	if d%time.Second != 0 {
		r = r.WithHeader("Retry-After-Ms", strconv.FormatInt(d.Milliseconds(), 10))
	}
	return r.WithHeader("Retry-After", strconv.FormatInt(int64(seconds), 10))
}

// WithDelay makes the answer wait this long before its status is sent.
func (r Reply) WithDelay(d time.Duration) Reply {
	r.delay = d
	return r
}

// WithPace makes a stream wait this long between one chunk and the next, those that bring the role, the
// finish reason and the usage included. The first comes at once, and [DONE] comes right after the last.
func (r Reply) WithPace(d time.Duration) Reply {
	r.pace = d
	return r
}

// Repeated makes the reply answer all further requests that it is for, see [Reply.When]; what follows it in the
// script is left for the others.
func (r Reply) Repeated() Reply {
	r.repeated = true
	return r
}

// chosen returns the reply that Func's function chooses, with the changes made to Func's reply.
func (r Reply) chosen(req chat.CreateChatCompletionRequest) (inner Reply, err error) {
	if r.choose == nil {
		return r, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the function of a reply panicked: %v", p)
		}
	}()
	if inner, err = r.choose(req).chosen(req); err != nil {
		return inner, err
	}
	if r.usage != nil {
		inner.usage = r.usage
	}
	if r.header != nil {
		header := http.Header{}
		maps.Copy(header, inner.header)
		maps.Copy(header, r.header)
		inner.header = header
	}
	inner.finishReason = cmp.Or(r.finishReason, inner.finishReason)
	inner.delay = cmp.Or(r.delay, inner.delay)
	inner.pace = cmp.Or(r.pace, inner.pace)
	inner.faults = slices.Concat(inner.faults, r.faults)
	return inner, nil
}

// oneChoice is a completion of which only the message is known.
func oneChoice(m chat.ResponseMessage) chat.CreateChatCompletionResponse {
	return chat.CreateChatCompletionResponse{Choices: []chat.Choice{{Message: m}}}
}
