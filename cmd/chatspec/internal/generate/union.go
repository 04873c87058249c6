package generate

import (
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// branch is one schema of a union, null left out.
type branch struct {
	path []string // below the union
	node *yaml.Node
}

func isNull(node *yaml.Node) bool {
	types := values(get(node, "type"))
	return len(types) == 1 && types[0] == "null"
}

// branches returns what a union is of, but for null.
func (p *preflight) branches(node *yaml.Node) (list []branch) {
	for _, key := range []string{"oneOf", "anyOf"} {
		for i, schema := range elements(get(node, key)) {
			if !isNull(schema) {
				list = append(list, branch{[]string{key, strconv.Itoa(i)}, schema})
			}
		}
	}
	return list
}

// union visits a oneOf or an anyOf.
func (p *preflight) union(path []string, node *yaml.Node, at place) {
	for _, key := range []string{"properties", "additionalProperties", "allOf", "type", "enum"} {
		if get(node, key) != nil {
			p.refuse(under(path, key), "a union cannot have %s of its own", key)
			return
		}
	}
	branches := p.branches(node)
	switch {
	case get(node, "oneOf") != nil && get(node, "anyOf") != nil:
		p.refuse(path, "either oneOf or anyOf")
		return
	case len(branches) == 0:
		p.refuse(path, "a union of nothing")
		return
	case len(branches) == 1 && (get(node, "oneOf") != nil || !p.nullable(node)):
		p.refuse(path, "a union of one: say $ref, or anyOf with null")
		return
	case len(branches) == 1:
		p.schema(append(slices.Clone(path), branches[0].path...), branches[0].node, inside)
		return
	case at == inOperation || at == part:
		p.refuse(path, "a union needs a name: make it a component and refer to it")
		return
	}
	before := len(p.problems)
	for _, b := range branches {
		p.schema(append(slices.Clone(path), b.path...), b.node, variant)
	}
	if len(p.problems) == before {
		p.distinct(path, node, branches)
	}
}

// distinct checks that the JSON value tells which branch it is: by its kind, or by a property of objects. It
// follows union.tmpl.
func (p *preflight) distinct(path []string, node *yaml.Node, branches []branch) {
	tag, mapping := p.discriminator(path, node, branches)
	kinds, tags, plain := map[string]bool{}, map[string]bool{}, ""
	for _, b := range branches {
		here := append(slices.Clone(path), b.path...)
		kind := p.kind(b.node)
		if kind == "integer" {
			kind = "number" // JSON has one kind of number
		}
		switch {
		case kind == "union" || kind == "any":
			p.refuse(here, "a variant that is %s: name its own variants here", map[string]string{"union": "a union itself", "any": "any value"}[kind])
			continue
		case kind != "object" && kind != "map":
			if kinds[kind] {
				p.refuse(here, "two variants are a JSON %s, and nothing tells them apart", kind)
			}
			kinds[kind] = true
			continue
		}
		told := p.tags(b.node, tag, mapping)
		for _, value := range told {
			if tags[value] {
				p.refuse(here, "two variants have the %s %q", tag, value)
			}
			tags[value] = true
		}
		if len(told) == 0 && plain != "" {
			p.refuse(here, "nothing tells this object from %s: give both a constant property of one name, or name them in a discriminator with a mapping", plain)
		}
		if len(told) == 0 {
			plain = pointer(b.path)
		}
	}
	p.defaultVariant(path, node, branches)
}

// discriminator returns the property that tells objects apart, and the values that the document gives to
// references.
func (p *preflight) discriminator(path []string, node *yaml.Node, branches []branch) (tag string, mapping map[string][]string) {
	mapping = map[string][]string{}
	tag = text(get(node, "discriminator"), "propertyName")
	for value, target := range members(get(node, "discriminator", "mapping")) {
		ref := target.Value
		mapping[ref] = append(mapping[ref], value)
		if !slices.ContainsFunc(branches, func(b branch) bool { return text(b.node, "$ref") == ref }) {
			p.refuse(under(path, "discriminator", "mapping", value), "%s is no variant: want its $ref", ref)
		}
	}
	if tag == "" && get(node, "discriminator") != nil {
		p.refuse(under(path, "discriminator"), "propertyName is missing")
	}
	for _, b := range branches {
		if tag != "" && len(mapping[text(b.node, "$ref")]) == 0 {
			p.refuse(under(path, "discriminator"), "the mapping lacks %s, which would then go by the name of its schema", pointer(b.path))
		}
	}
	if tag != "" {
		return tag, mapping
	}
	for _, b := range branches {
		for name, property := range members(get(p.resolve(b.node), "properties")) {
			if get(p.resolve(property), "const") != nil {
				tag = max(tag, name) // the last by name, as the template's range over a map goes
			}
		}
	}
	return tag, mapping
}

// tags returns the values of the discriminator that stand for a branch.
func (p *preflight) tags(node *yaml.Node, tag string, mapping map[string][]string) []string {
	ref := text(node, "$ref")
	if told := mapping[ref]; len(told) > 0 {
		return told
	}
	property := p.resolve(get(p.resolve(node), "properties", tag))
	if constant := get(property, "const"); constant != nil {
		return []string{constant.Value}
	}
	return values(get(property, "enum"))
}

// defaultVariant checks x-default-variant.
func (p *preflight) defaultVariant(path []string, node *yaml.Node, branches []branch) {
	name := text(node, "x-default-variant")
	if name == "" {
		return
	}
	if !slices.ContainsFunc(branches, func(b branch) bool { return text(b.node, "$ref") == "#/components/schemas/"+name }) {
		p.refuse(under(path, "x-default-variant"), "%s is no variant", name)
	}
}
