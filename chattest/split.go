package chattest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	chat "github.com/chatspec/chatspec/generated"
)

// split tells a completion in the data of events: for each choice first what opens it, then its texts and tool
// calls piece by piece, and at the end what else there is with the finish reason. Events of several choices
// alternate. The usage has an event of its own at the end, if it is wanted.
func split(c chat.CreateChatCompletionResponse, pieces []string, usage bool) ([][]byte, error) {
	whole := *chat.Codec{}.Chunk(&c)
	frame := whole
	frame.Choices, frame.Usage, frame.Moderation = nil, nil, nil
	var events [][]byte
	add := func(chunk chat.CreateChatCompletionStreamResponse, delta []byte) error {
		chunk.Choices = notNil(chunk.Choices)
		event, err := encode(chunk)
		if delta != nil {
			event = bytes.Replace(event, []byte(emptyDelta), slices.Concat([]byte(deltaKey), delta), 1)
		}
		events = append(events, event)
		return err
	}
	parts, err := alternating(whole.Choices, pieces)
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		chunk := frame
		chunk.Choices = []chat.ChunkChoice{part.choice}
		if err := add(chunk, part.delta); err != nil {
			return nil, err
		}
	}
	if whole.Moderation != nil {
		chunk := frame
		chunk.Moderation = whole.Moderation
		if err := add(chunk, nil); err != nil {
			return nil, err
		}
	}
	if usage {
		frame.Usage = whole.Usage
		if err := add(frame, nil); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// How a chunk with one choice spells a delta with nothing in it.
const (
	deltaKey   = `"delta":`
	emptyDelta = deltaKey + `{}`
)

// part is what one event says of a choice: the choice with an empty delta, and the delta as JSON, which may say
// what Go leaves out, such as the empty arguments that open a call.
type part struct {
	choice chat.ChunkChoice
	delta  json.RawMessage
}

// alternating splits each choice and returns the first parts of all, then the second ones, and so on.
func alternating(choices []chat.ChunkChoice, pieces []string) ([]part, error) {
	parts := make([][]part, len(choices))
	for i, choice := range choices {
		d, err := splitDelta(choice.Delta, pieces)
		if err != nil {
			return nil, err
		}
		for _, delta := range d.parts {
			parts[i] = append(parts[i], part{chat.ChunkChoice{Index: choice.Index}, delta})
		}
		choice.Delta = chat.Delta{} // beside it are the finish reason and the log probabilities
		parts[i] = append(parts[i], part{choice, d.rest})
	}
	var list []part
	for round, found := 0, true; found; round++ {
		found = false
		for _, p := range parts {
			if round < len(p) {
				list, found = append(list, p[round]), true
			}
		}
	}
	return list, nil
}

// deltas is a delta in parts. Which texts can come in pieces is not written down here: those can that the
// generated accumulator puts together again.
type deltas struct {
	pieces []string          // how the text that they make up is split; other texts are split into words
	parts  []json.RawMessage // what opens the delta, then its pieces
	rest   json.RawMessage   // what comes at once, at the end
	texts  int               // how many of the parts are pieces of texts
}

// splitDelta splits a delta that has everything.
func splitDelta(whole chat.Delta, pieces []string) (*deltas, error) {
	data, err := encode(&whole)
	if err != nil {
		return nil, err
	}
	fields, err := members(data)
	if err != nil {
		return nil, err
	}
	d := &deltas{pieces: pieces}
	var opening, rest object
	var later []json.RawMessage // of the members that follow the opening
	for _, field := range fields {
		outer := place{`{` + quote(field.name) + `:`, `}`}
		opened, parts := d.open(field.value, outer)
		switch isList := field.value[0] == '['; {
		case !isList && field.value[0] != '{':
			opening = append(opening, member{field.name, opened})
			later = append(later, parts...)
		case len(parts) == 0:
			rest = append(rest, field)
		case isList:
			later = append(later, parts...) // each element is opened by a part of its own
		default:
			later = append(append(later, outer.with(opened)), parts...)
		}
	}
	d.parts, d.rest = append([]json.RawMessage{opening.json()}, later...), rest.json()
	return d, nil
}

// open returns the value with nothing in the texts that grow, and the deltas that make them grow. at is where the
// value is in a delta. For the elements of a list the deltas open each of them, too.
func (d *deltas) open(value json.RawMessage, at place) (opened json.RawMessage, parts []json.RawMessage) {
	switch value[0] {
	case '"':
		var text string
		if json.Unmarshal(value, &text) != nil || !at.grows() {
			return value, nil
		}
		for _, piece := range d.split(text) {
			parts = append(parts, at.with(json.RawMessage(quote(piece))))
		}
		d.texts += len(parts)
		return json.RawMessage(`""`), parts
	case '{':
		fields, _ := members(value) // which the encoder has written
		for i, field := range fields {
			inner, more := d.open(field.value, at.in(`{`+quote(field.name)+`:`, `}`))
			fields[i].value, parts = inner, append(parts, more...)
		}
		return fields.json(), parts
	case '[':
		return value, d.elements(value, at)
	}
	return value, nil
}

// elements returns the deltas that make up the elements of a list, each under its index, or none for a list whose
// elements come at once.
func (d *deltas) elements(list json.RawMessage, at place) (parts []json.RawMessage) {
	var elements []json.RawMessage
	_ = json.Unmarshal(list, &elements) // which the encoder has written
	for _, element := range elements {
		fields, err := members(element)
		if err != nil || len(fields) == 0 || fields[0].name != "index" {
			return nil
		}
		index := object{fields[0]}.json()
		inner := at.in(`[`+strings.TrimSuffix(string(index), `}`)+`,`, `}]`)
		opened := object{fields[0]}
		var grown []json.RawMessage
		for _, field := range fields[1:] {
			value, more := d.open(field.value, inner.in(quote(field.name)+`:`, ``))
			opened = append(opened, member{field.name, value})
			grown = append(grown, more...)
		}
		parts = append(append(parts, at.in(`[`, `]`).with(opened.json())), grown...)
	}
	return parts
}

// split returns the pieces of a text.
func (d *deltas) split(text string) []string {
	if d.pieces != nil && joined(d.pieces) == text {
		return d.pieces
	}
	return words(text)
}

// place is where a value is in the JSON of a delta: what comes before it, and what after.
type place struct{ before, after string }

func (p place) in(before, after string) place { return place{p.before + before, after + p.after} }

func (p place) with(value json.RawMessage) json.RawMessage {
	return slices.Concat([]byte(p.before), value, []byte(p.after))
}

// grows says whether texts at this place are put together: two of them make up the same as one with both, and
// the first counts.
func (p place) grows() bool {
	two, one, last := p.sum("a", "b"), p.sum("ab"), p.sum("b")
	return bytes.Equal(two, one) && !bytes.Equal(one, last)
}

// sum returns the JSON of what deltas with these texts at the place add up to.
func (p place) sum(texts ...string) []byte {
	var sum chat.Accumulator
	for _, text := range texts {
		var delta chat.Delta
		if err := json.Unmarshal(p.with(json.RawMessage(quote(text))), &delta); err != nil {
			return nil
		}
		_ = sum.Add(&chat.CreateChatCompletionStreamResponse{Choices: []chat.ChunkChoice{{Delta: delta}}})
	}
	data, _ := encode(sum.Result())
	return data
}

// words splits a text before each space that follows something else, so that the pieces make up the text
// again. It stands for the tokens of a model.
func words(text string) []string {
	var list []string
	start, inWord := 0, false
	for i, r := range text {
		if space := unicode.IsSpace(r); space && inWord {
			list = append(list, text[start:i])
			start, inWord = i, false
		} else if !space {
			inWord = true
		}
	}
	if start < len(text) {
		list = append(list, text[start:])
	}
	return list
}

func joined(pieces []string) string { return strings.Join(pieces, "") }
