package tool

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// growth is by how much, as a fraction of its length, a text grows between two values that are decoded from it. All of
// them together cost as much as decoding 33 times the whole text, however small its pieces are.
const growth = 32

// ValueStream reads an answer that is a T while it grows. One goroutine at a time may use it; Close may be called by
// any. [ParseStream] makes one; the zero ValueStream is none.
//
// Each value that Next reads is a T of its own, made from what [Complete] makes of the text so far: fields that have
// not come yet are zero, a list has the items that have begun, a string that is under way is there as far as it came
// (which may not be one of its enum), a number only when it is whole. A string under way that its Go type refuses, such
// as half a time.Time, is left out. Nothing of that is checked against the schema. Values do not come for every
// chunk but whenever the text has grown by a 32nd, so that the work grows with the text and not with its square.
//
// The last value is the whole answer, checked. There is none where the answer is not what was asked for.
type ValueStream[T any] struct {
	stream *stream.Stream
	format chat.ResponseFormat

	text    completer
	decoded int    // how long the text was when it was decoded last
	last    []byte // what was decoded then
	value   *T
	ended   bool
	answer  *Answer[T]
	err     error
}

// ParseStream is [Parse] with values that grow. The caller closes the stream.
func ParseStream[T any](ctx context.Context, client Client, req chat.CreateChatCompletionRequest, opts ...chatspec.CallOption) (*ValueStream[T], error) {
	if err := formatted[T](client, &req); err != nil {
		return nil, fmt.Errorf("tool: ParseStream: %w", err)
	}
	s, err := client.Stream(ctx, req, opts...)
	if err != nil {
		return nil, fmt.Errorf("tool: ParseStream: %w", err)
	}
	return &ValueStream[T]{stream: s, format: req.ResponseFormat}, nil
}

// Next reads on until there is a new value, and says whether there is one. After false, Err says how the answer ended.
func (s *ValueStream[T]) Next() bool {
	s.value = nil
	if s.ended {
		return false
	}
	for s.stream.Next() {
		s.text.write(s.stream.Chunk().Text())
		if s.grown() {
			return true
		}
	}
	s.ended = true
	if s.answer, s.err = s.end(); s.err != nil {
		return false
	}
	s.value = &s.answer.Value
	return true
}

// Value returns the value that Next read, nil before the first and after the last. It belongs to the caller; the last
// is that of Result.
func (s *ValueStream[T]) Value() *T { return s.value }

// Err returns how the answer ended: nil when it is what was asked for or has not ended yet, else what [Parse] would
// have returned, or a [*stream.Error].
func (s *ValueStream[T]) Err() error { return s.err }

// All iterates over the values. The last pair, and only the last, has an error in place of a value if the answer is not
// what was asked for.
func (s *ValueStream[T]) All() iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for s.Next() {
			if !yield(s.value, nil) {
				return
			}
		}
		if s.err != nil {
			yield(nil, s.err)
		}
	}
}

// Result reads the answer to its end, if that is not reached, and returns what [Parse] would have returned. It
// returns the same pair ever after.
func (s *ValueStream[T]) Result() (*Answer[T], error) {
	for s.Next() {
	}
	return s.answer, s.err
}

// Stream returns the stream that the values are read from, for the response, and for what there is of an answer that
// ended early. Chunks that are read from it are missing in the values.
func (s *ValueStream[T]) Stream() *stream.Stream { return s.stream }

// Close ends the stream and frees its connection, as that of [stream.Reader] does.
func (s *ValueStream[T]) Close() error { return s.stream.Close() }

// end returns the whole answer.
func (s *ValueStream[T]) end() (*Answer[T], error) {
	completion, err := s.stream.Result()
	if err != nil {
		return nil, fmt.Errorf("tool: ParseStream: %w", err)
	}
	return answerOf[T]("ParseStream", completion, s.format)
}

// grown decodes the text if it has grown enough, and says whether there is a new value.
func (s *ValueStream[T]) grown() bool {
	if grown := len(s.text.text) - s.decoded; grown == 0 || grown < s.decoded/growth {
		return false
	}
	s.decoded = len(s.text.text)
	for _, unended := range []bool{true, false} {
		known, value := s.text.completed(unended), new(T)
		if known == nil || bytes.Equal(known, s.last) {
			return false
		}
		if json.Unmarshal(known, value) == nil {
			s.value, s.last = value, known
			return true
		}
	}
	return false
}
