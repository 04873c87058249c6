package jetstream_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/chatspec/chatspec/batch"
	"github.com/chatspec/chatspec/batch/jetstream"
)

// The test binary is also a node of a cluster, a worker and a submitter, so that all of them can be killed.
const envRole = "CHATSPEC_TEST_ROLE"

func TestMain(m *testing.M) {
	roles := map[string]func() error{"node": runNode, "worker": runWorker, "submitter": runSubmitter}
	role, ok := roles[os.Getenv(envRole)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// soaking says whether tests run in full, which takes minutes: make soak.
func soaking() bool { return os.Getenv("CHATSPEC_SOAK") != "" }

// node is what a server is told on its standard input.
type node struct {
	Name, Store string
	Port        int   // of clients; 0 is for any
	Cluster     []int // the ports of all nodes for each other, its own first; none for a server by itself
	SyncAlways  bool
}

// runNode is a NATS server that says its address when clients may come, and ends when its standard input does.
func runNode() error {
	in := bufio.NewReader(os.Stdin)
	var n node
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &n)
	}
	if err != nil {
		return err
	}
	opts := &server.Options{
		ServerName: n.Name, Host: "127.0.0.1", Port: n.Port, JetStream: true, StoreDir: n.Store, NoSigs: true, NoLog: true,
		SyncInterval: 2 * time.Minute, SyncAlways: n.SyncAlways,
	}
	if n.Port == 0 {
		opts.Port = server.RANDOM_PORT
	}
	if len(n.Cluster) > 0 {
		opts.Cluster = server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: n.Cluster[0]}
		for _, port := range n.Cluster {
			opts.Routes = append(opts.Routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", port)})
		}
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		return errors.New("the server does not start")
	}
	fmt.Println(s.ClientURL())
	_, _ = io.Copy(io.Discard, in)
	s.Shutdown()
	return nil
}

// helper is what a worker or a submitter is told on its standard input.
type helper struct {
	NATS, Provider string
	Lines          int64
}

// runWorker works until the job is done.
func runWorker() error {
	return help(func(ctx context.Context, h helper, j *jetstream.Job) error {
		return work(ctx, j, batch.Limits{}, h.Provider)
	})
}

// runSubmitter submits an input, and says so after each block.
func runSubmitter() error {
	return help(func(ctx context.Context, h helper, j *jetstream.Job) error {
		return j.Submit(ctx, prompts(h.Lines), func(passed int64) { fmt.Println(passed) })
	})
}

func help(do func(context.Context, helper, *jetstream.Job) error) error {
	var h helper
	if err := json.NewDecoder(os.Stdin).Decode(&h); err != nil {
		return err
	}
	conn, err := jetstream.Connect(jetstream.Server{URL: h.NATS})
	if err != nil {
		return err
	}
	defer conn.Close()
	j, err := jetstream.Open(context.Background(), conn, "test", patience)
	if err != nil {
		return err
	}
	return do(context.Background(), h, j)
}

// process is a process of the test binary in another role.
type process struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	err strings.Builder
}

// spawn starts a process and tells it something.
func spawn(t *testing.T, role string, tell any) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(self)}
	p.Env = append(os.Environ(), envRole+"="+role)
	p.Stderr = &p.err
	if p.in, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(out)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	if err := json.NewEncoder(p.in).Encode(tell); err != nil {
		t.Fatal(err)
	}
	return p
}

// kill ends the process with the signal that nobody catches.
func (p *process) kill() {
	_ = p.Process.Kill() // it may be over
	_ = p.Wait()
}

// spawnNode starts a server and returns it with its address.
func spawnNode(t *testing.T, n node) (p *process, address string) {
	t.Helper()
	p = spawn(t, "node", n)
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %s", err, p.err.String())
	}
	return p, strings.TrimSpace(line)
}

// freePorts returns ports that were free a moment ago, for nodes that have to know each other's in advance.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}
