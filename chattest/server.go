package chattest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/chatspec/chatspec"
)

// TB is what this package needs of a *testing.T, so that programs that serve a [Handler] do not link
// package testing.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
}

const (
	// memoryURL is the base URL of a server in memory. No client but the server's own finds a host there.
	memoryURL = "http://chattest.localhost/v1"
	// socketAddress lets the system choose a port on loopback.
	socketAddress = "127.0.0.1:0"
	// basePath is the path of a server's base URL. A Handler serves under any other, too.
	basePath = "/v1"
	// maxIdleConns is how many connections a server's client keeps open for the next requests.
	maxIdleConns = 100
	// headerTimeout is how long a server on a socket waits for the header of a request.
	headerTimeout = 10 * time.Second
)

// Server is a running server and clients for it. It is safe for concurrent use. [NewServer] and [NewSocketServer]
// make one; the zero Server is none.
type Server struct {
	*Handler

	// URL is the base URL, for chatspec.WithBaseURL or chat.NewClient. It ends in /v1. That of a server in
	// memory leads nowhere without [Server.Client].
	URL string

	t             TB
	headerTimeout time.Duration // zero in memory, where it would be a timer in the bubble of a test
	http          *http.Server
	client        *http.Client
	transport     *http.Transport
	closing       sync.Once
	served        chan struct{}  // closed when the server accepts no more connections
	conns         sync.WaitGroup // connections of the server
}

// NewServer returns a server in memory that answers with the replies. It is closed when the test ends, and
// leaves no goroutine behind. A reply that fails or is missing is an error of the test.
//
// Requests reach it through [Server.NewClient] and [Server.Client] only; no network is involved. In a testing/synctest bubble it
// has to be made inside the bubble: one that is made outside ends the test program with "receive on synctest channel from
// outside bubble".
func NewServer(t TB, replies ...Reply) *Server {
	t.Helper()
	listener := newPipeListener()
	return start(t, &Server{URL: memoryURL}, listener, listener.dial, replies)
}

// NewSocketServer is [NewServer] on a port of 127.0.0.1 that the system chooses, for clients in other
// processes. It does not work in a testing/synctest bubble.
func NewSocketServer(t TB, replies ...Reply) *Server {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", socketAddress)
	if err != nil {
		t.Fatalf("chattest: listen on loopback: %v", err)
		return nil
	}
	var dialer net.Dialer
	dial := func(ctx context.Context) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", listener.Addr().String())
	}
	s := &Server{URL: "http://" + listener.Addr().String() + basePath, headerTimeout: headerTimeout}
	return start(t, s, listener, dial, replies)
}

// start serves on the listener until the test ends.
func start(t TB, s *Server, listener net.Listener, dial func(context.Context) (net.Conn, error), replies []Reply) *Server {
	s.t = t
	s.Handler = NewHandler(replies...)
	s.Handler.report = t.Errorf
	s.transport = &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		MaxIdleConns:        maxIdleConns,
		MaxIdleConnsPerHost: maxIdleConns,
	}
	s.client = &http.Client{Transport: s.transport}
	s.http = &http.Server{Handler: s.Handler, ConnState: s.connState, ReadHeaderTimeout: s.headerTimeout}
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener) // it is ErrServerClosed
	}()
	t.Cleanup(s.Close)
	return s
}

// NewClient returns a chat client for the server, with these options beside those that lead it there. Options that
// chatspec.New refuses end the test, so that it is for the goroutine of the test.
func (s *Server) NewClient(opts ...chatspec.Option) *chatspec.Client {
	s.t.Helper()
	client, err := chatspec.New(append(s.Options(), opts...)...)
	if err != nil {
		s.t.Fatalf("chattest: %v", err)
	}
	return client
}

// Options returns the options with which a client of package chatspec reaches the server: for chatspec.NewDoer, and
// for a chatspec.New of the caller's own. The slice is the caller's.
func (s *Server) Options() []chatspec.Option {
	return []chatspec.Option{chatspec.WithBaseURL(s.URL), chatspec.WithHTTPClient(s.client)}
}

// Client returns an HTTP client for the server, always the same. Whatever the host of a URL is, its connections
// lead to the server, so nothing a test sends can reach the network; proxies are not used.
func (s *Server) Client() *http.Client { return s.client }

// Close ends all connections, those of answers under way too, and waits until the server's goroutines have
// ended. Those of the client end as soon as the bodies of its answers are closed. A test need not call it;
// calling it again does nothing.
func (s *Server) Close() {
	s.closing.Do(func() {
		_ = s.http.Close() // the errors of closing connections that are done with
		<-s.served
		s.conns.Wait()
	})
	s.transport.CloseIdleConnections()
}

// connState counts the server's connections.
func (s *Server) connState(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.conns.Done()
	case http.StateActive, http.StateIdle: // still open
	}
}
