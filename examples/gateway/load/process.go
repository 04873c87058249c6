package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/chatspec/chatspec/stream"
)

// The environment tells a child of this command where to listen, and which server to be a proxy of, if any.
const (
	listenEnv = "GATEWAY_LOAD_LISTEN"
	behindEnv = "GATEWAY_LOAD_BEHIND"
)

// process is a server at an address.
type process struct {
	address string
	command *exec.Cmd // nil where somebody else stops it
}

// start runs a command that is told to listen at a free address, and waits until it does.
func start(ctx context.Context, tell func(address string) *exec.Cmd) (*process, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &process{address: listener.Addr().String()}
	if err := listener.Close(); err != nil {
		return nil, err
	}
	p.command = tell(p.address)
	p.command.Stderr = os.Stderr
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	deadline, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		conn, err := new(net.Dialer).DialContext(deadline, "tcp", p.address)
		if err == nil {
			return p, conn.Close()
		}
		if deadline.Err() != nil {
			p.stop()
			return nil, fmt.Errorf("%s does not listen: %w", p.command.Path, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// stop ends the process and returns the CPU time that it took, user and system.
func (p *process) stop() time.Duration {
	if p.command == nil {
		return 0
	}
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
	return p.command.ProcessState.UserTime() + p.command.ProcessState.SystemTime()
}

// self is this command as a server, or as a proxy of the one behind it.
func self(ctx context.Context, behind string) func(address string) *exec.Cmd {
	return func(address string) *exec.Cmd {
		command := exec.CommandContext(ctx, os.Args[0], os.Args[1:]...) //nolint:gosec // itself
		command.Env = append(os.Environ(), listenEnv+"="+address, behindEnv+"="+behind)
		return command
	}
}

const callerKey = "secret"

// gateway is the gateway that was built at path, before one server.
func gateway(ctx context.Context, path, behind string) func(address string) *exec.Cmd {
	return func(address string) *exec.Cmd {
		command := exec.CommandContext(ctx, path, address, "http://"+behind+"/v1") //nolint:gosec // the gateway
		command.Env = append(os.Environ(), "GATEWAY_CALLERS=load="+callerKey)
		return command
	}
}

// build builds the gateway in a folder and returns its path.
func build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "gateway.exe")
	command := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/chatspec/chatspec/examples/gateway") //nolint:gosec // the gateway
	command.Stderr = os.Stderr
	return path, command.Run()
}

// child serves until it is killed.
func (l load) child(address, behind string) error {
	handler := http.Handler(http.HandlerFunc(l.answer))
	if behind != "" {
		handler = &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: behind}) },
			Transport: &http.Transport{MaxIdleConnsPerHost: l.streams},
		}
	}
	return http.ListenAndServe(address, handler) //nolint:gosec // on loopback, for this command alone
}

// chunkData is like a chunk of the API, padding included.
const chunkData = `{"id":"chatcmpl-DkZ8nQzUyTmM6l8NAbcdEfGhIjKlM","object":"chat.completion.chunk","created":1795420800,` +
	`"model":"gpt-5.4","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":` +
	`{"content":" hello"},"logprobs":null,"finish_reason":%s}],"usage":null,"obfuscation":"a8Kd03hFq"}`

// answer is the server: it streams as many chunks as are asked for, paced.
func (l load) answer(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	out := stream.NewWriter(w)
	middle, last := fmt.Appendf(nil, chunkData, "null"), fmt.Appendf(nil, chunkData, `"stop"`)
	for i := range l.chunks {
		time.Sleep(l.pace)
		data := middle
		if i == l.chunks-1 {
			data = last
		}
		if out.Event(stream.Event{Data: data}) != nil {
			return
		}
	}
	_ = out.Done()
}
