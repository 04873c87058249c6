package batch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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

// TestSilentProvider has a server that serves ten requests at a time, refuses more, and says nothing of limits.
func TestSilentProvider(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const served, n = 10, 2000
		p := &crowded{room: served}
		s := newSchedulerFor(t, p, batch.Config{})
		q := newQueue(prompts(n)...)
		began := time.Now()
		if err := s.Run(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		stats := s.Stats()
		if stats.Done != n || stats.Failed != 0 || len(q.answers) != n {
			t.Errorf("%+v", stats)
		}
		perfect := n / served * time.Second
		t.Logf("%d of %d requests refused; %v, %v with %d at a time", p.refused, stats.Requests+stats.Retries, time.Since(began), perfect, served)
		if p.refused > n/4 {
			t.Errorf("%d refused", p.refused)
		}
	})
}

// crowded is a server that takes a second for a request, and has room for so many.
type crowded struct {
	mu           sync.Mutex
	room, inside int
	refused      int
}

func (c *crowded) Do(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	c.mu.Lock()
	full := c.inside >= c.room
	if full {
		c.refused++
	} else {
		c.inside++
	}
	c.mu.Unlock()
	status, body := http.StatusTooManyRequests, `{"error":{"message":"busy"}}`
	if !full {
		time.Sleep(time.Second)
		c.mu.Lock()
		c.inside--
		c.mu.Unlock()
		status, body = http.StatusOK, completion
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

const completion = `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"yes","refusal":null}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`

// doerFunc is a function as a Doer.
type doerFunc func(*http.Request) (*http.Response, error)

func (f doerFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

// TestFailures has servers that answer with something else.
func TestFailures(t *testing.T) {
	t.Parallel()
	answer := func(status int, mediaType, body string) doerFunc {
		return func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {mediaType}}, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
		}
	}
	for _, tc := range []struct {
		name string
		doer doerFunc
		want string
	}{
		{"a refusal", answer(400, "application/json", `{"error": {"message": "no"}}`), `"response":{"status_code":400,"request_id":"","body":{"error":{"message":"no"}}},"error":null}`},
		{"a refusal without JSON", answer(400, "text/plain", `no`), `"response":{"status_code":400,"request_id":"","body":{"error":{"message":"no","type":"","code":null,"param":null}}},"error":null}`},
		{"an error in a success", answer(200, "application/json", `{"error":{"message":"no"}}`), `"response":{"status_code":200,"request_id":"","body":{"error":{"message":"no"}}},"error":{"code":"broken_answer","message":"error in the answer: no","line":1}}`},
		{"a login page", answer(200, "text/html", `<html>`), `"response":null,"error":{"code":"broken_answer","message":"`},
		{"half an answer", answer(200, "application/json", completion[:100]), `"response":null,"error":{"code":"broken_answer","message":"`},
		{"an answer of nothing", answer(200, "application/json", `{}`), `"response":null,"error":{"code":"broken_answer","message":"`},
		{"a stream", answer(200, "text/event-stream", "data: "+`{"id":"c","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n"), `"response":{"status_code":200,"request_id":"","body":{"id":"c",`},
		{"a connection that breaks", func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, `"response":null,"error":{"code":"no_answer","message":"`},
		{"no answer for too long", func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}, `"response":null,"error":{"code":"no_answer","message":"`},
		{"half an answer for too long", func(req *http.Request) (*http.Response, error) {
			r, w := io.Pipe()
			context.AfterFunc(req.Context(), func() { _ = w.CloseWithError(req.Context().Err()) })
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: r, Request: req}, nil
		}, `"response":null,"error":{"code":"no_answer","message":"`},
		{"429 for ever", answer(429, "application/json", `{"error":{"message":"too many tokens"}}`), `"response":{"status_code":429,"request_id":"","body":{"error":{"message":"too many tokens"}}},"error":null}`},
		{"500 for ever", answer(500, "application/json", `{"error":{"message":"oh"}}`), `"response":{"status_code":500,"request_id":"","body":{"error":{"message":"oh"}}},"error":null}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(prompts(1)...)
				s := newSchedulerFor(t, tc.doer, batch.Config{Timeout: time.Hour})
				if err := s.Run(t.Context(), q); err != nil {
					t.Fatal(err)
				}
				line, err := q.answers["batch_test_1"].Line()
				if want := `{"id":"batch_test_1","custom_id":"p1",` + tc.want; err != nil || !strings.HasPrefix(string(line), want) {
					t.Errorf("%s %v\nwant %s", line, err, want)
				}
			})
		})
	}
}

// TestDrain ends the context while requests are under way and others wait for the limiter: the former are finished,
// the latter go back.
func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := doerFunc(func(req *http.Request) (*http.Response, error) {
			select {
			case <-time.After(10 * time.Second):
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(completion)), Request: req}, nil
		})
		s := newSchedulerFor(t, slow, batch.Config{Limiter: batch.NewLimiter(batch.Limits{Requests: 60})})
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		q := newQueue(prompts(100)...)
		if err := s.Run(ctx, q); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if taken := 100 - len(q.tasks); len(q.answers) != 4 || q.released != taken-4 {
			t.Errorf("%d answers, %d taken, %d released", len(q.answers), taken, q.released)
		}
	})
}

// TestQueueFails has a queue that cannot take an answer: the run ends with its error.
func TestQueueFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(prompts(1000)...)
		q.answers["batch_test_5"] = &batch.Answer{}
		s := newScheduler(t, chattest.NewServer(t, chattest.Text("Hi.").WithDelay(time.Second).Repeated()), batch.Config{})
		if err := s.Run(t.Context(), q); err == nil || err.Error() != "batch_test_5 has an answer" {
			t.Errorf("%v", err)
		}
		if left := len(q.tasks); left == 0 {
			t.Error("it went on")
		}
	})
}
