package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// transport returns the transport that all libraries share in a measurement.
func transport(http2 bool, connections int) *http.Transport {
	t := &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections, Protocols: new(http.Protocols)}
	t.Protocols.SetHTTP1(!http2)
	t.Protocols.SetUnencryptedHTTP2(http2)
	return t
}

// protocols are measured side by side; the goals are about the first.
var protocols = []struct {
	name  string
	http2 bool
}{{"HTTP/1.1", false}, {"HTTP/2", true}}

// burst measures goal 5: whole calls on a socket, as fast as the server writes.
func (b *bench) burst() error {
	url, err := b.serverURL()
	if err != nil {
		return err
	}
	t := table{"Whole calls on a socket, burst of text chunks, ns of CPU time per chunk", []string{"", nameBare, nameReusing, nameOurs, nameGoOpenAI, nameOpenAI}, nil}
	for _, p := range protocols {
		connections := transport(p.http2, 1)
		r, err := b.callAll(url+"/burst/text", connections, len(corpora()[0].events), library{nameReusing, openReusing})
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		row := []string{p.name}
		for _, name := range t.header[1:] {
			row = append(row, number(r.median(name, cpuOf)))
		}
		t.rows = append(t.rows, row)
		if !p.http2 {
			b.report.atMost(5, "whole client, burst on a socket, CPU × bare net/http", 2, r.ratio(nameOurs, nameBare), " ×", relative(r))
			b.report.atMost(5, "the same with stream.ReuseChunk", 2, r.ratio(nameReusing, nameBare), " ×", others{})
		}
	}
	b.report.tables = append(b.report.tables, t)
	b.report.charts = append(b.report.charts, t.chart(0, "Whole call on a socket, burst, per chunk", "ns of CPU time"))
	return nil
}

// callAll races a streaming call of every library and of more, one after the other on one connection.
func (b *bench) callAll(baseURL string, t *http.Transport, chunks int, more ...library) (results, error) {
	defer t.CloseIdleConnections()
	client := &http.Client{Transport: t}
	var tasks []task
	for _, l := range slices.Concat(libraries, more) {
		tasks = append(tasks, task{l.name, chunks, streamCall(l, baseURL, client, chunks)})
	}
	return b.race(tasks...)
}

// relative are the CPU times of the others over that of bare net/http.
func relative(r results) others {
	return others{number(r.ratio(nameOpenAI, nameBare)) + " ×", number(r.ratio(nameGoOpenAI, nameBare)) + " ×"}
}

// calls measures goal 7: a call of 20 chunks.
func (b *bench) calls() error {
	url, err := b.serverURL()
	if err != nil {
		return err
	}
	t := table{"A call of 20 chunks on a socket", []string{"", nameBare, nameOurs, nameGoOpenAI, nameOpenAI}, nil}
	defer func(rounds int) { b.rounds = rounds }(b.rounds)
	b.rounds = b.few(21, 1) // what is looked for is small beside what the system takes
	r, err := b.callAll(url+"/burst/"+shortStream, transport(false, 1), shortChunks)
	if err != nil {
		return err
	}
	above := func(name string, of func(cost) float64) float64 { return shortChunks * r.above(name, nameBare, of) }
	b.report.atMost(7, "a call of 20 chunks, CPU above bare net/http", 30, above(nameOurs, cpuOf)/micro, " µs", others{
		number(above(nameOpenAI, cpuOf)/micro) + " µs", number(above(nameGoOpenAI, cpuOf)/micro) + " µs",
	})
	b.report.atMost(7, "the same, allocations", 30, above(nameOurs, allocsOf), "", others{
		number(above(nameOpenAI, allocsOf)), number(above(nameGoOpenAI, allocsOf)),
	})
	cpu, allocs := []string{"µs of CPU time"}, []string{"allocations"}
	for _, name := range t.header[1:] {
		cpu = append(cpu, number(shortChunks*r.median(name, cpuOf)/micro))
		allocs = append(allocs, number(shortChunks*r.median(name, allocsOf)))
	}
	t.rows = [][]string{cpu, allocs}
	b.report.tables = append(b.report.tables, t)
	return nil
}

// wantedFiles is how many open files the largest measurement needs.
const wantedFiles = 12_000

// manyStreams returns how many streams can be open at once, n if the limit on open files allows it, and what to
// say where it does not.
func manyStreams(n int) (streams int, note string) {
	const spare = 200 // files that are none of the streams
	allowed := int(min(allowFiles(wantedFiles), wantedFiles*2)) - spare
	if n <= allowed {
		return n, ""
	}
	return allowed, fmt.Sprintf(" (the limit on open files allows %s)", number(float64(allowed)))
}

// paced measures goal 6: many streams at the pace of a model.
func (b *bench) paced() error {
	url, err := b.serverURL()
	if err != nil {
		return err
	}
	t := table{
		"Many streams at 50 tokens/s on sockets, µs of CPU time per token (tokens/s that arrived)",
		[]string{"", nameBare, nameOurs, nameGoOpenAI, nameOpenAI},
		nil,
	}
	for _, p := range []pace{
		{streams: b.few(1000, 10), tokens: b.few(100, 3), rounds: b.few(3, 1), judged: true},
		{streams: b.few(1000, 10), tokens: b.few(100, 3), rounds: 1, protocol: 1},
		{streams: b.few(10_000, 20), tokens: b.few(60, 3), rounds: 1},
		{streams: b.few(10_000, 20), tokens: b.few(60, 3), rounds: 1, protocol: 1},
	} {
		var note string
		p.streams, note = manyStreams(p.streams)
		if err := p.measure(url); err != nil {
			return err
		}
		what := fmt.Sprintf("%s streams, %s%s", number(float64(p.streams)), protocols[p.protocol].name, note)
		row := []string{what}
		ch := chart{what + ", 50 tokens/s, per token", "µs of CPU time", nil}
		for _, name := range t.header[1:] {
			cpu := p.costs.median(name, cpuOf) / micro
			row = append(row, fmt.Sprintf("%s (%s)", number(cpu), number(p.rates[name])))
			ch.bars = append(ch.bars, bar{name, cpu})
		}
		t.rows = append(t.rows, row)
		if p.judged {
			b.report.charts = append(b.report.charts, ch)
			b.report.atMost(6, "1,000 streams at 50 tokens/s, CPU × bare net/http", 1.1, p.costs.ratio(nameOurs, nameBare), " ×", relative(p.costs))
		}
	}
	b.report.tables = append(b.report.tables, t)
	return nil
}

// pace is one measurement of paced streams.
type pace struct {
	streams, tokens, rounds int
	protocol                int // of protocols
	judged                  bool

	costs results
	rates map[string]float64 // tokens per second
}

// measure races the libraries on the same connections.
func (p *pace) measure(url string) error {
	p.costs, p.rates = results{}, map[string]float64{}
	t := transport(protocols[p.protocol].http2, p.streams)
	defer t.CloseIdleConnections()
	client := &http.Client{Transport: t}
	for range p.rounds {
		for _, i := range rand.Perm(len(libraries)) {
			l := libraries[i]
			c, rate, err := p.run(l, url, client)
			if err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
			p.costs[l.name] = append(p.costs[l.name], c)
			p.rates[l.name] = rate
		}
	}
	return nil
}

// run opens all streams, waits for the first chunk of each, and measures from when they go on to when all have ended.
func (p *pace) run(l library, url string, client *http.Client) (c cost, rate float64, err error) {
	o := opening{slots: make(chan struct{}, connectAtOnce)}
	if err := o.begin(l, url+"/paced/"+strconv.Itoa(p.tokens), client, p.streams); err != nil {
		return c, 0, err
	}
	if err := o.wait(); err != nil {
		return c, 0, err
	}
	var began time.Time
	c, err = spent(p.streams*p.tokens, func() error {
		began = time.Now()
		if err := openGate(url); err != nil {
			return err
		}
		return o.end()
	})
	return c, float64(p.streams*p.tokens) / time.Since(began).Seconds(), err
}

func openGate(url string) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/gate", http.NoBody)
	if err != nil {
		return err
	}
	t := transport(false, 1)
	defer t.CloseIdleConnections()
	resp, err := t.RoundTrip(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// connectAtOnce is how many streams are opened at a time.
const connectAtOnce = 256

// opening is many streams of one library.
type opening struct {
	slots  chan struct{}
	opened sync.WaitGroup // the first chunk of each
	ended  sync.WaitGroup
	mu     sync.Mutex
	err    error // the first
}

// begin opens n streams of one client, each in a goroutine that reads it to its end.
func (o *opening) begin(l library, baseURL string, client *http.Client, n int) error {
	caller, err := l.open(baseURL, client)
	if err != nil {
		return err
	}
	o.opened.Add(n)
	for range n {
		o.ended.Go(func() {
			o.slots <- struct{}{}
			first := sync.OnceFunc(func() {
				<-o.slots
				o.opened.Done()
			})
			defer first()
			_, err := caller.stream(context.Background(), first)
			o.mu.Lock()
			defer o.mu.Unlock()
			if o.err == nil {
				o.err = err
			}
		})
	}
	return nil
}

// wait waits for the first chunk of each stream, or its end.
func (o *opening) wait() error {
	o.opened.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// end waits for the end of all streams.
func (o *opening) end() error {
	o.ended.Wait()
	return o.wait()
}
