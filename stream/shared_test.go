package stream_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/chatspec/chatspec/codec"
	"github.com/chatspec/chatspec/stream"
)

// tiny is the chunk and the response of another package than ours.
type tiny struct {
	Text  string
	Count int
}

// tinyCodec is what the templates emit, for tiny.
type tinyCodec struct{}

func (tinyCodec) DecodeChunk(v *tiny, d *codec.Decoder) {
	*v = tiny{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "text":
			d.StringTo(&v.Text)
		case "count":
			d.IntTo(&v.Count)
		default:
			d.Skip()
		}
	}
}

func (c tinyCodec) DecodeResponse(data []byte, v *tiny) error {
	return codec.Unmarshal(data, v, c.DecodeChunk)
}

func (tinyCodec) Chunk(v *tiny) *tiny { return new(*v) }

func (tinyCodec) Text(v *tiny) string { return v.Text }

func (tinyCodec) Progress(v *tiny, p *codec.Progress) { p.Choice(0, v.Count < 0) }

func (tinyCodec) NewAccumulator() codec.Accumulator[tiny, tiny] { return new(tinyAccumulator) }

type tinyAccumulator struct{ text codec.Text }

func (a *tinyAccumulator) Add(v *tiny) error { a.text.Add(v.Text); return nil }

func (a *tinyAccumulator) Result() *tiny { return &tiny{Text: a.text.Result()} }

// TestStreamsShareDecoders reads many streams of two chunk types at once. They share decoders, memory and buffers,
// and nothing that can be seen.
func TestStreamsShareDecoders(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 20 {
				name := fmt.Sprintf("%d-%d", worker, i)
				var opts []stream.Option
				if i%2 == 0 {
					opts = append(opts, stream.ReuseChunk())
				}
				checkTiny(t, name, opts)
				checkChat(t, name, opts)
			}
		})
	}
	all.Wait()
}

// checkTiny reads a stream of tiny chunks, of which the caller keeps and changes some.
func checkTiny(t *testing.T, name string, opts []stream.Option) {
	var events []string
	var want strings.Builder
	for i := range 30 {
		events = append(events, fmt.Sprintf(`{"text":"%s/%d ","count":%d,"more":"%d"}`, name, i, i, i*i))
		fmt.Fprintf(&want, "%s/%d ", name, i)
	}
	events = append(events, `{"count":-1}`)
	s, err := stream.OpenWith(answer(http.StatusOK, eventStream, iotest.HalfReader(strings.NewReader(sse(events...)))), tinyCodec{}, opts...)
	if err != nil {
		t.Error(err)
		return
	}
	for i := 0; s.Next(); i++ {
		if c := s.Chunk(); c.Count != i && c.Count != -1 {
			t.Errorf("chunk %d is %+v", i, *c)
		} else if len(opts) == 0 {
			*c = tiny{Text: "changed"}
		}
	}
	if got, err := s.Result(); err != nil || got.Text != want.String() {
		t.Errorf("%q, %v", got.Text, err)
	}
}

// checkChat reads a stream of chat chunks.
func checkChat(t *testing.T, name string, opts []stream.Option) {
	var events []string
	var want strings.Builder
	for i := range 30 {
		events = append(events, say(0, fmt.Sprintf("%s/%d ", name, i), ""))
		fmt.Fprintf(&want, "%s/%d ", name, i)
	}
	s, err := stream.Open(answer(http.StatusOK, eventStream, strings.NewReader(sse(append(events, say(0, "", "stop"))...))), opts...)
	if err != nil {
		t.Error(err)
		return
	}
	if got, err := s.Result(); err != nil || got.Choices[0].Message.Content != want.String() {
		t.Errorf("%+v, %v", got, err)
	}
}
