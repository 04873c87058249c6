// Cluster measures what a batch over NATS JetStream costs on this machine, and prints two tables for
// docs/batch-cluster.md:
//
//	go run ./cmd/chatspec/internal/scale/cluster -n 20000
//
// The NATS servers, the chat completions server and the workers are processes of their own.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

func main() {
	log.SetFlags(0)
	n := flag.Int("n", 20_000, "how many `PROMPTS` there are")
	after := flag.Duration("after", 200*time.Millisecond, "how long the slower chat completions server thinks, `TIME`")
	longer := flag.Int("longer", 0, "how many `BYTES` answers have more than the short ones")
	waiting := flag.Int("waiting", 0, "then submit so many `PROMPTS` and measure the server that has them all")
	role := flag.String("role", "", "what this process is: nats or serve; nothing for the one that starts the others")
	flag.Parse()
	var err error
	switch *role {
	case "nats":
		err = serveNATS()
	case "serve":
		err = serveChat(*after, *longer)
	default:
		err = measure(*n, *waiting, *after)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// setting is what one row of a table is about.
type setting struct {
	name        string
	servers     int
	syncAlways  bool
	workers     int
	concurrency int
	after       time.Duration
	prompts     int
	longer      int // bytes that a prompt has more than the short ones; an answer has twice as many
}

// result is what a setting took.
type result struct {
	submit, work, collect time.Duration
	workerCPU, natsCPU    time.Duration // of all workers, and of all servers for all three commands
	nats                  traffic
}

// traffic is what a NATS server says of itself at its end.
type traffic struct{ InMsgs, OutMsgs, InBytes, OutBytes, Memory, Stored int64 }

// measure runs all settings and prints what they took.
func measure(n, waiting int, after time.Duration) error {
	dir, err := os.MkdirTemp("", "chatspec-cluster-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	m := &machine{dir: dir, binary: filepath.Join(dir, "chatspec")}
	build := exec.CommandContext(context.Background(), "go", "build", "-o", m.binary, "github.com/chatspec/chatspec/cmd/chatspec") //nolint:gosec // a folder of our own
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	fmt.Printf("%s, %s, %d CPUs\n\n", runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH, runtime.NumCPU())
	fmt.Println("| workers | each has under way | answers come | prompts | prompts a second | CPU of the workers for a prompt |\n|---|---|---|---|---|---|")
	for _, slow := range []bool{false, true} {
		for _, workers := range []int{1, 2, 4, 8} {
			s := setting{servers: 1, workers: workers, concurrency: 64, prompts: n}
			when := "at once"
			if slow {
				s.after, s.concurrency, when = after, 16, fmt.Sprint("after ", after)
				s.prompts = min(n, 500*workers)
			}
			r, err := m.run(s)
			if err != nil {
				return err
			}
			fmt.Printf("| %d | %d | %s | %d | %.0f | %d µs |\n", workers, s.concurrency, when, s.prompts,
				float64(s.prompts)/r.work.Seconds(), r.workerCPU.Microseconds()/int64(s.prompts))
		}
	}
	fmt.Println("\n| NATS | submitted a second | answered | collected | CPU of the servers for a prompt | memory of a server | messages in and out | bytes in and out | bytes stored |\n|---|---|---|---|---|---|---|---|---|")
	for _, s := range []setting{
		{name: "one server", servers: 1, prompts: n},
		{name: "one, which syncs every message", servers: 1, syncAlways: true, prompts: n / 10},
		{name: "three servers, three replicas", servers: 3, prompts: n},
		{name: "the same, prompts of 1 kB and answers of 2 kB", servers: 3, prompts: n, longer: 900},
	} {
		s.workers, s.concurrency = 2, 64
		r, err := m.run(s)
		if err != nil {
			return err
		}
		count := int64(s.prompts)
		fmt.Printf("| %s | %.0f | %.0f | %.0f | %d µs | %d MB | %.1f, %.1f | %d, %d | %d |\n", s.name,
			float64(count)/r.submit.Seconds(), float64(count)/r.work.Seconds(), float64(count)/r.collect.Seconds(),
			r.natsCPU.Microseconds()/count, r.nats.Memory>>20, float64(r.nats.InMsgs)/float64(count), float64(r.nats.OutMsgs)/float64(count),
			r.nats.InBytes/count, r.nats.OutBytes/count, r.nats.Stored/count)
	}
	if waiting == 0 {
		return nil
	}
	r, err := m.run(setting{servers: 1, prompts: waiting})
	if err != nil {
		return err
	}
	fmt.Printf("\n%d tasks that wait: submitted in %.0f s, %d MB of memory, %d MB of files.\n", waiting, r.submit.Seconds(), r.nats.Memory>>20, r.nats.Stored>>20)
	return nil
}

// machine is where settings are run.
type machine struct{ dir, binary string }

// run submits, works on and collects a job with servers of its own; without workers it only submits.
func (m *machine) run(s setting) (r result, err error) {
	dir, err := os.MkdirTemp(m.dir, "run-*")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	in, err := writePrompts(dir, s.prompts, s.longer)
	if err != nil {
		return r, err
	}
	chat, err := start("serve", nil, "-after", s.after.String(), "-longer", strconv.Itoa(2*s.longer))
	if err != nil {
		return r, err
	}
	defer func() { _, _ = chat.end() }() // it has nothing to say
	nodes, urls, err := startNATS(dir, s)
	if err != nil {
		return r, err
	}
	if _, _, err = m.commands(1, "status", "-nats", urls); err != nil { // which waits for a leader
		return r, err
	}
	replicas := strconv.Itoa(s.servers)
	if r.submit, _, err = m.commands(1, "submit", "-nats", urls, "-replicas", replicas, in); err != nil {
		return r, err
	}
	if s.workers == 0 {
		return r, r.stop(nodes)
	}
	if r.work, r.workerCPU, err = m.commands(s.workers, "work", "-nats", urls, "-base-url", chat.said, "-concurrency", strconv.Itoa(s.concurrency)); err != nil {
		return r, err
	}
	if r.collect, _, err = m.commands(1, "collect", "-nats", urls, filepath.Join(dir, "answers.jsonl")); err != nil {
		return r, err
	}
	return r, r.stop(nodes)
}

// stop ends servers and adds what they say.
func (r *result) stop(nodes []*process) error {
	for _, node := range nodes {
		last, err := node.end()
		if err != nil {
			return err
		}
		r.natsCPU += node.ProcessState.UserTime() + node.ProcessState.SystemTime()
		var t traffic
		if err := json.Unmarshal([]byte(last), &t); err != nil {
			return fmt.Errorf("%q: %w", last, err)
		}
		r.nats.InMsgs += t.InMsgs
		r.nats.OutMsgs += t.OutMsgs
		r.nats.InBytes += t.InBytes
		r.nats.OutBytes += t.OutBytes
		r.nats.Stored += t.Stored
		r.nats.Memory = max(r.nats.Memory, t.Memory)
	}
	return nil
}

// commands runs a command of chatspec batch several times at once.
func (m *machine) commands(times int, args ...string) (took, cpu time.Duration, err error) {
	began := time.Now()
	all := make([]*exec.Cmd, times)
	said := make([]strings.Builder, times)
	for i := range all {
		all[i] = exec.CommandContext(context.Background(), m.binary, append([]string{"batch"}, args...)...) //nolint:gosec // what is measured
		all[i].Stderr = &said[i]
		if err := all[i].Start(); err != nil {
			return 0, 0, err
		}
	}
	for i, cmd := range all {
		if waitErr := cmd.Wait(); waitErr != nil {
			err = errors.Join(err, fmt.Errorf("%v: %w\n%s", args, waitErr, said[i].String()))
		}
		cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	return time.Since(began), cpu, err
}

// process is this program in another role.
type process struct {
	*exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	said string // its first line
}

// start starts a process in a role, tells it something, and waits for its first line.
func start(role string, tell any, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{Cmd: exec.CommandContext(context.Background(), self, append([]string{"-role", role}, args...)...)} //nolint:gosec // this program
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if p.in, err = p.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	if err := json.NewEncoder(p.in).Encode(tell); err != nil {
		return nil, err
	}
	p.said, err = p.out.ReadString('\n')
	p.said = strings.TrimSpace(p.said)
	return p, err
}

// end ends the process and returns its last words.
func (p *process) end() (last string, err error) {
	_ = p.in.Close()
	rest, err := io.ReadAll(p.out)
	return string(rest), errors.Join(err, p.Wait())
}

// node is what a NATS server is told.
type node struct {
	Name, Store string
	Ports       []int // of the cluster, its own first; none for a server by itself
	SyncAlways  bool
}

func startNATS(dir string, s setting) (nodes []*process, urls string, err error) {
	var ports []int
	if s.servers > 1 {
		if ports, err = freePorts(s.servers); err != nil {
			return nil, "", err
		}
	}
	for i := range s.servers {
		n := node{Name: fmt.Sprintf("n%d", i), Store: filepath.Join(dir, fmt.Sprintf("nats%d", i)), SyncAlways: s.syncAlways}
		if len(ports) > 0 {
			n.Ports = append(append(n.Ports, ports[i:]...), ports[:i]...)
		}
		p, err := start("nats", n)
		if err != nil {
			return nil, "", err
		}
		nodes = append(nodes, p)
		urls = strings.TrimPrefix(urls+","+p.said, ",")
	}
	return nodes, urls, nil
}

// freePorts returns ports that were free a moment ago.
func freePorts(n int) (ports []int, err error) {
	var lc net.ListenConfig
	for range n {
		l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		if addr, ok := l.Addr().(*net.TCPAddr); ok {
			ports = append(ports, addr.Port)
		}
	}
	return ports, nil
}

// serveNATS is a NATS server until its standard input ends; then it says what went through it.
func serveNATS() error {
	in := json.NewDecoder(os.Stdin)
	var n node
	if err := in.Decode(&n); err != nil {
		return err
	}
	opts := &server.Options{
		ServerName: n.Name, Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: n.Store, SyncAlways: n.SyncAlways,
	}
	if len(n.Ports) > 0 {
		opts.Cluster = server.ClusterOpts{Name: "scale", Host: "127.0.0.1", Port: n.Ports[0]}
		for _, port := range n.Ports {
			opts.Routes = append(opts.Routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
		}
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		return errors.New("the NATS server does not start")
	}
	fmt.Println(s.ClientURL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	v, err := s.Varz(nil)
	if err != nil {
		return err
	}
	t := traffic{InMsgs: v.InMsgs, OutMsgs: v.OutMsgs, InBytes: v.InBytes, OutBytes: v.OutBytes, Memory: v.Mem}
	if v.JetStream.Stats != nil {
		t.Stored = int64(v.JetStream.Stats.Store)
	}
	s.Shutdown()
	return json.NewEncoder(os.Stdout).Encode(t)
}

// serveChat is a chat completions server that thinks for a while, until its standard input ends.
func serveChat(after time.Duration, longer int) error {
	const answer = `{"id":"chatcmpl-1","object":"chat.completion","created":1764000000,"model":"gpt-5.4","choices":[{"index":0,"finish_reason":"stop",` +
		`"message":{"role":"assistant","content":"Yes, that is a number.%s","refusal":null}}],"usage":{"prompt_tokens":12,"completion_tokens":7,"total_tokens":19}}`
	text := fmt.Sprintf(answer, strings.Repeat("!", longer))
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/v1\n", l.Addr())
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(after)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, text)
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

func writePrompts(dir string, n, longer int) (path string, err error) {
	path = filepath.Join(dir, "prompts.jsonl")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	w, more := bufio.NewWriter(f), strings.Repeat("?", longer)
	for i := range n {
		fmt.Fprintf(w, `{"custom_id":"prompt-%07d","prompt":"Is %d a number? Say yes or no, and why.%s"}`+"\n", i+1, i+1, more)
	}
	return path, errors.Join(w.Flush(), f.Close())
}
