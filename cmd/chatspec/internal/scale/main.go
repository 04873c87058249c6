// Scale measures what a batch of a million short prompts costs on this machine, beside a bare client, and prints
// two tables for docs/batch.md:
//
//	go run ./cmd/chatspec/internal/scale -n 1000000
//
// The server, the command and the bare client are processes of their own, so that each has its own CPU time. The
// server answers at once, with always the same. The bare client calls Create in as many goroutines as the command has
// requests under way, and keeps nothing.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
)

func main() {
	log.SetFlags(0)
	n := flag.Int("n", 1_000_000, "how many `PROMPTS` there are")
	concurrency := flag.Int("concurrency", 64, "how many `REQUESTS` are under way")
	role := flag.String("role", "", "what this process is: serve or bare; nothing for the one that starts the others")
	url := flag.String("url", "", "where the server of the bare client is")
	flag.Parse()
	var err error
	switch *role {
	case "serve":
		err = serve()
	case "bare":
		err = bare(*url, *n, *concurrency)
	default:
		err = measure(*n, *concurrency)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// answer is what the server says to everything.
const answer = `{"id":"chatcmpl-1","object":"chat.completion","created":1764000000,"model":"gpt-5.4","choices":[{"index":0,"finish_reason":"stop",` +
	`"message":{"role":"assistant","content":"Yes, that is a number.","refusal":null}}],"usage":{"prompt_tokens":12,"completion_tokens":7,"total_tokens":19}}`

// serve prints its address and answers until its standard input ends.
func serve() error {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/v1\n", l.Addr())
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	})}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// bare asks n prompts and keeps nothing.
func bare(url string, n, concurrency int) error {
	transport := &http.Transport{MaxIdleConns: concurrency, MaxIdleConnsPerHost: concurrency}
	client, err := chatspec.New(chatspec.WithBaseURL(url), chatspec.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		return err
	}
	var next atomic.Int64
	var workers sync.WaitGroup
	failed := make(chan error, concurrency)
	for range concurrency {
		workers.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				_, err := client.Create(context.Background(), chat.CreateChatCompletionRequest{
					Model:    "gpt-5.4",
					Messages: chat.Messages{chat.UserMessage{Content: chat.Text(prompt(i))}},
				})
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	workers.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func prompt(i int64) string { return fmt.Sprintf("Is %d a number? Say yes or no, and why.", i) }

// measure runs both against a server and prints what they cost.
func measure(n, concurrency int) error {
	dir, err := os.MkdirTemp("", "chatspec-scale-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	binary := filepath.Join(dir, "chatspec")
	if _, err := run(command("go", "build", "-o", binary, "github.com/chatspec/chatspec/cmd/chatspec")); err != nil {
		return err
	}
	in, out := filepath.Join(dir, "prompts.jsonl"), filepath.Join(dir, "answers.jsonl")
	if err := writePrompts(in, n); err != nil {
		return err
	}
	url, stop, err := startServer(self)
	if err != nil {
		return err
	}
	defer stop()
	at := strconv.Itoa(concurrency)
	alone, err := run(command(self, "-role", "bare", "-n", strconv.Itoa(n), "-url", url, "-concurrency", at))
	if err != nil {
		return err
	}
	batch := []string{"batch", "run", "-base-url", url, "-concurrency", at, in, out}
	batched, err := run(command(binary, batch...))
	if err != nil {
		return err
	}
	again, err := run(command(binary, batch...))
	if err != nil {
		return err
	}
	report(n, concurrency, alone, batched, again)
	return nil
}

// report prints the tables.
func report(n, concurrency int, alone, batched, again cost) {
	fmt.Printf("%s, %s, %d CPUs, %d requests under way, %d prompts\n\n", runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH, runtime.NumCPU(), concurrency, n)
	fmt.Println("| | time | prompts a second | CPU for a prompt | memory at most |\n|---|---|---|---|---|")
	for _, row := range []struct {
		name string
		cost
	}{{"chatspec's client alone", alone}, {"`chatspec batch run`", batched}} {
		fmt.Printf("| %s | %.0f s | %.0f | %.0f µs | %d MB |\n", row.name, row.took.Seconds(), float64(n)/row.took.Seconds(), float64(row.cpu.Microseconds())/float64(n), row.most>>10)
	}
	fmt.Printf("\nThe same command again, which finds that all is done: %.1f s, %d MB.\n", again.took.Seconds(), again.most>>10)
	fmt.Print("\n| after |")
	for _, s := range batched.memory {
		fmt.Printf(" %.0f s |", s.at.Seconds())
	}
	fmt.Print("\n|---|" + strings.Repeat("---|", len(batched.memory)) + "\n| MB |")
	for _, s := range batched.memory {
		fmt.Printf(" %d |", s.kB>>10)
	}
	fmt.Println()
}

// command returns a command that runs as long as this one.
func command(name string, args ...string) *exec.Cmd {
	return exec.CommandContext(context.Background(), name, args...) //nolint:gosec // only this program chooses them
}

// cost is what a process took.
type cost struct {
	took, cpu time.Duration
	most      int // kB
	memory    []sample
}

// sample is the resident memory of a process at a time.
type sample struct {
	at time.Duration
	kB int
}

// samples is how many there are of a run.
const samples = 10

// run runs a process to its end and watches its memory.
func run(cmd *exec.Cmd) (c cost, err error) {
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return c, err
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var all []sample
	for {
		select {
		case <-tick.C:
			all = append(all, sample{time.Since(began), memory(cmd.Process.Pid)})
			c.most = max(c.most, all[len(all)-1].kB)
			continue
		case err = <-over:
		}
		break
	}
	c.took = time.Since(began)
	c.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	for i := range min(samples, len(all)) {
		c.memory = append(c.memory, all[i*len(all)/min(samples, len(all))])
	}
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", cmd, err, said.String())
	}
	return c, err
}

// memory returns the resident memory of a process in kB; 0 where the system is not Linux.
func memory(pid int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kB, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kB
		}
	}
	return 0
}

// startServer starts a server and returns its URL.
func startServer(self string) (url string, stop func(), err error) {
	cmd := command(self, "-role", "serve")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	url, err = bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(url), func() {
		_ = in.Close()
		_ = cmd.Wait()
	}, err
}

func writePrompts(path string, n int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for i := range int64(n) {
		fmt.Fprintf(w, `{"custom_id":"prompt-%07d","prompt":%q}`+"\n", i+1, prompt(i+1))
	}
	return errors.Join(w.Flush(), f.Close())
}
