package stream_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/codec"
	"github.com/chatspec/chatspec/stream"
)

// transcript is all that a stream shows.
type transcript struct {
	Chunks, Raws []string
	Result, End  string
}

// transcribe reads a stream to its end. Chunks that stay valid are looked at only then.
func transcribe(t *testing.T, body io.Reader, result, stay bool, opts ...stream.Option) (seen transcript) {
	t.Helper()
	if !result {
		opts = append(opts, stream.WithoutResult())
	}
	s, err := stream.Open(answer(http.StatusOK, eventStream, body), opts...)
	if err != nil {
		t.Fatal(err)
	}
	var chunks []*chunk
	for s.Next() {
		chunks = append(chunks, s.Chunk())
		seen.Raws = append(seen.Raws, string(s.Raw()))
		if !stay {
			seen.Chunks = append(seen.Chunks, jsonOf(t, s.Chunk()))
		}
	}
	if stay {
		for _, c := range chunks {
			seen.Chunks = append(seen.Chunks, jsonOf(t, c))
		}
	}
	if got, err := s.Result(); result {
		seen.Result = fmt.Sprintf("%s %v", jsonOf(t, got), err)
	}
	seen.End = fmt.Sprint(s.Err())
	return seen
}

// plainly is what transcribe returns, by the plain decoder and an accumulator.
func plainly(t *testing.T, body string) (seen transcript) {
	t.Helper()
	var acc stream.Accumulator
	var err error
	events := stream.NewDecoder(strings.NewReader(body))
	for {
		var ev stream.Event
		if ev, err = events.Next(); err != nil {
			break
		}
		data := bytes.TrimSpace(ev.Data)
		c := new(chunk)
		if err = codec.Unmarshal(data, c, (*chunk).DecodeJSON); err != nil || bytes.Contains(data, []byte(`"error"`)) {
			break
		}
		if err := acc.Add(c); err != nil {
			t.Fatal(err)
		}
		seen.Chunks = append(seen.Chunks, jsonOf(t, c))
		seen.Raws = append(seen.Raws, string(data))
	}
	if !errors.Is(err, io.EOF) {
		return seen // how such a stream ends is not known here
	}
	seen.Result = jsonOf(t, acc.Result())
	return seen
}

// FuzzModes reads streams of events that differ a little, whole and in pieces, in all modes: each shows what the
// plain decoder and the accumulator give.
func FuzzModes(f *testing.F) {
	seeds := allChunkSeeds()
	for seed := range uint64(100) {
		f.Add(seed, []byte{1, 2, 60}, seed%2 == 0)
	}
	f.Fuzz(func(t *testing.T, seed uint64, pieces []byte, crlf bool) {
		random := rand.New(rand.NewPCG(seed, 1))
		text := seeds[random.IntN(len(seeds))]
		var events []string
		for range 2 + random.IntN(30) {
			if random.IntN(3) == 0 {
				edited := mutate(random, text)
				if random.IntN(10) > 0 && codec.Unmarshal([]byte(edited), new(chunk), (*chunk).DecodeJSON) != nil {
					edited = text // most streams are sound to the end
				}
				text = edited
			}
			events = append(events, strings.ReplaceAll(text, "\n", " "))
		}
		body := sse(events...)
		if crlf {
			body = strings.ReplaceAll(body, "\n", "\r\n")
		}
		plain := plainly(t, body)
		for _, result := range []bool{true, false} {
			want := transcribe(t, strings.NewReader(body), result, true)
			if len(want.Chunks) < len(plain.Chunks) || !slices.Equal(want.Chunks[:len(plain.Chunks)], plain.Chunks) ||
				!slices.Equal(want.Raws[:len(plain.Raws)], plain.Raws) || result && !strings.HasPrefix(want.Result, plain.Result) {
				t.Fatalf("%s\n got %+v\nwant %+v", body, want, plain)
			}
			for _, reuse := range []bool{false, true} {
				var opts []stream.Option
				if reuse {
					opts = append(opts, stream.ReuseChunk())
				}
				got := transcribe(t, &pieceReader{rest: []byte(body), pieces: pieces}, result, !reuse, opts...)
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("result %v, reuse %v: %s\n got %+v\nwant %+v", result, reuse, body, got, want)
				}
			}
		}
	})
}
