package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/chatspec/chatspec/stream"
	"github.com/chatspec/chatspec/tests/faults"
)

// row is one fault, asked for in one way, and what each client made of it.
type row struct {
	fault    faults.Fault
	way      string
	want     *faults.Want
	verdicts []verdict // one for each of the clients
}

// verdict is what a client made of a fault.
type verdict struct {
	wrong  bool
	text   string // a few words
	reason string // why it is wrong
}

// client is one of those that are compared.
type client struct {
	name          string
	stream, whole func(context.Context, *faults.Server) faults.Got
	strict        bool // what it does is held against every detail
}

var clients = []client{
	{"chatspec", askChatspec(faults.ByStream), askChatspec(faults.ByCreate), true},
	{"openai-go", streamOpenAI, wholeOpenAI, false},
	{"go-openai", streamGoOpenAI, wholeGoOpenAI, false},
}

func askChatspec(way faults.Way) func(context.Context, *faults.Server) faults.Got {
	return func(ctx context.Context, s *faults.Server) faults.Got { return faults.Run(ctx, s, way) }
}

const (
	limit    = stream.DefaultMaxEventBytes
	maxHeap  = 3 * limit
	parallel = 4 // faults at once, of those whose heap is not measured
)

// compare runs all faults through all clients: first those whose heap is measured, one by one.
func compare(ctx context.Context, list []faults.Fault) []row {
	var rows []row
	for _, f := range list {
		for _, way := range []faults.Way{faults.ByStream, faults.ByCreate} {
			if want := way.Want(f); want != nil {
				name := "stream"
				if way == faults.ByCreate {
					name = "whole"
				}
				rows = append(rows, row{f, name, want, make([]verdict, len(clients))})
			}
		}
	}
	var running sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for _, memory := range []bool{true, false} {
		for _, r := range rows {
			for i, c := range clients {
				if r.fault.Memory != memory {
					continue
				}
				if memory {
					r.verdicts[i] = measure(ctx, c, r)
					continue
				}
				slots <- struct{}{}
				running.Go(func() {
					r.verdicts[i] = ask(ctx, c, r)
					<-slots
				})
			}
		}
	}
	running.Wait()
	return rows
}

// measure is ask, with an eye on the heap.
func measure(ctx context.Context, c client, r row) (v verdict) {
	heap := faults.PeakHeap(func() { v = ask(ctx, c, r) })
	if heap > maxHeap && !v.wrong {
		v = verdict{true, "heap", fmt.Sprintf("the heap grew by %d MiB", heap>>20)}
	}
	return v
}

// ask runs one fault through one client and judges what comes of it.
func ask(ctx context.Context, c client, r row) (v verdict) {
	defer func() {
		if p := recover(); p != nil {
			v = verdict{true, "panics", fmt.Sprint(p)}
		}
	}()
	s, err := faults.Start(r.fault, limit)
	if err != nil {
		return verdict{true, "no server", err.Error()}
	}
	defer s.Close()
	wait := patience
	if r.fault.Memory {
		wait = memoryPatience
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	call := c.stream
	way := faults.ByStream
	if r.way == "whole" {
		call, way = c.whole, faults.ByCreate
	}
	got := call(ctx, s)
	if ctx.Err() != nil {
		return verdict{true, "hangs", fmt.Sprintf("still waiting after %v: %v", wait, got.Err)}
	}
	if c.strict {
		return judgeStrictly(way, r.want, got)
	}
	return judge(r.want, got)
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
