package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
)

// startServe runs serve and returns the base URL that it prints, and a function that ends it and returns what
// it left behind.
func startServe(t *testing.T, args ...string) (baseURL string, stop func() outcome) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var errs buffer
	code := make(chan int, 1)
	go func() {
		c := run(ctx, append([]string{"serve", "-addr", "127.0.0.1:0"}, args...), newConsole(strings.NewReader(""), in, &errs, env{}.get))
		_ = in.Close()
		code <- c
	}()
	r := bufio.NewReader(out)
	line, err := r.ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	baseURL, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "OPENAI_BASE_URL=")
	if !ok {
		t.Fatalf("%q", line)
	}
	return baseURL, func() outcome {
		cancel()
		rest, _ := io.ReadAll(r)
		return outcome{<-code, string(rest), errs.String()}
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	baseURL, stop := startServe(t, "-key", "sk-1")
	e := env{envBaseURL: baseURL}
	if got := program(t, e, "chat", "Hi"); got.code != exitFailure || !strings.HasSuffix(got.err, "; set OPENAI_API_KEY\n") {
		t.Errorf("%+v", got)
	}
	e[envAPIKey] = "sk-1"
	if got := program(t, e, "chat", "-store", "Hi"); got.code != exitOK || got.out == "" {
		t.Errorf("%+v", got)
	}
	if got := program(t, e, "list", "-json"); strings.Count(got.out, "\n") != 1 {
		t.Errorf("%+v", got)
	}
	stop().check(t, exitOK, "", "chatspec: POST /v1/chat/completions 401\nchatspec: POST /v1/chat/completions 200\n"+
		"chatspec: GET /v1/chat/completions 200\nchatspec: stopping\n")
}

func TestServeFailsFirst(t *testing.T) {
	t.Parallel()
	baseURL, stop := startServe(t, "-fail-first", "429,503", "-pace", "1us")
	client, err := chatspec.New(chatspec.WithBaseURL(baseURL), chatspec.WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []api.Error{
		{Status: 429, Type: "requests", Code: "rate_limit_exceeded", RetryAfter: time.Second},
		{Status: 503, Type: "server_error", RetryAfter: time.Second},
	} {
		_, err := client.Create(t.Context(), chat.CreateChatCompletionRequest{Model: "m", Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Hi")}}})
		refused, ok := errors.AsType[*api.Error](err)
		if !ok || refused.Status != want.Status || refused.Type != want.Type || refused.Code != want.Code || refused.RetryAfter != want.RetryAfter {
			t.Errorf("%+v, want %+v", refused, &want)
		}
	}
	if got := program(t, env{envBaseURL: baseURL}, "chat", "Hi"); got.code != exitOK {
		t.Errorf("%+v", got)
	}
	const want = "chatspec: POST /v1/chat/completions 429\nchatspec: POST /v1/chat/completions 503\nchatspec: POST /v1/chat/completions 200\n"
	if got := stop(); !strings.HasPrefix(got.err, want) {
		t.Errorf("%s", got.err)
	}
}

// TestServeShowsTheDocument asks for the page, which needs no key, and for what is not the page.
func TestServeShowsTheDocument(t *testing.T) {
	t.Parallel()
	baseURL, stop := startServe(t, "-key", "sk-1")
	root := strings.TrimSuffix(baseURL, "v1")
	for _, tc := range []struct {
		method, url string
		status      int
		page        bool
	}{
		{http.MethodGet, root, http.StatusOK, true},
		{http.MethodHead, root, http.StatusOK, false},
		{http.MethodPost, root, http.StatusNotFound, false},
		{http.MethodGet, root + "openapi.yaml", http.StatusNotFound, false},
		{http.MethodGet, baseURL + "/chat/completions", http.StatusUnauthorized, false},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tc.method, tc.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != tc.status {
			t.Errorf("%s %s: %d %v", tc.method, tc.url, resp.StatusCode, err)
		}
		isPage := strings.HasPrefix(string(body), "<!DOCTYPE html>") && strings.Contains(string(body), "createChatCompletion")
		if isPage != tc.page || tc.page && resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s %s: page %v, %v", tc.method, tc.url, isPage, resp.Header)
		}
	}
	if got := stop(); got.code != exitOK {
		t.Errorf("%+v", got)
	}
}

// TestServeStops ends serve while an answer is under way: the answer is finished first.
func TestServeStops(t *testing.T) {
	t.Parallel()
	baseURL, stop := startServe(t, "-pace", "20ms")
	s, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(s, http.MethodPost, baseURL+"/chat/completions",
		strings.NewReader(`{"model":"m","stream":true,"messages":[{"role":"user","content":"one two three four five"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stopped := make(chan outcome)
	go func() { stopped <- stop() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.HasSuffix(string(body), "data: [DONE]\n\n") {
		t.Errorf("%v: %s", err, body)
	}
	if got := <-stopped; got.code != exitOK {
		t.Errorf("%+v", got)
	}
}

func TestServeAddresses(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	for _, tc := range []struct {
		addr string
		code int
		want string
	}{
		{":0", exitUsage, "-addr :0 can be reached from other machines: use a loopback address or add -public; see chatspec help serve"},
		{"0.0.0.0:0", exitUsage, "-addr 0.0.0.0:0 can be reached from other machines: use a loopback address or add -public; see chatspec help serve"},
		{"192.0.2.1:0", exitUsage, "-addr 192.0.2.1:0 can be reached from other machines: use a loopback address or add -public; see chatspec help serve"},
		{"127.0.0.1", exitUsage, "-addr 127.0.0.1: want HOST:PORT (address 127.0.0.1: missing port in address); see chatspec help serve"},
		{taken, exitFailure, "127.0.0.1:PORT is in use: choose another -addr, or port 0 for any"},
	} {
		program(t, nil, "serve", "-addr", tc.addr).check(t, tc.code, "", "chatspec: "+tc.want+"\n")
	}
	for address, want := range map[string]string{"127.0.0.1": "http://127.0.0.1:1/v1", "::1": "http://[::1]:1/v1", "0.0.0.0": "http://127.0.0.1:1/v1", "::": "http://127.0.0.1:1/v1"} {
		if got := baseURL(&net.TCPAddr{IP: net.ParseIP(address), Port: 1}); got != want {
			t.Errorf("%s: %s", address, got)
		}
	}
}

func TestServePublic(t *testing.T) {
	t.Parallel()
	_, stop := startServe(t, "-addr", "0.0.0.0:0", "-public")
	stop().check(t, exitOK, "", "chatspec: other machines can reach this server on 0.0.0.0:0\nchatspec: stopping\n")
}

// TestServeUnread ends when nobody can read where it listens.
func TestServeUnread(t *testing.T) {
	t.Parallel()
	var errs buffer
	code := run(t.Context(), []string{"serve", "-addr", "127.0.0.1:0"}, newConsole(strings.NewReader(""), brokenPipe{io.ErrClosedPipe}, &errs, env{}.get))
	outcome{code, "", errs.String()}.check(t, exitPipe, "", "")
}
