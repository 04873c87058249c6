package chattest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/internal/exchange"
	"github.com/chatspec/chatspec/stream"
)

// Fault is something that happens in the middle of an answer, at a place that [Reply.AfterEvents] or
// [Reply.AfterBytes] gives it. It is a value without state: it may be used at several places and in several
// scripts. The zero Fault is [Split].
//
// Before it happens, all that comes earlier in the answer is sent.
type Fault struct {
	// happen returns an error where nothing more of the answer is to be sent: errEnded, or http.ErrAbortHandler
	// to have the connection closed. Nil does nothing.
	happen func(w *faultWriter) error
	socket bool // needs a TCP connection
}

// errEnded ends an answer where a fault has done all that remained to be done.
var errEnded = errors.New("ended by a fault")

// Cut closes the connection: a stream ends in stream.ErrTruncated, and a whole answer in an error that is
// io.ErrUnexpectedEOF. A [Handler] does it as all of net/http does, by a panic with http.ErrAbortHandler, which
// servers handle and a httptest.ResponseRecorder does not.
func Cut() Fault {
	return Fault{happen: func(*faultWriter) error { return http.ErrAbortHandler }}
}

// Reset breaks the connection with a TCP reset, which clients report as an error of the connection. What they have
// not read by then may be lost. Socket only: it needs [NewSocketServer], or a Handler on HTTP/1.1 over TCP;
// elsewhere the answer has status 500 and the test fails.
func Reset() Fault {
	return Fault{socket: true, happen: func(w *faultWriter) error {
		conn, _, err := w.control.Hijack()
		if err != nil {
			return err
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // closes with a reset
		}
		return errors.Join(errEnded, conn.Close())
	}}
}

// Stall sends nothing more, until the client gives up or the server is closed.
func Stall() Fault {
	return Fault{happen: func(w *faultWriter) error {
		<-w.ctx.Done()
		return w.ctx.Err()
	}}
}

// Pause is silent for this long. Then the answer goes on.
func Pause(d time.Duration) Fault {
	return Fault{happen: func(w *faultWriter) error { return exchange.Wait(w.ctx, d) }}
}

// Split sends what follows in a packet of its own, for readers of pieces. On a socket the system may put the
// pieces together again; in memory each is one Read of the connection.
func Split() Fault { return Fault{} }

// Insert sends these bytes, such as a comment, an event of a vendor, or anything that does not belong there. Then
// the answer goes on.
func Insert(data string) Fault {
	return Fault{happen: func(w *faultWriter) error {
		if _, err := w.ResponseWriter.Write([]byte(data)); err != nil {
			return err
		}
		return w.flush()
	}}
}

// Garbage is [Insert] of an event whose data is no JSON, which is no JSON within a whole answer either. It ends a
// stream, and a whole answer, in an *api.DecodeError.
func Garbage() Fault { return Insert("data: \x00garbage\n\n") }

// Fail sends the error object in the place of what would follow, as servers report a failure for which it is too
// late to send a status, and ends the answer: a stream ends in an *api.Error with the status 200.
func Fail(e chat.Error) Fault {
	return Fault{happen: func(w *faultWriter) error {
		body := chat.ErrorResponse{Error: e}
		if w.Header().Get("Content-Type") == eventStream {
			return errors.Join(errEnded, stream.NewWriter(w.ResponseWriter).Error(body))
		}
		data, err := encode(body)
		if err != nil {
			return err
		}
		_, err = w.ResponseWriter.Write(data)
		return errors.Join(errEnded, err)
	}}
}

// AfterEvents has the fault happen after n events of a stream, 0 for after the header. The events are counted as
// [Reply.WithPace] does, [DONE] included; the answer to a request for no stream, and one of [Raw], is one event. A
// reply may have several faults; those at the same place happen in the order in which they were added. A place
// that the answer does not reach is an error of the test.
func (r Reply) AfterEvents(n int, fault Fault) Reply { return r.with(placedFault{fault, "events", n}) }

// AfterBytes has the fault happen after n bytes of the body, as [Reply.AfterEvents] does after events. What an
// earlier fault has sent does not count.
func (r Reply) AfterBytes(n int, fault Fault) Reply { return r.with(placedFault{fault, "bytes", n}) }

func (r Reply) with(fault placedFault) Reply {
	r.faults = append(slices.Clip(r.faults), fault)
	return r
}

// placedFault is a fault after n of a unit.
type placedFault struct {
	fault Fault
	unit  string
	n     int
}

// checkFaults says which fault cannot happen in an answer on this connection.
func (r Reply) checkFaults(ctx context.Context) error {
	_, onSocket := ctx.Value(http.LocalAddrContextKey).(*net.TCPAddr)
	for _, f := range r.faults {
		switch {
		case f.n < 0:
			return fmt.Errorf("a fault is placed after %d %s", f.n, f.unit)
		case f.fault.socket && !onSocket:
			return errors.New("Reset is socket only: it needs NewSocketServer")
		}
	}
	return nil
}

// faulty returns write with the faults of the reply.
func (r Reply) faulty(ctx context.Context, write answerFunc) answerFunc {
	if len(r.faults) == 0 {
		return write
	}
	return func(w http.ResponseWriter) error {
		out := &faultWriter{ResponseWriter: w, ctx: ctx, control: http.NewResponseController(w), faults: slices.Clone(r.faults)}
		if err := write(out); err != nil || len(out.faults) == 0 {
			return err
		}
		missed := out.faults[0]
		return &scriptError{fmt.Sprintf("a fault is placed after %d %s, and the answer has %d", missed.n, missed.unit, out.sent[missed.unit])}
	}
}

// scriptError says what is wrong with a script although the answer has been written.
type scriptError struct{ text string }

func (e *scriptError) Error() string { return e.text }

// faultWriter writes an answer, each Write of which is one event, and has the faults happen.
type faultWriter struct {
	http.ResponseWriter

	ctx     context.Context //nolint:containedctx // that of the request, which the writer answers
	control *http.ResponseController
	faults  []placedFault  // that have not happened
	sent    map[string]int // of each unit
}

// Write sends an event, and what happens on the way.
func (w *faultWriter) Write(event []byte) (int, error) {
	if w.sent == nil {
		w.sent = map[string]int{}
	}
	if err := w.strike(); err != nil {
		return 0, err
	}
	for rest := event; len(rest) > 0; {
		n, err := w.ResponseWriter.Write(rest[:w.undisturbed(len(rest))])
		if err != nil {
			return 0, err
		}
		rest = rest[n:]
		w.sent["bytes"] += n
		if len(rest) == 0 {
			break
		}
		if err := w.strike(); err != nil {
			return 0, err
		}
	}
	w.sent["events"]++
	return len(event), w.strike()
}

// Unwrap lets http.ResponseController flush.
func (w *faultWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// undisturbed returns how many of the next n bytes come before a fault.
func (w *faultWriter) undisturbed(n int) int {
	for _, f := range w.faults {
		if f.unit == "bytes" {
			n = min(n, f.n-w.sent["bytes"])
		}
	}
	return n
}

// strike has the faults happen whose place has been reached.
func (w *faultWriter) strike() error {
	for i := 0; i < len(w.faults); {
		f := w.faults[i]
		if w.sent[f.unit] < f.n {
			i++
			continue
		}
		w.faults = slices.Delete(w.faults, i, i+1)
		if err := w.flush(); err != nil {
			return err
		}
		if f.fault.happen == nil {
			continue
		}
		if err := f.fault.happen(w); err != nil {
			w.faults = nil // the others come too late
			return err
		}
	}
	return nil
}

func (w *faultWriter) flush() error {
	if err := w.control.Flush(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}
