package drift

import (
	"encoding/json"
	"slices"
	"strings"
)

// Kind is the JSON type of a [Node].
type Kind uint8

// The kinds of nodes.
const (
	Null Kind = iota
	Boolean
	Number
	Text
	List
	Object
)

// String names the kind as people do, with an article.
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a text", "a list", "an object"}[k]
}

// Node is one value of a document as it was parsed, with every keyword that is in it: a typed model would
// drop the keywords it does not know, and a comparison cannot see what its model has dropped. Object keys are
// in the order of the document.
//
// A Node is read only once it is part of a [Document]; documents may then share it.
type Node struct {
	Kind   Kind
	Line   int     // the line of the document, from 1
	Column int     // the column in characters, from 1; 0 where the document is JSON
	Bool   bool    // the value of a Boolean
	Text   string  // the value of a Text; the digits of a Number, in one spelling for each value
	Items  []*Node // the elements of a List
	Fields []Field // the members of an Object
	flow   bool    // written in brackets, not in lines of its own
}

// Field is one member of an object.
type Field struct {
	Key    string
	Line   int // the line of the key, from 1
	Column int // the column of the key in characters, from 1; 0 where the document is JSON
	Value  *Node
}

// Get returns the member of an object; nil where there is none, or the node is no object.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Key == key {
			return n.Fields[i].Value
		}
	}
	return nil
}

// Plain returns the value as encoding/json would have it, with numbers as json.Number. The result is a copy
// that belongs to the caller.
func (n *Node) Plain() any {
	switch n.Kind {
	case Null:
	case Boolean:
		return n.Bool
	case Number:
		return json.Number(n.Text)
	case Text:
		return n.Text
	case List:
		out := make([]any, len(n.Items))
		for i, item := range n.Items {
			out[i] = item.Plain()
		}
		return out
	case Object:
		out := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			out[f.Key] = f.Value.Plain()
		}
		return out
	}
	return nil
}

// literal is the value as compact JSON with sorted keys, the form in which facts carry values.
func (n *Node) literal() string {
	if n.Kind == Number {
		return n.Text
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(n.Plain()); err != nil {
		return n.Text // never: a node has nothing that JSON lacks
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (n *Node) isTrue() bool  { return n != nil && n.Kind == Boolean && n.Bool }
func (n *Node) isFalse() bool { return n != nil && n.Kind == Boolean && !n.Bool }

// text is the value of a Text, and empty for every other node.
func (n *Node) text() string {
	if n == nil || n.Kind != Text {
		return ""
	}
	return n.Text
}

// escape makes a key a part of a JSON pointer.
func escape(key string) string {
	if strings.ContainsAny(key, "~/") {
		key = strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
	}
	return key
}

// unescape makes a part of a JSON pointer a key.
func unescape(part string) string {
	return strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
}

// sortedFields are the members of an object in the order of their keys.
func sortedFields(n *Node) []Field {
	if n == nil {
		return nil
	}
	out := slices.Clone(n.Fields)
	slices.SortFunc(out, func(a, b Field) int { return strings.Compare(a.Key, b.Key) })
	return out
}
