package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// soaking says whether tests run in full, which takes minutes: make soak.
func soaking() bool { return os.Getenv("CHATSPEC_SOAK") != "" }

// TestBatchSurvivesKills kills runs at random moments, with the signal that nobody catches, and starts the same
// command again: each line must have exactly one answer in the end, and no more may have been asked than lines and,
// for each kill, what was under way.
func TestBatchSurvivesKills(t *testing.T) {
	t.Parallel()
	const concurrency = 32
	lines, rounds := 2_000, 5
	if soaking() {
		lines, rounds = 20_000, 20
	}
	binary := buildBinary(t)
	for _, tc := range []struct {
		name string
		out  string
		args []string
	}{
		{"plain", "answers.jsonl", nil},
		{"gzip", "answers.jsonl.gz", nil},
		{"zstd", "answers.jsonl.zst", nil},
		{"ordered", "answers.jsonl", []string{"-ordered"}},
		{"ordered zstd", "answers.jsonl.zst", []string{"-ordered"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			target := &killer{}
			e := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				target.see(asked.Add(1))
				answerPrompt(w, r, 2*time.Millisecond)
			}))
			dir := t.TempDir()
			in, out := writePrompts(t, dir, lines), filepath.Join(dir, tc.out)
			args := append([]string{"batch", "run", "-concurrency", strconv.Itoa(concurrency), in, out}, tc.args...)
			for range rounds {
				p := startProcess(t, binary, e, args...)
				target.aim(p.cmd.Process, asked.Load()+1+rand.Int64N(int64(8*lines/rounds/5)))
				if got := p.wait(); got.code == exitOK {
					t.Logf("a run was over before it was killed: %s", got.err)
				}
			}
			if got := startProcess(t, binary, e, args...).wait(); got.code != exitOK {
				t.Fatalf("%+v", got)
			}
			checkAnswers(t, out, lines)
			if _, err := os.Stat(filepath.Join(dir, strings.Replace(tc.out, "answers", "answers.errors", 1))); err == nil {
				t.Error("there is an error file")
			}
			more := int(asked.Load()) - lines
			t.Logf("%d lines, each answered once; %d kills, %d requests more than lines", lines, rounds, more)
			if more > concurrency*rounds {
				t.Errorf("%d requests more than lines", more)
			}
		})
	}
}

// killer ends a process when the server has seen a number of requests.
type killer struct {
	mu      sync.Mutex
	process *os.Process
	at      int64
}

func (k *killer) aim(p *os.Process, at int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.process, k.at = p, at
}

func (k *killer) see(n int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.process != nil && n >= k.at {
		_ = k.process.Kill() // it may be over
		k.process = nil
	}
}

// answerPrompt answers a request as a server does, after a while.
func answerPrompt(w http.ResponseWriter, r *http.Request, after time.Duration) {
	_, _ = io.Copy(io.Discard, r.Body)
	time.Sleep(after)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Yes.","refusal":null}}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}`)
}

// writePrompts writes a file of n prompts and returns its path.
func writePrompts(t *testing.T, dir string, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"custom_id":"p%d","prompt":"Is %d a number?"}`+"\n", i, i)
	}
	path := filepath.Join(dir, "prompts.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkAnswers reads an output, in which each of n prompts must have one answer.
func checkAnswers(t *testing.T, path string, n int) {
	t.Helper()
	seen := map[string]bool{}
	for _, line := range readLines(t, path) {
		var a struct {
			CustomID string `json:"custom_id"`
			Response *struct {
				StatusCode int `json:"status_code"`
			}
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil || a.Response == nil || a.Response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v", line, err)
		}
		if seen[a.CustomID] {
			t.Errorf("%s is there twice", a.CustomID)
		}
		seen[a.CustomID] = true
	}
	for i := range n {
		if id := fmt.Sprintf("p%d", i); !seen[id] {
			t.Errorf("%s is missing", id)
		}
	}
}

// readLines reads a file, compressed or not.
func readLines(t *testing.T, path string) (lines []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	switch filepath.Ext(path) {
	case ".gz":
		r, err = gzip.NewReader(f)
	case ".zst":
		r, err = zstd.NewReader(f)
	}
	if err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(r)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
