package drift_test

import (
	"os"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// BenchmarkDrift compares our document with itself and, where it is beside the clone, with the official one:
// parsing, walking and comparing.
func BenchmarkDrift(b *testing.B) {
	official, err := os.ReadFile("../../../../shared/upstream/openai-openapi-2026-08-21.yaml")
	for name, text := range map[string][]byte{"ours": []byte(chatspec.Spec), "official": official} {
		b.Run(name, func(b *testing.B) {
			if len(text) == 0 {
				b.Skip(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				compare(b, text)
			}
		})
	}
}

func compare(b *testing.B, text []byte) {
	b.Helper()
	var facts [2]*drift.Facts
	for i, data := range [][]byte{[]byte(chatspec.Spec), text} {
		doc, err := drift.Parse("doc", data)
		if err != nil {
			b.Fatal(err)
		}
		if facts[i], err = drift.Flatten(doc, drift.Scope{"/chat/completions"}); err != nil {
			b.Fatal(err)
		}
	}
	drift.Diff(facts[0], facts[1])
}
