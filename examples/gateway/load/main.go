// The command load puts streams through the gateway, through httputil.ReverseProxy, and straight to the server behind
// them, all on loopback and in one run, and prints what each costs. Start it in the root of the module:
//
//	go run ./examples/gateway/load
//
// Server and proxies are processes of their own. The proxies are started anew in every round, in random order, and
// figures are medians of rounds.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// load is what is asked for.
type load struct {
	streams, chunks, rounds int
	pace                    time.Duration
}

func main() {
	var l load
	flag.IntVar(&l.streams, "streams", 500, "have `n` streams at a time")
	flag.IntVar(&l.chunks, "chunks", 100, "have `n` chunks in each")
	flag.DurationVar(&l.pace, "pace", 20*time.Millisecond, "wait so long between the chunks of a stream; 0 is as fast as can be")
	flag.IntVar(&l.rounds, "rounds", 5, "measure `n` rounds")
	flag.Parse()
	var err error
	if address := os.Getenv(listenEnv); address != "" {
		err = l.child(address, os.Getenv(behindEnv))
	} else {
		err = l.run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// figures are those of one way to the server, with a value for each round.
type figures struct {
	cpu   []float64 // µs of the proxy for each chunk
	rate  []float64 // chunks that arrived in a second
	first []float64 // ms to the first chunk, the median of streams
	slow  []float64 // ms to the first chunk, in which 99 % of streams had it
}

func (l load) run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "gateway-load")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, err := build(ctx, dir)
	if err != nil {
		return err
	}
	server, err := start(ctx, self(ctx, ""))
	if err != nil {
		return err
	}
	defer server.stop()
	names := []string{"no proxy", "httputil.ReverseProxy", "gateway"}
	ways := []func() (*process, error){
		func() (*process, error) { return &process{address: server.address}, nil },
		func() (*process, error) { return start(ctx, self(ctx, server.address)) },
		func() (*process, error) { return start(ctx, gateway(ctx, path, server.address)) },
	}
	measured := make([]figures, len(ways))
	for range l.rounds {
		for _, i := range rand.Perm(len(ways)) {
			if err := l.measure(ctx, ways[i], &measured[i]); err != nil {
				return fmt.Errorf("%s: %w", names[i], err)
			}
		}
	}
	fmt.Printf("%d streams at a time of %d chunks, %v apart, %d rounds\n\n", l.streams, l.chunks, l.pace, l.rounds)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tCPU µs of the proxy per chunk\tchunks/s\tms to the first chunk\t99 % within ms\t")
	for i, f := range measured {
		fmt.Fprintf(table, "%s\t%.1f\t%.0f\t%.1f\t%.1f\t\n", names[i], median(f.cpu), median(f.rate), median(f.first), median(f.slow))
	}
	return table.Flush()
}

// measure opens all streams one way, reads them to their ends, and adds what that cost.
func (l load) measure(ctx context.Context, way func() (*process, error), f *figures) error {
	proxy, err := way()
	if err != nil {
		return err
	}
	defer proxy.stop()
	begin := time.Now()
	firsts, err := l.read(ctx, "http://"+proxy.address+"/v1/chat/completions")
	if err != nil {
		return err
	}
	chunks := float64(l.streams * l.chunks)
	f.rate = append(f.rate, chunks/time.Since(begin).Seconds())
	f.cpu = append(f.cpu, float64(proxy.stop().Microseconds())/chunks)
	slices.Sort(firsts)
	f.first = append(f.first, median(firsts))
	f.slow = append(f.slow, firsts[len(firsts)*99/100])
	return nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
