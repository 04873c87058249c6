package main

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// storing returns the environment for a server that keeps n completions, one a minute.
func storing(t *testing.T, n int) env {
	t.Helper()
	srv := chattest.NewSocketServer(t)
	e := env{envBaseURL: srv.URL}
	for i := range n {
		srv.SetClock(func() time.Time { return time.Date(2026, 1, 2, 3, i, 0, 0, time.UTC) })
		srv.Script(chattest.Completion(chat.CreateChatCompletionResponse{
			ID:      fmt.Sprintf("c%d", i),
			Choices: []chat.Choice{{Message: chat.ResponseMessage{Content: fmt.Sprintf("Answer\t%d,\nwhich is much too long for a table.", i)}}},
			Usage:   &chat.CompletionUsage{PromptTokens: 3, CompletionTokens: i, TotalTokens: 3 + i},
		}))
		args := []string{"chat", "-no-stream", "-store", "-model", "m", "-metadata", fmt.Sprintf("even=%v", i%2 == 0), "-metadata", "b=1", "-system", "Be\nbrief.", "Hi"}
		if got := program(t, e, args...); got.code != exitOK {
			t.Fatalf("%+v", got)
		}
	}
	return e
}

func TestList(t *testing.T) {
	t.Parallel()
	e := storing(t, 3)
	const head = "ID  CREATED               MODEL  TOKENS  METADATA        TEXT\n"
	row := func(i int) string {
		metadata := "b=1 even=true   "
		if i%2 == 1 {
			metadata = "b=1 even=false  "
		}
		return fmt.Sprintf("c%d  2026-01-02 03:%02d:00Z  m      %d       %sAnswer %[1]d, which is much too long for a t…\n", i, i, 3+i, metadata)
	}
	const more = "chatspec: there are more stored completions; -limit 0 shows all\n"
	const none = "chatspec: no stored completions\n"
	for _, tc := range []struct{ args, out, err string }{
		{"list", head + row(0) + row(1) + row(2), ""},
		{"list -order desc -limit 2", head + row(2) + row(1), more},
		{"list -limit 3", head + row(0) + row(1) + row(2), ""},
		{"list -metadata even=false", head + row(1), ""},
		{"list -metadata even=false -metadata b=2", "", none},
		{"list -model other", "", none},
	} {
		program(t, e, strings.Fields(tc.args)...).check(t, exitOK, tc.out, talkingTo+tc.err)
	}
	got := program(t, e, "list", "-json", "-limit", "2")
	if lines := strings.Split(got.out, "\n"); len(lines) != 3 || !strings.HasPrefix(lines[0], `{"id":"c0",`) || !strings.HasPrefix(lines[1], `{"id":"c1",`) {
		t.Error(got.out)
	}
}

func TestListOverPages(t *testing.T) {
	t.Parallel()
	srv := chattest.NewSocketServer(t)
	e := env{envBaseURL: srv.URL}
	const n = 2*maxPage + 5
	client := srv.NewClient()
	for range n {
		req := chat.CreateChatCompletionRequest{Model: "m", Store: new(true), Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Hi")}}}
		if _, err := client.Create(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	for limit, want := range map[string]int{"0": n, "150": 150, "205": n, "20": 20, "99": 99, "100": 100} {
		got := program(t, e, "list", "-json", "-limit", limit)
		if lines := strings.Count(got.out, "\n"); lines != want || strings.Contains(got.err, "more") != (want < n) {
			t.Errorf("-limit %s: %d lines, %s", limit, lines, got.err)
		}
	}
}

// TestListBreaksOff has a second page that fails: the first is shown.
func TestListBreaksOff(t *testing.T) {
	t.Parallel()
	e := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("after") != "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, `{"object":"list","has_more":true,"last_id":"c1","data":[{"id":"c1","choices":[{"message":{"content":"Hi"}}]}]}`)
	}))
	const failed = talkingTo + "chatspec: 127.0.0.1:PORT: 400 Bad Request\n"
	program(t, e, "list").check(t, exitFailure, "ID  CREATED  MODEL  TOKENS  METADATA  TEXT\nc1                                    Hi\n", failed)
	if got := program(t, e, "list", "-json"); got.code != exitFailure || !strings.HasPrefix(got.out, `{"id":"c1",`) {
		t.Errorf("%+v", got)
	}
}

func TestGetUpdateMessagesDelete(t *testing.T) {
	t.Parallel()
	e := storing(t, 2)
	shown := func(metadata string) string {
		return "id        c0\ncreated   2026-01-02 03:00:00Z\nmodel     m\nfinish    stop\ntokens    3 prompt + 0 completion tokens\nmetadata  " +
			metadata + "\n\nAnswer\t0,\nwhich is much too long for a table.\n"
	}
	program(t, e, "get", "c0").check(t, exitOK, shown("b=1 even=true"), talkingTo)
	program(t, e, "update", "c0", "new=a=b").check(t, exitOK, shown("new=a=b"), talkingTo)
	program(t, e, "get", "c0").check(t, exitOK, shown("new=a=b"), talkingTo)
	program(t, e, "messages", "c0").check(t, exitOK, "system: Be\nbrief.\nuser: Hi\n", talkingTo)
	program(t, e, "messages", "c0", "-limit", "1", "-order", "desc").
		check(t, exitOK, "user: Hi\n", talkingTo+"chatspec: there are more messages; -limit 0 shows all\n")
	if got := program(t, e, "messages", "-json", "c0"); !regexp.MustCompile(`^\{.*"role":"system",.*\}\n\{.*"role":"user",.*\}\n$`).MatchString(got.out) {
		t.Error(got.out)
	}
	if got := program(t, e, "get", "-json", "c0"); !regexp.MustCompile(`^\{"id":"c0",.*\}\n$`).MatchString(got.out) {
		t.Error(got.out)
	}
	got := program(t, e, "delete", "c0", "nix", "c1")
	if got.code != exitOK || got.out != "deleted c0\ndeleted c1\n" || !strings.Contains(got.err, "; check the ID nix\n") {
		t.Errorf("%+v", got)
	}
	if got := program(t, e, "get", "c0"); got.code != exitFailure || !strings.HasSuffix(got.err, "; check the ID: only answers that were made with store are kept\n") {
		t.Errorf("%+v", got)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	e := answering(t, http.StatusOK, "application/json", `{"id":"c1","object":"chat.completion.deleted","deleted":true}`)
	program(t, e, "delete", "-json", "c1").check(t, exitOK, `{"id":"c1","object":"chat.completion.deleted","deleted":true}`+"\n", talkingTo)
	e = answering(t, http.StatusOK, "application/json", `{"id":"c1","object":"chat.completion.deleted","deleted":false}`)
	program(t, e, "delete", "c1").check(t, exitFailure, "", talkingTo+"chatspec: 127.0.0.1:PORT says that c1 was not deleted\n")
}

// TestShowOddities has what the fake server does not store.
func TestShowOddities(t *testing.T) {
	t.Parallel()
	e := answering(t, http.StatusOK, "application/json", `{"id":"c\u001b1","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,
		"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}`)
	program(t, e, "get", "c1").check(t, exitOK,
		"id      c1\nfinish  tool_calls\ntokens  usage not reported\n"+`{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}`+"\n", talkingTo)
	e = answering(t, http.StatusOK, "application/json", `{"object":"list","has_more":false,"first_id":"1","last_id":"2","data":[
		{"id":"1","role":"user","content":null,"content_parts":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"url":"https://example.com/a.png"}},{"type":"new","x":1}]},
		{"id":"2","role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]}]}`)
	program(t, e, "messages", "c1").check(t, exitOK, "user: What is this?\n[image https://example.com/a.png]\n"+`{"type":"new","x":1}`+"\nassistant:\n"+
		`{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}`+"\n", talkingTo)
}

func TestPreview(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "",
		strings.Repeat("é", 40):  strings.Repeat("é", 40),
		strings.Repeat("é", 41):  strings.Repeat("é", 40) + "…",
		strings.Repeat("😀", 40):  strings.Repeat("😀", 40),
		strings.Repeat("a", 161): strings.Repeat("a", 40) + "…",
	} {
		if got := preview(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
