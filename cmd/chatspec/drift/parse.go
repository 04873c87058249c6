package drift

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// The limits of what is read. The official document has 3 MB, 110,000 nodes and 30 levels.
const (
	MaxBytes = 16 << 20 // of a document, in bytes
	maxNodes = 1_000_000
	maxMarks = 3 * maxNodes // lines and commas, which part values; counted first, because the YAML package has no limit
	maxDepth = 500
)

// Error says why a document cannot be used, and where.
type Error struct {
	File    string // the name under which the document was read
	Line    int    // from 1
	Pointer string // a JSON pointer, such as #/paths; empty where nothing was parsed yet
	Reason  string
}

// Error reads "file:line: pointer: reason".
func (e *Error) Error() string {
	if e.Pointer == "" {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Reason)
	}
	return fmt.Sprintf("%s:%d: %s: %s", e.File, e.Line, e.Pointer, e.Reason)
}

// Parse reads an OpenAPI 3.0 or 3.1 document of at most [MaxBytes], in YAML or JSON. The name stands in
// errors, which are of type [*Error].
func Parse(name string, data []byte) (*Document, error) {
	if len(data) > MaxBytes {
		return nil, &Error{File: name, Line: 1, Reason: fmt.Sprintf("larger than %d MiB", MaxBytes>>20)}
	}
	root, err := ParseNode(name, data)
	if err != nil {
		return nil, err
	}
	if reason := notOpenAPI(root); reason != "" {
		return nil, &Error{File: name, Line: root.Line, Pointer: "#", Reason: reason}
	}
	return &Document{Name: name, Root: root}, nil
}

// notOpenAPI says why a document is none of the versions that are read; empty where it is.
func notOpenAPI(root *Node) string {
	version := root.Get("openapi")
	switch {
	case root.Kind != Object:
		return "the document is " + root.Kind.String() + ", not an object"
	case root.Get("swagger") != nil:
		return "OpenAPI 2.0 (swagger) is not supported; convert the document to 3.0 or 3.1"
	case version == nil:
		return "no member openapi: this is not an OpenAPI document"
	case version.Kind != Text:
		return "openapi is " + version.Kind.String() + ", want a text such as 3.1.0"
	case !strings.HasPrefix(version.Text, "3.0.") && !strings.HasPrefix(version.Text, "3.1."):
		return fmt.Sprintf("OpenAPI %.20s is not supported, only 3.0 and 3.1", version.Text)
	}
	return ""
}

// ParseNode reads any YAML or JSON document. Errors are of type [*Error].
func ParseNode(name string, data []byte) (*Node, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if line := badText(data); line > 0 {
		return nil, &Error{File: name, Line: line, Reason: "not text: want YAML or JSON in UTF-8"}
	}
	if text := bytes.TrimLeft(data, " \t\r\n"); bytes.HasPrefix(text, []byte("{")) || bytes.HasPrefix(text, []byte("[")) {
		root, err := parseJSON(name, data)
		if err == nil || !strings.HasPrefix(err.Reason, notJSON) {
			return root, asError(err)
		}
		if root, err := parseYAML(name, data); err == nil {
			return root, nil // brackets are YAML too
		}
		return nil, err
	}
	return parseYAML(name, data)
}

// asError keeps a nil [*Error] from becoming an error that is not nil.
func asError(err *Error) error {
	if err == nil {
		return nil
	}
	return err
}

// badText returns the line of the first byte that is in no text; 0 where there is none.
func badText(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size <= 1 || r < ' ' && r != '\n' && r != '\r' && r != '\t' {
			return 1 + bytes.Count(data[:i], []byte("\n"))
		}
		i += size
	}
	return 0
}

// yamlLine is how the YAML package says where an error is. It says nothing for the first line.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func parseYAML(name string, data []byte) (*Node, error) {
	if bytes.Count(data, []byte(","))+bytes.Count(data, []byte("\n")) > maxMarks {
		return nil, &Error{File: name, Line: 1, Reason: fmt.Sprintf("more than %d lines and commas", maxMarks)}
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, &Error{File: name, Line: 1, Reason: "empty"}
	}
	if err == nil {
		if err = dec.Decode(new(yaml.Node)); err == nil {
			return nil, &Error{File: name, Line: doc.Content[0].Line, Reason: "more than one document"}
		}
		if errors.Is(err, io.EOF) {
			c := &converter{name: name}
			return c.convert(doc.Content[0], 0)
		}
	}
	line := 1
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
		line, _ = strconv.Atoi(m[1])
	}
	return nil, &Error{File: name, Line: line, Reason: "not YAML: " + yamlLine.ReplaceAllString(err.Error(), "")}
}

// converter makes nodes of the nodes of the YAML package.
type converter struct {
	name  string
	nodes int
}

func (c *converter) fail(n *yaml.Node, reason string) (*Node, error) {
	return nil, &Error{File: c.name, Line: max(n.Line, 1), Reason: reason}
}

func (c *converter) convert(n *yaml.Node, depth int) (*Node, error) {
	c.nodes++
	switch {
	case depth > maxDepth:
		return c.fail(n, fmt.Sprintf("nested more than %d deep", maxDepth))
	case c.nodes > maxNodes: // aliases of aliases get there with little text
		return c.fail(n, fmt.Sprintf("more than %d values", maxNodes))
	case n.Kind == yaml.AliasNode:
		return c.convert(n.Alias, depth+1)
	case n.Kind == yaml.ScalarNode:
		return c.scalar(n)
	}
	out := &Node{Kind: Object, Line: n.Line, Column: n.Column, flow: n.Style&yaml.FlowStyle != 0}
	if n.Kind == yaml.SequenceNode {
		out.Kind = List
		for _, item := range n.Content {
			v, err := c.convert(item, depth+1)
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, v)
		}
		return out, nil
	}
	return out, c.fields(out, n, depth)
}

// fields converts the members of a mapping. Those that it merges (<<) go behind its own.
func (c *converter) fields(out *Node, n *yaml.Node, depth int) error {
	out.Fields = make([]Field, 0, len(n.Content)/2)
	seen := make(map[string]bool, len(n.Content)/2)
	var merged []*Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		v, err := c.convert(n.Content[i+1], depth+1)
		if err != nil {
			return err
		}
		switch {
		case key.ShortTag() == "!!merge" && v.Kind == List:
			merged = append(merged, v.Items...)
		case key.ShortTag() == "!!merge":
			merged = append(merged, v)
		case key.Kind != yaml.ScalarNode:
			_, err := c.fail(key, "a key is not a text")
			return err
		case seen[key.Value]:
			_, err := c.fail(key, fmt.Sprintf("key %.80q stands here twice", key.Value))
			return err
		default:
			seen[key.Value] = true
			out.Fields = append(out.Fields, Field{Key: key.Value, Line: key.Line, Column: key.Column, Value: v})
		}
	}
	for _, m := range merged {
		for _, f := range m.Fields {
			if !seen[f.Key] {
				seen[f.Key] = true
				out.Fields = append(out.Fields, f)
			}
		}
	}
	return nil
}

func (c *converter) scalar(n *yaml.Node) (*Node, error) {
	out := &Node{Kind: Text, Line: n.Line, Column: n.Column, Text: n.Value}
	switch n.ShortTag() {
	case "!!null":
		return &Node{Kind: Null, Line: n.Line, Column: n.Column}, nil
	case "!!bool":
		out.Kind, out.Text = Boolean, ""
		if err := n.Decode(&out.Bool); err != nil {
			return c.fail(n, "not a boolean")
		}
	case "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			return c.fail(n, "not a number")
		}
		text := fmt.Sprint(v)
		if integer.MatchString(n.Value) {
			text = n.Value // which may be too large for any type
		}
		var ok bool
		if out.Text, ok = canonical(text); !ok {
			return c.fail(n, fmt.Sprintf("%.40q is no number of JSON", n.Value))
		}
		out.Kind = Number
	}
	return out, nil
}

var integer = regexp.MustCompile(`^-?[0-9]{1,400}$`)

// canonical spells a number in one way, so that 1, 1.0 and 1e0 are the same fact. Integers keep all their
// digits; fractions are those of a float64.
func canonical(text string) (string, bool) {
	if integer.MatchString(text) {
		n, _ := new(big.Int).SetString(text, 10)
		return n.String(), true
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil, f != f, f-f != 0: // text, not a number, infinite
		return "", false
	case f == float64(int64(f)) && f > -1e15 && f < 1e15:
		return strconv.FormatInt(int64(f), 10), true
	}
	return strconv.FormatFloat(f, 'g', -1, 64), true
}
