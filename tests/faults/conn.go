package faults

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"strings"
	"time"
)

// Conn is the server's end of a connection on which one request has been read. Its methods return when the
// client has left.
type Conn struct {
	Number int // of the connection, from 0
	Limit  int // see [Server]

	server *Server
	conn   net.Conn
	in     *bufio.Reader
	sent   int64
	broken bool           // the client has left
	buf    [16 << 10]byte // of send, so that large texts take no memory of the server's
}

// Write sends p and says that the client has left if it has.
func (c *Conn) Write(p []byte) (int, error) {
	if c.broken {
		return 0, io.ErrClosedPipe
	}
	n, err := c.conn.Write(p)
	c.sent += int64(n)
	c.broken = err != nil
	return n, err
}

// send sends text as it is and says whether the client is still there.
func (c *Conn) send(text string) bool {
	for !c.broken && text != "" {
		n := copy(c.buf[:], text)
		_, _ = c.Write(c.buf[:n]) // a failure breaks the connection
		text = text[n:]
	}
	return !c.broken
}

// head sends a status line and header, each field as one line; a Content-Type that is empty is left out.
func (c *Conn) head(status int, contentType string, fields ...string) {
	c.send(head(status, contentType, fields...))
}

// chunk sends text in one chunk of the chunked coding.
func (c *Conn) chunk(text string) {
	if len(text) < len(c.buf)/2 {
		c.send(chunk(text)) // in one packet
		return
	}
	c.send(fmt.Sprintf("%x\r\n", len(text)))
	c.send(text)
	c.send("\r\n")
}

// chunk is text as one chunk of the chunked coding.
func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// chunked begins an answer in the chunked coding.
func (c *Conn) chunked(status int, contentType string, fields ...string) {
	c.head(status, contentType, append(fields, "Transfer-Encoding: chunked")...)
}

// events begins a stream in the chunked coding and sends text.
func (c *Conn) events(text string) {
	c.chunked(http.StatusOK, eventStream)
	c.chunk(text)
}

// end ends an answer in the chunked coding.
func (c *Conn) end() { c.send("0\r\n\r\n") }

// whole sends an answer with its length.
func (c *Conn) whole(status int, contentType, body string, fields ...string) {
	c.head(status, contentType, append(fields, fmt.Sprintf("Content-Length: %d", len(body)))...)
	c.send(body)
}

// repeat sends text in chunks again and again, five times the limit of bytes altogether. Then it hangs where
// the caller has a deadline, and else returns without a final chunk: whoever has read as far has read too far.
func (c *Conn) repeat(text string) {
	text = strings.Repeat(text, max(1, 32<<10/len(text)))
	c.times(5*c.Limit/len(text)+1, text)
	if c.server.Fault.Ask.Deadline > 0 {
		c.hang()
	}
}

// times sends n chunks with the same text. It takes no memory for each.
func (c *Conn) times(n int, text string) {
	block := []byte(chunk(text))
	for range n {
		if _, err := c.Write(block); err != nil {
			return
		}
	}
}

// seen waits until the client has read all that was sent.
func (c *Conn) seen() { c.server.awaitRead(c.conn.RemoteAddr().String(), c.sent) }

// reset waits until the client has read all that was sent, then resets the connection.
func (c *Conn) reset() {
	c.seen()
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.conn.Close()
	c.broken = true
}

// hang waits until the client leaves.
func (c *Conn) hang() {
	_, _ = io.Copy(io.Discard, c.in)
	c.broken = true
}

// every yields 0, 1 and so on, with a pause before each, until the client has left.
func (c *Conn) every(pause time.Duration) iter.Seq[int] {
	return func(yield func(int) bool) {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for i := 0; !c.broken; i++ {
			if <-tick.C; !yield(i) {
				return
			}
		}
	}
}

// finish closes the server's side of the connection and waits until the client leaves, because closing both
// sides while there is something to read would reset the connection.
func (c *Conn) finish() {
	if tcp, ok := c.conn.(*net.TCPConn); ok && !c.broken {
		_ = tcp.CloseWrite()
		c.hang()
	}
}

// requestID is the ID that servers here give all requests.
const requestID = "req_1"

// head is a status line and a header.
func head(status int, contentType string, fields ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nX-Request-Id: %s\r\n", status, http.StatusText(status), requestID)
	if contentType != "" {
		fmt.Fprintf(&b, "Content-Type: %s\r\n", contentType)
	}
	for _, field := range fields {
		b.WriteString(field + "\r\n")
	}
	return b.String() + "\r\n"
}
