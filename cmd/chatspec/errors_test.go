package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

const host = "chatspec: 127.0.0.1:PORT: "

// refusal is the body of an error as OpenAI writes it.
func refusal(message, kind, code string) string {
	return fmt.Sprintf(`{"error":{"message":%q,"type":%q,"param":null,"code":%q}}`, message, kind, code)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		body   string
		want   string
	}{
		{401, refusal("Incorrect API key provided: sk-mine-own.", "invalid_request_error", "invalid_api_key"), "401 Unauthorized, invalid_request_error, invalid_api_key: Incorrect API key provided: [masked]; check OPENAI_API_KEY"},
		{402, "", "402 Payment Required; the account needs credit or a higher limit"},
		{403, refusal("no access", "", ""), "403 Forbidden: no access; the key is known but may not do this"},
		{404, refusal("The model `m` does not exist", "invalid_request_error", "model_not_found"), "404 Not Found, invalid_request_error, model_not_found: The model `m` does not exist; check -model"},
		{404, "404 page not found\n", "404 Not Found: 404 page not found; check OPENAI_BASE_URL, which often ends in /v1"},
		{400, refusal("too long", "invalid_request_error", "context_length_exceeded"), "400 Bad Request, invalid_request_error, context_length_exceeded: too long; shorten the prompt"},
		{400, refusal("bad", "invalid_request_error", ""), "400 Bad Request, invalid_request_error: bad"},
		{429, refusal("slow down", "requests", "rate_limit_exceeded"), "429 Too Many Requests, requests, rate_limit_exceeded: slow down; try again in 1.5s"},
		{429, refusal("no credit", "insufficient_quota", "insufficient_quota"), "429 Too Many Requests, insufficient_quota, insufficient_quota: no credit; the account needs credit or a higher limit"},
		{503, "<html>busy</html>", "503 Service Unavailable; this is the server's fault, try again later"},
		{405, `{"detail":"no"}`, "405 Method Not Allowed: no; the server has no such operation"},
		{304, "", "304 Not Modified; check OPENAI_BASE_URL, the server sends elsewhere"},
	} {
		t.Run(fmt.Sprintf("%d %s", tc.status, tc.body), func(t *testing.T) {
			t.Parallel()
			e := serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After-Ms", "1500")
				w.Header().Set("X-Should-Retry", "false")
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			}))
			e[envAPIKey] = "sk-mine-own"
			program(t, e, "chat", "Hi").check(t, exitFailure, "", talking+host+tc.want+"\n")
			program(t, e, "chat", "-no-stream", "Hi").check(t, exitFailure, "", talking+host+tc.want+"\n")
		})
	}
}

func TestKeyWanted(t *testing.T) {
	t.Parallel()
	srv := chattest.NewSocketServer(t)
	srv.RequireKey("sk-right")
	e := env{envBaseURL: srv.URL}
	if got := program(t, e, "chat", "Hi"); got.code != exitFailure || !strings.HasSuffix(got.err, "; set OPENAI_API_KEY\n") {
		t.Errorf("%+v", got)
	}
	e[envAPIKey] = "sk-wrong"
	if got := program(t, e, "list"); got.code != exitFailure || !strings.HasSuffix(got.err, "; check OPENAI_API_KEY\n") || strings.Contains(got.err, "sk-") {
		t.Errorf("%+v", got)
	}
	e[envAPIKey] = "sk-right"
	if got := program(t, e, "chat", "Hi"); got.code != exitOK {
		t.Errorf("%+v", got)
	}
}

func TestScriptedRefusal(t *testing.T) {
	t.Parallel()
	e := faking(t, chattest.Error(404, chat.Error{Message: "no such model", Type: "invalid_request_error", Code: "model_not_found"}))
	program(t, e, "chat", "Hi").check(t, exitFailure, "",
		talking+host+"404 Not Found, invalid_request_error, model_not_found: no such model; check -model\n")
}

func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	hello := delta(`"content":"Hello"`)
	for _, tc := range []struct {
		name      string
		mediaType string
		body      string
		code      int
		out       string
		want      string
	}{
		{"a login page", "text/html", "<html>Log in", exitFailure, "", "chatspec: 127.0.0.1:PORT answers with text/html, not with a completion; check OPENAI_BASE_URL\n"},
		{"other JSON", "application/json", "{}", exitFailure, "", "chatspec: 127.0.0.1:PORT answers with application/json, not with a completion; check OPENAI_BASE_URL\n"},
		{"plain text", "text/plain", "Hello", exitFailure, "", "chatspec: 127.0.0.1:PORT answers with text/plain, not with a completion; check OPENAI_BASE_URL\n"},
		{"no choices", "application/json", `{"choices":[]}`, exitBroken, "", "chatspec: the answer was truncated: no choice arrived (after 0 events, 0 bytes)\n"},
		{"nothing", "text/event-stream", "", exitBroken, "", "chatspec: the answer was truncated: no choice arrived (after 0 events, 0 bytes)\n"},
		{"cut", "text/event-stream", "data: " + hello + "\n\n", exitBroken, "Hello\n", "chatspec: the answer was truncated: a choice has no finish reason (after 1 event, BYTES bytes)\n"},
		{"no usage", "text/event-stream", "data: " + hello + "\n\ndata: " + stopChunk + "\n\n", exitBroken, "Hello\n", "chatspec: the answer was truncated: the usage is missing (after 2 events, BYTES bytes)\n"},
		{"garbage", "text/event-stream", "data: " + hello + "\n\ndata: {\n\n", exitBroken, "Hello\n", "chatspec: the answer broke off: "},
		{"an error", "text/event-stream", "data: " + hello + "\n\ndata: " + refusal("overloaded", "server_error", "") + "\n\n", exitFailure, "Hello\n", host + "error in the answer, server_error: overloaded; this is the server's fault, try again later\n"},
		{"an error at once", "application/json", refusal("overloaded", "server_error", ""), exitFailure, "", host + "error in the answer, server_error: overloaded; this is the server's fault, try again later\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := program(t, answering(t, http.StatusOK, tc.mediaType, tc.body), "chat", "Hi")
			want := strings.ReplaceAll(tc.want, "BYTES", strconv.Itoa(len(tc.body)))
			if tc.name == "garbage" { // the words are those of package codec
				if !strings.HasPrefix(strings.TrimPrefix(anyPort.ReplaceAllString(got.err, "127.0.0.1:PORT"), talking), want) {
					t.Error(got.err)
				}
				got.err = talking + want
			}
			got.check(t, tc.code, tc.out, talking+want)
		})
	}
}

// TestCutConnection has a server that promises more than it sends.
func TestCutConnection(t *testing.T) {
	t.Parallel()
	e := serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: "+delta(`"content":"Hello"`)+"\n\n")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	got := program(t, e, "chat", "Hi")
	if got.code != exitBroken || got.out != "Hello\n" || !strings.Contains(got.err, "chatspec: the answer was truncated: unexpected EOF") {
		t.Errorf("%+v", got)
	}
	got = program(t, e, "chat", "-json", "Hi")
	if got.code != exitBroken || got.out != delta(`"content":"Hello"`)+"\n" {
		t.Errorf("%+v", got)
	}
}

func TestPagesWhereDataIsExpected(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"list", "get c1", "update c1 a=b", "delete c1", "messages c1"} {
		got := program(t, answering(t, http.StatusOK, "text/html", "<html>Log in"), strings.Fields(args)...)
		if got.code != exitFailure || got.out != "" || !strings.Contains(got.err, "text/html") || !strings.HasSuffix(got.err, "; check OPENAI_BASE_URL\n") {
			t.Errorf("%s: %+v", args, got)
		}
	}
}

func TestDeadPort(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"chat Hi", "chat -no-stream Hi", "list", "get c1", "update c1 a=b", "delete c1", "messages c1"} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			got := program(t, env{envBaseURL: "http://127.0.0.1:1/v1"}, strings.Fields(args)...)
			lines := strings.SplitAfter(got.err, "\n")
			if got.code != exitFailure || got.out != "" || len(lines) != 3 || lines[1] != "chatspec: 127.0.0.1:1 refused the connection: is the server running?\n" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestPlainServerAskedForTLS(t *testing.T) {
	t.Parallel()
	e := faking(t)
	got := program(t, e, "list", "-base-url", strings.Replace(e[envBaseURL], "http:", "https:", 1))
	got.check(t, exitFailure, "", strings.Replace(talkingTo, "http:", "https:", 1)+"chatspec: 127.0.0.1:PORT does not speak https: is it http?\n")
}

func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(chattest.NewHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	got := program(t, nil, "list", "-base-url", srv.URL)
	if got.code != exitFailure || !strings.Contains(got.err, "chatspec: the certificate of 127.0.0.1:") {
		t.Errorf("%+v", got)
	}
}

// TestNetworkTexts has errors that a test cannot bring about.
func TestNetworkTexts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		source string
		err    error
		want   string
	}{
		{"-base-url", &net.DNSError{Err: "no such host", Name: "api.exmaple.com"}, "there is no address for api.exmaple.com; check -base-url and the network"},
		{"", &net.DNSError{Err: "no such host", Name: "h"}, "there is no address for h; check the network"},
		{"", &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("network is unreachable")}, "cannot reach h:80: network is unreachable"},
		{"", context.DeadlineExceeded, "h:80: context deadline exceeded"},
	} {
		target := &target{host: "h:80", source: tc.source}
		err := target.explain(fmt.Errorf("chatspec: Stream: %w", &url.Error{Op: "Post", URL: "http://h:80/v1", Err: tc.err}), "")
		if err.Error() != tc.want {
			t.Errorf("%q, want %q", err, tc.want)
		}
	}
}
