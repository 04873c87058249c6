package faults

import "golang.org/x/net/http2"

// http2Faults are those of HTTP/2, whose streams end one by one.
func http2Faults() []Fault {
	cut := ends(Truncated, helloSoFar)
	broken := ends(Transport, helloSoFar)
	complete := hello + stop + usage + done
	finished := ends(Finished, helloTokens)
	reset := func(code http2.ErrCode) func(*Conn2) {
		return func(c *Conn2) {
			if c.events(hello) {
				c.abort(code)
				c.hang()
			}
		}
	}
	ended := func(text string) func(*Conn2) {
		return func(c *Conn2) {
			if c.events(text) {
				c.data("", true)
				c.hang()
			}
		}
	}
	return append(grouped("HTTP/2",
		Fault{Name: "HTTP/2, complete", Stream: finished, Serve2: ended(complete)},
		Fault{Name: "HTTP/2, ended without [DONE], complete", Stream: ends(Finished, helloStop), Serve2: ended(hello + stop)},
		Fault{Name: "HTTP/2, ended between events", Stream: cut, Serve2: ended(hello)},
		Fault{Name: "HTTP/2, ended in an event", Stream: cut, Serve2: ended(hello + stop[:20])},
		Fault{Name: "HTTP/2, RST_STREAM CANCEL", Stream: broken, Serve2: reset(http2.ErrCodeCancel)},
		Fault{Name: "HTTP/2, RST_STREAM INTERNAL_ERROR", Stream: broken, Serve2: reset(http2.ErrCodeInternal)},
		Fault{Name: "HTTP/2, RST_STREAM before the header", Stream: fails(Transport), Whole: fails(Transport), Serve2: func(c *Conn2) {
			if c.request() {
				c.abort(http2.ErrCodeInternal)
				c.hang()
			}
		}},
		Fault{Name: "HTTP/2, RST_STREAM after [DONE]", Stream: finished, Serve2: func(c *Conn2) {
			if c.events(complete) {
				c.abort(http2.ErrCodeInternal)
				c.hang()
			}
		}},
		Fault{Name: "HTTP/2, Content-Length too long", Stream: cut, Serve2: func(c *Conn2) {
			if c.request() {
				c.head(200, eventStream, "content-length", "100000")
				c.data(hello, true)
				c.hang()
			}
		}},
		Fault{Name: "HTTP/2, connection closed between events", Stream: cut, Serve2: func(c *Conn2) { c.events(hello) }},
	), goAwayFaults()...)
}

// goAwayFaults have a server that leaves.
func goAwayFaults() []Fault {
	complete := hello + stop + usage + done
	finished := ends(Finished, helloTokens)
	answer := func(c *Conn2) {
		if c.events(complete) {
			c.data("", true)
			c.hang()
		}
	}
	return grouped("HTTP/2",
		Fault{Name: "HTTP/2, REFUSED_STREAM, then an answer", Stream: finished, Serve2: func(c *Conn2) {
			if c.request() {
				c.abort(http2.ErrCodeRefusedStream)
				answer(c)
			}
		}},
		Fault{Name: "HTTP/2, GOAWAY before the request is served, then an answer", Stream: finished, Serve2: func(c *Conn2) {
			if c.Number > 0 {
				answer(c)
			} else if c.request() {
				c.goAway(0, http2.ErrCodeNo)
				c.hang()
			}
		}},
		Fault{Name: "HTTP/2, GOAWAY under way, but the answer goes on", Stream: finished, Serve2: func(c *Conn2) {
			if c.events(hello) {
				c.goAway(c.stream, http2.ErrCodeNo)
				c.data(stop+usage+done, true)
				c.hang()
			}
		}},
		Fault{Name: "HTTP/2, GOAWAY under way, then closed", Stream: ends(Transport, helloSoFar), Serve2: func(c *Conn2) {
			if c.events(hello) {
				c.goAway(c.stream, http2.ErrCodeEnhanceYourCalm)
			}
		}},
		Fault{Name: "HTTP/2, GOAWAY that gives up the answer", Stream: ends(Transport, helloSoFar), Serve2: func(c *Conn2) {
			if c.events(hello) {
				c.goAway(0, http2.ErrCodeInternal)
				c.hang()
			}
		}},
	)
}
