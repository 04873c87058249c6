package faults

import (
	"fmt"
	"io"
	"net/http"
	"syscall"
)

// connectionFaults break the connection.
func connectionFaults() []Fault {
	refused := Want{Outcome: Transport}.because(syscall.ECONNREFUSED)
	reset := Want{Outcome: Transport}.because(syscall.ECONNRESET)
	resetLater := Want{Outcome: Transport, Answer: helloSoFar}.because(syscall.ECONNRESET)
	eof := Want{Outcome: Transport}.because(io.EOF)
	cut := Want{Outcome: Transport}.because(io.ErrUnexpectedEOF)
	return grouped("Connections",
		Fault{Name: "nobody listens", Stream: refused, Whole: refused},
		Fault{Name: "closed before the header", Stream: eof, Whole: eof, Serve: func(*Conn) {}},
		Fault{Name: "reset before the header", Stream: reset, Whole: reset, Serve: (*Conn).reset},
		Fault{Name: "closed in the header", Stream: cut, Whole: cut, Serve: func(c *Conn) {
			c.send("HTTP/1.1 200 OK\r\nContent-Type: text/ev")
		}},
		Fault{Name: "reset in the header", Stream: fails(Transport), Whole: fails(Transport), Serve: func(c *Conn) {
			c.send("HTTP/1.1 200 OK\r\nContent-Type: text/ev")
			c.reset()
		}},
		Fault{Name: "not HTTP", Stream: fails(Transport), Whole: fails(Transport), Serve: func(c *Conn) {
			c.send("SSH-2.0-OpenSSH_9.9\r\n")
		}},
		Fault{Name: "reset between events", Stream: resetLater, Serve: func(c *Conn) {
			c.events(hello)
			c.reset()
		}},
		Fault{Name: "reset in an event", Stream: resetLater, Serve: func(c *Conn) {
			c.events(hello + stop[:20])
			c.reset()
		}},
		Fault{Name: "reset in the body", Whole: reset, Serve: func(c *Conn) {
			c.head(http.StatusOK, jsonType, "Content-Length: 1000")
			c.send(completion[:50])
			c.reset()
		}},
		Fault{Name: "one byte at a time", Stream: ends(Finished, helloTokens), Serve: func(c *Conn) {
			c.chunked(http.StatusOK, eventStream)
			for _, b := range []byte(hello + stop + usage + done) {
				c.chunk(string([]byte{b}))
			}
			c.end()
		}},
		Fault{Name: "three bytes a packet", Stream: ends(Finished, helloTokens), Whole: nil, Serve: func(c *Conn) {
			text := hello + stop + usage + done
			c.head(http.StatusOK, eventStream, fmt.Sprintf("Content-Length: %d", len(text)))
			for ; len(text) > 3; text = text[3:] {
				c.send(text[:3])
				c.seen()
			}
			c.send(text)
		}},
	)
}

// lengthFaults lie about where the body ends.
func lengthFaults() []Fault {
	truncated := Want{Outcome: Truncated, Answer: helloSoFar}.because(io.ErrUnexpectedEOF)
	return grouped("Lengths",
		Fault{Name: "chunked, no final chunk", Stream: truncated, Serve: func(c *Conn) { c.events(hello) }},
		Fault{Name: "chunked, cut in an event", Stream: truncated, Serve: func(c *Conn) { c.events(hello + stop[:20]) }},
		Fault{Name: "chunked, cut in a chunk", Stream: truncated, Serve: func(c *Conn) {
			c.events(hello)
			c.send("1000\r\n" + stop[:20])
		}},
		Fault{Name: "chunked, no final chunk though all choices finished", Stream: ends(Truncated, helloStop), Serve: func(c *Conn) {
			c.events(hello + stop)
		}},
		Fault{Name: "chunked, bad size", Stream: ends(Transport, helloSoFar), Serve: func(c *Conn) {
			c.events(hello)
			c.send("no size\r\n")
		}},
		Fault{Name: "Content-Length too long for a stream", Stream: truncated, Serve: func(c *Conn) {
			c.head(http.StatusOK, eventStream, "Content-Length: 100000")
			c.send(hello)
		}},
		Fault{Name: "Content-Length too long for a whole answer", Stream: fails(Truncated), Whole: fails(Truncated), Serve: func(c *Conn) {
			c.head(http.StatusOK, jsonType, "Content-Length: 100000")
			c.send(completion)
		}},
		Fault{Name: "Content-Length too short for a stream", Stream: truncated, Serve: func(c *Conn) {
			c.head(http.StatusOK, eventStream, fmt.Sprintf("Content-Length: %d", len(hello)+20))
			c.send(hello + stop + done)
		}},
		Fault{Name: "Content-Length too short for a whole answer", Stream: fails(NotStream), Whole: fails(Malformed), Serve: func(c *Conn) {
			c.head(http.StatusOK, jsonType, "Content-Length: 100")
			c.send(completion)
		}},
		Fault{Name: "no length, closed between events", Stream: truncated, Serve: func(c *Conn) {
			c.head(http.StatusOK, eventStream, "Connection: close")
			c.send(hello)
		}},
		Fault{Name: "no length, closed in an event", Stream: truncated, Serve: func(c *Conn) {
			c.head(http.StatusOK, eventStream, "Connection: close")
			c.send(hello + stop[:20])
		}},
		Fault{Name: "no length, HTTP/1.0, complete", Stream: ends(Finished, helloStop), Serve: func(c *Conn) {
			c.send("HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + hello + stop)
		}},
		Fault{Name: "no length, half a JSON answer", Stream: fails(NotStream), Whole: fails(Malformed), Serve: func(c *Conn) {
			c.head(http.StatusOK, jsonType, "Connection: close")
			c.send(completion[:100])
		}},
	)
}

// afterDoneFaults go wrong after the answer is complete, which is no fault any more.
func afterDoneFaults() []Fault {
	after := func(name string, serve func(*Conn)) Fault {
		return Fault{Name: name + " after [DONE]", Stream: ends(Finished, helloTokens), Serve: func(c *Conn) {
			c.events(hello + stop + usage + done)
			serve(c)
		}}
	}
	return grouped("After the end",
		after("closed", func(*Conn) {}),
		after("reset", (*Conn).reset),
		after("silence", (*Conn).hang),
		after("bad chunk", func(c *Conn) { c.send("no size\r\n") }),
		after("bad trailer", func(c *Conn) { c.send("0\r\nno trailer\r\n\r\n") }),
		after("broken JSON", func(c *Conn) { c.chunk("data: {\n\n"); c.end() }),
		after("an error", func(c *Conn) { c.chunk(event(`{"error":"overloaded"}`)); c.end() }),
		after("more text", func(c *Conn) { c.chunk(say("!")); c.end() }),
		after("events without end", func(c *Conn) { c.repeat(say("!")) }),
	)
}
