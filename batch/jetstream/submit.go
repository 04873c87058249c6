package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/chatspec/chatspec/batch"
)

// SubmitBlock is after how many lines is recorded how far an input is submitted.
const SubmitBlock = 1000

// The headers of our own.
const (
	headerObject = "Chatspec-Object" // of a message whose text is an object of that name
	headerFailed = "Chatspec-Failed" // of an answer for the error file
)

// Lines are the lines of an input, in their order. The error after the last one is io.EOF.
type Lines interface {
	Next(ctx context.Context) (*batch.Task, error)
}

// Submit publishes the lines of the job's input that it does not have yet, and tells progress after each block how
// many lines it has passed. What the lines say by themselves to be wrong (Task.Refused) is answered at once.
//
// It may be broken off and repeated: it goes on where it was. Where messages are missing that the server once had, it
// begins again and publishes those.
func (j *Job) Submit(ctx context.Context, lines Lines, progress func(passed int64)) error {
	s := &submission{Job: j}
	if err := j.retry(ctx, s.begin); err != nil {
		return err
	}
	for next := (Submitted{}); !s.record.Complete; progress(next.Lines) {
		block, err := s.read(ctx, lines, &next)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err := s.publish(ctx, block); err != nil {
			return err
		}
		if err := s.keep(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// submission is one run of Submit.
type submission struct {
	*Job
	record   record
	revision uint64
	again    int64 // lines up to this one may have been submitted before
}

// begin finds out where to go on.
func (s *submission) begin(ctx context.Context) (err error) {
	if s.record, s.revision, err = s.Job.record(ctx); err != nil {
		return err
	}
	status, err := s.Job.status(ctx)
	if err != nil {
		return err
	}
	s.again = s.record.Line + SubmitBlock
	if status.Waiting+status.UnderWay+status.Answered < s.record.Submitted.Lines {
		s.again = s.record.Last
		s.record.Submitted = Submitted{}
	}
	return nil
}

// read returns the lines of the next block that are to be published, and counts the block in next.
func (s *submission) read(ctx context.Context, lines Lines, next *Submitted) (block []*batch.Task, err error) {
	for len(block) < SubmitBlock {
		task, err := lines.Next(ctx)
		if err != nil {
			next.Complete = errors.Is(err, io.EOF)
			return block, err
		}
		next.Lines++
		next.Line = task.Line
		if task.Refused != nil {
			next.Refused++
		}
		if task.Line > s.record.Line {
			block = append(block, task)
		}
	}
	return block, nil
}

// sent is a message that was published, if only once.
type sent struct {
	stream jetstream.Stream
	*nats.Msg
	ack jetstream.PubAckFuture // nil where it did not go out
}

// publish returns once the server has acknowledged every message of the block.
func (s *submission) publish(ctx context.Context, block []*batch.Task) error {
	all := make([]sent, len(block))
	for i, task := range block {
		stream, m, err := s.message(ctx, task)
		if err != nil {
			return fmt.Errorf("line %d: %w", task.Line, err)
		}
		ack, _ := s.js.PublishMsgAsync(m) // settle publishes again
		all[i] = sent{stream, m, ack}
	}
	for i, task := range block {
		if err := s.settle(ctx, all[i]); err != nil {
			return fmt.Errorf("line %d: %w", task.Line, err)
		}
	}
	return nil
}

// settle waits for one acknowledgement, and publishes again where there is none.
func (s *submission) settle(ctx context.Context, m sent) error {
	if m.ack != nil {
		select {
		case ack := <-m.ack.Ok():
			if !ack.Duplicate {
				return nil
			}
		case err := <-m.ack.Err():
			if errors.Is(err, nats.ErrConnectionClosed) {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	again := nats.NewMsg(m.Subject) // without the reply subject of the first time
	again.Header, again.Data = m.Header, m.Data
	return s.publishOnce(ctx, m.stream, again)
}

// message returns the message of a task, or that of its answer where there is nothing to ask, and the stream for it.
func (s *submission) message(ctx context.Context, task *batch.Task) (stream jetstream.Stream, m *nats.Msg, err error) {
	if task.Refused != nil {
		m, err = s.answerMessage(ctx, task, refusal(task))
		return s.answerStream, m, err
	}
	m = nats.NewMsg(s.taskSubject(word(task.Line)))
	if task.Line > s.again { // else the server may know the ID of a message that it has lost
		m.Header.Set(jetstream.MsgIDHeader, task.ID)
	}
	return s.taskStream, m, s.fill(ctx, m, task.ID, task.Text)
}

// refusal is the answer to a task that is not asked.
func refusal(task *batch.Task) *batch.Answer {
	r, _ := batch.ParseRequest(task.Text)
	failure := *task.Refused
	failure.Line = task.Line
	return &batch.Answer{ID: task.ID, CustomID: r.CustomID, Error: &failure}
}

// keep records how far the job is submitted. It fails where another process submits the same job.
func (s *submission) keep(ctx context.Context, next Submitted) error {
	r := s.record
	r.Submitted = next
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	err = s.retry(ctx, func(ctx context.Context) error {
		revision, err := s.kv.Update(ctx, keyJob, data, s.revision)
		if err == nil {
			s.revision = revision
			return nil
		}
		there, revision, readErr := s.Job.record(ctx)
		switch {
		case readErr != nil, revision == s.revision:
			return err
		case there.Submitted != next:
			return errOtherSubmit
		}
		s.revision = revision // it was written, only the acknowledgement was lost
		return nil
	})
	s.record = r
	return err
}

var errOtherSubmit = errors.New("jetstream: another process submits the same job; let that one go on")
