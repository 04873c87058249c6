package chattest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	chat "github.com/chatspec/chatspec/generated"
)

const (
	// defaultLimit and maxLimit are the page sizes of the API.
	defaultLimit = 20
	maxLimit     = 100
	// maxStored is how many completions are kept; the oldest are forgotten first.
	maxStored = 10_000
)

// store keeps completions in the order in which they were created. The handler's lock guards it.
type store struct{ list []stored }

// stored is a completion and the messages of its request.
type stored struct {
	completion chat.CreateChatCompletionResponse
	messages   []chat.StoredMessage
}

// add keeps a completion, in the place of one with the same ID.
func (s *store) add(c chat.CreateChatCompletionResponse, messages []chat.StoredMessage) {
	s.remove(c.ID)
	s.list = append(s.list, stored{c, messages})
	if len(s.list) > maxStored {
		s.list = slices.Delete(s.list, 0, len(s.list)-maxStored)
	}
}

// find returns a stored completion, or nil.
func (s *store) find(id string) *stored {
	i := slices.IndexFunc(s.list, func(item stored) bool { return item.completion.ID == id })
	if i < 0 {
		return nil
	}
	return &s.list[i]
}

// remove reports whether there was a completion with the ID.
func (s *store) remove(id string) bool {
	before := len(s.list)
	s.list = slices.DeleteFunc(s.list, func(item stored) bool { return item.completion.ID == id })
	return len(s.list) < before
}

// matches says whether a completion is of the model and has all pairs of the metadata; nil asks for none.
func (item stored) matches(model *string, metadata *chat.Metadata) bool {
	if model != nil && item.completion.Model != *model {
		return false
	}
	if metadata == nil {
		return true
	}
	for key, value := range *metadata {
		if got, ok := item.completion.Metadata[key]; !ok || got != value {
			return false
		}
	}
	return true
}

// page is a part of a list.
type page[T any] struct {
	items       []T
	first, last string // IDs
	more        bool   // whether items follow
}

// cut returns the page of a list, oldest item first, that the parameters of a request ask for, or why there
// is none.
func cut[T any](list []T, id func(T) string, after *string, limit *int, order *chat.Order) (page[T], *failure) {
	list = append([]T{}, list...) // a copy, and never null
	if order != nil && *order == chat.OrderDesc {
		slices.Reverse(list)
	}
	size := defaultLimit
	if limit != nil {
		size = min(*limit, maxLimit)
	}
	if size < 1 {
		return page[T]{}, new(invalid("limit", "minimum", "1"))
	}
	if after != nil {
		i := slices.IndexFunc(list, func(item T) bool { return id(item) == *after })
		if i < 0 {
			return page[T]{}, new(notFound("after"))
		}
		list = list[i+1:]
	}
	p := page[T]{items: list[:min(size, len(list))], more: len(list) > size}
	if len(p.items) > 0 {
		p.first, p.last = id(p.items[0]), id(p.items[len(p.items)-1])
	}
	return p, nil
}

// storedMessages returns the messages of a request as the server keeps them. They have the same JSON, but
// content in parts is in a field of its own.
func storedMessages(completionID string, messages chat.Messages) ([]chat.StoredMessage, error) {
	list := make([]chat.StoredMessage, len(messages))
	for i, message := range messages {
		data, err := json.Marshal(message)
		if err != nil {
			return nil, err
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(data, &fields); err != nil {
			return nil, err
		}
		if content := fields["content"]; len(content) > 0 && content[0] == '[' {
			fields["content_parts"], fields["content"] = content, json.RawMessage("null")
		}
		if data, err = json.Marshal(fields); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(data, &list[i]); err != nil {
			return nil, err
		}
		list[i].ID = fmt.Sprintf("%s-%d", completionID, i)
		list[i].Content, list[i].ContentParts = plainText(list[i].Content, list[i].ContentParts)
	}
	return list, nil
}

// plainText returns the content of a stored message: the text of the parts beside those parts that are
// text or images.
func plainText(content string, parts chat.StoredParts) (string, chat.StoredParts) {
	if parts == nil {
		return content, nil
	}
	var text strings.Builder
	kept := chat.StoredParts{}
	for _, part := range parts {
		switch part := part.(type) {
		case chat.TextPart:
			text.WriteString(part.Text)
			kept = append(kept, part)
		case chat.ImagePart:
			kept = append(kept, part)
		}
	}
	return text.String(), kept
}
