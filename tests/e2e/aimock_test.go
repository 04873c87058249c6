package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
)

const (
	// key is the one key that aimock accepts.
	key = "sk-e2e"
	// model is what all requests here ask for; testdata/aimock.json goes by the message.
	model = "gpt-5.4"
)

// hello is what the fixture for "Say hello" holds.
const hello = "Good morning, Zoë — 早安 🌅\n\tAmpersand & \"quotes\" <tag> \\ done."

// aimock is a running server of npm @copilotkit/aimock.
type aimock struct {
	url string // without a path
}

var aimockAddress = regexp.MustCompile(`listening on (http://127\.0\.0\.1:\d+)\n`)

// startAimock starts aimock with the fixtures of testdata/aimock.json.
func startAimock(t *testing.T) aimock {
	t.Helper()
	return aimock{startServer(t, aimockAddress, environment("AIMOCK_API_KEYS="+key), nodePath(), aimockCLI,
		"--host", "127.0.0.1", "--port", "0", "--fixtures", "testdata/aimock.json", "--validate-on-load", "--strict")}
}

// client returns a client for the path of one of aimock's dialects.
func (a aimock) client(t *testing.T, path string, opts ...chatspec.Option) *chatspec.Client {
	t.Helper()
	client, err := chatspec.New(append([]chatspec.Option{chatspec.WithBaseURL(a.url + path), chatspec.WithAPIKey(key)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// received is what aimock says of a request.
type received struct {
	Method  string
	Path    string
	Headers map[string]string
	Body    map[string]any
}

// journal returns the requests that aimock received with the given X-Request-Id, or all without one.
func (a aimock) journal(t *testing.T, requestID string) []received {
	t.Helper()
	query := ""
	if requestID != "" {
		query = "?requestId=" + url.QueryEscape(requestID)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.url+"/__aimock/journal"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var entries []received
	if err := json.NewDecoder(resp.Body).Decode(&entries); err != nil {
		t.Fatal(err)
	}
	return entries
}

// ask returns a request with one message.
func ask(text string) chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{
		Model:    model,
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text(text)}},
	}
}

// askUsage is ask with the usage asked for, which only streams need to ask for.
func askUsage(text string) chat.CreateChatCompletionRequest {
	req := ask(text)
	req.StreamOptions = &chat.StreamOptions{IncludeUsage: true}
	return req
}
