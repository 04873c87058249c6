package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/chatspec/chatspec/batch"
	"github.com/chatspec/chatspec/batch/jetstream"
)

// The streams of the tests' job, as an operator sees them.
const (
	tasks   = "batch-test-tasks"
	answers = "batch-test-answers"
)

// stream returns a stream as an operator sees it.
func stream(t *testing.T, conn *nats.Conn, name string) natsjs.Stream {
	t.Helper()
	js, err := natsjs.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	s, err := js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSecondAnswerIsRefused has two workers answer the same task: the server keeps the first answer, whatever the
// message ID of the second one is.
func TestSecondAnswerIsRefused(t *testing.T) {
	t.Parallel()
	conn := start(t)
	j := create(t, conn, 1, jetstream.Options{})
	submit(t, j, prompts(1))
	var held []*batch.Task
	var workers []*jetstream.Queue
	for range 2 {
		q, err := j.Work(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		task, err := q.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held, workers = append(held, task), append(workers, q)
		q.Release(task) // for the next one, and yet it is going to be answered
	}
	for i, q := range workers {
		answer := &batch.Answer{ID: held[i].ID, CustomID: "p1", Response: &batch.Response{StatusCode: 200, RequestID: strconv.Itoa(i), Body: []byte("{}")}}
		if err := q.Finish(t.Context(), held[i], answer); err != nil {
			t.Error(err)
		}
		q.Close()
	}
	js, err := natsjs.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "batch.test.answer.1", []byte("third"), natsjs.WithMsgID("another")); err == nil {
		t.Error("the server took another answer")
	}
	err = j.Collect(t.Context(), false, func(r jetstream.Recorded) error {
		if !strings.Contains(string(r.Text), `"request_id":"0"`) {
			t.Errorf("%s", r.Text)
		}
		return nil
	})
	if got := stream(t, conn, answers).CachedInfo().State.Msgs; err != nil || got != 1 {
		t.Errorf("%d answers, %v", got, err)
	}
}

// TestSubmitIsKilled kills processes that submit at random moments. The server forgets message IDs after 100 ms, the least
// that it allows, and yet no line is there twice, nor is one asked twice that workers have answered meanwhile.
func TestSubmitIsKilled(t *testing.T) {
	t.Parallel()
	n, rounds := int64(8_000), 3
	if soaking() {
		n, rounds = 200_000, 30
	}
	p := newProvider(t)
	_, address := spawnNode(t, node{Name: "alone", Store: t.TempDir()})
	conn, err := jetstream.Connect(jetstream.Server{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	j := create(t, conn, n, jetstream.Options{Duplicates: 100 * time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	workers.Go(func() {
		if err := work(ctx, j, batch.Limits{}, p.URL); err != nil {
			t.Error(err)
		}
	})
	defer workers.Wait()
	defer stop()
	for range rounds {
		s := spawn(t, "submitter", helper{NATS: address, Lines: n})
		for range 1 + rand.IntN(int(n)/jetstream.SubmitBlock/rounds*2) {
			if _, err := s.out.ReadString('\n'); err != nil {
				break
			}
		}
		s.kill()
	}
	submit(t, j, prompts(n))
	workers.Wait()
	check(t, j, n)
	if all, different := p.requests(); int64(all) != n || int64(different) != n {
		t.Errorf("%d requests, %d different", all, different)
	}
}

// TestLostMessages takes messages away, as a power cut does. Submitting again brings them back.
func TestLostMessages(t *testing.T) {
	t.Parallel()
	const n = 2000
	conn := start(t)
	p := newProvider(t)
	j := create(t, conn, n, jetstream.Options{})
	submit(t, j, prompts(n))
	if err := stream(t, conn, tasks).Purge(t.Context(), natsjs.WithPurgeSubject("batch.test.task.7")); err != nil {
		t.Fatal(err)
	}
	if err := work(t.Context(), j, batch.Limits{}, p.URL); err != nil {
		t.Fatal(err)
	}
	if err := stream(t, conn, answers).Purge(t.Context(), natsjs.WithPurgeSubject("batch.test.answer.1500")); err != nil {
		t.Fatal(err)
	}
	if s, err := j.Status(t.Context()); err != nil || s.Lost() != 2 || s.Missing() != 2 {
		t.Errorf("%+v %v", s, err)
	}
	submit(t, j, prompts(n))
	if err := work(t.Context(), j, batch.Limits{}, p.URL); err != nil {
		t.Fatal(err)
	}
	check(t, j, n)
	if all, _ := p.requests(); all != n+1 {
		t.Errorf("%d requests", all)
	}
}

// long is an input whose lines are longer than messages may be.
type long struct{ next int64 }

func (in *long) Next(context.Context) (*batch.Task, error) {
	if in.next == 3 {
		return nil, io.EOF
	}
	in.next++
	text := fmt.Sprintf(`{"custom_id":"p%d","prompt":"%s"}`, in.next, strings.Repeat("o", 3<<20))
	return &batch.Task{ID: spec(3).ID.ID(in.next), Line: in.next, Text: []byte(text)}, nil
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	j := create(t, start(t), 3, jetstream.Options{})
	submit(t, j, &long{})
	if err := work(t.Context(), j, batch.Limits{}, p.URL); err != nil {
		t.Fatal(err)
	}
	seen := 0
	err := j.Collect(t.Context(), true, func(r jetstream.Recorded) error {
		if seen++; len(r.Text) < 3<<20 || r.Failed {
			t.Errorf("line %d: %d bytes, %v", r.Line, len(r.Text), r.Failed)
		}
		return nil
	})
	if err != nil || seen != 3 {
		t.Errorf("%d answers, %v", seen, err)
	}
	if err := j.Delete(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestServerIsLost kills the only server in mid-run. A worker that is patient goes on when it is back; another one gives
// up with one line, and the next run goes on.
func TestServerIsLost(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]jetstream.Patience{
		"patient":   patience,
		"impatient": jetstream.Patience(time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 3000
			alone := node{Name: "alone", Store: t.TempDir(), Port: freePorts(t, 1)[0]}
			server, address := spawnNode(t, alone)
			conn, err := jetstream.Connect(jetstream.Server{URL: address})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(conn.Close)
			submit(t, create(t, conn, n, jetstream.Options{AckWait: 2 * time.Second}), prompts(n))
			j, err := jetstream.Open(t.Context(), conn, "test", wait)
			if err != nil {
				t.Fatal(err)
			}
			p := newProvider(t)
			killed := make(chan struct{})
			p.each = func(asked int) {
				if asked == n/2 {
					go func() {
						server.kill()
						close(killed)
					}()
				}
			}
			ended := make(chan error, 1)
			go func() { ended <- work(t.Context(), j, batch.Limits{}, p.URL) }()
			<-killed
			var lost *jetstream.LostError
			if wait != patience {
				if err := <-ended; !errors.As(err, &lost) || !strings.Contains(lost.Error(), address) {
					t.Errorf("%v", err)
				}
			}
			spawnNode(t, alone)
			if wait != patience {
				ended <- work(t.Context(), j, batch.Limits{}, p.URL)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			check(t, j, n)
			if all, different := p.requests(); different != n || all > n+64+32 {
				t.Errorf("%d requests, %d different", all, different)
			}
		})
	}
}

func TestJobs(t *testing.T) {
	t.Parallel()
	conn := start(t)
	if _, err := jetstream.Open(t.Context(), conn, "test", patience); !errors.Is(err, jetstream.ErrNoJob) {
		t.Error(err)
	}
	j := create(t, conn, 5, jetstream.Options{})
	create(t, conn, 5, jetstream.Options{}) // the same
	var other *jetstream.OtherInputError
	if _, err := jetstream.Create(t.Context(), conn, "test", spec(6), jetstream.Options{}, patience); !errors.As(err, &other) || other.Input != "prompts.jsonl" {
		t.Error(err)
	}
	if _, err := jetstream.Create(t.Context(), conn, "no dots.", spec(6), jetstream.Options{}, patience); err == nil {
		t.Error("a name with dots")
	}
	if names, err := jetstream.Names(t.Context(), conn, patience); err != nil || fmt.Sprint(names) != "[test]" {
		t.Error(names, err)
	}
	if err := j.Delete(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := jetstream.Open(t.Context(), conn, "test", patience); !errors.Is(err, jetstream.ErrNoJob) {
		t.Error(err)
	}
}
