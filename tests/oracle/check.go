package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
	"github.com/chatspec/chatspec/tests/oracle/plain"
)

// mode is one way to read a stream.
type mode struct {
	name string
	opts []stream.Option
	kept bool // chunks stay valid when the next is read
}

// modes are the ways in which every stream is read.
var modes = []mode{
	{"kept", nil, true},
	{"without result", []stream.Option{stream.WithoutResult()}, true},
	{"reused", []stream.Option{stream.ReuseChunk()}, false},
}

// event is the data of one event and what json/v2 makes of it.
type event struct {
	data   []byte
	want   *plain.CreateChatCompletionStreamResponse
	err    error // why json/v2 refuses it
	direct *chat.CreateChatCompletionStreamResponse
}

// newEvent decodes data by both sides, outside of any stream, and says in what they differ.
func newEvent(data []byte) (e event, difference string) {
	e = event{data: data}
	e.want, e.err = expect[plain.CreateChatCompletionStreamResponse](data)
	e.direct = new(chat.CreateChatCompletionStreamResponse)
	err := codec.Unmarshal(data, e.direct, chat.Codec{}.DecodeChunk)
	return e, e.difference(e.direct, err)
}

// difference says in what chunk, or the error in its place, is not what json/v2 makes of the event.
func (e event) difference(chunk *chat.CreateChatCompletionStreamResponse, err error) string {
	return decodedDifference(chunk, err, e.want, e.err)
}

func decodedDifference(got any, err error, want any, wantErr error) string {
	switch {
	case err != nil && wantErr != nil, tooMany(err):
		return ""
	case err != nil:
		return fmt.Sprintf("refused (%v), json/v2 takes it", err)
	case wantErr != nil:
		return fmt.Sprintf("taken, json/v2 refuses it (%v)", wantErr)
	}
	return compare(got, want)
}

// tooMany says that err is the limit on what the decoded value may take, which json/v2 does not have.
func tooMany(err error) bool {
	var input *codec.InputError
	return errors.As(err, &input) && strings.HasPrefix(input.Msg, "too many elements")
}

// clean returns the data as a stream delivers it: white space around it is gone, and each line end is an LF.
// Empty data and the end marker are no chunks.
func clean(data []byte) (cleaned []byte, ok bool) {
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	data = bytes.TrimSpace(data)
	return data, len(data) > 0 && string(data) != "[DONE]"
}

// checkStream reads a stream of the given data in every mode and returns what is not as json/v2 has it, each with
// the event it is about, and the number of events.
func checkStream(r random, list [][]byte) (events int, mismatches []string) {
	var all []event
	report := func(e event, way, difference string) {
		mismatches = append(mismatches, fmt.Sprintf("%s: %s\n\t%q", way, difference, e.data))
	}
	for _, data := range list {
		data, ok := clean(data)
		if !ok {
			continue
		}
		e, d := newEvent(data)
		if d != "" {
			report(e, "decoder", d)
			continue
		}
		all = append(all, e)
	}
	for _, m := range modes {
		for rest := all; len(rest) > 0; {
			n, e, d := m.check(r, rest)
			if d != "" {
				report(e, m.name, d)
				break
			}
			rest = rest[n:]
		}
	}
	return len(list), mismatches
}

// check reads a stream of the events until one is refused, and returns how many it has read, that one included. With
// a difference, e is the event it is about.
func (m mode) check(r random, events []event) (n int, e event, difference string) {
	s, err := stream.Open(&http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"text/event-stream"}},
		Body:       io.NopCloser(&pieceReader{random: r, data: r.write(events)}),
	}, m.opts...)
	if err != nil {
		return 0, event{}, err.Error()
	}
	defer s.Close()
	var chunks []*chat.CreateChatCompletionStreamResponse
	for s.Next() {
		if n == len(events) {
			return n, events[n-1], "another chunk follows"
		}
		e, n = events[n], n+1
		if m.kept {
			chunks = append(chunks, s.Chunk()) // compared when later events cannot change it any more
		} else if d := e.difference(s.Chunk(), nil); d != "" {
			return n, e, d
		}
		if !bytes.Equal(s.Raw(), e.data) {
			return n, e, fmt.Sprintf("Raw is %q", s.Raw())
		}
	}
	taken := n
	if n < len(events) {
		e, n = events[n], n+1
		if d := e.ending(s.Err()); d != "" {
			return n, e, d
		}
		if e.err == nil { // an error beside choices: the chunk is not delivered, but is part of the result
			taken = n
		}
	}
	for i, chunk := range chunks {
		if d := events[i].difference(chunk, nil); d != "" {
			return n, events[i], d
		}
	}
	return n, e, resultDifference(s, events[:taken])
}

// ending says why err cannot be how the stream ends at this event.
func (e event) ending(err error) string {
	var decode *stream.DecodeError
	var refused *api.Error
	switch {
	case errors.As(err, &refused) && bytes.Contains(e.data, []byte(`"error"`)):
		return ""
	case errors.As(err, &decode):
		return e.difference(nil, err)
	}
	return fmt.Sprintf("the stream ends here: %v", err)
}

// resultDifference compares the result of a stream with that of the same chunks, each decoded on its own.
func resultDifference(s *stream.Stream, events []event) string {
	got, _ := s.Result()
	if got == nil {
		return "" // accumulating is off
	}
	var acc stream.Accumulator
	for _, e := range events {
		_ = acc.Add(e.direct) // fails for nil only
	}
	if want := acc.Result(); !reflect.DeepEqual(got, want) {
		return fmt.Sprintf("the result is %s, want %s", show(reflect.ValueOf(got)), show(reflect.ValueOf(want)))
	}
	return ""
}

// write returns the events as a stream, with one line end for all of it.
func (r random) write(events []event) []byte {
	b := make([]byte, 0, 640*len(events))
	end := pick(r, []string{"\n", "\n", "\n", "\r\n", "\r"})
	space := pick(r, []string{" ", " ", ""})
	for _, e := range events {
		if r.chance(50) {
			b = append(b, ": keep-alive"+end+end...)
		}
		for rest, more := e.data, true; more; {
			var line []byte
			line, rest, more = bytes.Cut(rest, []byte("\n"))
			b = append(append(b, "data:"...), space...)
			if bytes.HasPrefix(line, []byte(" ")) && space == "" {
				b = append(b, ' ') // one space belongs to the field
			}
			b = append(append(b, line...), end...)
		}
		b = append(b, end...)
	}
	return append(b, "data: [DONE]"+end+end...)
}

// pieceReader reads data in pieces of random sizes.
type pieceReader struct {
	random

	data []byte
}

func (p *pieceReader) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 1+p.IntN(4096))], p.data)
	p.data = p.data[n:]
	return n, nil
}
