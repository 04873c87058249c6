package stream_test

import (
	"testing"

	"github.com/chatspec/chatspec/stream"
)

// textEvent is an event as servers send it for one token of text, about 330 bytes.
const textEvent = `data: {"id":"chatcmpl-C9x2LmQ4vT7pZr1YkWn8sHd3","object":"chat.completion.chunk",` +
	`"created":1760000000,"model":"gpt-5.4-2026-01-15","service_tier":"default",` +
	`"system_fingerprint":"fp_3f6b0a91c2","choices":[{"index":0,"delta":{"content":" delightful"},` +
	`"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"q8TzL0bN5w"}` + "\n\n"

func BenchmarkDecoder(b *testing.B) {
	d := stream.NewDecoder(&endless{repeat: []byte(textEvent)})
	b.SetBytes(int64(len(textEvent)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Next(); err != nil {
			b.Fatal(err)
		}
	}
}
