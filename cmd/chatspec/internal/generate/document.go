package generate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"
)

// document is an OpenAPI document with its overlays applied, which knows where each of its nodes comes from.
type document struct {
	name    string
	root    *yaml.Node // a mapping
	data    []byte     // what root says
	origins map[*yaml.Node]origin
}

// origin is the file that a node was last set by, and what it said then.
type origin struct{ file, value string }

// load parses the document and applies the overlays.
func load(file File, overlays []File) (*document, error) {
	node, err := parse(file)
	if err != nil {
		return nil, err
	}
	doc := &document{name: file.Name, root: node.Content[0], data: file.Data, origins: map[*yaml.Node]origin{}}
	if doc.root.Kind != yaml.MappingNode {
		return nil, DocumentErrors{{File: file.Name, Line: doc.root.Line, Reason: "want an OpenAPI document, which is an object"}}
	}
	doc.attribute(file.Name)
	for _, overlay := range overlays {
		if err := doc.apply(overlay); err != nil {
			return nil, err
		}
	}
	if len(overlays) > 0 {
		if doc.data, err = yaml.Marshal(node); err != nil {
			return nil, fmt.Errorf("%s with overlays: %w", file.Name, err)
		}
	}
	return doc, nil
}

// yamlLine finds the line in an error of the YAML parser.
var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\n +)?line ([0-9]+): `)

// parse reads YAML or JSON.
func parse(file File) (*yaml.Node, error) {
	var node yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(file.Data))
	err := decoder.Decode(&node)
	if errors.Is(err, io.EOF) {
		err = errors.New("the file is empty")
	} else if err == nil && !errors.Is(decoder.Decode(new(yaml.Node)), io.EOF) {
		err = errors.New("the file has more than one document")
	}
	if err == nil {
		var whole any
		err = node.Decode(&whole) // finds keys that stand twice
	}
	if err != nil {
		return nil, DocumentErrors{yamlProblem(file.Name, err)}
	}
	return &node, nil
}

// yamlProblem is an error of the YAML parser, which says the line in its text.
func yamlProblem(name string, err error) DocumentError {
	text := err.Error()
	problem := DocumentError{File: name}
	if found := yamlLine.FindStringSubmatch(text); found != nil {
		problem.Line, _ = strconv.Atoi(found[1]) // digits
		text = text[len(found[0]):]
	}
	problem.Reason = strings.TrimPrefix(text, "yaml: ")
	return problem
}

// attribute notes that every node that is new or says something new comes from this file.
func (d *document) attribute(name string) {
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		if known, ok := d.origins[n]; !ok || known.value != n.Value {
			d.origins[n] = origin{name, n.Value}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	walk(d.root)
}

// problem is what is wrong at a place of the document, given by the keys and indices that lead there.
func (d *document) problem(path []string, format string, args ...any) DocumentError {
	p := DocumentError{File: d.name, Line: d.root.Line, Pointer: pointer(path), Reason: fmt.Sprintf(format, args...)}
	node := d.root
	for _, key := range path {
		name, value := member(node, key)
		if value == nil {
			break
		}
		node = value
		if file := d.origins[value].file; file != p.File {
			p.File, p.Line = file, 0
		}
		line := value.Line
		if d.origins[name].file == p.File { // and not the name of what an overlay has replaced
			line = max(line, name.Line)
		}
		if line > 0 {
			p.Line = line // what an overlay brings keeps its lines near its top only
		}
	}
	return p
}

// member returns the key and the value of a member of an object, or an element of an array as both.
func member(n *yaml.Node, key string) (name, value *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i], n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
	default: // there is nothing in a scalar
	}
	return nil, nil
}

// pointer writes a path as the fragment of a JSON pointer.
func pointer(path []string) string {
	var b strings.Builder
	b.WriteString("#")
	for _, key := range path {
		b.WriteString("/" + pointerEscapes.Replace(key))
	}
	return b.String()
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// spec returns the document as the generator takes it. It reads no other file.
func (d *document) spec() (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true // operations come out in the order of the document
	spec, err := loader.LoadFromDataWithPath(d.data, &url.URL{Path: d.name})
	if err != nil {
		reason := err.Error()
		if _, last, ok := strings.Cut(reason, "while decoding JSON: "); ok { // it has tried both, JSON and YAML
			reason = last
		}
		return nil, DocumentErrors{d.problem(nil, "%s", reason)}
	}
	return spec, nil
}
