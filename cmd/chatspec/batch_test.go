package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// inFolder writes an input and returns its path, that of an output and that of its error file.
func inFolder(t *testing.T, input string) (in, out, errs string) {
	t.Helper()
	dir := t.TempDir()
	in = filepath.Join(dir, "prompts.jsonl")
	if err := os.WriteFile(in, []byte(input), 0o600); err != nil {
		t.Fatal(err)
	}
	return in, filepath.Join(dir, "answers.jsonl"), filepath.Join(dir, "answers.errors.jsonl")
}

// content returns a file; "" where there is none.
func content(path string) string {
	data, _ := os.ReadFile(path)
	return string(data)
}

var (
	anyTime = regexp.MustCompile(`in [0-9.a-zµ]+ \([0-9.]+/s\)`)
	anyJob  = regexp.MustCompile(`batch_[0-9a-f]{20}_`)
)

// said returns standard error without what is another each time.
func (o outcome) said(paths ...string) string {
	text := anyTime.ReplaceAllString(anyPort.ReplaceAllString(o.err, "127.0.0.1:PORT"), "in TIME")
	for i, path := range paths {
		text = strings.ReplaceAll(text, path, []string{"IN", "OUT", "ERRORS"}[i])
	}
	return text
}

// TestBatchExample runs the first command of the README, with the server that is built in.
func TestBatchExample(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "answers.jsonl")
	got := program(t, nil, "batch", "run", "../../examples/batch/prompts.jsonl", out)
	want := "chatspec: built-in server, as neither OPENAI_API_KEY nor OPENAI_BASE_URL is set\n" +
		"chatspec: 128 answered, 0 failed, in TIME; 3,062 tokens; 128 requests, 0 of them again; 0 refused for now\n"
	if got.code != exitOK || got.out != "" || got.said() != want {
		t.Errorf("%+v\nwant %s", got, want)
	}
	if n := len(readLines(t, out)); n != 128 {
		t.Errorf("%d answers", n)
	}
	program(t, nil, "batch", "run", "../../examples/batch/prompts.jsonl", out).
		check(t, exitOK, "", "chatspec: nothing to do: all of 128 lines have an answer\n")
}

// TestBatchLines shows what becomes of lines: whole requests, prompts, and those that cannot be sent.
func TestBatchLines(t *testing.T) {
	t.Parallel()
	in, out, errs := inFolder(t, `{"custom_id":"whole","method":"POST","url":"/v1/chat/completions","body":{"model":"a","messages":[{"role":"user","content":"One"}],"vendor":1}}
{"custom_id":"prompt","prompt":"Two"}
{"custom_id":"prompt","prompt":"Three"}
nonsense
{"custom_id":"neither"}
{"prompt":"Four"}
{"custom_id":"url","method":"POST","url":"/v1/embeddings","body":{"model":"a","input":"x"}}
{"custom_id":"body","method":"POST","url":"/v1/chat/completions","body":{"model":"a","messages":[]}}
{"custom_id":"stream","method":"POST","url":"/v1/chat/completions","body":{"model":"a","stream":true,"messages":[{"role":"user","content":"Five"}]}}
{"custom_id":"refused","prompt":"Six"}
`)
	srv := chattest.NewSocketServer(t, chattest.Func(func(req chat.CreateChatCompletionRequest) chattest.Reply {
		if strings.Contains(fmt.Sprint(req.Messages), "Six") {
			return chattest.Error(http.StatusBadRequest, chat.Error{Message: "no", Type: "invalid_request_error"})
		}
		return chattest.Text("Yes.").WithUsage(chat.CompletionUsage{PromptTokens: 2, CompletionTokens: 1, TotalTokens: 3})
	}).Repeated())
	got := program(t, env{envBaseURL: srv.URL}, "batch", "run", "-model", "m", "-system", "Be brief.", in, out)
	want := `chatspec: http://127.0.0.1:PORT (model m)
chatspec: 2 answered, 8 failed, in TIME; 6 tokens; 3 requests, 0 of them again; 0 refused for now
chatspec: 8 lines failed: see ERRORS
`
	if got.code != exitFailure || got.said(in, out, errs) != want {
		t.Errorf("%+v\nwant %s", got, want)
	}
	raw := map[string]string{}
	for _, r := range srv.Requests() {
		raw[r.Body.Model] += string(r.Raw)
	}
	if raw["a"] != `{"model":"a","messages":[{"role":"user","content":"One"}],"vendor":1}` || !strings.Contains(raw["m"], `{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Two"}]}`) {
		t.Errorf("%s", raw)
	}
	failures := anyJob.ReplaceAllString(strings.Join(slices.Sorted(slices.Values(readLines(t, errs))), "\n"), "batch_")
	wantFailures := `{"id":"batch_10","custom_id":"refused","response":{"status_code":400,"request_id":"REQ","body":{"error":{"message":"no","type":"invalid_request_error","code":null,"param":null}}},"error":null}
{"id":"batch_3","custom_id":"prompt","response":null,"error":{"code":"duplicate_id","message":"line 2 has the same custom_id","line":3}}
{"id":"batch_4","custom_id":"","response":null,"error":{"code":"invalid_line","message":"the line is not a JSON object","line":4}}
{"id":"batch_5","custom_id":"neither","response":null,"error":{"code":"invalid_line","message":"the line has neither a body nor a prompt","line":5}}
{"id":"batch_6","custom_id":"","response":null,"error":{"code":"invalid_line","message":"custom_id is missing","line":6}}
{"id":"batch_7","custom_id":"url","response":null,"error":{"code":"unknown_url","message":"POST /v1/embeddings cannot be asked in a batch; want POST /v1/chat/completions","line":7}}
{"id":"batch_8","custom_id":"body","response":null,"error":{"code":"invalid_body","message":"body /messages: minItems (allowed: 1)","line":8}}
{"id":"batch_9","custom_id":"stream","response":null,"error":{"code":"invalid_body","message":"body /stream: an answer in a file cannot be streamed","line":9}}`
	if failures = regexp.MustCompile(`"req_\d"`).ReplaceAllString(failures, `"REQ"`); failures != wantFailures {
		t.Errorf("failures:\n%s\nwant:\n%s", failures, wantFailures)
	}

	t.Run("dry run", func(t *testing.T) {
		t.Parallel()
		got := program(t, nil, "batch", "run", "-dry-run", in)
		want := `IN:4: the line is not a JSON object
IN:5: the line has neither a body nor a prompt
IN:6: custom_id is missing
IN:7: POST /v1/embeddings cannot be asked in a batch; want POST /v1/chat/completions
IN:8: body /messages: minItems (allowed: 1)
IN:9: body /stream: an answer in a file cannot be streamed
IN:3: line 2 has the same custom_id
`
		if text := strings.ReplaceAll(got.out, in, "IN"); got.code != exitUsage || text != want || got.said(in) != "chatspec: IN: 7 of 10 lines cannot be sent; nothing was sent\n" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("strict", func(t *testing.T) {
		t.Parallel()
		got := program(t, nil, "batch", "run", "-strict", in, out+".other")
		if got.code != exitUsage || strings.Count(got.err, "\n") != 8 || !strings.HasSuffix(got.err, "7 of 10 lines cannot be sent; nothing was sent\n") || content(out+".other") != "" {
			t.Errorf("%+v", got)
		}
	})
}

func TestBatchDryRunOfGoodLines(t *testing.T) {
	t.Parallel()
	in, _, _ := inFolder(t, `{"custom_id":"a","prompt":"Hi"}`)
	got := program(t, nil, "batch", "run", "-dry-run", in)
	if got.code != exitOK || got.out != "" || got.said(in) != "chatspec: IN: 1 line, all of which can be sent; nothing was sent\n" {
		t.Errorf("%+v", got)
	}
}

// TestBatchSchema has a server whose answers break the schema until it is asked again.
func TestBatchSchema(t *testing.T) {
	t.Parallel()
	in, out, errs := inFolder(t, `{"custom_id":"late","prompt":"late"}
{"custom_id":"never","prompt":"never"}
`)
	schema := filepath.Join(filepath.Dir(in), "schema.json")
	if err := os.WriteFile(schema, []byte(`{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"],"additionalProperties":false}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var late atomic.Int32
	srv := chattest.NewSocketServer(t, chattest.Func(func(req chat.CreateChatCompletionRequest) chattest.Reply {
		if strings.Contains(fmt.Sprint(req.Messages), "late") && late.Add(1) > 1 {
			return chattest.Text(`{"n":1}`)
		}
		return chattest.Text(`{"n":"one"}`)
	}).Repeated())
	got := program(t, env{envBaseURL: srv.URL}, "batch", "run", "-schema", schema, in, out)
	if got.code != exitFailure || !strings.Contains(got.err, "1 answered, 1 failed") || len(srv.Requests()) != 5 {
		t.Errorf("%+v", got)
	}
	if text := content(out); !strings.Contains(text, `"custom_id":"late"`) || !strings.Contains(text, `{\"n\":1}`) {
		t.Error(text)
	}
	if text := content(errs); !strings.Contains(text, `"custom_id":"never","response":{"status_code":200`) || !strings.Contains(text, `"error":{"code":"breaks_schema","message":"the answer breaks the schema: `) {
		t.Error(text)
	}
	if raw := string(srv.Requests()[0].Raw); !strings.Contains(raw, `"response_format":{"json_schema":{"name":"answer","schema":{"type":"object"`) && !strings.Contains(raw, `"type":"json_schema"`) {
		t.Error(raw)
	}
	if err := os.WriteFile(schema, []byte(`{"type":"object"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	got = program(t, env{envBaseURL: srv.URL}, "batch", "run", "-schema", schema, in, out)
	if got.code != exitFailure || got.said(in, out) != "chatspec: OUT: line 1: it answers the same input with other settings (model, system message, schema); name another output, or use those\n" {
		t.Errorf("%+v", got)
	}
}

// TestBatchBadSchema has files that are found to be none before anything is sent.
func TestBatchBadSchema(t *testing.T) {
	t.Parallel()
	in, out, _ := inFolder(t, "a\n")
	for content, want := range map[string]string{
		`{"type":`:         " is not JSON: unexpected end of JSON input\n",
		`["x"]`:            " is no JSON Schema: it is an array, want an object\n",
		`{"type":"strin"}`: ` is no JSON Schema: there is no type "strin"; the types are null, boolean, object, array, number, integer, string` + "\n",
	} {
		schema := write(t, "schema.json", content)
		program(t, env{}, "batch", "run", "-schema", schema, in, out).check(t, exitUsage, "", "chatspec: "+schema+want)
	}
}

// TestBatchStops has refusals that all other requests would meet with, too.
func TestBatchStops(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		e    func(t *testing.T) env
		want string
	}{
		{"the key", func(t *testing.T) env {
			t.Helper()
			return answering(t, http.StatusUnauthorized, "application/json", `{"error":{"message":"who?","type":"invalid_request_error","code":"invalid_api_key"}}`)
		}, "who?; set OPENAI_API_KEY"},
		{"the quota", func(t *testing.T) env {
			t.Helper()
			return answering(t, http.StatusTooManyRequests, "application/json", `{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}`)
		}, "pay; the account needs credit or a higher limit"},
		{"no server", func(*testing.T) env { return env{envBaseURL: "http://127.0.0.1:1/v1"} }, "127.0.0.1:1 refused the connection: is the server running?"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			in, out, errs := inFolder(t, `{"custom_id":"a","prompt":"Hi"}`+"\n"+`{"custom_id":"b","prompt":"Hi"}`)
			got := program(t, tc.e(t), "batch", "run", "-retries", "0", in, out)
			if got.code != exitFailure || !strings.HasSuffix(strings.TrimSpace(got.err), tc.want) || !strings.Contains(got.err, "2 lines without an answer; the same command goes on\n") {
				t.Errorf("%+v\nwant %s", got, tc.want)
			}
			if content(out)+content(errs) != "" {
				t.Errorf("%s%s", content(out), content(errs))
			}
			if got := program(t, faking(t), "batch", "run", in, out); got.code != exitOK {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestBatchStandardStreams reads and writes no files.
func TestBatchStandardStreams(t *testing.T) {
	t.Parallel()
	p := startProcess(t, buildBinary(t), faking(t), "batch", "run", "-", "-")
	if _, err := fmt.Fprint(p.stdin, `{"custom_id":"a","prompt":"Hi"}`+"\nnonsense\n"); err != nil {
		t.Fatal(err)
	}
	p.stdin.Close()
	got := p.wait()
	if got.code != exitFailure || strings.Count(got.out, "\n") != 2 || !strings.Contains(got.out, `"custom_id":"a","response":{"status_code":200`) || !strings.Contains(got.out, `"code":"invalid_line"`) ||
		!strings.Contains(got.err, "chatspec: standard output cannot be resumed: a run that is cut off begins anew\n") {
		t.Errorf("%+v", got)
	}
}

// TestBatchInterrupted sends Ctrl-C once: what is under way is finished, and the rest is left.
func TestBatchInterrupted(t *testing.T) {
	t.Parallel()
	const concurrency = 4
	in, out, _ := inFolder(t, content(writePrompts(t, t.TempDir(), 100)))
	arrived, release := make(chan struct{}, 100), make(chan struct{})
	e := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		answerPrompt(w, r, 0)
	}))
	p := startProcess(t, buildBinary(t), e, "batch", "run", "-concurrency", strconv.Itoa(concurrency), in, out)
	for range concurrency {
		<-arrived
	}
	p.signal(t, syscall.SIGINT)
	for !strings.Contains(p.errs.String(), "stopping: finishes what is under way (4); Ctrl-C again stops at once") {
		time.Sleep(time.Millisecond)
	}
	close(release)
	got := p.wait()
	if got.code != exitInterrupt || !strings.HasSuffix(got.err, "chatspec: 96 lines without an answer; the same command goes on\nchatspec: interrupted\n") {
		t.Errorf("%+v", got)
	}
	if n := len(readLines(t, out)); n != concurrency {
		t.Errorf("%d answers", n)
	}
	if got := program(t, e, "batch", "run", in, out); got.code != exitOK || !strings.Contains(got.err, "chatspec: 4 of 100 lines have an answer already\n") {
		t.Errorf("%+v", got)
	}
	checkAnswers(t, out, 100)
}

func TestBatchFullDisk(t *testing.T) {
	t.Parallel()
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("there is no " + full)
	}
	in, out, _ := inFolder(t, "nonsense\n")
	got := program(t, faking(t), "batch", "run", "-errors", full, in, out)
	if got.code != exitFailure || !strings.HasSuffix(got.err, "chatspec: /dev/full: no space left on device: what was answered stays; make room, and the same command goes on\n") {
		t.Errorf("%+v", got)
	}
}
