package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBatchOverNATS submits, works and collects with a server in the process.
func TestBatchOverNATS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "prompts.jsonl"), filepath.Join(dir, "answers.jsonl.gz")
	lines := writePrompts(t, dir, 30)
	f, err := os.OpenFile(lines, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "broken\n"+`{"custom_id":"p1","prompt":"Again"}`+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	e := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answerPrompt(w, r, 0) }))
	nats := func(args ...string) outcome {
		t.Helper()
		return program(t, e, append(args, "-nats", "embedded", "-store", filepath.Join(dir, "store"))...)
	}
	expect := func(got outcome, code int, note string) {
		t.Helper()
		if got.code != code || !strings.Contains(got.err, note) {
			t.Errorf("%+v, want code %d and %q", got, code, note)
		}
	}
	expect(nats("batch", "work"), exitFailure, "chatspec: there is no job default on the NATS server; batch submit makes one\n")
	expect(nats("batch", "status"), exitOK, "chatspec: there are no jobs on the NATS server\n")
	expect(nats("batch", "submit", in), exitOK, "chatspec: job default has all of 32 lines\n")
	expect(nats("batch", "submit", in), exitOK, "chatspec: job default has all of 32 lines\n")
	expect(nats("batch", "submit", in, "-model", "other"), exitFailure, "is there already")
	expect(nats("batch", "collect", "-now", out), exitFailure, "chatspec: 31 lines without an answer yet: the same command goes on\n")
	expect(nats("batch", "work"), exitOK, "30 answered, 1 failed")
	if got := nats("batch", "status"); strings.Join(strings.Fields(got.out)[12:], " ") != "default 32 32 0 0 32 2 0 0.0 "+in {
		t.Errorf("%+v", got)
	}
	expect(nats("batch", "collect", "-delete", out), exitFailure, "chatspec: job default is removed\nchatspec: 2 lines failed: see "+filepath.Join(dir, "answers.errors.jsonl.gz"))
	checkAnswers(t, out, 30)
	if failed := readLines(t, filepath.Join(dir, "answers.errors.jsonl.gz")); len(failed) != 2 {
		t.Errorf("%q", failed)
	}
	expect(nats("batch", "status"), exitOK, "there are no jobs")
	expect(program(t, e, "batch", "run", in, out), exitFailure, "nothing to do") // the same files
}

func TestBatchOverNATSUsage(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		args []string
		code int
		note string
	}{
		{"no server", []string{"batch", "work"}, exitUsage, "chatspec: which NATS server? Want -nats URL, or -nats embedded to try it without one; see chatspec help batch work\n"},
		{"no such server", []string{"batch", "status", "-nats", "nats://user:secret@127.0.0.1:1"}, exitFailure, "chatspec: cannot connect to the NATS server nats://…@127.0.0.1:1: nats: no servers available for connection\n"},
		{"arguments", []string{"batch", "status", "-nats", "embedded", "x"}, exitUsage, "chatspec: batch status takes no arguments; see chatspec help batch status\n"},
		{"no output", []string{"batch", "collect"}, exitUsage, "chatspec: want one file, OUT; see chatspec help batch collect\n"},
		{"no input", []string{"batch", "submit"}, exitUsage, "chatspec: want one file, IN; see chatspec help batch submit\n"},
		{"replicas", []string{"batch", "submit", "-replicas", "6", "x"}, exitUsage, "chatspec: -replicas: want 1 to 5; see chatspec help batch submit\n"},
		{"ack-wait", []string{"batch", "submit", "-ack-wait", "1ms", "x"}, exitUsage, "chatspec: -ack-wait: want at least 1s; see chatspec help batch submit\n"},
		{"patience", []string{"batch", "work", "-nats", "embedded", "-patience", "0s"}, exitUsage, "chatspec: -patience: want a time above 0; see chatspec help batch work\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := program(t, nil, tc.args...); got.code != tc.code || got.err != tc.note || got.out != "" {
				t.Errorf("%+v", got)
			}
		})
	}
}
