package generate

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// accumulates checks the extensions by which the chunks of a stream add up to a response.
func (p *preflight) accumulates(path []string, node *yaml.Node) {
	to := text(node, "x-accumulates-to")
	if get(node, "x-stream-codec") != nil {
		if p.codecs++; p.codecs > 1 {
			p.refuse(under(path, "x-stream-codec"), "another schema has x-stream-codec, and there is one Accumulator in a package")
		}
		if to == "" {
			p.refuse(under(path, "x-stream-codec"), "without x-accumulates-to the chunks add up to nothing")
		}
	}
	if to == "" {
		return
	}
	targets := p.targets(to)
	if targets == nil {
		p.refuse(under(path, "x-accumulates-to"), "there is no object %s", to)
		return
	}
	taken := map[string]string{}
	for name, property := range members(get(node, "properties")) {
		at := under(path, "properties", name)
		rule := text(property, "x-accumulate")
		p.rule(at, property, rule)
		if rule == "none" || get(p.resolve(property), "const") != nil {
			continue
		}
		counterpart := name
		if as := text(property, "x-accumulate-as"); as != "" {
			counterpart = as
		}
		if other, ok := taken[counterpart]; ok {
			p.refuse(at, "%s of %s is what %s adds up to", counterpart, to, other)
		}
		taken[counterpart] = name
		if !slices.ContainsFunc(targets, func(t *yaml.Node) bool { return get(t, "properties", counterpart) != nil }) {
			p.refuse(at, "%s has no property %s to add up to: add it there, or say x-accumulate: none", to, counterpart)
		}
	}
}

// targets returns the object of that name, or the objects that it is a union of.
func (p *preflight) targets(name string) []*yaml.Node {
	node := get(p.root, "components", "schemas", name)
	branches := p.branches(node)
	if len(branches) == 0 {
		branches = []branch{{node: node}}
	}
	var list []*yaml.Node
	for _, b := range branches {
		if target := p.resolve(b.node); get(target, "properties") != nil {
			list = append(list, target)
		}
	}
	return list
}

// rule checks x-accumulate of one property.
func (p *preflight) rule(at []string, property *yaml.Node, rule string) {
	kind := p.kind(property)
	enum := get(p.resolve(property), "enum") != nil || get(p.resolve(property), "const") != nil
	pointer := asksPointer(property) || asksPointer(p.resolve(property))
	where := under(at, "x-accumulate")
	switch {
	case rule == "none" || rule == "last":
	case rule == "by-index":
		p.byIndex(where, get(p.resolve(property), "items"))
	case rule == "append" && (enum || kind != "string" && kind != "array"):
		p.refuse(where, "only strings and lists can be appended to")
	case rule == "" && kind == "array":
		p.refuse(at, "a list needs x-accumulate: append, last, by-index or none")
	case kind == "string" && !enum && get(property, "$ref") != nil:
		p.refuse(at, "a string whose type has a name cannot be appended to: say type: string, or x-accumulate: last")
	case (rule == "append" || kind == "string" && !enum) && pointer:
		p.refuse(at, "what is appended to cannot be a pointer")
	case rule == "" || rule == "append":
	default:
		p.refuse(where, "there is no rule %s: want append, last, by-index or none", rule)
	}
}

// byIndex checks the items of a list that is put together by index and ID.
func (p *preflight) byIndex(where []string, items *yaml.Node) {
	item := p.resolve(items)
	index, id := get(item, "properties", "index"), get(item, "properties", "id")
	switch {
	case items == nil || get(items, "$ref") == nil || text(item, "x-accumulates-to") == "":
		p.refuse(where, "want a list of references to a schema with x-accumulates-to")
	case index == nil || p.kind(index) != "integer" || text(index, "format") != "" || asksPointer(index):
		p.refuse(where, "the items need an index: a plain integer")
	case id != nil && (p.kind(id) != "string" || asksPointer(id)):
		p.refuse(where, "the id of the items must be a plain string")
	}
}
