package calls

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Site is a server of a scenario, and another one to which it may send clients. Its methods may be called from
// any goroutine.
type Site struct {
	URL      string       // the base URL
	HTTP     *http.Client // what every client sends with
	Scenario Scenario

	here, elsewhere *httptest.Server
	nobody          net.Conn // whose near end is an address at which nobody listens

	mu        sync.Mutex
	seen      []Seen
	dials     int
	warming   bool
	notBefore time.Time // when the server wants to be asked again
	waiting   func()    // called when the client has been told to wait
}

// Seen is a request as it came to a server.
type Seen struct {
	Elsewhere  bool // it came to the other server
	Method     string
	URL        string
	Header     http.Header
	Body       string
	At         time.Time
	RemoteAddr string
}

// Start serves a scenario until [Site.Close].
func Start(sc Scenario) (*Site, error) {
	s := &Site{Scenario: sc}
	s.here = httptest.NewUnstartedServer(s.handler(false))
	s.elsewhere = httptest.NewUnstartedServer(s.handler(true))
	for _, server := range []*httptest.Server{s.here, s.elsewhere} {
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes
	}
	if s.elsewhere.Start(); sc.TLS {
		s.here.StartTLS()
	} else {
		s.here.Start()
	}
	nobody, err := net.Dial("tcp", s.elsewhere.Listener.Addr().String())
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.nobody = nobody
	transport := &http.Transport{DialContext: s.dial, TLSClientConfig: new(tls.Config)}
	if sc.Certify {
		transport = s.here.Client().Transport.(*http.Transport).Clone() // as httptest documents it
		transport.DialContext = s.dial
	}
	s.HTTP = &http.Client{Transport: told{transport, s}}
	s.URL = s.here.URL + "/v1" + sc.Query
	return s, nil
}

// Close stops serving and closes the client's idle connections.
func (s *Site) Close() error {
	if s.HTTP != nil {
		s.HTTP.CloseIdleConnections()
	}
	var err error
	if s.nobody != nil {
		err = s.nobody.Close()
	}
	s.here.Close()
	s.elsewhere.Close()
	return err
}

// Asker makes one call with a client that it makes for the site: with its URL, [Key] and what to send with, and
// otherwise as it is by default. The prompt is that of [Site.Prompt], the query that of [Filter].
type Asker func(ctx context.Context, s *Site, ask Ask) Got

// Run has a client make the call of the scenario, and says what it made of it and what came to the servers.
func (s *Site) Run(ctx context.Context, ask Asker) (Got, []Seen) {
	if s.Scenario.Warm {
		s.setWarming(true)
		if got := ask(ctx, s, Create); got.Err != nil {
			return got, nil
		}
		s.setWarming(false)
	}
	if d := s.Scenario.Deadline; d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	if s.Scenario.Cancel {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		s.mu.Lock()
		s.waiting = func() { time.AfterFunc(untilWaiting, cancel) }
		s.mu.Unlock()
	}
	got := ask(ctx, s, s.Scenario.Ask)
	s.mu.Lock()
	defer s.mu.Unlock()
	return got, append([]Seen(nil), s.seen...)
}

// untilWaiting is how long a client may take from an answer to waiting before the next attempt. One that takes
// longer is cancelled a little earlier, which changes nothing in what is right.
const untilWaiting = 50 * time.Millisecond

// Prompt returns what to ask.
func (s *Site) Prompt() string {
	if s.Scenario.Large {
		return Prompt + strings.Repeat(" And on.", 1<<17)
	}
	return Prompt
}

func (s *Site) setWarming(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warming = on
}

// handler keeps what comes and answers it.
func (s *Site) handler(elsewhere bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := time.Now()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client left
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		if s.warming {
			s.mu.Unlock()
			success(s, w, r)
			return
		}
		n := 0
		for _, before := range s.seen {
			if !before.Elsewhere {
				n++
			}
		}
		s.seen = append(s.seen, Seen{elsewhere, r.Method, r.URL.String(), r.Header.Clone(), string(body), at, r.RemoteAddr})
		s.mu.Unlock()
		if elsewhere {
			success(s, w, r)
			return
		}
		s.Scenario.Answers[min(n, len(s.Scenario.Answers)-1)](s, w, r)
	})
}

// dial connects to a server, or to nobody. Names are those of this machine.
func (s *Site) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	s.mu.Lock()
	s.dials++
	refused := s.dials <= s.Scenario.Refused
	s.mu.Unlock()
	if refused {
		addr = s.nobody.LocalAddr().String()
	} else if _, port, err := net.SplitHostPort(addr); err == nil {
		addr = net.JoinHostPort("127.0.0.1", port)
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

// counted returns how many connections were tried, and when the server wants to be asked again.
func (s *Site) counted() (dials int, notBefore time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials, s.notBefore
}

// wait has the server want to be asked again after d, from now on.
func (s *Site) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notBefore = time.Now().Add(d)
}

// told is a transport that tells the site when a client has got an answer.
type told struct {
	*http.Transport
	site *Site
}

func (t told) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.Transport.RoundTrip(req)
	t.site.mu.Lock()
	defer t.site.mu.Unlock()
	if t.site.waiting != nil {
		t.site.waiting()
	}
	return resp, err
}
