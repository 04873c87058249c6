package jetstream

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/chatspec/chatspec/batch"
)

const (
	// fetchSize is how many tasks a worker takes at once.
	fetchSize = 32
	// fetchWait is how long it waits where there are none, before it looks whether there will be more.
	fetchWait = time.Second
	// reportInterval is how often a worker says what it has done.
	reportInterval = 2 * time.Second
	// closePatience is how long a worker that leaves tries to say so.
	closePatience = Patience(10 * time.Second)
	// heartbeats is how often a worker is heard of in the time in which it must be.
	heartbeats = 3
)

// Queue is a [batch.Queue] over the tasks of a job, for one worker of any number. Close it when the run has ended.
//
// Finish returns once the server has acknowledged the answer, which with replicas means most of them. Where the server is
// gone, Next and Finish wait for it; if that takes longer than the job's patience, they return a *[LostError].
type Queue struct {
	job      *Job
	id       string
	consumer jetstream.Consumer
	ready    []jetstream.Msg // taken, and not handed out yet; only Next uses it

	mu   sync.Mutex
	held map[uint64]jetstream.Msg // taken, and not given back, by their sequence in the stream
	done worker

	stop    chan struct{}
	stopped chan struct{}
}

// worker is what a worker says of itself in the job's bucket.
type worker struct {
	Host     string  `json:"host"`
	Process  int     `json:"process"`
	Answered int64   `json:"answered"`
	Failed   int64   `json:"failed"`
	Rate     float64 `json:"rate"` // answers in a second, lately
	Left     bool    `json:"left"`
}

// Work returns a queue that takes tasks of the job.
func (j *Job) Work(ctx context.Context) (*Queue, error) {
	host, _ := os.Hostname() // for people; empty is fine
	q := &Queue{
		job:     j,
		id:      rand.Text(),
		held:    map[uint64]jetstream.Msg{},
		done:    worker{Host: host, Process: os.Getpid()},
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	err := j.retry(ctx, func(ctx context.Context) (err error) {
		q.consumer, err = j.js.Consumer(ctx, j.tasks(), consumerName)
		return err
	})
	if err != nil {
		return nil, err
	}
	go q.keepAlive(context.WithoutCancel(ctx), q.consumer.CachedInfo().Config.AckWait/heartbeats)
	return q, nil
}

// Next returns the next task. io.EOF says that every line of the input was submitted and has an answer.
func (q *Queue) Next(ctx context.Context) (*batch.Task, error) {
	for len(q.ready) == 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := q.fetch(ctx); err != nil {
			return nil, err
		}
	}
	m := q.ready[0]
	q.ready = q.ready[1:]
	line, err := lineOf(m.Subject())
	if err != nil {
		return nil, fmt.Errorf("jetstream: a task without a line: %s", m.Subject())
	}
	text, err := q.job.text(ctx, m.Headers(), m.Data())
	if err != nil {
		return nil, err
	}
	return &batch.Task{ID: q.job.spec.ID.ID(line), Line: line, Text: text, Handle: m}, nil
}

// Finish publishes the answer and acknowledges the task.
func (q *Queue) Finish(ctx context.Context, task *batch.Task, answer *batch.Answer) error {
	m, err := q.job.answerMessage(ctx, task, answer)
	if err == nil {
		err = q.job.publishOnce(ctx, q.job.answerStream, m)
	}
	if err != nil {
		q.Release(task)
		return err
	}
	q.mu.Lock()
	q.done.Answered++
	if answer.Failed() {
		q.done.Failed++
	}
	q.mu.Unlock()
	q.giveBack(handle(task), jetstream.Msg.Ack)
	return nil
}

// Release has the task handed out again at once.
func (q *Queue) Release(task *batch.Task) { q.giveBack(handle(task), jetstream.Msg.Nak) }

// Close gives back what was taken and not finished, and says that this worker has left. Both are courtesies: what does not
// arrive is handed out again by itself, and is missing from what the job's status says of failures.
func (q *Queue) Close() {
	close(q.stop)
	<-q.stopped
	if !q.job.conn.IsConnected() {
		return
	}
	for _, m := range q.taken() {
		q.giveBack(m, jetstream.Msg.Nak)
	}
	q.mu.Lock()
	q.done.Left, q.done.Rate = true, 0
	q.mu.Unlock()
	_ = closePatience.retry(context.Background(), q.job.conn, func(ctx context.Context) error {
		return errors.Join(q.report(ctx), q.job.conn.FlushWithContext(ctx))
	})
}

// fetch takes tasks. Where there are none it waits for one a while, and then looks whether that was all.
func (q *Queue) fetch(ctx context.Context) error {
	taken, err := q.take(q.consumer.FetchNoWait(fetchSize))
	if err == nil && len(taken) == 0 {
		taken, err = q.take(q.consumer.Fetch(1, jetstream.FetchMaxWait(fetchWait)))
	}
	if len(taken) > 0 {
		return q.sort(ctx, taken)
	}
	if err != nil { // such as no connection or no leader: the state of the job is asked for until there is
		if err := pause(ctx, attemptPause); err != nil {
			return err
		}
	}
	var ended bool
	err = q.job.retry(ctx, func(ctx context.Context) (err error) {
		ended, err = q.job.ended(ctx)
		return err
	})
	if err == nil && ended {
		return io.EOF
	}
	return err
}

// take holds the tasks of a batch.
func (q *Queue) take(batch jetstream.MessageBatch, err error) (taken []jetstream.Msg, _ error) {
	if err != nil {
		return nil, err
	}
	for m := range batch.Messages() {
		meta, err := m.Metadata()
		if err != nil {
			return taken, err
		}
		q.mu.Lock()
		q.held[meta.Sequence.Stream] = m
		q.mu.Unlock()
		taken = append(taken, m)
	}
	return taken, batch.Error()
}

// sort acknowledges tasks that have an answer, and makes the others ready. A task has one if its acknowledgement was
// lost, or if it was submitted once more. How often it was delivered would not tell: a server that was killed may not know.
func (q *Queue) sort(ctx context.Context, taken []jetstream.Msg) error {
	answered, failed := make([]bool, len(taken)), make([]error, len(taken))
	var looking sync.WaitGroup
	for i, m := range taken {
		looking.Go(func() {
			subject := q.job.answerSubject(m.Subject()[strings.LastIndexByte(m.Subject(), '.')+1:])
			failed[i] = q.job.retry(ctx, func(ctx context.Context) (err error) {
				answered[i], err = has(ctx, q.job.answerStream, subject)
				return err
			})
		})
	}
	looking.Wait()
	if err := cmp.Or(failed...); err != nil {
		return err
	}
	for i, m := range taken {
		if answered[i] {
			q.giveBack(m, jetstream.Msg.Ack)
			continue
		}
		q.ready = append(q.ready, m)
	}
	return nil
}

// giveBack ends the holding of a task with an acknowledgement or a refusal. Neither is confirmed: if it is lost, the task
// comes again, and is looked up among the answers.
func (q *Queue) giveBack(m jetstream.Msg, how func(jetstream.Msg) error) {
	if meta, err := m.Metadata(); err == nil {
		q.mu.Lock()
		delete(q.held, meta.Sequence.Stream)
		q.mu.Unlock()
	}
	_ = how(m)
}

func (q *Queue) taken() []jetstream.Msg {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Collect(maps.Values(q.held))
}

// keepAlive keeps what is held from being handed out again, and reports, until the queue is closed.
func (q *Queue) keepAlive(ctx context.Context, interval time.Duration) {
	defer close(q.stopped)
	beat, report := time.NewTicker(interval), time.NewTicker(reportInterval)
	defer beat.Stop()
	defer report.Stop()
	for last := int64(0); ; {
		select {
		case <-beat.C:
			for _, m := range q.taken() {
				_ = m.InProgress() // what is lost of them comes again, and is looked up
			}
		case <-report.C:
			q.mu.Lock()
			q.done.Rate = float64(q.done.Answered-last) / reportInterval.Seconds()
			last = q.done.Answered
			q.mu.Unlock()
			attempt, end := context.WithTimeout(ctx, interval)
			_ = q.report(attempt) // the next one says the same
			end()
		case <-q.stop:
			return
		}
	}
}

func (q *Queue) report(ctx context.Context) error {
	q.mu.Lock()
	data, err := json.Marshal(q.done)
	q.mu.Unlock()
	if err == nil {
		_, err = q.job.kv.Put(ctx, keyWorkers+q.id, data)
	}
	return err
}

// handle returns the message that brought a task.
func handle(task *batch.Task) jetstream.Msg {
	m, _ := task.Handle.(jetstream.Msg)
	return m
}
