package chatspec_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
)

// socket is a server on loopback that keeps what it gets.
type socket struct {
	*httptest.Server

	mu       sync.Mutex
	requests []string // protocol, method and Idempotency-Key of each
	peers    []string // addresses of the clients' connections
}

// newSocket answers with answer, to which it gives the number of the request, from 1. start is one of the ways
// to start a server.
func newSocket(t *testing.T, start func(*httptest.Server), answer answerFunc) *socket {
	t.Helper()
	s := new(socket)
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.mu.Lock()
		s.requests = append(s.requests, strings.TrimSpace(r.Proto+" "+r.Method+" "+r.Header.Get("Idempotency-Key")))
		n := len(s.requests)
		s.mu.Unlock()
		answer(rw, r, n)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes
	s.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.peers = append(s.peers, c.RemoteAddr().String())
		}
	}
	start(s.Server)
	t.Cleanup(s.Close)
	return s
}

func (s *socket) got() (requests, peers []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests), slices.Clone(s.peers)
}

// startHTTP2 starts a server that speaks HTTP/2, by TLS.
func startHTTP2(s *httptest.Server) {
	s.EnableHTTP2 = true
	s.StartTLS()
}

// clientOf returns a client that trusts the server.
func clientOf(t *testing.T, s *socket, opts ...chatspec.Option) *chatspec.Client {
	t.Helper()
	c, err := chatspec.New(append([]chatspec.Option{chatspec.WithBaseURL(s.URL), chatspec.WithHTTPClient(s.Client()), chatspec.WithAPIKey("k")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// TestHTTP2 repeats a request on the same connection.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	s := newSocket(t, startHTTP2, func(rw http.ResponseWriter, _ *http.Request, n int) {
		if n < 3 {
			rw.Header().Set("Retry-After-Ms", "1")
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(rw, hello)
	})
	var meta chatspec.Response
	res, err := clientOf(t, s).Create(t.Context(), question(), chatspec.WithResponse(&meta))
	requests, peers := s.got()
	if err != nil || res.Text() != "Hello" || meta.Attempts != 3 || !slices.Equal(requests, slices.Repeat([]string{"HTTP/2.0 POST"}, 3)) || len(peers) != 1 {
		t.Errorf("%v, %+v, %q on %d connections", err, meta, requests, len(peers))
	}
}

// TestHTTP2GoAway has a server that ends the connection after each answer, which is not noticed. The transport may open
// connections beside those that it uses.
func TestHTTP2GoAway(t *testing.T) {
	t.Parallel()
	used := make(chan string, 3)
	s := newSocket(t, startHTTP2, func(rw http.ResponseWriter, r *http.Request, _ int) {
		used <- r.RemoteAddr
		rw.Header().Set("Connection", "close") // GOAWAY, in HTTP/2
		_, _ = io.WriteString(rw, hello)
	})
	c := clientOf(t, s)
	for range 3 {
		if _, err := c.Create(t.Context(), question()); err != nil {
			t.Fatal(err)
		}
	}
	first, second, third := <-used, <-used, <-used
	if requests, _ := s.got(); len(requests) != 3 || first == second || second == third || third == first {
		t.Errorf("%q on connections %s, %s, %s", requests, first, second, third)
	}
}

// TestHTTP2HeaderTimeout has a server that falls silent. A POST is not repeated, because it may be under way; a
// GET is; and the connection stays.
func TestHTTP2HeaderTimeout(t *testing.T) {
	t.Parallel()
	var silent atomic.Bool
	s := newSocket(t, startHTTP2, func(rw http.ResponseWriter, r *http.Request, _ int) {
		if silent.Load() {
			<-r.Context().Done() // the client has left
			return
		}
		_, _ = io.WriteString(rw, hello)
	})
	c := clientOf(t, s, chatspec.WithHeaderTimeout(50*time.Millisecond),
		chatspec.WithRetryPolicy(func(chatspec.Attempt) (time.Duration, bool) { return 0, true }))
	patient := chatspec.WithHeaderTimeout(time.Minute)
	if _, err := c.Get(t.Context(), "c1", patient); err != nil {
		t.Fatal(err)
	}
	silent.Store(true)
	for i, err := range []error{second(c.Create(t.Context(), question())), second(c.Get(t.Context(), "c1"))} {
		if timeout, ok := errors.AsType[*api.TimeoutError](err); !ok || timeout.Phase != api.PhaseHeaders {
			t.Error(err)
		}
		if says := strings.Contains(err.Error(), "after 3 attempts"); says != (i == 1) {
			t.Error(err)
		}
	}
	silent.Store(false)
	if _, err := c.Get(t.Context(), "c1", patient); err != nil {
		t.Error(err)
	}
	if requests, peers := s.got(); count(requests, "HTTP/2.0 POST") > 1 || count(requests, "HTTP/2.0 GET") > 5 || len(peers) != 1 {
		t.Errorf("%q on %d connections", requests, len(peers))
	}
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

// TestCertificates has servers that are not who they ought to be: there is one handshake, and no request.
func TestCertificates(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		start  func(*httptest.Server)
		change func(*tls.Config)
		is     func(error) bool
	}{
		"nobody has signed it": {(*httptest.Server).StartTLS, func(c *tls.Config) { c.RootCAs = x509.NewCertPool() }, isError[x509.UnknownAuthorityError]},
		"the same by HTTP/2":   {startHTTP2, func(c *tls.Config) { c.RootCAs = x509.NewCertPool() }, isError[x509.UnknownAuthorityError]},
		"of another host":      {(*httptest.Server).StartTLS, func(c *tls.Config) { c.ServerName = "other.internal" }, isError[x509.HostnameError]},
		"expired": {(*httptest.Server).StartTLS, func(c *tls.Config) {
			c.Time = func() time.Time { return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }
		}, isError[x509.CertificateInvalidError]},
		"the server wants one too": {func(s *httptest.Server) {
			s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12} // where it is part of the handshake
			s.StartTLS()
		}, func(*tls.Config) {}, isAlert},
		"no version in common": {func(s *httptest.Server) {
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
			s.StartTLS()
		}, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, isAlert},
	}
	for name, test := range tests {
		s := newSocket(t, test.start, func(http.ResponseWriter, *http.Request, int) {})
		test.change(s.Client().Transport.(*http.Transport).TLSClientConfig)
		c := clientOf(t, s)
		for _, err := range []error{second(c.Create(t.Context(), question())), second(c.Get(t.Context(), "c1"))} {
			if !test.is(err) || strings.Contains(err.Error(), "attempts") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if requests, peers := s.got(); len(requests) > 0 || len(peers) != 2 {
			t.Errorf("%s: %q on %d connections", name, requests, len(peers))
		}
	}
}

// isAlert says whether the other side has ended a handshake.
func isAlert(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error"
}

func isError[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

// TestWrongScheme has http on a port for https, and https on one for http.
func TestWrongScheme(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		start    func(*httptest.Server)
		from, to string
		want     string
	}{
		{(*httptest.Server).StartTLS, "https:", "http:", "400 Bad Request: Client sent an HTTP request to an HTTPS server."},
		{(*httptest.Server).Start, "http:", "https:", "server gave HTTP response to HTTPS client"},
	} {
		s := newSocket(t, test.start, func(http.ResponseWriter, *http.Request, int) {})
		c := clientOf(t, s, chatspec.WithBaseURL(strings.Replace(s.URL, test.from, test.to, 1)))
		for _, err := range []error{second(c.Create(t.Context(), question())), second(c.Get(t.Context(), "c1"))} {
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "attempts") {
				t.Errorf("%v, want %q", err, test.want)
			}
		}
		if requests, peers := s.got(); len(requests) > 0 || len(peers) != 2 {
			t.Errorf("%q on %d connections", requests, len(peers))
		}
	}
}

// TestPostIsSentOnce shows what WithRetryUnsafe documents: of a POST with an Idempotency-Key, net/http makes a
// second request by itself when a connection that was kept open breaks, and nobody counts it. Without that
// header, which this package does not send on its own, an attempt is one request.
func TestPostIsSentOnce(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]func(net.Conn){
		"closed": func(c net.Conn) { _ = c.Close() },
		"reset":  func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0); _ = c.Close() },
	} {
		for _, test := range []struct {
			opt      chatspec.Option // on top of no retries
			kept     bool            // the connection was kept open from a call before
			keyed    bool            // there is an Idempotency-Key
			requests int
		}{
			{chatspec.WithMaxRetries(0), true, false, 1},
			{chatspec.WithMaxRetries(2), true, false, 1},
			{chatspec.WithMaxRetries(0), false, false, 1},
			{chatspec.WithRetryUnsafe(), true, true, 2},
			{chatspec.WithRetryUnsafe(), false, true, 1},
			{chatspec.WithHeader("Idempotency-Key", "own"), true, true, 2},
		} {
			before := 0
			if test.kept {
				before = 1
			}
			s := newSocket(t, (*httptest.Server).Start, func(rw http.ResponseWriter, _ *http.Request, n int) {
				if n != before+1 {
					_, _ = io.WriteString(rw, hello)
					return
				}
				c, _, err := http.NewResponseController(rw).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				breaks(c)
			})
			if test.kept {
				if _, err := clientOf(t, s).Create(t.Context(), question()); err != nil {
					t.Fatal(err)
				}
			}
			var meta chatspec.Response
			_, err := clientOf(t, s, chatspec.WithMaxRetries(0), test.opt).Create(t.Context(), question(), chatspec.WithResponse(&meta))
			requests, _ := s.got()
			requests = requests[before:]
			if (err == nil) != (test.requests == 2) || len(requests) != test.requests || meta.Attempts != 1 {
				t.Errorf("%s, %+v: %v, %q, %d attempts", name, test, err, requests, meta.Attempts)
			}
			if keyed := strings.Count(requests[0], " ") == 2; keyed != test.keyed || len(requests) == 2 && requests[0] != requests[1] {
				t.Errorf("%s, %+v: the requests are %q", name, test, requests)
			}
		}
	}
}
