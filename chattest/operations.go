package chattest

import (
	"context"
	"maps"
	"net/http"

	"github.com/chatspec/chatspec/chattest/internal/server"
	chat "github.com/chatspec/chatspec/generated"
)

// operations answers the operations of the document.
type operations struct{ h *Handler }

var _ server.StrictServerInterface = operations{}

// CreateChatCompletion answers with the next reply of the script.
func (o operations) CreateChatCompletion(ctx context.Context, r server.CreateChatCompletionRequestObject) (server.CreateChatCompletionResponseObject, error) {
	reply, err := o.h.script.next(r.Body)
	if err != nil {
		return nil, err
	}
	return o.h.answer(ctx, reply, r.Body)
}

// ListChatCompletions filters what comes after the item that the page follows, so that item need not pass
// the filter.
func (o operations) ListChatCompletions(_ context.Context, r server.ListChatCompletionsRequestObject) (server.ListChatCompletionsResponseObject, error) {
	o.h.mu.Lock()
	defer o.h.mu.Unlock()
	var list []chat.CreateChatCompletionResponse
	for _, item := range o.h.stored.list {
		isAfter := r.Params.After != nil && item.completion.ID == *r.Params.After
		if isAfter || item.matches(r.Params.Model, r.Params.Metadata) {
			list = append(list, item.completion)
		}
	}
	id := func(c chat.CreateChatCompletionResponse) string { return c.ID }
	page, refused := cut(list, id, r.Params.After, r.Params.Limit, r.Params.Order)
	if refused != nil {
		return *refused, nil
	}
	return listAnswer{Data: notNil(page.items), FirstID: page.first, LastID: page.last, HasMore: page.more}, nil
}

// GetChatCompletion returns a stored completion.
func (o operations) GetChatCompletion(_ context.Context, r server.GetChatCompletionRequestObject) (server.GetChatCompletionResponseObject, error) {
	o.h.mu.Lock()
	defer o.h.mu.Unlock()
	item := o.h.stored.find(r.CompletionID)
	if item == nil {
		return notFound("completion_id"), nil
	}
	return completionAnswer(item.completion), nil
}

// UpdateChatCompletion replaces the metadata of a stored completion.
func (o operations) UpdateChatCompletion(_ context.Context, r server.UpdateChatCompletionRequestObject) (server.UpdateChatCompletionResponseObject, error) {
	o.h.mu.Lock()
	defer o.h.mu.Unlock()
	item := o.h.stored.find(r.CompletionID)
	if item == nil {
		return notFound("completion_id"), nil
	}
	item.completion.Metadata = maps.Clone(r.Body.Metadata)
	return completionAnswer(item.completion), nil
}

// DeleteChatCompletion deletes a stored completion.
func (o operations) DeleteChatCompletion(_ context.Context, r server.DeleteChatCompletionRequestObject) (server.DeleteChatCompletionResponseObject, error) {
	o.h.mu.Lock()
	defer o.h.mu.Unlock()
	if !o.h.stored.remove(r.CompletionID) {
		return notFound("completion_id"), nil
	}
	return server.DeleteChatCompletion200JSONResponse{ID: r.CompletionID, Deleted: true}, nil
}

// GetChatCompletionMessages lists the messages of a stored completion's request.
func (o operations) GetChatCompletionMessages(_ context.Context, r server.GetChatCompletionMessagesRequestObject) (server.GetChatCompletionMessagesResponseObject, error) {
	o.h.mu.Lock()
	defer o.h.mu.Unlock()
	item := o.h.stored.find(r.CompletionID)
	if item == nil {
		return notFound("completion_id"), nil
	}
	id := func(m chat.StoredMessage) string { return m.ID }
	page, refused := cut(item.messages, id, r.Params.After, r.Params.Limit, r.Params.Order)
	if refused != nil {
		return *refused, nil
	}
	return server.GetChatCompletionMessages200JSONResponse{Data: notNil(page.items), FirstID: page.first, LastID: page.last, HasMore: page.more}, nil
}

// completionAnswer is an answer with one completion as JSON.
type completionAnswer chat.CreateChatCompletionResponse

func (a completionAnswer) writeTo(w http.ResponseWriter) error {
	a.Choices = notNil(a.Choices)
	return writeJSON(w, http.StatusOK, chat.CreateChatCompletionResponse(a))
}

// VisitGetChatCompletionResponse is called by the generated stubs.
func (a completionAnswer) VisitGetChatCompletionResponse(w http.ResponseWriter) error {
	return a.writeTo(w)
}

// VisitUpdateChatCompletionResponse is called by the generated stubs.
func (a completionAnswer) VisitUpdateChatCompletionResponse(w http.ResponseWriter) error {
	return a.writeTo(w)
}

// listAnswer is an answer with a page of completions.
type listAnswer chat.ChatCompletionList

// VisitListChatCompletionsResponse is called by the generated stubs.
func (a listAnswer) VisitListChatCompletionsResponse(w http.ResponseWriter) error {
	return writeJSON(w, http.StatusOK, chat.ChatCompletionList(a))
}
