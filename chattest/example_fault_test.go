package chattest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// Faults add up: a comment comes after the first event, then a pause, and the connection breaks before [DONE].
func ExampleReply_AfterEvents() {
	text, err := read(chattest.Text("Hel", "lo").
		AfterEvents(1, chattest.Insert(": thinking\n\n")).
		AfterEvents(1, chattest.Pause(time.Millisecond)).
		AfterEvents(4, chattest.Cut()))
	fmt.Println(text, errors.Is(err, stream.ErrTruncated))
	// Output: Hello true
}

// A whole answer can be cut, too: here in the middle of its JSON.
func ExampleReply_AfterBytes() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	srv := chattest.NewServer(t, chattest.Text("Hello").AfterBytes(100, chattest.Cut()))
	_, err := srv.NewClient().Create(context.Background(), ask("Hello!"))
	fmt.Println(errors.Is(err, io.ErrUnexpectedEOF))
	// Output: true
}

// The connection breaks after the first piece; the event before it has the role.
func ExampleCut() {
	text, err := read(chattest.Text("Hel", "lo").AfterEvents(2, chattest.Cut()))
	fmt.Println(text, errors.Is(err, stream.ErrTruncated))
	// Output: Hel true
}

// A reset is socket only.
func ExampleReset() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	srv := chattest.NewSocketServer(t, chattest.Text("Hello").AfterBytes(100, chattest.Reset()))
	_, err := srv.NewClient().Create(context.Background(), ask("Hello!"))
	fmt.Println(errors.Is(err, syscall.ECONNRESET))
	// Output: true
}

// The server stops in its answer, until the client has waited for long enough. In a testing/synctest
// bubble that may be minutes.
func ExampleStall() {
	_, err := read(chattest.Text("Hel", "lo").AfterEvents(0, chattest.Stall()),
		chatspec.WithStreamOptions(stream.FirstEventTimeout(time.Millisecond)))
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

// A pause that the client lives with.
func ExamplePause() {
	fmt.Println(read(chattest.Text("Hel", "lo").AfterEvents(2, chattest.Pause(time.Millisecond))))
	// Output: Hello <nil>
}

// A reader must not care where the packets end.
func ExampleSplit() {
	fmt.Println(read(chattest.Text("Hel", "lo").AfterBytes(20, chattest.Split())))
	// Output: Hello <nil>
}

// What else a server may send between two events.
func ExampleInsert() {
	fmt.Println(read(chattest.Text("Hel", "lo").AfterEvents(2, chattest.Insert(": keep-alive\n\n"))))
	// Output: Hello <nil>
}

// An event that is no JSON.
func ExampleGarbage() {
	text, err := read(chattest.Text("Hel", "lo").AfterEvents(2, chattest.Garbage()))
	malformed, ok := errors.AsType[*stream.DecodeError](err)
	fmt.Println(text, ok, malformed)
	// Output: Hel true malformed event: json: expected an object, found something else at byte 0
}

// The server fails when it has begun to answer.
func ExampleFail() {
	text, err := read(chattest.Text("Hel", "lo").AfterEvents(2, chattest.Fail(chat.Error{Type: "server_error", Message: "Out of memory."})))
	fmt.Println(text, errors.Is(err, api.ErrServer))
	// Output: Hel true
}

// The connection is closed before there is an answer. The client does not ask again by itself, as the server may
// have done what it was asked for.
func ExampleHangUp() {
	t := &fakeTB{} // in a test, its *testing.T
	defer t.end()

	srv := chattest.NewServer(t, chattest.HangUp(), chattest.Text("Hello"))
	client := srv.NewClient()
	for range 2 {
		res, err := client.Create(context.Background(), ask("Hello!"))
		fmt.Printf("%q, error: %v\n", res.Text(), err != nil)
	}
	// Output:
	// "", error: true
	// "Hello", error: false
}

// The server takes a request and never answers.
func ExampleSilence() {
	_, err := read(chattest.Silence(), chatspec.WithHeaderTimeout(time.Millisecond))
	fmt.Println(err)
	// Output: chatspec: Stream: timeout (headers) after 1ms
}
