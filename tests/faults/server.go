package faults

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server serves one fault on a port of loopback. Its methods may be called from any goroutine.
type Server struct {
	URL   string       // with the path that completions are under
	HTTP  *http.Client // speaks the fault's version of HTTP; all its connections are seen by the server
	Fault Fault
	Limit int // what a client may keep of one event or body; answers without end stop after five times as much

	asked     chan struct{} // closed when the first request has been read
	askOnce   sync.Once
	closers   []io.Closer
	serving   sync.WaitGroup
	mu        sync.Mutex
	progress  sync.Cond              // a client has read or closed
	read      map[string]int64       // bytes that clients have read, by the address of their open connections
	open      map[io.Closer]struct{} // connections that are being served
	closed    bool
	transport *http.Transport // of HTTP
	dial      func(context.Context) (net.Conn, error)
}

// Start serves f until [Server.Close].
func Start(f Fault, limit int) (*Server, error) {
	s := &Server{
		Fault: f,
		Limit: limit,
		asked: make(chan struct{}),
		read:  map[string]int64{},
		open:  map[io.Closer]struct{}{},
	}
	s.progress.L = &s.mu
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, l)
	addr := l.Addr().String()
	if f.Serve == nil && f.Serve2 == nil {
		addr, err = s.occupy(l)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
	} else {
		s.serving.Go(func() { s.accept(l) })
	}
	s.dial = func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", addr) }
	s.transport = &http.Transport{DialContext: s.track}
	if f.Serve2 != nil {
		s.transport.Protocols = new(http.Protocols)
		s.transport.Protocols.SetUnencryptedHTTP2(true)
	}
	s.HTTP = &http.Client{Transport: s.transport}
	s.URL = fmt.Sprintf("http://%s/v1", addr)
	return s, nil
}

// occupy returns an address at which nobody listens and nobody else can begin to: the near end of a
// connection to l.
func (s *Server) occupy(l net.Listener) (string, error) {
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return "", err
	}
	s.closers = append(s.closers, c)
	far, err := l.Accept()
	if err != nil {
		return "", err
	}
	s.closers = append(s.closers, far)
	return c.LocalAddr().String(), nil
}

// accept serves connections until the listener is closed.
func (s *Server) accept(l net.Listener) {
	for number := 0; ; number++ {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open[c] = struct{}{}
		closed := s.closed
		s.mu.Unlock()
		if closed {
			_ = c.Close()
		}
		s.serving.Go(func() {
			s.serve(c, number)
			_ = c.Close()
			s.mu.Lock()
			delete(s.open, c)
			s.mu.Unlock()
		})
	}
}

// serve lets the fault answer on one connection.
func (s *Server) serve(nc net.Conn, number int) {
	c := &Conn{Number: number, Limit: s.Limit, server: s, conn: nc, in: bufio.NewReader(nc)}
	if s.Fault.Serve2 != nil {
		c2 := newConn2(c)
		if c2.begin() {
			s.Fault.Serve2(c2)
			c.finish()
		}
		return
	}
	req, err := http.ReadRequest(c.in)
	if err != nil {
		return // the client left
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return
	}
	s.wasAsked()
	s.Fault.Serve(c)
	c.finish()
}

func (s *Server) wasAsked() { s.askOnce.Do(func() { close(s.asked) }) }

// Close stops serving, waits until that has happened, and closes the client's idle connections.
func (s *Server) Close() error {
	var err error
	if s.transport != nil {
		defer s.transport.CloseIdleConnections()
	}
	for _, c := range s.closers {
		err = errors.Join(err, c.Close())
	}
	s.mu.Lock()
	s.closed = true
	for c := range s.open {
		_ = c.Close()
	}
	clear(s.read)
	s.progress.Broadcast()
	s.mu.Unlock()
	s.serving.Wait()
	return err
}

// Call returns the context of one call to the server, as the fault's [Ask] has the caller behave; where it has
// the caller do nothing that is parent, so that only the client itself can free what it holds. The caller
// reports with got all text of a stream that has arrived, each time there is more, and calls done at the end.
func (s *Server) Call(parent context.Context) (ctx context.Context, got func(text string), done func()) {
	got = func(string) {}
	if d := s.Fault.Ask.Deadline; d > 0 {
		ctx, done = context.WithTimeout(parent, d)
		return ctx, got, done
	}
	if !s.Fault.Ask.Cancel {
		return parent, got, func() {}
	}
	ctx, cancel := context.WithCancel(parent)
	want := s.Fault.Stream.Answer.Text()
	var waiting sync.WaitGroup
	if want == "" {
		waiting.Go(func() {
			select {
			case <-s.asked:
				cancel()
			case <-ctx.Done():
			}
		})
	}
	got = func(text string) {
		if text == want {
			cancel()
		}
	}
	return ctx, got, func() {
		cancel()
		waiting.Wait()
	}
}

// Released closes idle connections and waits until the client has closed all others. It returns the number
// of connections that are still open when ctx ends.
func (s *Server) Released(ctx context.Context) int {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		s.transport.CloseIdleConnections()
		s.mu.Lock()
		open := len(s.read)
		s.mu.Unlock()
		if open == 0 {
			return 0
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return open
		}
	}
}

// tracked is a client's connection that tells the server what it has read.
type tracked struct {
	net.Conn
	server *Server
}

// track dials the server.
func (s *Server) track(ctx context.Context, _, _ string) (net.Conn, error) {
	c, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read[c.LocalAddr().String()] = 0
	return tracked{c, s}, nil
}

func (t tracked) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.server.note(t.LocalAddr().String(), n)
	return n, err
}

func (t tracked) Close() error {
	err := t.Conn.Close()
	t.server.mu.Lock()
	defer t.server.mu.Unlock()
	delete(t.server.read, t.LocalAddr().String())
	t.server.progress.Broadcast()
	return err
}

// note counts n bytes that the client at addr has read.
func (s *Server) note(addr string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if read, open := s.read[addr]; open {
		s.read[addr] = read + int64(n)
		s.progress.Broadcast()
	}
}

// awaitRead waits until the client at addr has read n bytes or closed the connection.
func (s *Server) awaitRead(addr string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if read, open := s.read[addr]; !open || read >= n {
			return
		}
		s.progress.Wait()
	}
}
