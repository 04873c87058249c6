package generate

import (
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// place says where a schema stands, which decides whether its Go type has a name.
type place int

const (
	component   place = iota // has its own name
	variant                  // of a union: gets the union's name and a number
	part                     // of allOf in a component: becomes part of it
	inside                   // a property, an item, a value: has no name
	inOperation              // a body or a parameter
)

// shapes says what a keyword takes.
var shapes = map[string]string{
	"properties": "an object", "discriminator": "an object", "items": "an object",
	"additionalProperties": "an object or true or false",
	"required":             "a list", "enum": "a list", "oneOf": "a list", "anyOf": "a list", "allOf": "a list",
	"type": "a text or a list", "description": "a text", "format": "a text", "$ref": "a text",
	"minimum": "a number", "maximum": "a number", "minLength": "a number", "maxLength": "a number",
	"minItems": "a number", "maxItems": "a number", "deprecated": "true or false",
	"x-go-type": "a text", "x-accumulate": "a text", "x-accumulate-as": "a text", "x-accumulates-to": "a text",
	"x-enumDescriptions": "an object",
	"x-converts-to":      "a text", "x-default-variant": "a text", "x-stream-codec": "a text",
	"x-go-type-skip-optional-pointer": "true or false", "x-omitempty": "true or false",
}

// shape is what a node is, in the words of shapes.
func shape(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "an object"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.ShortTag() == "!!bool":
		return node.Value
	case node.ShortTag() == "!!int", node.ShortTag() == "!!float":
		return "a number"
	}
	return "a text"
}

var schemaRef = regexp.MustCompile(`^#/components/schemas/([^/]+)$`)

// schema visits a schema and everything in it.
func (p *preflight) schema(path []string, node *yaml.Node, at place) {
	if node.Kind != yaml.MappingNode {
		p.refuse(path, "want a schema, which is an object; {} is any value")
		return
	}
	for key, value := range members(node) {
		if want := shapes[key]; want != "" && !slices.Contains(strings.Split(want, " or "), shape(value)) {
			p.refuse(under(path, key), "want %s", want)
			return
		}
	}
	before := len(p.problems)
	for i, name := range elements(get(node, "required")) {
		if shape(name) != "a text" {
			p.refuse(under(path, "required", i), "want the name of a property")
		}
	}
	p.goType(path, node)
	if len(p.problems) > before || text(node, "x-go-type") != "" {
		return
	}
	if get(node, "$ref") != nil {
		p.reference(path, node)
		return
	}
	p.types(path, node)
	if len(p.problems) > before {
		return
	}
	switch {
	case get(node, "oneOf") != nil || get(node, "anyOf") != nil:
		p.union(path, node, at)
	case get(node, "allOf") != nil:
		p.allOf(path, node, at)
	case get(node, "properties") != nil:
		p.object(path, node, at)
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner := get(node, key); inner != nil && inner.Kind == yaml.MappingNode {
			p.element(under(path, key), inner)
		}
	}
}

// goType refuses what replaces Go types by others that the decoders do not know.
func (p *preflight) goType(path []string, node *yaml.Node) {
	if name := text(node, "x-go-type"); name != "" && name != "any" {
		p.refuse(under(path, "x-go-type"), "%s cannot be decoded; any can", name)
	}
	if get(node, "x-go-type-name") != nil && get(node, "enum") == nil && get(node, "const") == nil {
		p.refuse(under(path, "x-go-type-name"), "only constants and enums take a name; make a component of anything else")
	}
	if asksPointer(node) && p.kind(node) == "any" {
		p.refuse(under(path, "x-go-type-skip-optional-pointer"), "any value needs no pointer")
	}
}

// reference visits the component that a reference leads to, once.
func (p *preflight) reference(path []string, node *yaml.Node) {
	found := schemaRef.FindStringSubmatch(text(node, "$ref"))
	if found == nil {
		p.refuse(under(path, "$ref"), "%s: want #/components/schemas/ and a name", text(node, "$ref"))
		return
	}
	name := pointerUnescapes.Replace(found[1])
	target := get(p.root, "components", "schemas", name)
	if target == nil {
		p.refuse(under(path, "$ref"), "there is no schema %s", name)
		return
	}
	if p.seen[name] {
		return
	}
	p.seen[name] = true
	at := []string{"components", "schemas", name}
	p.schema(at, target, component)
	p.accumulates(at, target)
	if to := text(target, "x-converts-to"); to != "" && get(p.root, "components", "schemas", to) == nil {
		p.refuse(under(at, "x-converts-to"), "there is no schema %s", to)
	}
}

var pointerUnescapes = strings.NewReplacer("~1", "/", "~0", "~")

// types checks the type, and the constants of a type.
func (p *preflight) types(path []string, node *yaml.Node) {
	types := values(get(node, "type"))
	null := slices.Contains(types, "null")
	types = slices.DeleteFunc(types, func(t string) bool { return t == "null" })
	known := []string{"string", "integer", "number", "boolean", "array", "object"}
	switch {
	case slices.ContainsFunc(elements(get(node, "type")), func(t *yaml.Node) bool { return t.ShortTag() != "!!str" }):
		p.refuse(under(path, "type"), "a type is a text: write 'null' in quotes")
	case get(node, "nullable") != nil:
		p.refuse(under(path, "nullable"), "OpenAPI 3.1 says type: [string, 'null']")
	case len(types) > 1:
		p.refuse(under(path, "type"), "several types: make it a oneOf of one schema each")
	case len(types) == 0 && null:
		p.refuse(under(path, "type"), "a value that is always null has no type in Go")
	case len(types) == 1 && !slices.Contains(known, types[0]):
		p.refuse(under(path, "type"), "there is no type %s", types[0])
	case len(types) == 1:
		p.constants(path, node, types[0])
	default:
		for _, key := range []string{"properties", "additionalProperties", "items", "enum", "const"} {
			if get(node, key) != nil {
				p.refuse(path, "%s without a type", key)
				return
			}
		}
	}
}

// constants checks enum and const.
func (p *preflight) constants(path []string, node *yaml.Node, kind string) {
	if value := get(node, "const"); value != nil && (kind != "string" || value.ShortTag() != "!!str") {
		p.refuse(under(path, "const"), "only a string can be constant; an enum may have one number")
	}
	if get(node, "enum") == nil {
		return
	}
	if kind == "boolean" || kind == "object" {
		p.refuse(under(path, "enum"), "only strings and numbers can be an enum")
	}
	for i, value := range elements(get(node, "enum")) {
		if value.ShortTag() == "!!null" {
			p.refuse(under(path, "enum", i), "leave null to the type, as in [string, 'null']")
		} else if (kind == "integer" || kind == "number") && value.ShortTag() != "!!int" && value.ShortTag() != "!!float" {
			p.refuse(under(path, "enum", i), "%q is no number", value.Value)
		}
	}
	for value, words := range members(get(node, "x-enumDescriptions")) {
		if shape(words) != "a text" {
			p.refuse(under(path, "x-enumDescriptions", value), "want words that say what the value means")
		}
	}
}

// object visits properties.
func (p *preflight) object(path []string, node *yaml.Node, at place) {
	if at == inside {
		p.refuse(path, "an object with properties needs a name: make it a component and refer to it")
		return
	}
	if more := get(node, "additionalProperties"); more != nil && more.Value != "false" {
		p.refuse(under(path, "additionalProperties"), "either properties or additionalProperties")
		return
	}
	required := values(get(node, "required"))
	for name, property := range members(get(node, "properties")) {
		here := under(path, "properties", name)
		if !propertyName.MatchString(name) {
			p.refuse(here, "the name makes no Go identifier")
			continue
		}
		before := len(p.problems)
		p.schema(here, property, inside)
		if len(p.problems) == before && slices.Contains(required, name) && p.nullable(property) && p.losesNull(property) {
			p.refuse(here, "required and nullable: null and the zero value are the same in Go; add x-go-type-skip-optional-pointer: false")
		}
	}
}

// propertyName is what a field of Go and its tag can carry.
var propertyName = regexp.MustCompile(`^[^"'\x60\\,[:cntrl:]]*[\pL\pN][^"'\x60\\,[:cntrl:]]*$`)

// element visits what is in a list or a map.
func (p *preflight) element(path []string, node *yaml.Node) {
	before := len(p.problems)
	p.schema(path, node, inside)
	if len(p.problems) == before && p.nullable(node) {
		p.refuse(path, "an element that may be null")
	}
}

// allOf visits a composition, which must be of objects.
func (p *preflight) allOf(path []string, node *yaml.Node, at place) {
	list := elements(get(node, "allOf"))
	if at != component && at != part && (len(list) != 1 || get(list[0], "$ref") == nil) {
		p.refuse(path, "a composition needs a name: make it a component and refer to it")
		return
	}
	for i, member := range list {
		here := under(path, "allOf", i)
		before := len(p.problems)
		p.schema(here, member, part)
		if len(p.problems) == before && p.kind(member) != "object" {
			p.refuse(here, "a composition of something else than objects; for one reference, say $ref alone")
		}
	}
	if get(node, "properties") != nil {
		p.object(path, node, at)
	}
}

// resolve follows references and unions of one with null.
func (p *preflight) resolve(node *yaml.Node) *yaml.Node {
	for range maxReferences {
		if found := schemaRef.FindStringSubmatch(text(node, "$ref")); found != nil {
			node = get(p.root, "components", "schemas", pointerUnescapes.Replace(found[1]))
			continue
		}
		branches := p.branches(node)
		if len(branches) != 1 || get(node, "anyOf") == nil {
			break
		}
		node = branches[0].node
	}
	return node
}

// kind is the type of a schema: a type of JSON Schema, or map, union or any.
func (p *preflight) kind(node *yaml.Node) string {
	node = p.resolve(node)
	types := slices.DeleteFunc(values(get(node, "type")), func(t string) bool { return t == "null" })
	switch {
	case text(node, "x-go-type") != "":
		return "any"
	case get(node, "oneOf") != nil || get(node, "anyOf") != nil:
		return "union"
	case get(node, "allOf") != nil || get(node, "properties") != nil:
		return "object"
	case len(types) == 0:
		return "any"
	case types[0] == "object":
		return "map"
	}
	return types[0]
}

// nullable says whether a schema allows null.
func (p *preflight) nullable(node *yaml.Node) bool {
	for node != nil {
		if slices.Contains(values(get(node, "type")), "null") {
			return true
		}
		if slices.ContainsFunc(elements(get(node, "oneOf")), isNull) || slices.ContainsFunc(elements(get(node, "anyOf")), isNull) {
			return true
		}
		found := schemaRef.FindStringSubmatch(text(node, "$ref"))
		if found == nil {
			return false
		}
		node = get(p.root, "components", "schemas", pointerUnescapes.Replace(found[1]))
	}
	return false
}

// losesNull says whether the Go type of a property has no value for null.
func (p *preflight) losesNull(node *yaml.Node) bool {
	if asksPointer(node) || asksPointer(p.resolve(node)) {
		return false
	}
	return slices.Contains([]string{"integer", "number", "boolean", "object"}, p.kind(node))
}
