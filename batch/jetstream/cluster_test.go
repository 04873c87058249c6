package jetstream_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/chatspec/chatspec/batch/jetstream"
)

// cluster is three servers, each a process of its own.
type cluster struct {
	nodes map[string]*process
	urls  string
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{nodes: map[string]*process{}}
	ports := freePorts(t, 3)
	var urls []string
	for i := range ports {
		own := append([]int{ports[i]}, append(ports[:i:i], ports[i+1:]...)...)
		name := fmt.Sprintf("n%d", i)
		p, address := spawnNode(t, node{Name: name, Store: t.TempDir(), Cluster: own})
		c.nodes[name] = p
		urls = append(urls, address)
	}
	c.urls = strings.Join(urls, ",")
	return c
}

// killLeader kills the node that leads the stream of answers.
func (c *cluster) killLeader(t *testing.T, conn *nats.Conn) {
	js, err := natsjs.New(conn)
	if err != nil {
		t.Error(err)
		return
	}
	stream, err := js.Stream(t.Context(), "batch-test-answers")
	if err != nil {
		t.Error(err)
		return
	}
	leader := stream.CachedInfo().Cluster.Leader
	t.Logf("killing node %s", leader)
	c.nodes[leader].kill()
}

// TestClusterLosesWorkerAndNode kills a worker and the node that leads the answers while four workers are at it. The run
// ends by itself, with exactly one answer for each line.
func TestClusterLosesWorkerAndNode(t *testing.T) {
	t.Parallel()
	const workers, underWay = 4, 64 + 32 // requests of a worker, and tasks that it took beyond
	n := int64(2000)
	if soaking() {
		n = 50_000
	}
	c := startCluster(t)
	conn, err := jetstream.Connect(jetstream.Server{URL: c.urls})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	j := create(t, conn, n, jetstream.Options{Replicas: 3, AckWait: 5 * time.Second})
	submit(t, j, prompts(n))

	p := newProvider(t)
	var team []*process
	var began, killing sync.WaitGroup
	began.Add(1)
	p.each = func(asked int) {
		switch int64(asked) {
		case n / 4:
			killing.Go(func() {
				began.Wait()
				team[0].kill()
			})
		case n / 2:
			killing.Go(func() { c.killLeader(t, conn) })
		}
	}
	for range workers {
		team = append(team, spawn(t, "worker", helper{NATS: c.urls, Provider: p.URL}))
	}
	began.Done()
	for _, w := range team[1:] {
		if err := w.Wait(); err != nil {
			t.Errorf("%v: %s", err, w.err.String())
		}
	}
	killing.Wait()
	check(t, j, n)
	all, different := p.requests()
	t.Logf("%d lines, %d requests", n, all)
	if int64(different) != n || int64(all) > n+workers*underWay {
		t.Errorf("%d requests, %d different, for %d lines", all, different, n)
	}
}
