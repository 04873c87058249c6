package batch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

const (
	// maxRefusals is how often a task is sent once more after the client has given up on its 429s. Some
	// requests are refused for ever, such as one of more tokens than a minute has.
	maxRefusals = 5
	// refusedWait is the wait after a 429 that does not say how long.
	refusedWait = time.Second
)

// do brings one task to its end. An error ends the run.
func (s *Scheduler) do(ctx context.Context, q Queue, task *Task) error {
	answer, err := s.answer(ctx, task)
	if err != nil {
		q.Release(task)
		return err
	}
	if err := q.Finish(context.WithoutCancel(ctx), task, answer); err != nil {
		return err
	}
	if answer.Failed() {
		s.stats.failed.Add(1)
	}
	s.stats.done.Add(1)
	return nil
}

// answer returns the answer line of a task.
func (s *Scheduler) answer(ctx context.Context, task *Task) (*Answer, error) {
	r, body, failure := s.checker.Check(task.Text)
	if task.Refused != nil {
		failure = task.Refused
	}
	answer := &Answer{ID: task.ID, CustomID: r.CustomID, Error: failure}
	if failure == nil {
		if err := s.ask(ctx, body, answer); err != nil {
			return nil, err
		}
	}
	if answer.Error != nil {
		answer.Error.Line = task.Line
	}
	return answer, nil
}

// ask sends the body until there is an answer that counts, and writes it to answer.
func (s *Scheduler) ask(ctx context.Context, body []byte, answer *Answer) error {
	refused, broken := 0, 0
	for {
		err := s.once(ctx, body, answer)
		var schema *schemaError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &schema) && broken < s.config.Schema.retries():
			broken++
		case isLimited(err) && refused < maxRefusals:
			refused++
		default:
			return s.refuse(ctx, err, answer)
		}
	}
}

// once makes one call, when the limiter lets it, which ends also where ctx does. The call itself does not.
func (s *Scheduler) once(ctx context.Context, body []byte, answer *Answer) error {
	guess := s.tokens.guess(len(body))
	if err := s.config.Limiter.Acquire(ctx, guess); err != nil {
		return err
	}
	var learned Observation
	defer func() { s.config.Limiter.Release(guess, learned) }()
	s.stats.requests.Add(1)
	s.stats.underWay.Add(1)
	defer s.stats.underWay.Add(-1)
	answer.Response = nil
	call := context.WithoutCancel(ctx)
	if s.config.Timeout > 0 {
		var cancel context.CancelFunc
		call, cancel = context.WithTimeout(call, s.config.Timeout)
		defer cancel()
	}
	resp, err := s.raw.CreateChatCompletionWithBody(call, "application/json", bytes.NewReader(body)) //nolint:bodyclose // read closes it
	if err != nil {
		return err
	}
	learned.Limits = api.ParseRateLimit(resp.Header, time.Now())
	answer.Response = &Response{StatusCode: resp.StatusCode, RequestID: api.RequestID(resp.Header)}
	res, err := read(resp, answer.Response)
	if err != nil {
		s.tooMany(err, refusedWait, learned.Limits)
		return err
	}
	s.level.succeeded()
	if res.Usage != nil {
		learned.Used = int64(res.Usage.TotalTokens)
		s.tokens.learn(len(body), learned.Used)
		s.stats.tokens.Add(learned.Used)
	}
	return s.config.Schema.check(res)
}

// read reads an answer, with the same judgment of what one is as every call of a client, and closes it.
func read(resp *http.Response, to *Response) (*chat.CreateChatCompletionResponse, error) {
	st, err := stream.Open(resp)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	if st.Next() && !st.Streamed() {
		to.Body = bytes.Clone(st.Raw())
	}
	res, err := st.Result()
	if err == nil && to.Body == nil { // streamed, although nobody asked for that
		to.Body, err = codec.Marshal(res, (*chat.CreateChatCompletionResponse).EncodeJSON)
	}
	return res, err
}

// refuse writes an error to the answer, or returns one that ends the run.
func (s *Scheduler) refuse(ctx context.Context, err error, answer *Answer) error {
	var refused *api.Error
	var schema *schemaError
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return err
	case errors.Is(err, api.ErrAuthentication), errors.Is(err, api.ErrQuota), isUnreachable(err):
		return &StoppedError{err}
	case errors.As(err, &schema):
		answer.Error = &Failure{Code: CodeBreaksSchema, Message: err.Error()}
		return nil
	case !errors.As(err, &refused):
		code := CodeBrokenAnswer
		if answer.Response == nil || errors.Is(err, context.DeadlineExceeded) {
			code = CodeNoAnswer
		}
		answer.Response = nil
		answer.Error = &Failure{Code: code, Message: err.Error()}
		return nil
	}
	answer.Response = &Response{StatusCode: refused.Status, RequestID: refused.RequestID, Body: refusalBody(refused)}
	if refused.Status < 300 {
		answer.Error = &Failure{Code: CodeBrokenAnswer, Message: err.Error()}
	}
	return nil
}

// refusalBody returns the body of a refusal, or one that says the same where that is no JSON.
func refusalBody(e *api.Error) []byte {
	var d codec.Decoder
	d.Reset(e.Raw)
	d.Skip()
	if len(e.Raw) > 0 && d.End() == nil {
		return e.Raw
	}
	said := chat.ErrorResponse{Error: chat.Error{Message: e.Message}}
	body, err := codec.Marshal(&said, (*chat.ErrorResponse).EncodeJSON)
	if err != nil { // strings marshal
		return nil
	}
	return body
}

// isUnreachable says whether there was no connection, so that the request was not sent, and the next would not be.
func isUnreachable(err error) bool {
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") || errors.As(err, &certificate)
}

// retried is told of each attempt that the client repeats.
func (s *Scheduler) retried(_ context.Context, failed chatspec.Attempt) {
	s.stats.retries.Add(1)
	s.tooMany(failed.Err, failed.Wait, api.ParseRateLimit(failed.Header, time.Now()))
}

// isLimited says whether err is a refusal that passes when one waits.
func isLimited(err error) bool {
	return errors.Is(err, api.ErrRateLimit) && !errors.Is(err, api.ErrQuota)
}

// tooMany slows down where err is a refusal because of a rate limit.
func (s *Scheduler) tooMany(err error, wait time.Duration, limits api.RateLimit) {
	var refused *api.Error
	if !isLimited(err) || !errors.As(err, &refused) {
		return
	}
	s.stats.limited.Add(1)
	s.level.limited()
	s.config.Limiter.Refused(max(wait, refused.RetryAfter), limits)
}

// tokenCount guesses how many tokens a request will use: a token for four bytes, and what the answers so far had
// beyond that on average.
type tokenCount struct{ beyond atomic.Uint64 } // a float64

const (
	bytesPerToken = 4
	learningRate  = 1.0 / 32 // the weight of the last answer in the average
)

func (t *tokenCount) guess(bytes int) int64 {
	return max(1, int64(float64(bytes/bytesPerToken)+math.Float64frombits(t.beyond.Load())))
}

// learn takes an answer into account. One of two that come at the same time may be lost.
func (t *tokenCount) learn(bytes int, used int64) {
	before := math.Float64frombits(t.beyond.Load())
	now := float64(used - int64(bytes/bytesPerToken))
	if before != 0 {
		now = before + (now-before)*learningRate
	}
	t.beyond.Store(math.Float64bits(now))
}

// newTransport returns the transport of a client for so many requests at once.
func newTransport(concurrency int) http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // the program has replaced it
		return http.DefaultTransport
	}
	t = t.Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = concurrency, concurrency
	return t
}
