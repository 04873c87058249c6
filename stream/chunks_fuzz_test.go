package stream_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
)

type chunk = chat.CreateChatCompletionStreamResponse

// chunkSeeds are events of every kind, and some that are easily mistaken for another.
var chunkSeeds = []string{
	`{"choices":[{"index":0,"delta":{"content":"a"}}]}`,
	`{"choices":[{"index":0,"delta":{"content":"a","content":null}}]}`,
	`{"choices":[{"index":0,"delta":{"content":"a"},"delta":{"refusal":"b"}}]}`,
	`{"choices":[{"index":0,"delta":{"content":"a"},"delta":{}}],"choices":[]}`,
	`{"choices":[{"index":1e0,"delta":{"content":""}},{"index":1},{},{},{"delta":{"tool_calls":[{"index":0},{"index":1,"function":{}}]}}]}`,
	`{"id":"x","usage":{"total_tokens":3,"prompt_tokens":1.0},"created":-5,"obfuscation":"\u00e9"}`,
	`{"usage":{"total_tokens":3},"usage":null,"x":{"a":"b","a":1,"c":[1,2.5]},"y":"\ud83d"}`,
	`{"choices":[{"index":0,"delta":{"annotations":[{"type":"url_citation","url_citation":{"url":"u"}}],"audio":{"id":"i","data":"d"}}}]}`,
	"{\"id\":\"\xff\"}", ` { "id" : "z" , "error" : "" } `, `null`, `[]`, `{`, `{"object":"a","e":"x\"error"}`,
}

// allChunkSeeds are chunkSeeds and the first events of the corpora.
func allChunkSeeds() []string {
	seeds := slices.Clone(chunkSeeds)
	for _, name := range []string{"text", "text-plain", "tools", "n=8", "reasoning", "logprobs"} {
		seeds = append(seeds, corpora[name][:2]...)
	}
	return seeds
}

// edits are what mutations put into events.
var edits = []string{
	`"`, `\`, `\\`, `\"`, `\u00e9`, `\ud83d`, `\ude00`, "\xff", "é", `null`, `,`, `{`, `}`, `[`, `]`, `:`, `0`, `1`, `-`, `-1`, `01`,
	`1e3`, `1.0`, " ", "\n", "\x00", `"content":"z",`, `"content":null,`, `"index":3,`, `true`, `x`, "東京", `99999999999999999999`, "error",
	strings.Repeat("long", 200), `{},{},{},`,
}

// checker compares what Chunks makes of events with what Unmarshal does, also of chunks long after.
type checker struct {
	chunks codec.Chunks[chunk]
	again  codec.Chunks[chunk]
	kept   []kept
	known  int
}

type kept struct {
	chunk *chunk
	want  chunk
	text  string
}

func (c *checker) check(t *testing.T, text string) (valid bool) {
	t.Helper()
	var want chunk
	wantErr := codec.Unmarshal([]byte(text), &want, (*chunk).DecodeJSON)
	for again, chunks := range map[bool]*codec.Chunks[chunk]{false: &c.chunks, true: &c.again} {
		data := []byte(text)
		got, err := chunks.Recognize(data, "error", again), error(nil)
		if got != nil {
			c.known++
			if strings.Contains(text, `"error"`) {
				t.Fatalf("recognized %s", text)
			}
		} else {
			got, err = chunks.Decode(data, "error", (*chunk).DecodeJSON)
		}
		clear(data) // the buffer of the stream is used again
		switch {
		case !reflect.DeepEqual(err, wantErr):
			t.Fatalf("%s: %v, want %v", text, err, wantErr)
		case err == nil && !reflect.DeepEqual(*got, want):
			t.Fatalf("%s:\n got %+v\nwant %+v", text, *got, want)
		case err == nil && !again:
			c.kept = append(c.kept, kept{got, want, text})
		}
	}
	return wantErr == nil
}

// checkKept changes every second chunk and checks that the others are as they were.
func (c *checker) checkKept(t *testing.T) {
	t.Helper()
	for i, k := range c.kept {
		if i%2 == 0 {
			spoil(reflect.ValueOf(k.chunk).Elem())
		}
	}
	for i, k := range c.kept {
		if i%2 == 1 && !reflect.DeepEqual(*k.chunk, k.want) {
			t.Fatalf("a kept chunk changed: %s:\n got %+v\nwant %+v", k.text, *k.chunk, k.want)
		}
	}
}

// spoil changes all that v leads to, and appends to its slices.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
		if v.CanSet() {
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			spoil(field)
		}
	default:
		if v.CanSet() {
			v.SetZero()
		}
	}
}

// mutate replaces a piece of an event, more often within a value.
func mutate(random *rand.Rand, text string) string {
	i := random.IntN(len(text) + 1)
	if random.IntN(3) > 0 {
		name := []string{`"content":"`, `"arguments":"`, `"obfuscation":"`, `"index":`, `"id":"`, `"created":`, `"total_tokens":`}[random.IntN(7)]
		if at := strings.Index(text, name); at >= 0 {
			i = at + len(name)
		}
	}
	j := i + random.IntN(min(4, len(text)-i+1))
	return text[:i] + edits[random.IntN(len(edits))] + text[j:]
}

// TestChunksOfMutatedEvents reads chains of events, each a little different from the one before.
func TestChunksOfMutatedEvents(t *testing.T) {
	t.Parallel()
	seeds := allChunkSeeds()
	random := rand.New(rand.NewPCG(1, 2))
	known := 0
	for range 800 {
		var c checker
		seed := seeds[random.IntN(len(seeds))]
		text := seed
		for range 12 {
			if !c.check(t, text) {
				text = seed
			}
			if random.IntN(4) > 0 {
				text = mutate(random, text)
			}
		}
		c.checkKept(t)
		known += c.known
	}
	if known < 3000 {
		t.Errorf("only %d events were recognized", known)
	}
}

// FuzzChunks reads events one after the other, each twice, and compares with decoding each alone.
func FuzzChunks(f *testing.F) {
	seeds := allChunkSeeds()
	for i, seed := range seeds {
		f.Add([]byte(seed), []byte(seed), []byte(seeds[(i+1)%len(seeds)]))
		f.Add([]byte(seed), []byte(strings.Replace(seed, `"a"`, `"bc"`, 1)), []byte(strings.Replace(seed, ":1", ":2", 1)))
	}
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		var all checker
		for _, data := range [][]byte{a, b, b, c, a, c} {
			all.check(t, string(data))
		}
		all.checkKept(t)
	})
}
