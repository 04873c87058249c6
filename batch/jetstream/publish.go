package jetstream

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/chatspec/chatspec/batch"
)

// headroom is what headers and subject of a message may take of the server's limit.
const headroom = 4 << 10

// publishOnce publishes a message on a subject that has at most one, and returns once there is one. The first one stays.
// Whatever else the server says than that it has stored the message is looked up: it may refuse a second one before the
// first one is safe, and it may know the ID of one that is not there any more.
func (j *Job) publishOnce(ctx context.Context, stream jetstream.Stream, m *nats.Msg) error {
	return j.retry(ctx, func(ctx context.Context) error {
		ack, err := j.js.PublishMsg(ctx, m)
		var refused *jetstream.APIError
		switch {
		case err == nil && !ack.Duplicate:
			return nil
		case err != nil && !errors.As(err, &refused):
			return err
		}
		if there, lookErr := has(ctx, stream, m.Subject); lookErr == nil && there {
			return nil
		}
		m.Header.Del(jetstream.MsgIDHeader)
		return cmp.Or(err, errGone)
	})
}

// errGone says that the server knows the ID of a message and has it not.
var errGone = errors.New("the server has lost a message")

// has says whether a stream has a message on a subject. The leader of the stream answers, so it is never behind.
func has(ctx context.Context, stream jetstream.Stream, subject string) (bool, error) {
	_, err := stream.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	return err == nil, err
}

// answerMessage returns the message of an answer.
func (j *Job) answerMessage(ctx context.Context, task *batch.Task, answer *batch.Answer) (*nats.Msg, error) {
	text, err := answer.Line()
	if err != nil {
		return nil, err
	}
	m := nats.NewMsg(j.answerSubject(word(task.Line)))
	m.Header.Set(jetstream.MsgIDHeader, task.ID)
	if answer.Failed() {
		m.Header.Set(headerFailed, "1")
	}
	return m, j.fill(ctx, m, task.ID, text)
}

// fill gives a message its text, by way of an object where that is too long. Each object has a name of its own, so
// that one which was put twice does not change under a message that names it; what no message names goes with the job.
func (j *Job) fill(ctx context.Context, m *nats.Msg, id string, text []byte) error {
	if int64(len(text)) <= j.conn.MaxPayload()-headroom {
		m.Data = text
		return nil
	}
	name := id + "." + rand.Text()
	m.Header.Set(headerObject, name)
	return j.retry(ctx, func(ctx context.Context) error {
		_, err := j.big.Put(ctx, jetstream.ObjectMeta{Name: name}, bytes.NewReader(text))
		return err
	})
}

// text returns the text of a message.
func (j *Job) text(ctx context.Context, header nats.Header, data []byte) (text []byte, err error) {
	name := header.Get(headerObject)
	if name == "" {
		return data, nil
	}
	err = j.retry(ctx, func(ctx context.Context) error {
		object, err := j.big.Get(ctx, name)
		if err != nil {
			return err
		}
		text, err = io.ReadAll(object)
		return errors.Join(err, object.Close())
	})
	return text, err
}
