package drift

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// notJSON begins the reason where the text is no JSON at all; it may be YAML then.
const notJSON = "not JSON: "

// parseJSON reads JSON. The YAML package reads most of it, but not the escapes of characters beyond the
// first plane, as in "\ud83d\ude00".
func parseJSON(name string, data []byte) (*Node, *Error) {
	p := &jsonParser{name: name, data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1}
	p.dec.UseNumber()
	root, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, p.fail("something stands behind the document")
	}
	return root, nil
}

// jsonParser makes nodes of the tokens of encoding/json.
type jsonParser struct {
	name  string
	data  []byte
	dec   *json.Decoder
	nodes int
	seen  int // how much of data has been searched for line feeds
	line  int // the line there
}

// fail is an error at the token that was read last.
func (p *jsonParser) fail(reason string) *Error {
	p.advance(p.dec.InputOffset())
	return &Error{File: p.name, Line: p.line, Reason: reason}
}

func (p *jsonParser) advance(offset int64) {
	if end := min(int(offset), len(p.data)); end > p.seen {
		p.line += bytes.Count(p.data[p.seen:end], []byte("\n"))
		p.seen = end
	}
}

// token reads the next token and notes its line.
func (p *jsonParser) token() (json.Token, *Error) {
	t, err := p.dec.Token()
	if err == nil {
		p.advance(p.dec.InputOffset())
		return t, nil
	}
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		p.advance(int64(len(p.data)))
		return nil, p.fail(notJSON + "it ends too early")
	case errors.As(err, &syntax):
		p.advance(syntax.Offset)
	}
	return nil, p.fail(notJSON + err.Error())
}

func (p *jsonParser) value(depth int) (*Node, *Error) {
	t, err := p.token()
	if err != nil {
		return nil, err
	}
	p.nodes++
	switch {
	case depth > maxDepth:
		return nil, p.fail(fmt.Sprintf("nested more than %d deep", maxDepth))
	case p.nodes > maxNodes:
		return nil, p.fail(fmt.Sprintf("more than %d values", maxNodes))
	}
	out := &Node{Line: p.line}
	switch t := t.(type) {
	case bool:
		out.Kind, out.Bool = Boolean, t
	case string:
		out.Kind, out.Text = Text, t
	case json.Number:
		var ok bool
		if out.Text, ok = canonical(t.String()); !ok {
			return nil, p.fail(fmt.Sprintf("the number %.40s is too large", t))
		}
		out.Kind = Number
	case json.Delim:
		out.flow = true
		if t == '[' {
			out.Kind = List
			return out, p.items(out, depth)
		}
		out.Kind = Object
		return out, p.fields(out, depth)
	}
	return out, nil
}

func (p *jsonParser) items(out *Node, depth int) *Error {
	for p.dec.More() {
		v, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		out.Items = append(out.Items, v)
	}
	_, err := p.token()
	return err
}

func (p *jsonParser) fields(out *Node, depth int) *Error {
	seen := map[string]bool{}
	for p.dec.More() {
		t, err := p.token()
		if err != nil {
			return err
		}
		key, _ := t.(string) // the decoder lets nothing else stand here
		if seen[key] {
			return p.fail(fmt.Sprintf("key %.80q stands here twice", key))
		}
		seen[key] = true
		line := p.line
		v, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		out.Fields = append(out.Fields, Field{Key: key, Line: line, Value: v})
	}
	_, err := p.token()
	return err
}
