package jetstream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/batch"
	"github.com/chatspec/chatspec/batch/jetstream"
)

// patience is enough for what a test does to a server.
const patience = jetstream.Patience(time.Minute)

// input is an input of prompts in memory.
type input struct{ next, last int64 }

// prompts returns an input with n lines.
func prompts(n int64) *input { return &input{0, n} }

func (in *input) Next(ctx context.Context) (*batch.Task, error) {
	if in.next == in.last {
		return nil, io.EOF
	}
	in.next++
	return &batch.Task{ID: spec(in.last).ID.ID(in.next), Line: in.next, Text: prompt(in.next)}, ctx.Err()
}

func prompt(line int64) []byte {
	return fmt.Appendf(nil, `{"custom_id":"p%d","prompt":"Say %d."}`, line, line)
}

// spec is the job of an input with n lines.
func spec(n int64) jetstream.Spec {
	return jetstream.Spec{ID: batch.Job(fmt.Sprintf("test%d", n)), Input: "prompts.jsonl", Lines: n, Last: n, Model: "gpt-5.4"}
}

// provider is a chat completions server that counts what it is asked.
type provider struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int // by the last message
	all   int
	each  func(n int) // is told how many requests there were, if it is set
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{asked: map[string]int{}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var req struct{ Messages []struct{ Content string } }
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil || len(req.Messages) == 0 {
		http.Error(w, "malformed", http.StatusBadRequest)
		return
	}
	said := req.Messages[len(req.Messages)-1].Content
	p.mu.Lock()
	p.asked[said]++
	p.all++
	n, each := p.all, p.each
	p.mu.Unlock()
	if each != nil {
		each(n)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id":"c","object":"chat.completion","created":1,"model":"gpt-5.4","choices":[{"index":0,"message":{"role":"assistant","content":%q,"refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":2,"total_tokens":4}}`, said)
}

// requests returns how many requests there were, and how many different ones.
func (p *provider) requests() (all, different int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all, len(p.asked)
}

// start returns a connection to a server of the test's own.
func start(t *testing.T) *nats.Conn {
	t.Helper()
	conn, stop := connect(t)
	t.Cleanup(stop)
	return conn
}

// connect returns a connection to a server of the test's own, and what ends both. Nothing listens on a socket, so time may
// be that of a bubble.
func connect(t *testing.T) (conn *nats.Conn, stop func()) {
	t.Helper()
	s, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server does not start")
	}
	if conn, err = nats.Connect("", nats.InProcessServer(s)); err != nil {
		t.Fatal(err)
	}
	return conn, func() {
		conn.Close()
		s.Shutdown()
		s.WaitForShutdown()
	}
}

// create creates the job of an input with n lines.
func create(t *testing.T, conn *nats.Conn, n int64, options jetstream.Options) *jetstream.Job {
	t.Helper()
	j, err := jetstream.Create(t.Context(), conn, "test", spec(n), options, patience)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func submit(t *testing.T, j *jetstream.Job, lines jetstream.Lines) {
	t.Helper()
	if err := j.Submit(t.Context(), lines, func(int64) {}); err != nil {
		t.Fatal(err)
	}
}

// work runs a worker to the end.
func work(ctx context.Context, j *jetstream.Job, limits batch.Limits, provider string) error {
	q, err := j.Work(ctx)
	if err != nil {
		return err
	}
	defer q.Close()
	l, err := j.Limiter(ctx, limits)
	if err != nil {
		return err
	}
	defer l.Close()
	s, err := batch.New(batch.Config{Model: j.Spec().Model, Limiter: l}, chatspec.WithBaseURL(provider))
	if err != nil {
		return err
	}
	return s.Run(ctx, q)
}

// check collects the answers, of which there must be one for each of n lines.
func check(t *testing.T, j *jetstream.Job, n int64) {
	t.Helper()
	seen := map[int64]bool{}
	err := j.Collect(t.Context(), true, func(r jetstream.Recorded) error {
		want := fmt.Sprintf(`{"id":"%s","custom_id":"p%d",`, j.Spec().ID.ID(r.Line), r.Line)
		if seen[r.Line] || r.Failed || !strings.HasPrefix(string(r.Text), want) || !strings.Contains(string(r.Text), fmt.Sprintf(`"Say %d."`, r.Line)) {
			t.Errorf("line %d, seen %v: %s", r.Line, seen[r.Line], r.Text)
		}
		seen[r.Line] = true
		return nil
	})
	if err != nil || int64(len(seen)) != n {
		t.Errorf("%d answers, want %d: %v", len(seen), n, err)
	}
}

func TestSubmitWorkCollect(t *testing.T) {
	t.Parallel()
	const n = 3000
	p := newProvider(t)
	j := create(t, start(t), n, jetstream.Options{})
	submit(t, j, prompts(n))
	var workers sync.WaitGroup
	for range 3 {
		workers.Go(func() {
			if err := work(t.Context(), j, batch.Limits{}, p.URL); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	check(t, j, n)
	if all, different := p.requests(); all != n || different != n {
		t.Errorf("%d requests, %d different", all, different)
	}
	s, err := j.Status(t.Context())
	if err != nil || s.Waiting != 0 || s.UnderWay != 0 || s.Answered != n || s.Failed != 0 || s.Missing() != 0 || s.Lost() != 0 || s.Workers != 0 {
		t.Errorf("%+v %v", s, err)
	}
}
