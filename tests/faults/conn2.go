package faults

import (
	"bytes"
	"io"
	"strconv"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Conn2 is the server's end of an HTTP/2 connection without TLS, frame by frame.
type Conn2 struct {
	*Conn
	frames  *http2.Framer
	headers bytes.Buffer
	coder   *hpack.Encoder
	stream  uint32 // of the latest request
}

func newConn2(c *Conn) *Conn2 {
	c2 := &Conn2{Conn: c, frames: http2.NewFramer(c, c.in)}
	c2.coder = hpack.NewEncoder(&c2.headers)
	return c2
}

// begin reads the client's preface and sends the settings.
func (c *Conn2) begin() bool {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(c.in, preface); err != nil {
		return false
	}
	return c.frames.WriteSettings() == nil
}

// request reads one whole request.
func (c *Conn2) request() bool {
	for {
		frame, err := c.frames.ReadFrame()
		if err != nil {
			c.broken = true
			return false
		}
		ended := false
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = c.frames.WriteSettingsAck()
			}
		case *http2.PingFrame:
			_ = c.frames.WritePing(true, f.Data)
		case *http2.HeadersFrame:
			ended = f.StreamEnded()
		case *http2.DataFrame:
			ended = f.StreamEnded()
		}
		if ended {
			c.stream = frame.Header().StreamID
			c.server.wasAsked()
			return true
		}
	}
}

// head sends a status and a header, with pairs of further fields.
func (c *Conn2) head(status int, contentType string, fields ...string) {
	c.headers.Reset()
	fields = append([]string{":status", strconv.Itoa(status), "content-type", contentType, "x-request-id", requestID}, fields...)
	for i := 0; i < len(fields); i += 2 {
		_ = c.coder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	_ = c.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: c.stream, BlockFragment: c.headers.Bytes(), EndHeaders: true})
}

// data sends text of the body; end says that it is the last.
func (c *Conn2) data(text string, end bool) { _ = c.frames.WriteData(c.stream, end, []byte(text)) }

// events reads a request and answers with a stream that goes on.
func (c *Conn2) events(text string) bool {
	if !c.request() {
		return false
	}
	c.head(200, eventStream)
	c.data(text, false)
	return true
}

// abort waits until the client has read everything and ends the stream with an error.
func (c *Conn2) abort(code http2.ErrCode) {
	c.seen()
	_ = c.frames.WriteRSTStream(c.stream, code)
}

// goAway waits until the client has read everything and says that no stream after last is served.
func (c *Conn2) goAway(last uint32, code http2.ErrCode) {
	c.seen()
	_ = c.frames.WriteGoAway(last, code, nil)
}
