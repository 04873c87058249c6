package batch_test

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/batch"
	"github.com/chatspec/chatspec/chattest"
)

// queue is a queue in memory.
type queue struct {
	mu       sync.Mutex
	tasks    []*batch.Task
	answers  map[string]*batch.Answer
	released int
}

// newQueue returns a queue of these lines.
func newQueue(lines ...string) *queue {
	q := &queue{answers: map[string]*batch.Answer{}}
	for i, line := range lines {
		n := int64(i + 1)
		q.tasks = append(q.tasks, &batch.Task{ID: batch.Job("test").ID(n), Line: n, Text: []byte(line)})
	}
	return q
}

func (q *queue) Next(ctx context.Context) (*batch.Task, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.tasks) == 0 {
		return nil, io.EOF
	}
	task := q.tasks[0]
	q.tasks = q.tasks[1:]
	return task, ctx.Err()
}

func (q *queue) Finish(_ context.Context, task *batch.Task, answer *batch.Answer) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.answers[task.ID] != nil {
		return fmt.Errorf("%s has an answer", task.ID)
	}
	q.answers[task.ID] = answer
	return nil
}

func (q *queue) Release(*batch.Task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.released++
}

// prompts returns n lines with a prompt.
func prompts(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"custom_id":"p%d","prompt":"Say %d."}`, i+1, i+1)
	}
	return lines
}

// newScheduler returns a scheduler whose requests go to srv.
func newScheduler(t *testing.T, srv *chattest.Server, config batch.Config) *batch.Scheduler {
	t.Helper()
	if config.Model == "" {
		config.Model = "gpt-5.4"
	}
	s, err := batch.New(config, chatspec.WithBaseURL(srv.URL), chatspec.WithHTTPClient(srv.Client()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(prompts(100)...)
		s := newScheduler(t, chattest.NewServer(t), batch.Config{})
		if err := s.Run(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		if stats := s.Stats(); stats.Done != 100 || stats.Failed != 0 || len(q.answers) != 100 || q.released != 0 || stats.Tokens == 0 {
			t.Errorf("%+v, %d answers, %d released", stats, len(q.answers), q.released)
		}
		for id, a := range q.answers {
			if line, err := a.Line(); err != nil || a.Failed() {
				t.Errorf("%s: %s %v", id, line, err)
			}
		}
	})
}
