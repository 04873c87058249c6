package stream_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// snapshot is what a stream shows after each chunk, copied.
type snapshot struct {
	JSON, Raw, Partial string
}

// watch reads a stream to its end and returns what it showed, every Partial and how it ended. Partials are
// copied at once and looked at again at the end: later chunks must not have changed them.
func watch(t *testing.T, body string, opts ...stream.Option) (seen []snapshot, end string) {
	t.Helper()
	s, err := stream.Open(answer(http.StatusOK, eventStream, iotest.HalfReader(strings.NewReader(body))), opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var partials []*chat.CreateChatCompletionResponse
	for s.Next() {
		partial, err := s.Partial()
		if err != nil {
			t.Fatal(err)
		}
		partials = append(partials, partial)
		seen = append(seen, snapshot{jsonOf(t, s.Chunk()), string(s.Raw()), jsonOf(t, partial)})
	}
	for i, partial := range partials {
		if now := jsonOf(t, partial); now != seen[i].Partial {
			t.Errorf("a partial result changed:\n%s\n%s", seen[i].Partial, now)
		}
	}
	result, err := s.Result()
	return seen, fmt.Sprintf("%v\n%s\n%v", err, jsonOf(t, result), s.Done())
}

// TestReuseChunk reads streams of all kinds as they are read without it.
func TestReuseChunk(t *testing.T) {
	t.Parallel()
	bodies, _ := readDialects(t)
	for _, name := range corpusNames {
		_, events := corpus(name)
		bodies[name] = sse(texts(events)...)
	}
	counted := `{"id":"c","choices":[{"index":0,"delta":{"content":"%d"}}],"usage":{"total_tokens":%d,"completion_tokens_details":{"audio_tokens":%d}}}`
	var usages []string
	for i := range 20 {
		usages = append(usages, fmt.Sprintf(counted, i%7, i, i*i))
	}
	bodies["usage in each chunk"] = sse(usages...)
	for name, body := range bodies {
		want, wantEnd := watch(t, body)
		got, end := watch(t, body, stream.ReuseChunk())
		if end != wantEnd || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %d chunks and %s\nwant %d and %s", name, len(got), end, len(want), wantEnd)
		}
	}
}

// TestReuseChunkReuses: or the option would be for nothing.
func TestReuseChunkReuses(t *testing.T) {
	t.Parallel()
	_, events := corpus("text")
	for _, opts := range [][]stream.Option{{stream.ReuseChunk()}, {stream.ReuseChunk(), stream.WithoutResult()}} {
		s, err := stream.Open(answer(http.StatusOK, eventStream, strings.NewReader(sse(texts(events)...))), opts...)
		if err != nil {
			t.Fatal(err)
		}
		chunks := map[*chunk]bool{}
		for s.Next() {
			chunks[s.Chunk()] = true
		}
		if len(chunks) > 5 {
			t.Errorf("%d chunks for %d events", len(chunks), len(events))
		}
	}
}

func texts(data [][]byte) (list []string) {
	for _, d := range data {
		list = append(list, string(d))
	}
	return list
}

// jsonOf returns v as JSON.
func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
