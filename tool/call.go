package tool

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/chatspec/chatspec/api"
)

// Call is a call that a model made.
type Call struct {
	_ struct{} // keyed literals only

	ID     string // of the model's
	Name   string // of the tool
	Input  string // the arguments as JSON, or the text for a custom tool, as the model wrote it
	Custom bool   // whether it is free text
	Round  int    // the answer that it is in, from 1
	Index  int    // its place among the calls of that answer, from 0

	// Known after the end of the call, in OnResult and CallError.

	Output  string        // what the function returned, as the model reads it; empty after an error
	Err     error         // why it failed, or nil; a [DeniedError] where it was not allowed
	Elapsed time.Duration // how long the function took
}

// What a model is told of calls that a run had no result of.
const (
	notMade  = "error: the call was not made, because the run ended before"
	notKnown = "error: the call was begun, and its result is not known, because the run ended before"
)

// CallFrom returns the call that the context of a tool's function belongs to.
func CallFrom(ctx context.Context) (Call, bool) {
	call, ok := ctx.Value(callKey{}).(Call)
	return call, ok
}

type callKey struct{}

// pending is a call that is to be answered.
type pending struct {
	Call

	ready prepared
	told  string // the answer, as the model reads it
}

// answer makes the calls. Those that an error leaves unmade keep the answer that says so.
func (r *run) answer(ctx context.Context, calls []*pending) error {
	var allowed []*pending
	for _, c := range calls {
		ready, err := r.prepare(c.Call)
		if err == nil && r.Approve != nil {
			err = r.Approve(ctx, c.Call)
			if err != nil && !denied(err) {
				return &CallError{Call: c.Call, Err: err}
			}
		}
		if err != nil {
			if err := r.end(ctx, c, outcome{err: err}); err != nil {
				return err
			}
			continue
		}
		c.ready = ready
		allowed = append(allowed, c)
	}
	return r.work(ctx, allowed)
}

// prepare finds the tool of a call and checks the arguments, which may be read by a method that panics.
func (r *run) prepare(call Call) (ready prepared, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	if call.Index >= r.MaxCalls {
		return nil, fmt.Errorf("%w: only the first %d are made", ErrCallLimit, r.MaxCalls)
	}
	t, ok := r.tools[call.Name]
	if !ok || t.custom != call.Custom {
		return nil, fmt.Errorf("%w: %q", ErrUnknownTool, clipped(call.Name, maxNameBytes))
	}
	return t.prepare(call.Input)
}

// outcome is how a call ended.
type outcome struct {
	call    *pending
	output  string
	err     error
	elapsed time.Duration
}

// work makes calls, a few at a time, until all are answered, one is fatal or ctx ends.
func (r *run) work(ctx context.Context, calls []*pending) error {
	ended := make(chan outcome, len(calls)) // so that nobody waits who is not waited for
	running := 0
	var fatal error
	for {
		for ; fatal == nil && ctx.Err() == nil && len(calls) > 0 && running < r.Parallel; running++ {
			r.begin(ctx, calls[0], ended)
			calls = calls[1:]
		}
		if running == 0 {
			break
		}
		select {
		case o := <-ended:
			running--
			if err := r.end(ctx, o.call, o); fatal == nil {
				fatal = err
			}
		case <-ctx.Done():
			for running = 0; len(ended) > 0; {
				o := <-ended
				_ = r.end(ctx, o.call, o) // the run ends because of ctx
			}
		}
	}
	if fatal == nil {
		fatal = api.Interrupted(ctx, context.Cause(ctx))
	}
	return fatal
}

// begin makes a call in a goroutine, which sends how it ended.
func (r *run) begin(ctx context.Context, c *pending, ended chan<- outcome) {
	if r.OnCall != nil {
		r.OnCall(ctx, c.Call)
	}
	c.told = notKnown
	go perform(context.WithValue(ctx, callKey{}, c.Call), outcome{call: c}, c.ready, ended)
}

// end takes in how a call ended, and returns an error where the run ends with it.
func (r *run) end(ctx context.Context, c *pending, o outcome) error {
	c.Output, c.Err, c.Elapsed = o.output, o.err, o.elapsed
	c.told = told(o)
	if r.OnResult != nil {
		r.OnResult(ctx, c.Call)
	}
	if o.err != nil && !denied(o.err) && r.Fatal != nil && r.Fatal(o.err) {
		return &CallError{Call: c.Call, Err: o.err}
	}
	return nil
}

// told returns what the model reads of a call that ended.
func told(o outcome) string {
	if o.err == nil {
		return o.output
	}
	if invalid, ok := errors.AsType[*ArgumentsError](o.err); ok {
		return fmt.Sprintf("error: %v: %v", invalid, invalid.Err)
	}
	return "error: " + o.err.Error()
}

// denied says whether err is what Deny returns.
func denied(err error) bool {
	_, ok := errors.AsType[*DeniedError](err)
	return ok
}

// errExited is what a function did that ended its goroutine.
var errExited = errors.New("the tool did not return")

// perform makes a call, outlives its panic, and sends how it ended.
func perform(ctx context.Context, o outcome, ready prepared, ended chan<- outcome) {
	begin := time.Now()
	o.err = errExited
	defer func() {
		if p := recover(); p != nil {
			o.err = &PanicError{Value: p, Stack: debug.Stack()}
		}
		o.elapsed = time.Since(begin)
		ended <- o
	}()
	o.output, o.err = ready(ctx)
	if o.err != nil {
		o.output = ""
	}
}
