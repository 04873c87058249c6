package faults

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"sync"

	"github.com/chatspec/chatspec/api"
)

// maxErrorMiB is what the body of an error may cost.
const maxErrorMiB = 4

// small is f with the heap that it may cost.
func small(maxMiB uint64, f Fault) Fault {
	f.MaxHeap = maxMiB << 20
	return f
}

// endlessFaults send more than a client may keep.
func endlessFaults() []Fault {
	endless := func(name, first, text string, want *Want) Fault {
		return Fault{Name: name, Memory: true, Stream: want, Serve: func(c *Conn) {
			c.events(hello + first)
			c.repeat(text)
		}}
	}
	patient := func(f Fault) Fault {
		f.Ask.Deadline = patience
		return small(1, f)
	}
	body := func(name string, status int, contentType, first, text string, stream, whole *Want) Fault {
		return Fault{Name: name, Memory: true, Stream: stream, Whole: whole, Serve: func(c *Conn) {
			c.chunked(status, contentType)
			c.chunk(first)
			c.repeat(text)
		}}
	}
	tooLarge := ends(TooLarge, helloSoFar)
	timeout := &Want{Outcome: Timeout, Answer: helloSoFar, Phase: api.PhaseTotal}
	failed := refused(&api.Error{Status: http.StatusServiceUnavailable, Type: "server_error", Code: "busy", Message: "overloaded"})
	return grouped("Answers without end",
		endless("a line without end", "data: ", "x", tooLarge),
		endless("a string without end", `data: {"choices":[{"index":0,"delta":{"content":"`, "x", tooLarge),
		endless("a line without a colon or an end", "", "x", tooLarge),
		endless("an event of data lines without end", "", "data: "+strings.Repeat("x", 1000)+"\n", tooLarge),
		small(4, endless("an event of empty data lines without end", "", "data\n", tooLarge)),
		small(1, endless("an event of unknown fields without end", "", "retry: 1\n", tooLarge)),
		patient(endless("a comment without end", ":", "x", timeout)),
		patient(endless("comments without end", "", ": keep-alive\n\n", timeout)),
		patient(endless("events without data without end", "", "data:\n\n", timeout)),
		small(maxErrorMiB, body("an error body without end", http.StatusServiceUnavailable, jsonType, busy[:len(busy)-1]+`,"x":"`, "x", failed, failed)),
		body("a JSON answer without end", http.StatusOK, jsonType, `{"choices":[],"x":"`, "x", fails(TooLarge), fails(TooLarge)),
		body("a page without end", http.StatusOK, htmlType, "<html>", "<p>", fails(NotStream), fails(TooLarge)),
		body("text without end", http.StatusOK, "text/plain", "Hello", "x", fails(TooLarge), fails(TooLarge)),
	)
}

// gzipped returns text as a gzip member.
func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a Buffer does not fail
	_ = w.Close()
	return b.String()
}

// bombBytes is what a bomb decompresses to: 256 MiB.
const bombBytes = 256 << 20

// zeros is 1 MiB of zeros as a gzip member, which takes a kilobyte.
var zeros = sync.OnceValue(func() string { return gzipped(strings.Repeat("\x00", 1<<20)) })

// bomb sends first, then 256 MiB of zeros, all compressed.
func bomb(first string) func(*Conn) {
	first, member := gzipped(first), zeros()
	return func(c *Conn) {
		c.chunk(first)
		c.times(bombBytes>>20, member)
		c.end()
	}
}

// compressionFaults send compressed answers, good and bad.
func compressionFaults() []Fault {
	coded := func(name string, status int, contentType string, stream, whole *Want, serve func(*Conn)) Fault {
		return Fault{Name: name, Stream: stream, Whole: whole, Serve: func(c *Conn) {
			c.chunked(status, contentType, "Content-Encoding: gzip")
			serve(c)
		}}
	}
	large := func(f Fault) Fault {
		f.Memory = true
		return f
	}
	sends := func(text string) func(*Conn) {
		return func(c *Conn) {
			c.chunk(text)
			c.end()
		}
	}
	complete := gzipped(hello + stop + usage + done)
	members := gzipped(role) + gzipped(say("Hel")) + gzipped(say("lo")) + gzipped(stop) + gzipped(done)
	cut := gzipped(hello) + gzipped(stop)[:5]
	wrong := complete[:len(complete)-8] + "12345678" // checksum and size
	unavailable := refused(&api.Error{Status: http.StatusServiceUnavailable})
	return grouped("Compression",
		coded("gzip, complete", http.StatusOK, eventStream, ends(Finished, helloTokens), nil, sends(complete)),
		coded("gzip, a member for each event", http.StatusOK, eventStream, ends(Finished, helloStop), nil, sends(members)),
		coded("gzip, cut", http.StatusOK, eventStream, ends(Truncated, helloSoFar), nil, sends(cut)),
		coded("gzip, not compressed", http.StatusOK, eventStream, fails(Transport), nil, sends(hello+stop+done)),
		coded("gzip, error body not compressed", http.StatusServiceUnavailable, jsonType, unavailable, unavailable, sends(busy)),
		coded("gzip, bad checksum after [DONE]", http.StatusOK, eventStream, ends(Finished, helloTokens), nil, sends(wrong)),
		large(coded("gzip bomb as a stream", http.StatusOK, eventStream, ends(TooLarge, helloSoFar), nil, bomb(hello))),
		large(coded("gzip bomb as a whole answer", http.StatusOK, jsonType, fails(TooLarge), fails(TooLarge), bomb(`{"choices":[],"x":"`))),
		small(maxErrorMiB, large(coded("gzip bomb as an error body", http.StatusServiceUnavailable, jsonType, unavailable, unavailable, bomb("")))),
	)
}
