package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// question is what every test asks.
var question = chat.CreateChatCompletionRequest{
	Model:    "gpt-5.4",
	Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
}

// between puts a gateway before servers with these scripts, and returns a client of it and the servers.
func between(t *testing.T, scripts ...chattest.Reply) (*gateway, *chatspec.Client, []*chattest.Server) {
	t.Helper()
	g := &gateway{callers: map[string]string{"Bearer secret1": "alice", "Bearer ": "bob, who has no key"}}
	var servers []*chattest.Server
	for _, script := range scripts {
		server := chattest.NewServer(t, script)
		servers = append(servers, server)
		if err := g.add(chatspec.WithBaseURL(server.URL), chatspec.WithHTTPClient(server.Client()), chatspec.WithAPIKey("own")); err != nil {
			t.Fatal(err)
		}
	}
	front := httptest.NewServer(g)
	t.Cleanup(front.Close)
	client, err := chatspec.New(chatspec.WithBaseURL(front.URL+"/v1"), chatspec.WithAPIKey("secret1"), chatspec.WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return g, client, servers
}

// asked is how many requests each server got.
func asked(servers []*chattest.Server) (n []int) {
	for _, server := range servers {
		n = append(n, len(server.Requests()))
	}
	return n
}

// raw is an answer of exactly these bytes.
func raw(mediaType, body string) chattest.Reply {
	return chattest.Raw(http.StatusOK, http.Header{"Content-Type": {mediaType}}, []byte(body))
}

func TestNextServer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		first chattest.Reply
		asked []int
		fails error
	}{
		"answers":                {chattest.Text("Hello!"), []int{1, 0}, nil},
		"is overloaded":          {chattest.Error(http.StatusServiceUnavailable, chat.Error{Message: "later"}), []int{1, 1}, nil},
		"refuses our key":        {chattest.Error(http.StatusUnauthorized, chat.Error{Message: "no"}), []int{1, 1}, nil},
		"breaks off":             {raw("text/event-stream", ": wait\n\n"), []int{1, 1}, nil},
		"fails inside a success": {raw("application/json", `{"error":{"message":"overloaded","type":"server_error"}}`), []int{1, 1}, nil},
		"is a login page":        {raw("text/html", "<html>"), []int{1, 1}, nil},
		"refuses the prompt":     {chattest.Error(http.StatusBadRequest, chat.Error{Message: "too bad"}), []int{1, 0}, api.ErrInvalidRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, client, servers := between(t, test.first, chattest.Text("Hello!"))
			s, err := client.Stream(t.Context(), question)
			if test.fails == nil && err == nil {
				defer s.Close()
				var res *chat.CreateChatCompletionResponse
				if res, err = s.Result(); res.Text() != "Hello!" {
					t.Errorf("text %q", res.Text())
				}
			}
			if !errors.Is(err, test.fails) {
				t.Errorf("error %v, want %v", err, test.fails)
			}
			if got := asked(servers); !slices.Equal(got, test.asked) {
				t.Errorf("requests %v, want %v", got, test.asked)
			}
		})
	}
}

func TestNoServerAnswers(t *testing.T) {
	t.Parallel()
	busy := chattest.Error(http.StatusTooManyRequests, chat.Error{Message: "slow down"}).WithHeader("Retry-After", "7")
	_, client, _ := between(t, chattest.Error(http.StatusInternalServerError, chat.Error{Message: "oops"}), busy)
	_, err := client.Create(t.Context(), question)
	var refused *api.Error
	if !errors.As(err, &refused) || !errors.Is(err, api.ErrRateLimit) || refused.RetryAfter != 7*time.Second {
		t.Errorf("%v, want the last server's 429 with its Retry-After", err)
	}
}

// Once a part of an answer has been sent on, nobody else is asked, and the caller learns that it broke off.
func TestBreaksOffLater(t *testing.T) {
	t.Parallel()
	cut := raw("text/event-stream", `data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}`+"\n\n")
	_, client, servers := between(t, cut, chattest.Text("Hello!"))
	s, err := client.Stream(t.Context(), question)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	res, err := s.Result()
	var refused *api.Error
	if res.Text() != "Hel" || !errors.As(err, &refused) || refused.Message != "no answer: truncated" {
		t.Errorf("%q, %v", res.Text(), err)
	}
	if got := asked(servers); !slices.Equal(got, []int{1, 0}) {
		t.Errorf("requests %v", got)
	}
}

// The usage of each answer is counted for its caller, who sees it in a stream only after asking.
func TestUsage(t *testing.T) {
	t.Parallel()
	answer := chattest.Text("Hello!").WithUsage(chat.CompletionUsage{PromptTokens: 5, CompletionTokens: 2, TotalTokens: 7}).Repeated()
	g, client, _ := between(t, answer)
	if _, err := client.Create(t.Context(), question); err != nil {
		t.Fatal(err)
	}
	for _, wants := range []bool{false, true} {
		req := question
		req.StreamOptions = &chat.StreamOptions{IncludeUsage: wants}
		s, err := client.Stream(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		res, err := s.Result()
		if err != nil || (res.Usage != nil) != wants {
			t.Errorf("usage %v for a caller who asks: %v, %v", res.Usage, wants, err)
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/usage", nil)
	r.Header.Set("Authorization", "Bearer secret1")
	g.ServeHTTP(w, r)
	if got := strings.TrimSpace(w.Body.String()); got != `{"alice completion": 6, "alice prompt": 15}` {
		t.Errorf("/usage: %s", got)
	}
}

// What the document lacks passes through, both ways.
func TestVendorFields(t *testing.T) {
	t.Parallel()
	said := `{"choices":[{"index":0,"delta":{"content":"4","reasoning":"2+2"},"finish_reason":"stop"}]}`
	_, client, servers := between(t, raw("text/event-stream", "data: "+said+"\n\ndata: [DONE]\n\n"))
	s, err := client.Stream(t.Context(), question, chatspec.WithBodyField("top_k", 40))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !s.Next() || string(s.Raw()) != said || s.Next() || s.Err() != nil {
		t.Errorf("%s, %v", s.Raw(), s.Err())
	}
	if sent := string(servers[0].Requests()[0].Raw); !strings.Contains(sent, `"top_k":40`) {
		t.Errorf("the server was asked %s", sent)
	}
}

func TestStrangers(t *testing.T) {
	t.Parallel()
	g, _, servers := between(t, chattest.Text("Hello!"))
	front := httptest.NewServer(g)
	t.Cleanup(front.Close)
	for _, request := range []string{"POST /v1/chat/completions", "GET /usage", "GET /"} {
		for _, sent := range [][]string{nil, {""}, {"Bearer "}, {"Bearer other"}, {"secret1"}} {
			method, path, _ := strings.Cut(request, " ")
			r, err := http.NewRequestWithContext(t.Context(), method, front.URL+path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header["Authorization"] = sent
			resp, err := front.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s with the key %q: %d", request, sent, resp.StatusCode)
			}
		}
	}
	if got := asked(servers); !slices.Equal(got, []int{0}) {
		t.Errorf("requests %v", got)
	}
}

// The whole gateway has fewer than 150 lines of code.
func TestIsSmall(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(source)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			n++
		}
	}
	if n >= 150 {
		t.Errorf("%d lines", n)
	}
}
