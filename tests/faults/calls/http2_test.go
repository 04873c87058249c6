package calls_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tests/faults/calls"
)

// frames is a server of HTTP/2 by TLS that answers frame by frame, with one step to each request. The last step
// answers all that follow.
type frames struct {
	steps []step

	mu     sync.Mutex
	bodies []string
	conns  int
}

// step answers the request with the number stream. It returns whether the connection goes on.
type step func(f *http2.Framer, stream uint32) bool

// serveFrames returns the address of the server, and an HTTP client that trusts it.
func serveFrames(t *testing.T, s *frames) (base string, client *http.Client) {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler()) // for its certificate and listener
	srv.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, c *tls.Conn, _ http.Handler) { s.serve(c) },
	}
	srv.TLS = &tls.Config{NextProtos: []string{"h2"}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	transport := srv.Client().Transport.(*http.Transport)
	transport.ForceAttemptHTTP2 = true
	t.Cleanup(transport.CloseIdleConnections)
	return srv.URL, srv.Client()
}

// serve answers the requests on one connection.
func (s *frames) serve(c net.Conn) {
	defer c.Close()
	s.mu.Lock()
	s.conns++
	s.mu.Unlock()
	f := http2.NewFramer(c, c)
	if _, err := io.CopyN(io.Discard, c, int64(len(http2.ClientPreface))); err != nil || f.WriteSettings() != nil {
		return
	}
	bodies := map[uint32]string{}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		id, ended := frame.Header().StreamID, false
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.PingFrame:
			_ = f.WritePing(true, frame.Data)
		case *http2.HeadersFrame:
			ended = frame.StreamEnded()
		case *http2.DataFrame:
			bodies[id] += string(frame.Data())
			ended = frame.StreamEnded()
		}
		if ended && !s.next(bodies[id])(f, id) {
			_ = c.(*tls.Conn).CloseWrite()
			_, _ = io.Copy(io.Discard, c) // until the client has read what was sent, and leaves
			return
		}
	}
}

// next keeps the body of a request and returns how it is answered.
func (s *frames) next(body string) step {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, body)
	return s.steps[min(len(s.bodies), len(s.steps))-1]
}

// refuse ends the stream before anything is answered.
func refuse(code http2.ErrCode) step {
	return func(f *http2.Framer, stream uint32) bool { return f.WriteRSTStream(stream, code) == nil }
}

// leave says that no stream is served, and nothing more.
func leave(code http2.ErrCode, debug string) step {
	return func(f *http2.Framer, _ uint32) bool {
		_ = f.WriteGoAway(0, code, []byte(debug))
		return false
	}
}

// begin answers with the beginning of a body.
func begin(f *http2.Framer, stream uint32) {
	var header bytes.Buffer
	coder := hpack.NewEncoder(&header)
	_ = coder.WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	_ = coder.WriteField(hpack.HeaderField{Name: "content-type", Value: "application/json"})
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: header.Bytes(), EndHeaders: true})
	_ = f.WriteData(stream, false, []byte(`{"id":"c1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},`))
}

func finish(f *http2.Framer, stream uint32) bool {
	begin(f, stream)
	return f.WriteData(stream, true, []byte(`"finish_reason":"stop"}]}`)) == nil
}

// TestHTTP2Frames has servers that refuse requests before they look at them, which net/http notices and repeats,
// and others of which nobody knows how far they came, which are asked again by a GET only.
func TestHTTP2Frames(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		steps     []step
		post, get int // requests
		attempts  int // of the GET, as chatspec counts them
		ok        bool
	}{
		"REFUSED_STREAM, then an answer":   {[]step{refuse(http2.ErrCodeRefusedStream), finish}, 2, 2, 1, true},
		"GOAWAY before it, then an answer": {[]step{leave(http2.ErrCodeNo, ""), finish}, 2, 2, 1, true},
		"INTERNAL_ERROR":                   {[]step{refuse(http2.ErrCodeInternal)}, 1, 3, 3, false},
		"ENHANCE_YOUR_CALM":                {[]step{refuse(http2.ErrCodeEnhanceYourCalm)}, 1, 3, 3, false},
		"GOAWAY that gives up a new one":   {[]step{leave(http2.ErrCodeInternal, calls.Key)}, 1, 3, 3, false},
		"RST_STREAM in the body, not before": {[]step{func(f *http2.Framer, stream uint32) bool {
			begin(f, stream)
			return refuse(http2.ErrCodeInternal)(f, stream)
		}}, 1, 1, 1, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, post := range []bool{true, false} {
				s := &frames{steps: test.steps}
				base, httpClient := serveFrames(t, s)
				c, err := chatspec.New(chatspec.WithBaseURL(base), chatspec.WithHTTPClient(httpClient), chatspec.WithAPIKey(calls.Key),
					chatspec.WithRetryPolicy(func(chatspec.Attempt) (time.Duration, bool) { return 0, true }))
				if err != nil {
					t.Fatal(err)
				}
				var meta chatspec.Response
				requests, attempts := test.get, test.attempts
				if post {
					requests, attempts = test.post, 1
					_, err = c.Create(t.Context(), question(), chatspec.WithResponse(&meta))
				} else {
					_, err = c.Get(t.Context(), "c1", chatspec.WithResponse(&meta))
				}
				s.mu.Lock()
				if (err == nil) != test.ok || len(s.bodies) != requests || meta.Attempts != attempts {
					t.Errorf("POST %v: %v, %d requests, %d attempts", post, err, len(s.bodies), meta.Attempts)
				}
				for _, body := range s.bodies {
					if body != s.bodies[0] || post != strings.Contains(body, calls.Prompt) {
						t.Errorf("POST %v: the body is %q", post, body)
					}
				}
				s.mu.Unlock()
				if err != nil {
					(&witness{t: t, name: name}).failure("the call", err)
				}
			}
		})
	}
}

// TestHTTP2Debug has a server that leaves within an answer and says why, which is in the text of net/http.
func TestHTTP2Debug(t *testing.T) {
	t.Parallel()
	s := &frames{steps: []step{func(f *http2.Framer, stream uint32) bool {
		begin(f, stream)
		_ = f.WriteGoAway(stream, http2.ErrCodeInternal, []byte(calls.Key))
		return false
	}}}
	base, httpClient := serveFrames(t, s)
	c, err := chatspec.New(chatspec.WithBaseURL(base), chatspec.WithHTTPClient(httpClient), chatspec.WithAPIKey(calls.Key))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Create(t.Context(), question())
	(&witness{t: t, name: "GOAWAY"}).failure("Create", err)
	if !strings.Contains(err.Error(), "[masked]") {
		t.Errorf("%v does not say what the server has said", err)
	}
}

func question() chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{Model: "m", Messages: chat.Messages{chat.UserMessage{Content: chat.Text(calls.Prompt)}}}
}
