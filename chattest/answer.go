package chattest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"time"

	"github.com/chatspec/chatspec/chattest/internal/server"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/internal/exchange"
	"github.com/chatspec/chatspec/stream"
)

// The statuses that net/http can send and that end an answer, and those that refuse a request.
const (
	minStatus  = 200
	maxStatus  = 999
	minRefusal = 400
	maxRefusal = 599
)

// answerFunc writes the answer to a request for a completion.
type answerFunc func(w http.ResponseWriter) error

// VisitCreateChatCompletionResponse is called by the generated stubs.
func (f answerFunc) VisitCreateChatCompletionResponse(w http.ResponseWriter) error { return f(w) }

// answer makes the answer to a request out of a reply, and stores it if that was asked for.
func (h *Handler) answer(ctx context.Context, r Reply, req *chat.CreateChatCompletionRequest) (server.CreateChatCompletionResponseObject, error) {
	r, err := r.chosen(*req)
	if err != nil {
		return nil, err
	}
	if err := r.checkFaults(ctx); err != nil {
		return nil, err
	}
	switch {
	case r.nothing != nil:
		return r.after(ctx, func(http.ResponseWriter) error { return r.nothing(ctx) }), nil
	case r.plain != nil:
		return r.after(ctx, r.plain.write), checkStatus(r.plain.status, minStatus, maxStatus)
	}
	completion, chunks, err := h.completion(r, req)
	if err != nil {
		return nil, err
	}
	if req.Store != nil && *req.Store {
		if completion.Metadata == nil {
			completion.Metadata = req.Metadata
		}
		if err := h.keep(completion, req); err != nil {
			return nil, err
		}
	}
	if !req.Stream {
		return r.after(ctx, completionAnswer(completion).writeTo), nil
	}
	var events [][]byte
	if chunks == nil {
		usage := req.StreamOptions != nil && req.StreamOptions.IncludeUsage
		events, err = split(completion, r.pieces, usage)
	} else {
		events, err = encoded(chunks)
	}
	if err != nil {
		return nil, err
	}
	return r.after(ctx, streamed(ctx, r.pace, events)), nil
}

// encoded returns the data of events with these chunks.
func encoded(chunks []chat.CreateChatCompletionStreamResponse) ([][]byte, error) {
	events := make([][]byte, len(chunks))
	for i, chunk := range chunks {
		chunk.Choices = notNil(chunk.Choices)
		var err error
		if events[i], err = encode(chunk); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// after returns an answer that waits and sets headers before write goes on, and has the faults of the reply.
func (r Reply) after(ctx context.Context, write answerFunc) answerFunc {
	write = r.faulty(ctx, write)
	return func(w http.ResponseWriter) error {
		if err := exchange.Wait(ctx, r.delay); err != nil {
			return err
		}
		maps.Copy(w.Header(), r.header)
		return write(w)
	}
}

// streamed returns an answer in events, each with one chunk.
func streamed(ctx context.Context, pace time.Duration, events [][]byte) answerFunc {
	return func(w http.ResponseWriter) error {
		out := stream.NewWriter(w)
		for i, event := range events {
			if i > 0 {
				if err := exchange.Wait(ctx, pace); err != nil {
					return err
				}
			}
			if err := out.Event(stream.Event{Data: event}); err != nil {
				return err
			}
		}
		return out.Done()
	}
}

// plainAnswer is an error object, or bytes.
type plainAnswer struct {
	status int
	failed *chat.Error
	body   []byte
}

func (a *plainAnswer) write(w http.ResponseWriter) error {
	if a.failed != nil {
		return failure{status: a.status, body: *a.failed}.writeTo(w)
	}
	if _, ok := w.Header()["Content-Type"]; !ok {
		w.Header()["Content-Type"] = nil // or net/http guesses one
	}
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	return err
}

// checkStatus refuses a status that is not within bounds.
func checkStatus(status, least, most int) error {
	if status < least || status > most {
		return fmt.Errorf("a reply has the status %d, want %d to %d", status, least, most)
	}
	return nil
}
