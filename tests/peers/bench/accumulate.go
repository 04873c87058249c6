package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/openai/openai-go/v3"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// accumulating measures goal 11: adding chunks up that are decoded already. go-openai has nothing for it.
func (b *bench) accumulating() error {
	sizes := []int{2000, 20_000, 200_000}
	name := func(library string, n int) string { return fmt.Sprintf("%s, %s chunks", library, number(float64(n))) }
	ours, theirs, text, err := decodedChunks()
	if err != nil {
		return err
	}
	var tasks []task
	for _, n := range sizes {
		n := b.few(n, n/100)
		tasks = append(tasks,
			task{name(nameOurs, n), n, func() error { return addOurs(ours, n) }},
			task{name(nameOpenAI, n), n, func() error { return addOpenAI(theirs, n) }})
	}
	r, err := b.race(tasks...)
	if err != nil {
		return err
	}
	t := table{"Accumulating decoded chunks", []string{"chunks", "ns per chunk, chatspec", "openai-go", "bytes × the text, chatspec", "openai-go"}, nil}
	ch := chart{"Accumulate a chunk, of 20,000", "ns of CPU time", nil}
	var last int
	for i, n := range sizes {
		n := b.few(n, n/100)
		last = n
		row := []string{number(float64(n))}
		for _, of := range []func(string) float64{
			func(task string) float64 { return r.median(task, cpuOf) },
			func(task string) float64 { return r.median(task, bytesOf) / text },
		} {
			row = append(row, number(of(name(nameOurs, n))), number(of(name(nameOpenAI, n))))
		}
		t.rows = append(t.rows, row)
		if i == 1 {
			ch.bars = []bar{{nameOurs, r.median(name(nameOurs, n), cpuOf)}, {nameOpenAI, r.median(name(nameOpenAI, n), cpuOf)}}
		}
	}
	first := name(nameOurs, b.few(sizes[0], sizes[0]/100))
	b.report.atMost(11, "accumulating, ns per chunk at 200,000 chunks × that at 2,000", 1.1, r.ratio(name(nameOurs, last), first), " ×", others{
		openaiGo: number(r.ratio(name(nameOpenAI, last), name(nameOpenAI, b.few(sizes[0], sizes[0]/100)))) + " ×", goOpenAI: "has none",
	})
	b.report.atMost(11, "accumulating 200,000 chunks, CPU × openai-go", 1.0/20, r.ratio(name(nameOurs, last), name(nameOpenAI, last)), " ×", others{})
	b.report.atMost(11, "the same, allocated × the final text", 2.5, r.median(name(nameOurs, last), bytesOf)/text, " ×", others{
		openaiGo: number(r.median(name(nameOpenAI, last), bytesOf)/text) + " ×", goOpenAI: "has none",
	})
	b.report.tables = append(b.report.tables, t)
	b.report.charts = append(b.report.charts, ch)
	return nil
}

// decodedChunks returns chunks with text as each library decodes them, and how many bytes of text they have on
// average.
func decodedChunks() (ours []chat.CreateChatCompletionStreamResponse, theirs []openai.ChatCompletionChunk, text float64, err error) {
	const n = 64
	bytes := 0
	for _, event := range corpora()[0].events[1 : n+1] {
		var c chat.CreateChatCompletionStreamResponse
		var o openai.ChatCompletionChunk
		if err := errors.Join(chat.Codec{}.DecodeChunk([]byte(event), &c), json.Unmarshal([]byte(event), &o)); err != nil {
			return nil, nil, 0, err
		}
		ours, theirs = append(ours, c), append(theirs, o)
		bytes += len(c.Text())
	}
	return ours, theirs, float64(bytes) / n, nil
}

func addOurs(chunks []chat.CreateChatCompletionStreamResponse, n int) error {
	var acc stream.Accumulator
	for i := range n {
		if err := acc.Add(&chunks[i%len(chunks)]); err != nil {
			return err
		}
	}
	if acc.Result().Text() == "" {
		return errors.New("no text")
	}
	return nil
}

func addOpenAI(chunks []openai.ChatCompletionChunk, n int) error {
	var acc openai.ChatCompletionAccumulator
	for i := range n {
		if !acc.AddChunk(chunks[i%len(chunks)]) {
			return errors.New("the accumulator refuses a chunk")
		}
	}
	if acc.Choices[0].Message.Content == "" {
		return errors.New("no text")
	}
	return nil
}
