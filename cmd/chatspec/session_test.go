package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// typing runs a session in which lines are typed.
func typing(t *testing.T, e env, lines ...string) outcome {
	t.Helper()
	return programWith(t, e, strings.Join(append(lines, ""), "\n"), "chat", "-i")
}

func TestSession(t *testing.T) {
	t.Parallel()
	srv, e := scripted(t, chattest.Text("Hello."), chattest.Text("Hello again."), chattest.Text("Bye."))
	got := typing(t, e, "Say hello", "", "Once more,", `in\`, "two lines")
	if got.code != exitOK || got.out != "Hello.\nHello again.\nBye.\n" {
		t.Errorf("%+v", got)
	}
	const want = `[{"role":"user","content":"Say hello"},{"role":"assistant","content":"Hello."},` +
		`{"role":"user","content":"Once more,"},{"role":"assistant","content":"Hello again."},{"role":"user","content":"in\ntwo lines"}]`
	if got := sent(t, srv.Requests()[2]); got != want {
		t.Errorf("sent %s\nwant %s", got, want)
	}
}

// TestSessionCommands types one command after the other, and looks at what is said and sent.
func TestSessionCommands(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "talk.json")
	image := write(t, "a.png", "\x89PNG\r\n\x1a\n")
	srv, e := scripted(t, chattest.Func(echo).Repeated())
	got := typing(t, e,
		"/help",
		"/retry",
		"/model", "/model other",
		"/system Be brief.",
		"/image "+image, "/image "+filepath.Join(t.TempDir(), "none"),
		"one",
		"/retry",
		"/save "+file,
		"/etc/hosts is a file",
		"/load "+file,
		"two",
		"/clear",
		"three",
		"/system",
		"/file",
		"/nothing",
		"/quit", "never sent")
	if got.code != exitOK || got.out != "other 2\nother 2\nother 4\nother 4\nother 2\n" {
		t.Errorf("%+v", got)
	}
	rest := got.err
	for _, want := range []string{
		"/image FILE ", "Alt-Enter",
		"chatspec: there is no prompt to ask again\n",
		"chatspec: gpt-5.4 answers\n", "chatspec: other answers\n",
		"chatspec: the model gets Be brief.\n",
		"chatspec: goes along with the next prompt\n", "no such file",
		"chatspec: 3 messages in " + file, "chatspec: 3 messages from " + file,
		"chatspec: a new conversation\n",
		"chatspec: the model gets no system message\n",
		"chatspec: want /file FILE\n",
		"chatspec: there is no command /nothing; /help lists them\n",
	} {
		_, after, ok := strings.Cut(rest, want)
		if !ok {
			t.Fatalf("%q is not in:\n%s", want, rest)
		}
		rest = after
	}
	requests := srv.Requests()
	if first := sent(t, requests[0]); !strings.Contains(first, `{"type":"text","text":"one"},{"type":"image_url"`) || first != sent(t, requests[1]) {
		t.Errorf("%s\nand again %s", first, sent(t, requests[1]))
	}
	if last := sent(t, requests[len(requests)-1]); last != `[{"role":"system","content":"Be brief."},{"role":"user","content":"three"}]` {
		t.Error(last)
	}
}

// TestSessionGoesOn has errors of all kinds: none ends the session, and a prompt without an answer is not kept.
func TestSessionGoesOn(t *testing.T) {
	t.Parallel()
	asked := 0
	e := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked++
		w.Header().Set("Content-Type", "text/event-stream")
		switch asked {
		case 1:
			http.Error(w, "no", http.StatusBadRequest)
		case 2:
			if strings.Contains(string(body), "first") {
				t.Errorf("kept: %s", body)
			}
			_, _ = io.WriteString(w, "data: "+delta(`"content":"So far"`)+"\n\n")
		case 3:
			if !strings.Contains(string(body), `"So far\n\n[interrupted]"`) {
				t.Errorf("not kept: %s", body)
			}
			_, _ = io.WriteString(w, "data: "+delta(`"refusal":"I can't."`)+"\n\ndata: "+stopChunk+"\n\ndata: "+usageChunk+"\n\ndata: [DONE]\n\n")
		default:
			_, _ = io.WriteString(w, "data: "+delta(`"content":"Done."`)+"\n\ndata: "+stopChunk+"\n\ndata: "+usageChunk+"\n\ndata: [DONE]\n\n")
		}
	}))
	got := typing(t, e, "first", "second", "third", "fourth")
	if got.code != exitOK || got.out != "So far\nDone.\n" {
		t.Errorf("%+v", got)
	}
	for _, want := range []string{"400 Bad Request", "the answer was truncated", "the model refused: I can't.", "finish reason stop"} {
		if !strings.Contains(got.err, want) {
			t.Errorf("%q is not in:\n%s", want, got.err)
		}
	}
}

// TestSessionInterrupted interrupts an answer as Ctrl-C does: what has come is kept, and the session goes on.
func TestSessionInterrupted(t *testing.T) {
	t.Parallel()
	kept := make(chan bool, 1)
	asked := 0
	stall := stalling(delta(`"content":"So far"`))
	e := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 1 {
			stall.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		kept <- strings.Contains(string(body), `"So far\n\n[interrupted]"`)
		w.WriteHeader(http.StatusTeapot)
	}))
	var errs buffer
	out := &hook{after: func() {}}
	c := newConsole(strings.NewReader("one\ntwo\n"), out, &errs, e.get)
	out.after = func() { // the first text has come
		if interrupt := c.interrupt.Load(); interrupt != nil {
			(*interrupt)()
		}
	}
	code := run(t.Context(), []string{"chat", "-i"}, c)
	if code != exitOK || out.String() != "So far\n" || !strings.Contains(errs.String(), "chatspec: interrupted\n") || !<-kept {
		t.Errorf("%d, %q, %q", code, out.String(), errs.String())
	}
	if c.interrupt.Load() != nil {
		t.Error("Ctrl-C would not end the program any more")
	}
}

// TestSessionCannotSave has an answer that was cut, too: that the messages cannot be saved is said all the same.
func TestSessionCannotSave(t *testing.T) {
	t.Parallel()
	for _, reply := range []chattest.Reply{chattest.Text("Hello."), chattest.Text("Hel").WithFinishReason(chat.FinishReasonLength)} {
		_, e := scripted(t, reply)
		file := filepath.Join(t.TempDir(), "none", "talk.json")
		got := programWith(t, e, "Hi\n", "chat", "-i", "-save", file)
		if got.code != exitOK || !strings.Contains(got.err, "\nchatspec: open "+file) {
			t.Errorf("%+v", got)
		}
	}
}

// echo answers with the model and how many messages there are.
func echo(req chat.CreateChatCompletionRequest) chattest.Reply {
	return chattest.Text(fmt.Sprintf("%s %d", req.Model, len(req.Messages)))
}
