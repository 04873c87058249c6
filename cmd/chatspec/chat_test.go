package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chatspec/chatspec/chattest"
)

func TestChatStreams(t *testing.T) {
	t.Parallel()
	e := streaming(t, delta(`"role":"assistant","content":"Hel"`), delta(`"content":"lo."`), stopChunk, usageChunk, "[DONE]")
	program(t, e, "chat", "Hi").check(t, exitOK, "Hello.\n", talking+finished)
	program(t, e, "chat", "-model", "m", "Hi").check(t, exitOK, "Hello.\n", strings.Replace(talking, "gpt-5.4", "m", 1)+finished)
	e[envModel] = "n"
	program(t, e, "chat", "Hi", "-system", "Be brief.").check(t, exitOK, "Hello.\n", strings.Replace(talking, "gpt-5.4", "n", 1)+finished)
}

// TestChatShowsTextAtOnce reads the first text while the server waits to send the second.
func TestChatShowsTextAtOnce(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	e := serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: "+delta(`"content":"one "`)+"\n\n")
		_ = http.NewResponseController(w).Flush()
		<-more
		_, _ = io.WriteString(w, "data: "+delta(`"content":"two"`)+"\n\ndata: [DONE]\n\n")
	}))
	out, in := io.Pipe()
	code := make(chan int)
	go func() {
		c := run(t.Context(), []string{"chat", "Hi"}, newConsole(strings.NewReader(""), in, io.Discard, e.get))
		_ = in.Close()
		code <- c
	}()
	first := make([]byte, 100)
	n, err := out.Read(first)
	if string(first[:n]) != "one " || err != nil {
		t.Errorf("%q, %v", first[:n], err)
	}
	close(more)
	rest, err := io.ReadAll(out)
	if string(rest) != "two\n" || err != nil || <-code != exitOK {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestChatAnswers(t *testing.T) {
	t.Parallel()
	const toolCall = `{"index":0,"id":"t1","type":"function","function":{"name":"add","arguments":""}}`
	for _, tc := range []struct {
		name   string
		events []string
		code   int
		out    string
		err    string
	}{
		{
			"a line feed at the end is not doubled",
			[]string{delta(`"content":"Hi\n"`), stopChunk, usageChunk, "[DONE]"},
			exitOK, "Hi\n", finished,
		},
		{
			"nothing but tokens",
			[]string{delta(`"content":""`), `{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}`, usageChunk, "[DONE]"},
			exitCut, "", "chatspec: finish reason length (the answer hit the limit of tokens); 3 prompt + 2 completion tokens; the answer has no text\n",
		},
		{
			"the filter",
			[]string{delta(`"content":"Hi"`), `{"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}`, "[DONE]"},
			exitCut, "Hi\n", "chatspec: finish reason content_filter (the server's filter cut the answer); usage not reported\n",
		},
		{
			"no reason",
			[]string{delta(`"content":"Hi"`), "[DONE]"},
			exitOK, "Hi\n", "chatspec: finish reason not given; usage not reported\n",
		},
		{
			"a refusal is a failure",
			[]string{delta(`"refusal":"I can't "`), delta(`"refusal":"help."`), stopChunk, usageChunk, "[DONE]"},
			exitFailure, "", finished + "chatspec: the model refused: I can't help.\n",
		},
		{
			"tool calls are lines of JSON",
			[]string{
				delta(`"content":"Let me see."`), delta(`"tool_calls":[` + toolCall + `]`),
				delta(`"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]`), delta(`"tool_calls":[{"index":0,"function":{"arguments":"\"<1>\"}"}}]`),
				delta(`"tool_calls":[{"index":1,"id":"t2","type":"custom","custom":{"name":"sh","input":"ls"}}]`),
				`{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`, usageChunk, "[DONE]",
			},
			exitOK,
			"Let me see.\n" + `{"id":"t1","type":"function","function":{"name":"add","arguments":"{\"a\":\"<1>\"}"}}` + "\n" +
				`{"id":"t2","type":"custom","custom":{"name":"sh","input":"ls"}}` + "\n",
			"chatspec: finish reason tool_calls; 3 prompt + 2 completion tokens\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			program(t, streaming(t, tc.events...), "chat", "Hi").check(t, tc.code, tc.out, talking+tc.err)
		})
	}
}

// TestChatJSON has JSON that no decoding and encoding would bring back as it was.
func TestChatJSON(t *testing.T) {
	t.Parallel()
	odd := `{ "choices" : [{"index":0,"delta":{"content":"a\u0041"},"vendor":1.50}] ,"x":null}`
	spread := "{\"choices\":\ndata: [],\ndata: \"y\": {}}"
	program(t, streaming(t, odd, spread, stopChunk, usageChunk, "[DONE]"), "chat", "-json", "Hi").
		check(t, exitOK, odd+"\n"+`{"choices": [], "y": {}}`+"\n"+stopChunk+"\n"+usageChunk+"\n", talking+finished)
}

func TestChatWithoutStream(t *testing.T) {
	t.Parallel()
	const whole = "{\n \"id\":\"c1\",\n \"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hello.\",\"vendor\":\"a\\u0041\"},\"finish_reason\":\"stop\"}]," +
		"\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}"
	e := answering(t, http.StatusOK, "application/json", whole)
	program(t, e, "chat", "-no-stream", "Hi").check(t, exitOK, "Hello.\n", talking+finished)
	program(t, e, "chat", "-no-stream", "-json", "Hi").check(t, exitOK, strings.ReplaceAll(whole, "\n", " ")+"\n", talking+finished)
	// A server that does not stream although it was asked to is understood all the same.
	program(t, e, "chat", "Hi").check(t, exitOK, "Hello.\n", talking+finished)
}

// TestChatRequests compares what is sent.
func TestChatRequests(t *testing.T) {
	t.Parallel()
	const (
		user   = `{"role":"user","content":"Say hello"}`
		stream = `"stream":true,"stream_options":{"include_usage":true}`
	)
	for _, tc := range []struct {
		name  string
		args  []string
		stdin string
		want  string
	}{
		{"words", []string{"Say", "hello"}, "unread", `{"model":"gpt-5.4","messages":[` + user + `],` + stream + `}`},
		{"standard input", nil, "Say hello\n", `{"model":"gpt-5.4","messages":[` + user + `],` + stream + `}`},
		{"a dash", []string{"-"}, "\n Say hello", `{"model":"gpt-5.4","messages":[` + user + `],` + stream + `}`},
		{"both", []string{"Review:", "-"}, "+1\n-2\n", `{"model":"gpt-5.4","messages":[{"role":"user","content":"Review: \n+1\n-2"}],` + stream + `}`},
		{"behind dashes", []string{"--", "-model", "is", "a", "flag"}, "", `{"model":"gpt-5.4","messages":[{"role":"user","content":"-model is a flag"}],` + stream + `}`},
		{
			"all flags",
			strings.Fields("-model m -system S -max-tokens 7 -temperature 0 -store -metadata a=1 -metadata b= -no-stream Say hello"), "",
			`{"model":"m","messages":[{"role":"system","content":"S"},` + user + `],"max_tokens":7,"metadata":{"a":"1","b":""},"store":true,"temperature":0}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var got, want any
			handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
					t.Error(err)
				}
				w.WriteHeader(http.StatusTeapot)
			})
			programWith(t, serving(t, handler), tc.stdin, append([]string{"chat"}, tc.args...)...)
			if err := json.Unmarshal([]byte(tc.want), &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("sent %v\nwant %v", got, want)
			}
		})
	}
}

func TestChatMaxTokensByServer(t *testing.T) {
	t.Parallel()
	f := chatFlags{maxTokens: new(7)}
	for host, openAI := range map[string]bool{
		"api.openai.com": true, "eu.api.openai.com:443": true, "x.openai.azure.com": true,
		"127.0.0.1:11434": false, "openai.com.example.org": false, "myopenai.com": false,
	} {
		req := f.request(&target{host: host})
		if got := req.MaxCompletionTokens != nil; got != openAI || (req.MaxTokens == nil) != openAI {
			t.Errorf("%s: %v", host, got)
		}
	}
}

func TestChatSendsHeaders(t *testing.T) {
	t.Parallel()
	headers := make(chan http.Header, 1)
	e := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers <- r.Header
		w.WriteHeader(http.StatusTeapot)
	}))
	e[envAPIKey], e[envOrganization], e[envProject] = "sk-1\n", "org", "proj"
	got := program(t, e, "chat", "-header", "X-A: b:c", "-header=X-D:", "Hi")
	h := <-headers
	if h.Get("Authorization") != "Bearer sk-1" || h.Get("OpenAI-Organization") != "org" || h.Get("OpenAI-Project") != "proj" || h.Get("X-A") != "b:c" {
		t.Errorf("%v", h)
	}
	if strings.Contains(got.err, "sk-1") {
		t.Error(got.err)
	}
}

// TestChatInterrupted cancels in the middle of an answer.
func TestChatInterrupted(t *testing.T) {
	t.Parallel()
	for name, cause := range map[string]struct {
		cause error
		code  int
		note  string
	}{
		"Ctrl-C":  {signalError{os.Interrupt}, exitInterrupt, "chatspec: interrupted\n"},
		"SIGTERM": {signalError{syscall.SIGTERM}, exitTerminate, "chatspec: terminated\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			var errs buffer
			out := &hook{after: func() { cancel(cause.cause) }}
			e := serving(t, stalling(delta(`"content":"So far"`)))
			code := run(ctx, []string{"chat", "Hi"}, newConsole(strings.NewReader(""), out, &errs, e.get))
			outcome{code, out.String(), errs.String()}.check(t, cause.code, "So far\n", talking+cause.note)
		})
	}
}

// stalling streams events and then nothing, until the client goes.
func stalling(events ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range events {
			_, _ = io.WriteString(w, "data: "+event+"\n\n") // the client may be gone
		}
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
}

// hook is a buffer that calls after with the first text.
type hook struct {
	buffer
	after func()
}

func (h *hook) Write(p []byte) (int, error) {
	defer h.after()
	return h.buffer.Write(p)
}

// TestChatInterruptedAtThePrompt cancels while standard input has no end.
func TestChatInterruptedAtThePrompt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	stdin, in := io.Pipe()
	defer in.Close()
	var out, errs buffer
	code := run(ctx, []string{"chat"}, newConsole(stdin, &out, &errs, env{}.get))
	outcome{code, out.String(), errs.String()}.check(t, exitInterrupt, "", "chatspec: interrupted\n")
}

func TestChatStandardInputFails(t *testing.T) {
	t.Parallel()
	stdin, in := io.Pipe()
	_ = in.CloseWithError(os.ErrPermission)
	var errs buffer
	code := run(t.Context(), []string{"chat"}, newConsole(stdin, io.Discard, &errs, env{}.get))
	outcome{code, "", errs.String()}.check(t, exitFailure, "", "chatspec: standard input: permission denied\n")
	endless := strings.NewReader(strings.Repeat("a", maxPromptBytes+1))
	errs = buffer{}
	code = run(t.Context(), []string{"chat"}, newConsole(endless, io.Discard, &errs, env{}.get))
	outcome{code, "", errs.String()}.check(t, exitFailure, "", "chatspec: the prompt on standard input is larger than 32 MiB\n")
}

// TestChatWithFakeServer runs chat against the handler of package chattest, which checks the request.
func TestChatWithFakeServer(t *testing.T) {
	t.Parallel()
	e := faking(t, chattest.Text("Hello!"), chattest.Text("Hello again!"))
	for _, args := range [][]string{{"chat", "-max-tokens", "9", "Hi"}, {"chat", "-no-stream", "-system", "S", "Hi"}} {
		got := program(t, e, args...)
		if got.code != exitOK || !strings.HasPrefix(got.out, "Hello") || !strings.Contains(got.err, "finish reason stop; ") || strings.Contains(got.err, "not reported") {
			t.Errorf("%v: %+v", args, got)
		}
	}
}
