package generate

import (
	"iter"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// preflight looks for what the templates cannot make Go of, in everything that an operation reaches. What it lets
// through and does not compile all the same is found by [check].
type preflight struct {
	*document
	problems DocumentErrors
	seen     map[string]bool // schemas by name
	codecs   int             // schemas with x-stream-codec
	ids      map[string]bool // of operations
}

// inspect returns what is wrong with the document.
func (d *document) inspect() error {
	p := &preflight{document: d, seen: map[string]bool{}, ids: map[string]bool{}}
	if version := text(d.root, "openapi"); !strings.HasPrefix(version, "3.1.") {
		return DocumentErrors{d.problem([]string{"openapi"}, "%q: want OpenAPI 3.1", version)}
	}
	for path, item := range p.named([]string{"paths"}, get(d.root, "paths")) {
		p.pathItem([]string{"paths", path}, path, item)
	}
	for section, list := range p.named([]string{"components"}, get(d.root, "components")) {
		for range p.named([]string{"components", section}, list) { // it says what is no object
		}
	}
	if len(p.problems) > 0 {
		return p.problems
	}
	if len(p.seen) == 0 {
		return DocumentErrors{d.problem([]string{"paths"}, "the document has no operation")}
	}
	p.references(nil, d.root)
	return p.problems.orNil()
}

func (p *preflight) refuse(path []string, format string, args ...any) {
	problem := p.problem(path, format, args...)
	if !slices.Contains(p.problems, problem) { // a response that several operations have
		p.problems = append(p.problems, problem)
	}
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

func (p *preflight) pathItem(path []string, name string, item *yaml.Node) {
	p.parameters(under(path, "parameters"), get(item, "parameters"))
	for method, operation := range members(item) {
		at := under(path, method)
		if !slices.Contains(methods, method) || !p.wants(at, operation, "an object") {
			continue
		}
		if id := text(operation, "operationId"); id != "" {
			if p.ids[id] {
				p.refuse(under(at, "operationId"), "another operation is called %s, too", id)
			}
			p.ids[id] = true
		}
		p.parameters(under(at, "parameters"), get(operation, "parameters"))
		p.placeholders(at, name, get(item, "parameters"), get(operation, "parameters"))
		p.content(under(at, "requestBody"), get(operation, "requestBody"))
		for status, response := range p.named(under(at, "responses"), get(operation, "responses")) {
			p.content(under(at, "responses", status), response)
		}
	}
}

var placeholder = regexp.MustCompile(`\{([^}]*)\}`)

// placeholders checks that the parameters of a path are declared.
func (p *preflight) placeholders(at []string, name string, lists ...*yaml.Node) {
	declared := map[string]bool{}
	for _, list := range lists {
		for _, parameter := range elements(list) {
			if _, target := p.follow(nil, parameter); text(target, "in") == "path" {
				declared[text(target, "name")] = true
			}
		}
	}
	for _, found := range placeholder.FindAllStringSubmatch(name, -1) {
		if !declared[found[1]] {
			p.refuse(at, "the parameter %s of the path is not declared", found[1])
		}
	}
}

func (p *preflight) parameters(path []string, list *yaml.Node) {
	p.wants(path, list, "a list")
	for i, parameter := range elements(list) {
		at, target := p.follow(under(path, i), parameter)
		if target == nil || !p.wants(at, target, "an object") {
			continue
		}
		if text(target, "name") == "" || !slices.Contains([]string{"path", "query", "header", "cookie"}, text(target, "in")) {
			p.refuse(at, "a parameter needs a name, and in: path, query, header or cookie")
		}
		if get(target, "schema") == nil && get(target, "content") == nil {
			p.refuse(at, "a parameter needs a schema")
		}
		if schema := get(target, "schema"); schema != nil {
			p.schema(under(at, "schema"), schema, inOperation)
		}
		p.content(at, target)
	}
}

// content visits the schemas of a body, of a response or of a parameter.
func (p *preflight) content(path []string, node *yaml.Node) {
	path, node = p.follow(path, node)
	if !p.wants(path, node, "an object") {
		return
	}
	for media, body := range p.named(under(path, "content"), get(node, "content")) {
		if schema := get(body, "schema"); schema != nil {
			p.schema(under(path, "content", media, "schema"), schema, inOperation)
		}
	}
}

// follow returns what a reference to a component leads to, and any other node as it is.
func (p *preflight) follow(path []string, node *yaml.Node) ([]string, *yaml.Node) {
	ref := text(node, "$ref")
	if ref == "" {
		return path, node
	}
	target := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	found := get(p.root, target...)
	if found == nil || !strings.HasPrefix(ref, "#/components/") {
		p.refuse(under(path, "$ref"), "%s is not in this document", ref)
		return path, nil
	}
	return target, found
}

// wants says whether a node is an object or a list, as it must be; null counts as absent.
func (p *preflight) wants(path []string, node *yaml.Node, want string) bool {
	if node == nil || node.ShortTag() == "!!null" || shape(node) == want {
		return true
	}
	p.refuse(path, "want %s", want)
	return false
}

// named ranges over an object of objects, in the order of the document. It refuses whatever is none.
func (p *preflight) named(path []string, node *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		if !p.wants(path, node, "an object") {
			return
		}
		for name, member := range members(node) {
			switch {
			case shape(member) != "an object":
				p.refuse(under(path, name), "want an object")
			case !yield(name, member):
				return
			}
		}
	}
}

// references checks all of them, those too that no operation reaches: the generator follows them wherever they stand.
func (p *preflight) references(path []string, node *yaml.Node) {
	if text(node, "$ref") != "" && p.endless(node) {
		p.refuse(under(path, "$ref"), "%s leads nowhere in this document", text(node, "$ref"))
	}
	for key, value := range members(node) {
		if !slices.Contains([]string{"default", "example", "examples"}, key) && !strings.HasPrefix(key, "x-") {
			p.references(under(path, key), value)
		}
	}
	for i, element := range elements(node) {
		p.references(under(path, i), element)
	}
}

// endless says whether a reference leads nowhere: out of the document, to what is not there, or to itself.
func (p *preflight) endless(node *yaml.Node) bool {
	for range maxReferences {
		ref := text(node, "$ref")
		if ref == "" {
			return node == nil
		}
		rest, ok := strings.CutPrefix(ref, "#/")
		if !ok {
			return true
		}
		var to []string
		for part := range strings.SplitSeq(rest, "/") {
			to = append(to, pointerUnescapes.Replace(part))
		}
		node = get(p.root, to...)
	}
	return true
}

// maxReferences is how many references may follow upon each other before they count as a circle.
const maxReferences = 100

// under returns path with more keys or indices, in memory of its own.
func under(path []string, more ...any) []string {
	longer := slices.Clone(path)
	for _, key := range more {
		longer = append(longer, keyText(key))
	}
	return longer
}
