package stream_test

import (
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// TestAllocationsOfChunks pins what a chunk costs, on average over many.
//
//nolint:paralleltest // testing.AllocsPerRun counts the allocations of the whole process
func TestAllocationsOfChunks(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	const chunks = 2000
	for _, c := range []struct {
		corpus       string
		kept, reused float64 // at most so many for a chunk
	}{
		{"text", 0.16, 0.01},
		{"text-plain", 0.16, 0.01},
		{"text-crlf", 0.16, 0.01},
		{"n=8", 0.16, 0.01},
		{"reasoning", 0.16, 0.01},
		{"tools", 0.25, 0.05},
		{"logprobs", 2, 2},
		{"4KB", 5, 4},
	} {
		for name, opts := range map[string][]stream.Option{"kept": nil, "reused": {stream.ReuseChunk()}} {
			wire, _ := corpus(c.corpus)
			s, err := stream.Open(answer(http.StatusOK, eventStream, &endless{repeat: wire}), append(opts, stream.WithoutResult())...)
			if err != nil {
				t.Fatal(err)
			}
			got := testing.AllocsPerRun(5, func() {
				for range chunks {
					if !s.Next() {
						t.Fatal(s.Err())
					}
				}
			}) / chunks
			want := c.kept
			if name == "reused" {
				want = c.reused
			}
			if got > want {
				t.Errorf("%s, %s: %v allocations, want at most %v", c.corpus, name, got, want)
			}
		}
	}
}

// TestAllocatedByAccumulating: at most 2.5 times the text, the result included.
func TestAllocatedByAccumulating(t *testing.T) { //nolint:paralleltest // it measures the heap
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var acc stream.Accumulator
	c := &chunk{Choices: []chat.ChunkChoice{{Delta: chat.Delta{Content: " word"}}}}
	for _, chunks := range []int{20_000, 200_000} {
		acc = stream.Accumulator{}
		before := totalAlloc()
		for range chunks {
			if err := acc.Add(c); err != nil {
				t.Fatal(err)
			}
		}
		text := acc.Result().Choices[0].Message.Content
		if got := totalAlloc() - before; float64(got) > 2.5*float64(len(text)) {
			t.Errorf("%d chunks: %d bytes for a text of %d", chunks, got, len(text))
		}
	}
}

// TestAllocatedByWholeResponse: what is allocated for a large answer that is not streamed is its text.
func TestAllocatedByWholeResponse(t *testing.T) { //nolint:paralleltest // it measures the heap
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	body := `{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"` +
		strings.Repeat(`A line with a \"quote\".\n`, 8<<10) + `"},"finish_reason":"stop"}]}`
	var response chat.CreateChatCompletionResponse
	before := totalAlloc()
	if err := (chat.Codec{}).DecodeResponse([]byte(body), &response); err != nil {
		t.Fatal(err)
	}
	if got := totalAlloc() - before - uint64(len(body)); float64(got) > 1.1*float64(len(body)) { // without the copy for the call
		t.Errorf("%d bytes for a body of %d", got, len(body))
	}
}

// TestIdleStreams: a stream that waits for its server holds little more than what it has accumulated. What the
// runtime takes for a goroutine counts too, about 600 bytes.
func TestIdleStreams(t *testing.T) { //nolint:paralleltest // it measures the heap
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	_, events := corpus("text")
	body := sse(texts(events[:3])...)
	for name, c := range map[string]struct {
		opts []stream.Option
		want int64
	}{
		"accumulating": {nil, 1750},
		"passing on":   {[]stream.Option{stream.WithoutResult()}, 1300},
	} {
		const streams = 500
		var waiting, ended sync.WaitGroup
		end := make(chan struct{})
		responses := make([]*http.Response, streams)
		for i := range responses {
			responses[i] = answer(http.StatusOK, eventStream, &stalling{rest: strings.NewReader(body), waiting: &waiting, end: end})
		}
		before := liveHeap()
		waiting.Add(streams)
		for _, resp := range responses {
			s, err := stream.Open(resp, c.opts...)
			if err != nil {
				t.Fatal(err)
			}
			ended.Go(func() {
				for s.Next() {
				}
			})
		}
		waiting.Wait()
		runtime.GC() // empties the pools
		if got := (int64(liveHeap()) - int64(before)) / streams; got > c.want {
			t.Errorf("%s: %d bytes, want at most %d", name, got, c.want)
		}
		close(end)
		ended.Wait()
	}
}

// stalling is a body that says when all that it has was read, and then waits for its end.
type stalling struct {
	rest    *strings.Reader
	waiting *sync.WaitGroup
	end     chan struct{}
}

func (s *stalling) Read(p []byte) (int, error) {
	if s.rest.Len() > 0 {
		return s.rest.Read(p)
	}
	s.waiting.Done()
	<-s.end
	return 0, io.ErrUnexpectedEOF
}
