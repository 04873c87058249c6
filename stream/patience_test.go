package stream_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/stream"
)

// step is something that a server writes after a time.
type step struct {
	after time.Duration
	data  string
}

// repeated is n times the same step.
func repeated(n int, s step) (steps []step) {
	for range n {
		steps = append(steps, s)
	}
	return steps
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	const second = time.Second
	first, idle := stream.FirstEventTimeout(10*second), stream.IdleTimeout(3*second)
	chunk := sse(say(0, "x", ""))
	done := sse(say(0, "x", "stop"), "[DONE]")
	half, rest := chunk[:20], chunk[20:]
	tests := map[string]struct {
		steps  []step
		opts   []stream.Option
		paused time.Duration // of the caller, before each Next
		phase  api.Phase     // empty for none
		took   time.Duration
	}{
		"no limits":                   {[]step{{time.Hour, chunk}, {time.Hour, done}}, nil, 0, "", 2 * time.Hour},
		"in time":                     {[]step{{9 * second, chunk}, {2 * second, done}}, []stream.Option{first, idle}, 0, "", 11 * second},
		"an hour of steps":            {append(repeated(1800, step{2 * second, chunk}), step{second, done}), []stream.Option{first, idle}, 0, "", 3601 * second},
		"no first event":              {[]step{{11 * second, chunk}}, []stream.Option{first, idle}, 0, api.PhaseFirstEvent, 10 * second},
		"comments, no first event":    {repeated(20, step{second, ": hi\n\n"}), []stream.Option{first, idle}, 0, api.PhaseFirstEvent, 10 * second},
		"half a first event":          {[]step{{9 * second, half}, {9 * second, rest}}, []stream.Option{first}, 0, api.PhaseFirstEvent, 10 * second},
		"idle is not for the first":   {[]step{{9 * second, done}}, []stream.Option{idle}, 0, "", 9 * second},
		"first is not for the others": {[]step{{second, chunk}, {time.Hour, done}}, []stream.Option{first}, 0, "", time.Hour + second},
		"gap":                         {[]step{{second, chunk}, {4 * second, done}}, []stream.Option{first, idle}, 0, api.PhaseIdle, 4 * second},
		"gap of comments":             {append([]step{{second, chunk}}, repeated(9, step{second, ": hi\n\n"})...), []stream.Option{idle}, 0, api.PhaseIdle, 4 * second},
		"gap of upkeep":               {append([]step{{second, chunk}}, repeated(9, step{second, "id: 1\nretry: 5\n\n"})...), []stream.Option{idle}, 0, api.PhaseIdle, 4 * second},
		"gap of half an upkeep line":  {[]step{{second, chunk}, {second, "i"}, {second, "d: 1"}, {9 * second, "\n"}}, []stream.Option{idle}, 0, api.PhaseIdle, 4 * second},
		"other events are a sign":     {append(append([]step{{second, chunk}}, repeated(9, step{second, "event: ping\ndata:\n\n"})...), step{second, done}), []stream.Option{idle}, 0, "", 11 * second},
		"bytes of an event are one":   {append(append([]step{{second, chunk}, {second, "data: "}}, repeated(9, step{2 * second, " "})...), step{second, say(0, "x", "stop") + "\n\n"}), []stream.Option{idle}, 0, "", 21 * second},
		"half an event, then nothing": {[]step{{second, half}, {9 * second, rest}}, []stream.Option{first, idle}, 0, api.PhaseIdle, 4 * second},
		"the caller's time is free":   {append(repeated(3, step{second, chunk}), step{second, done}), []stream.Option{idle}, time.Minute, "", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, w := io.Pipe()
				gone := make(chan struct{})
				go func() {
					defer close(gone)
					for _, s := range test.steps {
						time.Sleep(s.after)
						if _, err := io.WriteString(w, s.data); err != nil {
							return
						}
					}
					_ = w.Close()
				}()
				resp := answer(200, eventStream, nil)
				resp.Body = r
				start := time.Now()
				s, err := stream.Open(resp, test.opts...)
				if err != nil {
					t.Fatal(err)
				}
				for s.Next() {
					time.Sleep(test.paused)
				}
				if took := time.Since(start); test.paused == 0 && took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
				timeout, ok := errors.AsType[*stream.TimeoutError](s.Err())
				if ok != (test.phase != "") || ok && timeout.Phase != test.phase {
					t.Errorf("%v, want a timeout in phase %q", s.Err(), test.phase)
				}
				if ok {
					checkOutcome(t, s.Err(), "timeout")
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				<-gone
			})
		})
	}
}

// TestErrorBodyStalls has an error whose body never ends, which must not hide the status.
func TestErrorBodyStalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		go func() { _, _ = io.WriteString(w, `{"error":{"message":"slow down"`) }()
		resp := answer(http.StatusTooManyRequests, "application/json", nil)
		resp.Body = r
		start := time.Now()
		_, err := stream.Open(resp)
		if !errors.Is(err, api.ErrRateLimit) || time.Since(start) != api.MaxErrorTime {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestCloseUnblocks closes a stream from another goroutine while Next waits.
func TestCloseUnblocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		go func() { _, _ = io.WriteString(w, sse(say(0, "x", ""))) }()
		resp := answer(200, eventStream, nil)
		resp.Body = r
		s, err := stream.Open(resp)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		time.AfterFunc(time.Second, func() { _ = s.Close() })
		result, err := s.Result()
		if time.Since(start) != time.Second || result.Text() != "x" {
			t.Errorf("%q after %v", result.Text(), time.Since(start))
		}
		checkOutcome(t, err, "cancelled")
	})
}

// TestCloseDrains closes streams whose end was marked. The rest of the answer is waited for, so that the
// connection can be used again, but not for long.
func TestCloseDrains(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rest  []step
		close bool // the server ends the answer
		took  time.Duration
		read  int
	}{
		"ends at once":     {nil, true, 0, 0},
		"ends soon":        {[]step{{20 * time.Millisecond, "\n"}}, true, 20 * time.Millisecond, 1},
		"never ends":       {nil, false, 50 * time.Millisecond, 0},
		"goes on for ever": {repeated(100, step{time.Millisecond, ": " + string(make([]byte, 1022))}), false, 4 * time.Millisecond, 4},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, w := io.Pipe()
				written, gone := 0, make(chan struct{})
				go func() {
					defer close(gone)
					_, _ = io.WriteString(w, sse(say(0, "x", ""), "[DONE]"))
					for _, s := range test.rest {
						time.Sleep(s.after)
						if _, err := io.WriteString(w, s.data); err != nil {
							return
						}
						written++
					}
					if test.close {
						_ = w.Close()
					}
				}()
				resp := answer(200, eventStream, nil)
				resp.Body = r
				s, err := stream.Open(resp)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.Result(); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				if err := errors.Join(s.Close(), s.Close()); err != nil {
					t.Error(err)
				}
				took := time.Since(start)
				if <-gone; took != test.took || written != test.read {
					t.Errorf("it took %v and %d pieces, want %v and %d", took, written, test.took, test.read)
				}
			})
		})
	}
}

// TestIdleIsLinear has an endless line in small pieces, which must not be looked at as a whole for each.
func TestIdleIsLinear(t *testing.T) { //nolint:paralleltest // it counts what is allocated meanwhile
	const size, piece = 4 << 20, 64
	for _, line := range []string{"data: ", "aaaa"} {
		body := io.MultiReader(strings.NewReader(line), io.LimitReader(pieces(piece), size))
		s, err := stream.Open(answer(200, eventStream, body), stream.IdleTimeout(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.Next()
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 100*size {
			t.Errorf("%q: %d bytes allocated for %d", line, got, size)
		}
	}
}

// pieces reads that many bytes at a time.
type pieces int

func (n pieces) Read(p []byte) (int, error) {
	p = p[:min(int(n), len(p))]
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// TestCauses has contexts that end with causes of their own.
func TestCauses(t *testing.T) {
	t.Parallel()
	cause := errors.New("the user left")
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	late, cancelLate := context.WithDeadlineCause(t.Context(), time.Now().Add(-time.Hour), cause)
	defer cancelLate()
	for want, ctx := range map[string]context.Context{"cancelled": cancelled, "timeout": late} {
		resp := answer(200, eventStream, io.MultiReader(strings.NewReader(sse(say(0, "x", ""))), iotest.ErrReader(cause)))
		resp.Request = (&http.Request{}).WithContext(ctx)
		s, err := stream.Open(resp)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Result()
		checkOutcome(t, err, want)
		if !errors.Is(err, cause) {
			t.Errorf("%v hides the cause", err)
		}
	}
}

// TestTransportErrors has the words of the standard library for a body that could not be read on.
func TestTransportErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, w := io.Pipe()
		context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) })
		resp := answer(200, eventStream, nil)
		resp.Body = r
		s, err := stream.Open(resp, stream.IdleTimeout(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Result()
		checkOutcome(t, err, "timeout")
		if timeout, ok := errors.AsType[*stream.TimeoutError](err); !ok || timeout.Phase != api.PhaseTotal {
			t.Errorf("%v is not of the total", err)
		}
	})
}
