package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/chatspec/chatspec/stream"
	"github.com/chatspec/chatspec/tests/faults"
	"github.com/chatspec/chatspec/tests/faults/calls"
)

// row is one thing to ask of all clients, and what each made of it.
type row struct {
	group, name, way string
	right            string // what is right, in a few words
	memory           bool   // the heap is measured, with nothing beside it
	ask              func(context.Context, client) verdict
	verdicts         []verdict // one for each of the clients
}

// verdict is what a client made of a row.
type verdict struct {
	wrong  bool
	text   string // a few words
	reason string // why it is wrong
}

// client is one of those that are compared.
type client struct {
	name          string
	stream, whole func(context.Context, *faults.Server) faults.Got
	call          calls.Asker
	strict        bool // what it does is held against every detail
}

var clients = []client{
	{"chatspec", askChatspec(faults.ByStream), askChatspec(faults.ByCreate), calls.Chatspec, true},
	{"openai-go", streamOpenAI, wholeOpenAI, callOpenAI, false},
	{"go-openai", streamGoOpenAI, wholeGoOpenAI, callGoOpenAI, false},
}

func askChatspec(way faults.Way) func(context.Context, *faults.Server) faults.Got {
	return func(ctx context.Context, s *faults.Server) faults.Got { return faults.Run(ctx, s, way) }
}

const (
	limit    = stream.DefaultMaxEventBytes
	maxHeap  = 3 * limit
	parallel = 8 // questions at once, of those whose heap is not measured
)

// faultRows returns the rows of faults: those that make sense for a stream, and for a whole answer.
func faultRows(list []faults.Fault) (rows []row) {
	for _, f := range list {
		for _, way := range []faults.Way{faults.ByStream, faults.ByCreate} {
			want := way.Want(f)
			if want == nil {
				continue
			}
			r := row{group: f.Group, name: f.Name, way: "stream", right: string(want.Outcome), memory: f.Memory}
			if way == faults.ByCreate {
				r.way = "whole"
			}
			r.ask = func(ctx context.Context, c client) verdict {
				if f.Memory {
					return measure(func() verdict { return askFault(ctx, c, f, way) })
				}
				return askFault(ctx, c, f, way)
			}
			rows = append(rows, r)
		}
	}
	return rows
}

// callRows returns the rows of scenarios.
func callRows(list []calls.Scenario) (rows []row) {
	for _, sc := range list {
		rows = append(rows, row{
			group: sc.Group, name: sc.Name, way: string(sc.Ask), right: sc.Want.Right(),
			ask: func(ctx context.Context, c client) verdict { return askCall(ctx, c, sc) },
		})
	}
	return rows
}

// compare asks all clients all rows: first those whose heap is measured, one by one.
func compare(ctx context.Context, rows []row) {
	var running sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for _, memory := range []bool{true, false} {
		for i := range rows {
			r := &rows[i]
			if r.memory != memory {
				continue
			}
			r.verdicts = make([]verdict, len(clients))
			for i, c := range clients {
				if memory {
					r.verdicts[i] = ask(ctx, c, *r)
					continue
				}
				slots <- struct{}{}
				running.Go(func() {
					r.verdicts[i] = ask(ctx, c, *r)
					<-slots
				})
			}
		}
	}
	running.Wait()
}

// ask asks one client one row.
func ask(ctx context.Context, c client, r row) (v verdict) {
	defer func() {
		if p := recover(); p != nil {
			v = verdict{true, "panics", fmt.Sprint(p)}
		}
	}()
	return r.ask(ctx, c)
}

// measure has an eye on the heap while ask runs.
func measure(ask func() verdict) (v verdict) {
	heap := faults.PeakHeap(func() { v = ask() })
	if heap > maxHeap && !v.wrong {
		v = verdict{true, "heap", fmt.Sprintf("the heap grew by %d MiB", heap>>20)}
	}
	return v
}

// askCall runs one scenario through one client and judges what comes of it.
func askCall(ctx context.Context, c client, sc calls.Scenario) verdict {
	s, err := calls.Start(sc)
	if err != nil {
		return verdict{true, "no server", err.Error()}
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	got, seen := s.Run(ctx, c.call)
	judge := s.Judge
	if c.strict {
		judge = s.JudgeStrictly
	}
	v := judge(ctx, got, seen)
	if len(v.Wrong) == 0 {
		return verdict{text: v.Text}
	}
	return verdict{true, v.Text + ", " + v.Wrong[0], fmt.Sprintf("%s (error: %v)", strings.Join(v.Wrong, "; "), got.Err)}
}

// askFault runs one fault through one client and judges what comes of it.
func askFault(ctx context.Context, c client, f faults.Fault, way faults.Way) verdict {
	s, err := faults.Start(f, limit)
	if err != nil {
		return verdict{true, "no server", err.Error()}
	}
	defer s.Close()
	wait := patience
	if f.Memory {
		wait = memoryPatience
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	call := c.stream
	if way == faults.ByCreate {
		call = c.whole
	}
	got, want := call(ctx, s), way.Want(f)
	if ctx.Err() != nil {
		return verdict{true, "hangs", fmt.Sprintf("still waiting after %v: %v", wait, got.Err)}
	}
	if c.strict {
		return judgeStrictly(way, want, got)
	}
	return judge(want, got)
}

// judgeStrictly holds chatspec against everything that is wanted.
func judgeStrictly(way faults.Way, want *faults.Want, got faults.Got) verdict {
	if wrong := want.Check(way, got); len(wrong) > 0 {
		return verdict{true, fmt.Sprint(faults.Outcomes(way, got.Err)), fmt.Sprint(wrong)}
	}
	return verdict{text: string(want.Outcome)}
}

// judge holds a client whose errors have no known types against the outcome and, of a success, the answer.
func judge(want *faults.Want, got faults.Got) verdict {
	finished := want.Outcome == faults.Finished
	switch {
	case got.Err != nil && finished:
		return verdict{true, "error", got.Err.Error()}
	case got.Err != nil:
		return verdict{text: "error"}
	case !finished:
		return verdict{true, "success", fmt.Sprintf("it says that this is the answer: %+v", got.Answer)}
	case !got.Answer.Equal(want.Answer):
		return verdict{true, "another answer", fmt.Sprintf("%+v, not %+v", got.Answer, want.Answer)}
	}
	return verdict{text: "finished"}
}
