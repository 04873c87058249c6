package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"

	"github.com/go-faster/jx"

	"github.com/chatspec/chatspec/stream"
)

// Contenders that decode in memory.
const (
	nameFastest = "chatspec, fastest"
	nameKept    = "chatspec, kept"
	nameSkip    = "jx.Skip"
	nameValid   = "json.Valid"
)

// decoding measures goals 1 to 4: streams that lie in memory. What of chatspec is measured opens the response of a
// server as stream.Open does, splits it into events and decodes them; the peers decode as part of whole calls.
func (b *bench) decoding() error {
	all := map[string]results{}
	times := table{"Decoding, ns of CPU time per chunk", []string{"corpus", "bytes per chunk"}, nil}
	allocs := table{"Decoding, allocations per chunk", []string{"corpus"}, nil}
	contenders := []string{nameSkip, nameValid, nameFastest, nameKept, nameGoOpenAI, nameOpenAI}
	times.header = append(times.header, contenders...)
	allocs.header = append(allocs.header, contenders[2:]...)
	for _, c := range corpora() {
		r, err := b.race(decodeTasks(c)...)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		all[c.name] = r
		timesRow := []string{c.name, strconv.Itoa(len(bytes.Join(c.payloads(), nil)) / len(c.events))}
		allocsRow := []string{c.name}
		ch := chart{"Decode a chunk: " + c.name, "ns of CPU time", nil}
		for i, name := range contenders {
			timesRow = append(timesRow, number(r.median(name, cpuOf)))
			ch.bars = append(ch.bars, bar{name, r.median(name, cpuOf)})
			if i >= 2 {
				allocsRow = append(allocsRow, number(r.median(name, allocsOf)))
			}
		}
		times.rows, allocs.rows = append(times.rows, timesRow), append(allocs.rows, allocsRow)
		if c.name == "text" || !c.small && c.name != "4 KB text" {
			b.report.charts = append(b.report.charts, ch)
		}
	}
	b.report.tables = append(b.report.tables, times, allocs)
	b.judgeFastest(all)
	b.judgeKept(all)
	b.judgeAllocations(all)
	return nil
}

// decodeTasks are the contenders on one corpus.
func decodeTasks(c corpus) []task {
	wire, payloads := c.stream(), c.payloads()
	n := len(payloads)
	memory := &http.Client{Transport: answer{wire, "text/event-stream"}}
	tasks := []task{
		{nameSkip, n, func() error { return skipAll(payloads) }},
		{nameValid, n, func() error { return validAll(payloads) }},
		{nameFastest, n, func() error { return readAll(wire, n, fastest) }},
		{nameKept, n, func() error { return readAll(wire, n, kept) }},
	}
	for _, l := range libraries[2:] {
		tasks = append(tasks, task{l.name, n, streamCall(l, "http://127.0.0.1/v1", memory, n)})
	}
	return tasks
}

// streamCall returns a call of a library that must bring n chunks, or any number if n is 0.
func streamCall(l library, baseURL string, client *http.Client, n int) func() error {
	c, err := l.open(baseURL, client)
	return func() error {
		if err != nil {
			return err
		}
		got, err := c.stream(context.Background(), func() {})
		if err == nil && n > 0 && l.name != nameBare && got != n {
			return fmt.Errorf("%d chunks, want %d", got, n)
		}
		return err
	}
}

// answer answers every request with a body from memory, once the body of the request has been read.
type answer struct {
	body      []byte
	mediaType string
}

func (a answer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	resp := a.response()
	resp.Request = req
	return resp, nil
}

func (a answer) response() *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {a.mediaType}}, ContentLength: -1,
		Body: io.NopCloser(bytes.NewReader(a.body)),
	}
}

func readAll(wire []byte, n int, opts []stream.Option) error {
	s, err := stream.Open(answer{wire, "text/event-stream"}.response(), opts...)
	if err != nil {
		return err
	}
	defer s.Close()
	got := 0
	for s.Next() {
		got += len(s.Chunk().Choices)
	}
	if s.Err() == nil && got != n {
		return fmt.Errorf("%d choices, want %d", got, n)
	}
	return s.Err()
}

func skipAll(payloads [][]byte) error {
	var d jx.Decoder
	for _, p := range payloads {
		d.ResetBytes(p)
		if err := d.Skip(); err != nil {
			return err
		}
	}
	return nil
}

func validAll(payloads [][]byte) error {
	for _, p := range payloads {
		if !json.Valid(p) {
			return fmt.Errorf("not valid: %s", p)
		}
	}
	return nil
}

// judgeFastest judges goals 1 and 3.
func (b *bench) judgeFastest(all map[string]results) {
	skip, valid := 0.0, 0.0
	for _, name := range []string{"text", "tools"} {
		skip = max(skip, all[name].ratio(nameFastest, nameSkip))
		valid = max(valid, all[name].ratio(nameFastest, nameValid))
	}
	b.report.atMost(1, "CPU of a text or tool chunk, fastest mode, × jx.Skip", 1.0/3, skip, " ×", others{})
	b.report.atMost(1, "the same, × json.Valid", 1.0/5, valid, " ×", others{})
	openAI, goOpenAI := math.Inf(1), math.Inf(1)
	for _, c := range corpora() {
		if c.small {
			openAI = min(openAI, all[c.name].ratio(nameOpenAI, nameFastest))
			goOpenAI = min(goOpenAI, all[c.name].ratio(nameGoOpenAI, nameFastest))
		}
	}
	b.report.atLeast(3, "fastest mode, small chunks, the least lead over openai-go", 90, openAI, " ×", others{})
	b.report.atLeast(3, "the same over go-openai", 25, goOpenAI, " ×", others{})
}

// judgeKept judges goal 2.
func (b *bench) judgeKept(all map[string]results) {
	var openAI, goOpenAI []float64
	least := math.Inf(1)
	for _, c := range corpora() {
		if c.name == "text, no obfuscation" {
			continue // a variant of the first, which the goal does not count twice
		}
		openAI = append(openAI, all[c.name].ratio(nameOpenAI, nameKept))
		lead := all[c.name].ratio(nameGoOpenAI, nameKept)
		goOpenAI = append(goOpenAI, lead)
		least = min(least, lead)
	}
	b.report.atLeast(2, "chunks to keep, seven corpora, mean lead over openai-go", 20, geometricMean(openAI), " ×", others{})
	b.report.atLeast(2, "the same over go-openai", 6, geometricMean(goOpenAI), " ×", others{})
	b.report.atLeast(2, "the least lead over go-openai", 2.5, least, " ×", others{})
}

// judgeAllocations judges goal 4.
func (b *bench) judgeAllocations(all map[string]results) {
	for _, g := range []struct {
		corpus, contender string
		limit             float64
	}{
		{"text", nameKept, 0.25}, {"text", nameFastest, 0.02}, {"tools", nameKept, 0.3}, {"logprobs ×20", nameKept, 5},
	} {
		r := all[g.corpus]
		b.report.atMost(4, "allocations per chunk, "+g.corpus+": "+g.contender, g.limit, r.median(g.contender, allocsOf), "", others{
			openaiGo: number(r.median(nameOpenAI, allocsOf)), goOpenAI: number(r.median(nameGoOpenAI, allocsOf)),
		})
	}
}
