//go:build unix

package stream_test

import (
	"encoding/json"
	"net/http"
	"syscall"
	"testing"
	"time"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// modes are the ways to read a stream, by name.
var modes = map[string][]stream.Option{
	"kept":          {stream.WithoutResult()},
	"kept+result":   nil,
	"reused":        {stream.WithoutResult(), stream.ReuseChunk()},
	"reused+result": {stream.ReuseChunk()},
}

// BenchmarkChunks reads the chunks of each corpus in each mode. Beside the CPU time of a chunk it prints how many
// times as long encoding/json takes to check the same bytes (xvalid) and to decode them (xjson).
func BenchmarkChunks(b *testing.B) {
	for _, name := range corpusNames {
		for mode, opts := range modes {
			b.Run(name+"/"+mode, func(b *testing.B) { benchmarkChunks(b, name, opts) })
		}
	}
}

func benchmarkChunks(b *testing.B, name string, opts []stream.Option) {
	b.Helper()
	wire, events := corpus(name)
	s, err := stream.Open(answer(http.StatusOK, eventStream, &endless{repeat: wire}), opts...)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(wire) / len(events)))
	b.ReportAllocs()
	start := cpuTime(b)
	for b.Loop() {
		if !s.Next() {
			b.Fatal(s.Err())
		}
	}
	own := float64(cpuTime(b)-start) / float64(b.N)
	b.ReportMetric(own, "cpu-ns/op")
	b.ReportMetric(each(b, events, json.Valid)/own, "xvalid")
	b.ReportMetric(each(b, events, func(data []byte) bool {
		var chunk plainChunk
		return json.Unmarshal(data, &chunk) == nil
	})/own, "xjson")
}

// each returns the nanoseconds that do takes for an event.
func each(b *testing.B, events [][]byte, do func(data []byte) bool) float64 {
	b.Helper()
	rounds := max(1, 5000/len(events))
	start := cpuTime(b)
	for range rounds {
		for _, data := range events {
			if !do(data) {
				b.Fatal("refused")
			}
		}
	}
	return float64(cpuTime(b)-start) / float64(rounds*len(events))
}

// cpuTime returns the CPU time of the process, the garbage collector's included. Other programs on the machine
// change it less than the time of day.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// plainChunk has the fields of a chunk that the corpora use, and no decoder of its own.
type plainChunk struct {
	ID                string                `json:"id"`
	Object            string                `json:"object"`
	Created           int64                 `json:"created"`
	Model             string                `json:"model"`
	ServiceTier       string                `json:"service_tier"`
	SystemFingerprint string                `json:"system_fingerprint"`
	Choices           []plainChoice         `json:"choices"`
	Usage             *chat.CompletionUsage `json:"usage"`
	Obfuscation       string                `json:"obfuscation"`
}

type plainChoice struct {
	Index int `json:"index"`
	Delta struct {
		Role      string          `json:"role"`
		Content   string          `json:"content"`
		Refusal   string          `json:"refusal"`
		ToolCalls []plainToolCall `json:"tool_calls"`
	} `json:"delta"`
	FinishReason string `json:"finish_reason"`
	Logprobs     *struct {
		Content, Refusal []plainLogprob
	} `json:"logprobs"`
}

type plainToolCall struct {
	Index    int    `json:"index"`
	ID       string `json:"id"`
	Type     string `json:"type"`
	Function *struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

type plainLogprob struct {
	Token       string         `json:"token"`
	Logprob     float64        `json:"logprob"`
	Bytes       []int          `json:"bytes"`
	TopLogprobs []plainLogprob `json:"top_logprobs"`
}
