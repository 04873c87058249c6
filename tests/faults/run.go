package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// Way is a way to ask a server with chatspec.
type Way string

// The ways.
const (
	ByStream Way = "Client.Stream"
	ByOpen   Way = "stream.Open" // on the response of the generated client
	ByCreate Way = "Client.Create"
)

// Want returns what is right for the way, nil where the fault makes no sense for it.
func (w Way) Want(f Fault) *Want {
	if w == ByCreate {
		return f.Whole
	}
	return f.Stream
}

// Got is what a client made of a fault.
type Got struct {
	Err    error
	Text   string // of the first choice, piece by piece as it was delivered
	Answer Answer // the result, or as much of it as arrived
}

// Run asks the server with chatspec, whose limit for an event or body is that of the server.
func Run(parent context.Context, s *Server, way Way) Got {
	ctx, got, done := s.Call(parent)
	defer done()
	client, err := newClient(s)
	if err != nil {
		return Got{Err: err}
	}
	req := chat.CreateChatCompletionRequest{Model: "m", Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}}}
	if n := s.Fault.Ask.Choices; n > 0 {
		req.N = &n
	}
	if s.Fault.Ask.Usage {
		req.StreamOptions = &chat.StreamOptions{IncludeUsage: true}
	}
	switch way {
	case ByStream:
		st, err := client.Stream(ctx, req)
		return read(st, err, got)
	case ByOpen:
		st, err := open(ctx, s, client, req)
		return read(st, err, got)
	default:
		res, err := client.Create(ctx, req)
		if err != nil {
			return Got{Err: err}
		}
		return Got{Text: res.Text(), Answer: answerOf(res)}
	}
}

// newClient returns a client for the server with the fault's timeouts.
func newClient(s *Server) (*chatspec.Client, error) {
	opts := []chatspec.Option{
		chatspec.WithBaseURL(s.URL),
		chatspec.WithHTTPClient(s.HTTP),
		chatspec.WithMaxBodyBytes(int64(s.Limit)),
		chatspec.WithMaxRetries(0), // a fault is what one attempt makes of it
		chatspec.WithStreamOptions(streamOptions(s)...),
	}
	if d := s.Fault.Ask.HeaderTimeout; d > 0 {
		opts = append(opts, chatspec.WithHeaderTimeout(d))
	}
	return chatspec.New(opts...)
}

// streamOptions returns the limits of the server and the fault's timeouts as options of a stream.
func streamOptions(s *Server) []stream.Option {
	opts := []stream.Option{stream.MaxEventBytes(s.Limit)}
	if d := s.Fault.Ask.FirstEventTimeout; d > 0 {
		opts = append(opts, stream.FirstEventTimeout(d))
	}
	if d := s.Fault.Ask.IdleTimeout; d > 0 {
		opts = append(opts, stream.IdleTimeout(d))
	}
	return opts
}

// open asks with the generated client and opens the response.
func open(ctx context.Context, s *Server, client *chatspec.Client, req chat.CreateChatCompletionRequest) (*stream.Stream, error) {
	req.Stream = true
	resp, err := client.Raw().CreateChatCompletion(ctx, req)
	if err != nil {
		return nil, err
	}
	return stream.Open(resp, append(streamOptions(s), stream.Expect(max(1, s.Fault.Ask.Choices), s.Fault.Ask.Usage))...)
}

// read reads a stream to its end.
func read(s *stream.Stream, err error, got func(text string)) Got {
	if err != nil {
		return Got{Err: err}
	}
	defer s.Close()
	var g Got
	for s.Next() {
		g.Text += s.Chunk().Text()
		got(g.Text)
	}
	res, err := s.Result()
	g.Err, g.Answer = err, answerOf(res)
	return g
}

// answerOf is the content of a response.
func answerOf(res *chat.CreateChatCompletionResponse) (a Answer) {
	if res == nil {
		return a
	}
	for _, c := range res.Choices {
		choice := Choice{Index: c.Index, Text: c.Message.Content, Refusal: c.Message.Refusal, Finish: string(c.FinishReason)}
		for _, call := range c.Message.ToolCalls {
			if f, ok := call.(chat.FunctionToolCall); ok {
				choice.Calls = append(choice.Calls, Call{f.ID, f.Function.Name, f.Function.Arguments})
			}
		}
		if f := c.Message.FunctionCall; f != nil {
			choice.Calls = append(choice.Calls, Call{"", f.Name, f.Arguments})
		}
		a.Choices = append(a.Choices, choice)
	}
	if res.Usage != nil {
		a.Tokens = res.Usage.TotalTokens
	}
	return a
}

// Outcomes returns the outcomes that an error of chatspec is, found with errors.Is and errors.As; it ought to
// be exactly one.
func Outcomes(way Way, err error) (all []Outcome) {
	for _, o := range []struct {
		is      bool
		outcome Outcome
	}{
		{as[*api.Error](err), APIError},
		{truncated(way, err), Truncated},
		{as[*stream.DecodeError](err), Malformed},
		{as[*stream.TooLargeError](err), TooLarge},
		{as[*stream.NotStreamError](err), NotStream},
		{as[*stream.TimeoutError](err), Timeout},
		{errors.Is(err, context.Canceled), Cancelled},
		{err == nil, Finished},
	} {
		if o.is {
			all = append(all, o.outcome)
		}
	}
	if len(all) == 0 {
		return []Outcome{Transport}
	}
	return all
}

// truncated says whether an answer had begun and was cut. A stream says so by itself; of a whole answer it is
// the standard library's word, which stands for a cut header as well.
func truncated(way Way, err error) bool {
	if way == ByCreate {
		return errors.Is(err, io.ErrUnexpectedEOF) && !as[*url.Error](err)
	}
	return errors.Is(err, stream.ErrTruncated)
}

func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// Check returns what is not as it should be in what chatspec made of a fault, one line each.
func (w Want) Check(way Way, g Got) (wrong []string) {
	fail := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if all := Outcomes(way, g.Err); len(all) != 1 || all[0] != w.Outcome {
		fail("outcome %v, want %s (error: %v)", all, w.Outcome, g.Err)
	}
	if !g.Answer.Equal(w.Answer) {
		fail("answer %+v, want %+v", g.Answer, w.Answer)
	}
	if want := w.Answer.Text(); g.Text != want {
		fail("text %q was delivered, want %q", g.Text, want)
	}
	if w.Is != nil && !errors.Is(g.Err, w.Is) {
		fail("the error is not %q (error: %v)", w.Is, g.Err)
	}
	if w.Outcome == Truncated && !errors.Is(g.Err, io.ErrUnexpectedEOF) {
		fail("truncated, but not io.ErrUnexpectedEOF (error: %v)", g.Err)
	}
	var e *api.Error
	if errors.As(g.Err, &e) && w.Refusal != nil {
		message := strings.Trim(e.Message, "\x00") // what a bomb is made of
		if e.Status != w.Refusal.Status || e.Type != w.Refusal.Type || e.Code != w.Refusal.Code || message != w.Refusal.Message || e.RetryAfter != w.Refusal.RetryAfter {
			fail("the server's error is %+v, want %+v", e, w.Refusal)
		}
		if e.RequestID != requestID || e.Attempts != 1 {
			fail("the server's error has request ID %q and %d attempts", e.RequestID, e.Attempts)
		}
	}
	var late *api.TimeoutError
	if errors.As(g.Err, &late) && late.Phase != w.Phase {
		fail("timeout in phase %q, want %q", late.Phase, w.Phase)
	}
	return wrong
}
