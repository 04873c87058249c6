package chattest_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// asking is a request in which the user has the last word.
func asking(text string) chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{Model: "m", Messages: chat.Messages{chat.UserMessage{Content: chat.Text(text)}}}
}

// answerTo returns the text of the answer.
func answerTo(t *testing.T, client *chatspec.Client, req chat.CreateChatCompletionRequest) string {
	t.Helper()
	res, err := client.Create(t.Context(), req)
	if err != nil {
		return err.Error()
	}
	return res.Text()
}

func TestWhenPrompt(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t,
		chattest.Text("Sunny.").WhenPrompt("weather").Repeated(),
		chattest.Text("Noon.").WhenPrompt("time"),
		chattest.Text("First."),
		chattest.Text("Otherwise.").Repeated())
	client := srv.NewClient()
	for _, c := range []struct{ prompt, want string }{
		{"the time, please", "Noon."},
		{"the weather, please", "Sunny."},
		{"the time, please", "First."}, // that of the time is used up
		{"the weather, again", "Sunny."},
		{"", "Otherwise."},
		{"anything", "Otherwise."},
	} {
		if got := answerTo(t, client, asking(c.prompt)); got != c.want {
			t.Errorf("%q: %q, want %q", c.prompt, got, c.want)
		}
	}
}

func TestToolRounds(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t,
		chattest.Text("Bring an umbrella.").WhenToolResult("rain"),
		chattest.Text("Bring a hat.").WhenToolResult("sun"),
		chattest.ToolCalls(call("weather")).WhenPrompt("umbrella").Repeated())
	client := srv.NewClient()
	for weather, want := range map[string]string{"rain": "Bring an umbrella.", "sun": "Bring a hat."} {
		req := asking("Do I need an umbrella?")
		res, err := client.Create(t.Context(), req)
		if err != nil || len(res.ToolCalls()) != 1 {
			t.Fatalf("%+v, %v", res, err)
		}
		id := res.ToolCalls()[0].(chat.FunctionToolCall).ID
		req.Messages = append(req.Messages, res.Message(), chat.ToolMessage{ToolCallID: id, Content: chat.Text(weather)})
		if got := answerTo(t, client, req); got != want {
			t.Errorf("%s: %q, want %q", weather, got, want)
		}
	}
	if n := srv.Unused(); n != 0 {
		t.Errorf("%d replies are left", n)
	}
}

func TestWhenNothingSuits(t *testing.T) {
	t.Parallel()
	tb := &fakeTB{}
	srv := chattest.NewServer(tb, chattest.Text("x").WhenPrompt(planted), chattest.Text("y").WhenToolResult(""))
	create(t, srv, hello).refused(t, 500)
	const want = `chattest: request 1 for a completion, last user message "hello": ` +
		"none of the 2 replies that are left in the script is for it"
	if errs := tb.end(); !slices.Equal(errs, []string{want}) {
		t.Errorf("%q", errs)
	}
}

// What a script lacks is said once: a client does not ask again for what will not come.
func TestNothingLeftIsSaidOnce(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 101)
	result := asking("x")
	result.Messages = append(result.Messages, chat.ToolMessage{ToolCallID: "c", Content: chat.Text("42")})
	for _, tc := range []struct {
		name string
		req  chat.CreateChatCompletionRequest
		want string
	}{
		{"a prompt", asking("a\nb"), `last user message "a\nb"`},
		{"a long prompt", asking(long), `last user message "` + long[:200] + ` …"`},
		{"a result", result, `last tool result "42"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			tb := &fakeTB{}
			srv := chattest.NewServer(tb, chattest.Text("one"))
			client := srv.NewClient()
			if got := answerTo(t, client, asking("first")); got != "one" {
				t.Error(got)
			}
			_, err := client.Create(t.Context(), tc.req)
			refused, ok := errors.AsType[*api.Error](err)
			if !ok || refused.Status != 500 || refused.Attempts != 1 {
				t.Errorf("%+v", err)
			}
			want := "chattest: request 2 for a completion, " + tc.want + ": the script has no reply left; it had 1"
			if errs := tb.end(); !slices.Equal(errs, []string{want}) {
				t.Errorf("%q, want %q", errs, want)
			}
		})
	}
}

// Two conditions hold together, and a condition may look at what the server got.
func TestWhen(t *testing.T) {
	t.Parallel()
	var srv *chattest.Server
	inTime := func(chat.CreateChatCompletionRequest) bool { return len(srv.Requests()) < 3 }
	srv = chattest.NewServer(t,
		chattest.Text("early").When(inTime).WhenPrompt("hello").Repeated(),
		chattest.Text("late").Repeated())
	var got []string
	for range 3 {
		got = append(got, create(t, srv, hello).completion(t).Text())
	}
	if want := []string{"early", "early", "late"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWhenPanics(t *testing.T) {
	t.Parallel()
	tb := &fakeTB{}
	srv := chattest.NewServer(tb, chattest.Text("x").When(func(req chat.CreateChatCompletionRequest) bool { return req.Messages[1] == nil }))
	create(t, srv, hello).refused(t, 500)
	if errs := tb.end(); len(errs) != 1 || !strings.HasPrefix(errs[0], `chattest: request 1 for a completion, last user message "hello": the condition of a reply panicked: runtime error`) {
		t.Errorf("%q", errs)
	}
}

func TestUnused(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("1"), chattest.Text("2").Repeated())
	for _, want := range []int{2, 1, 0, 0} {
		if got := srv.Unused(); got != want {
			t.Errorf("%d replies are unused, want %d", got, want)
		}
		create(t, srv, hello)
	}
}

// Concurrent requests each get a reply that is for them, and each reply answers once.
func TestWhenConcurrently(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t)
	prompts := strings.Fields("a b c d e f g h")
	for range 5 {
		for _, prompt := range prompts {
			srv.Script(chattest.Text("to " + prompt).WhenPrompt(prompt))
		}
	}
	client := srv.NewClient()
	var wg sync.WaitGroup
	for range 5 {
		for _, prompt := range prompts {
			wg.Go(func() {
				if got := answerTo(t, client, asking(prompt)); got != "to "+prompt {
					t.Errorf("%q for %q", got, prompt)
				}
			})
		}
	}
	wg.Wait()
	if n := srv.Unused(); n != 0 {
		t.Errorf("%d replies are left", n)
	}
}

func TestNewClient(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("in").Repeated())
	srv.RequireKey("sk-right")
	if got := answerTo(t, srv.NewClient(chatspec.WithAPIKey("sk-right")), asking("hello")); got != "in" {
		t.Error(got)
	}
	if got := answerTo(t, srv.NewClient(), asking("hello")); !strings.Contains(got, "401") {
		t.Error(got)
	}
	own, err := chatspec.New(append(srv.Options(), chatspec.WithAPIKey("sk-right"))...)
	if err != nil || answerTo(t, own, asking("hello")) != "in" {
		t.Error(err)
	}
	tb := &fakeTB{}
	defer tb.end()
	chattest.NewServer(tb).NewClient(chatspec.WithMaxRetries(-1))
	if !slices.Equal(tb.errors, []string{"chattest: chatspec: WithMaxRetries: -1 is negative"}) {
		t.Errorf("%q", tb.errors)
	}
}
