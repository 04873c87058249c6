package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/openai/openai-go/v3"

	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// accumulating measures goal 11: adding chunks up that are decoded already. go-openai has nothing for it.
func (b *bench) accumulating() error {
	ours, theirs, text, err := decodedChunks()
	if err != nil {
		return err
	}
	sizes := []int{b.few(2000, 20), b.few(20_000, 200), b.few(200_000, 2000)}
	var tasks []task
	for _, n := range sizes {
		tasks = append(tasks,
			task{sized(nameOurs, n), n, func() error { return addOurs(ours, n) }},
			task{sized(nameOpenAI, n), n, func() error { return addOpenAI(theirs, n) }})
	}
	r, err := b.race(tasks...)
	if err != nil {
		return err
	}
	t := table{"Accumulating decoded chunks", []string{"chunks", "ns per chunk, chatspec", "openai-go", "bytes × the text, chatspec", "openai-go"}, nil}
	for _, n := range sizes {
		mine, other := sized(nameOurs, n), sized(nameOpenAI, n)
		t.rows = append(t.rows, []string{
			number(float64(n)), number(r.median(mine, cpuOf)), number(r.median(other, cpuOf)),
			number(r.median(mine, bytesOf) / text), number(r.median(other, bytesOf) / text),
		})
	}
	b.report.tables = append(b.report.tables, t)
	b.judgeAccumulating(r, sizes, text)
	return nil
}

// sized names a task.
func sized(name string, chunks int) string {
	return fmt.Sprintf("%s, %s chunks", name, number(float64(chunks)))
}

// judgeAccumulating judges goal 11; text is the bytes of text in a chunk.
func (b *bench) judgeAccumulating(r results, sizes []int, text float64) {
	first, last := sizes[0], sizes[len(sizes)-1]
	growth := func(name string) float64 { return r.ratio(sized(name, last), sized(name, first)) }
	bytes := func(name string) float64 { return r.median(sized(name, last), bytesOf) / text }
	none := func(v float64) others { return others{number(v) + " ×", "has none"} }
	b.report.atMost(11, "accumulating, ns per chunk at 200,000 chunks × that at 2,000", 1.1, growth(nameOurs), " ×", none(growth(nameOpenAI)))
	b.report.atMost(11, "accumulating 200,000 chunks, CPU × openai-go", 1.0/20, r.ratio(sized(nameOurs, last), sized(nameOpenAI, last)), " ×", others{})
	b.report.atMost(11, "the same, allocated × the final text", 2.5, bytes(nameOurs), " ×", none(bytes(nameOpenAI)))
	b.report.charts = append(b.report.charts, chart{"Accumulate a chunk, of 200,000", "ns of CPU time", []bar{
		{nameOurs, r.median(sized(nameOurs, last), cpuOf)}, {nameOpenAI, r.median(sized(nameOpenAI, last), cpuOf)},
	}})
}

// decodedChunks returns chunks with text as each library decodes them, and how many bytes of text they have on
// average.
func decodedChunks() (ours []chat.CreateChatCompletionStreamResponse, theirs []openai.ChatCompletionChunk, text float64, err error) {
	const n = 64
	bytes := 0
	for _, event := range corpora()[0].events[1 : n+1] {
		var c chat.CreateChatCompletionStreamResponse
		var o openai.ChatCompletionChunk
		if err := errors.Join(codec.Unmarshal([]byte(event), &c, chat.Codec{}.DecodeChunk), json.Unmarshal([]byte(event), &o)); err != nil {
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
