package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// childEnv makes this program another process of the same run: "serve", or the role that idle gives.
const childEnv = "CHATSPEC_BENCH_CHILD"

// runChild plays a role and returns the exit code.
func runChild(role string) int {
	var err error
	if role == "serve" {
		err = serve()
	} else {
		err = runIdle(role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// server is the process that answers, so that its CPU time does not count.
type server struct {
	url   string
	cmd   *exec.Cmd
	stdin io.Closer
}

// serverURL starts the server where it does not run yet.
func (b *bench) serverURL() (string, error) {
	if b.server != nil {
		return b.server.url, nil
	}
	cmd, err := child("serve")
	if err != nil {
		return "", err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the server does not start: %w", err)
	}
	b.server = &server{"http://" + strings.TrimSpace(line), cmd, stdin}
	return b.server.url, nil
}

// child is this program in a role.
func child(role string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"="+role)
	cmd.Stderr = os.Stderr
	return cmd, nil
}

func (s *server) close() {
	_ = s.stdin.Close() // the process ends with its input
	_ = s.cmd.Wait()
}

// serve answers on a port of its own until standard input ends.
func serve() error {
	allowFiles(wantedFiles)
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{Handler: newHandler(), ReadHeaderTimeout: time.Minute, Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent, however that ends
		_ = s.Close()
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler answers by the scenario and its argument, which the base URL names: /burst/text, /paced/100.
type handler struct {
	bursts map[string][]byte
	mu     sync.Mutex
	asked  map[string]int // how often each flaky server has been asked
	gate   chan struct{}  // paced streams wait here behind their first chunk
}

// shortStream is the corpus of a call with few chunks.
const (
	shortStream = "short"
	shortChunks = 20
)

func newHandler() http.Handler {
	h := &handler{bursts: map[string][]byte{}, asked: map[string]int{}, gate: make(chan struct{})}
	for _, c := range corpora() {
		h.bursts[c.name] = c.stream()
	}
	h.bursts[shortStream] = corpus{events: chunks(shortChunks, 1, true, textDelta), end: "\n"}.stream()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /gate", h.openGate)
	mux.HandleFunc("POST /{scenario}/{argument}/chat/completions", h.complete)
	return mux
}

func (h *handler) complete(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	argument := r.PathValue("argument")
	n, _ := strconv.Atoi(argument) // where it is a number
	switch r.PathValue("scenario") {
	case "burst":
		h.burst(w, h.bursts[argument])
	case "paced":
		h.pace(w, r, n)
	case "idle":
		eventStream(w)
		_ = send(w, corpora()[0].events[:1])
		<-r.Context().Done()
	case "flaky":
		if h.ask(argument)%2 == 1 {
			w.Header().Set("Retry-After-Ms", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		whole(w, 0)
	case "whole":
		whole(w, n)
	default:
		http.NotFound(w, r)
	}
}

// ask counts a request to a flaky server, which refuses every other one.
func (h *handler) ask(name string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked[name]++
	return h.asked[name]
}

func eventStream(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/event-stream") }

func whole(w http.ResponseWriter, size int) {
	body := response(size)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client says what went wrong
}

// burstBytes is how much a burst writes at once.
const burstBytes = 32 << 10

// burst writes a stream as fast as it is read.
func (h *handler) burst(w http.ResponseWriter, wire []byte) {
	eventStream(w)
	for len(wire) > 0 {
		n := min(len(wire), burstBytes)
		if _, err := w.Write(wire[:n]); err != nil {
			return
		}
		wire = wire[n:]
	}
}

// tokensPerSecond is the pace of a model.
const tokensPerSecond = 50

// pace writes a chunk, waits at the gate and writes n more, each at its time; those that are late go together.
func (h *handler) pace(w http.ResponseWriter, r *http.Request, n int) {
	gate := h.currentGate()
	eventStream(w)
	events := corpora()[0].events
	if send(w, events[:1]) != nil {
		return
	}
	select {
	case <-gate:
	case <-r.Context().Done():
		return
	}
	const gap = time.Second / tokensPerSecond
	begin := time.Now().Add(rand.N(gap))
	for sent := 0; sent < n; {
		time.Sleep(time.Until(begin.Add(time.Duration(sent) * gap)))
		due := min(n, int(time.Since(begin)/gap)+1)
		if due > sent && send(w, events[1+sent:1+due]) != nil {
			return
		}
		sent = due
	}
	_ = send(w, []string{events[len(events)-1], "[DONE]"})
}

// send writes events and flushes them.
func send(w http.ResponseWriter, events []string) error {
	var b []byte
	for _, event := range events {
		b = append(append(append(b, "data: "...), event...), "\n\n"...)
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

func (h *handler) currentGate() chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.gate
}

// openGate lets the streams that wait go on; those that come later wait for the next time.
func (h *handler) openGate(http.ResponseWriter, *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.gate)
	h.gate = make(chan struct{})
}
