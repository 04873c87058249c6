package facts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// leaf is one alternative of a schema: one JSON type and the keywords that hold for it.
type leaf struct {
	kind  string         // the JSON type; empty when any will do
	keys  map[string]any // keywords, without type, const, nullable and unions; enum has no null
	outer map[string]any // annotations of the union that the leaf is part of
	tag   string         // the property by which the union tells its objects apart, if it says so
	refs  []string       // the references that led here
}

// leaves takes a schema apart into its alternatives. allOf and what stands beside a union hold for every
// alternative; what stands beside a $ref goes before what the reference says, because documents use it to
// widen (nullable beside $ref), not to narrow.
func (w *walker) leaves(node any, depth int) []leaf {
	if depth > maxReferences {
		w.fail(fmt.Errorf("schema %.80s leads to itself", literal(node)))
		return nil
	}
	m, ok := node.(map[string]any)
	if !ok { // true allows anything, false nothing
		if node == false {
			return nil
		}
		return []leaf{{}}
	}
	if ref, ok := m["$ref"].(string); ok {
		return w.referenced(ref, m, depth)
	}
	out := single(m)
	for _, part := range list(m["allOf"]) {
		out = product(out, w.leaves(part, depth+1))
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if branches := list(m[key]); len(branches) > 0 {
			out = w.union(m, out, branches, depth)
		}
	}
	return out
}

func (w *walker) referenced(ref string, m map[string]any, depth int) []leaf {
	target, err := w.doc.Lookup(ref)
	if err != nil {
		w.fail(err)
		return nil
	}
	if len(m) > 1 {
		over := maps.Clone(object(target))
		maps.Copy(over, m)
		delete(over, "$ref")
		if next, ok := object(target)["$ref"]; ok {
			over["$ref"] = next
		}
		target = over
	}
	out := w.leaves(target, depth+1)
	for i := range out {
		out[i].refs = append(slices.Clone(out[i].refs), ref)
	}
	return out
}

// union joins the alternatives of all branches and holds them against what stands beside the union.
func (w *walker) union(m map[string]any, base []leaf, branches []any, depth int) []leaf {
	var out []leaf
	for _, branch := range branches {
		out = append(out, w.leaves(branch, depth+1)...)
	}
	outer := map[string]any{}
	for _, key := range annotations {
		if v, ok := m[key]; ok {
			outer[key] = v
		}
	}
	tag := text(object(m["discriminator"])["propertyName"])
	for i := range out {
		merged := maps.Clone(outer)
		maps.Copy(merged, out[i].outer)
		out[i].outer = merged
		if out[i].tag == "" {
			out[i].tag = tag
		}
	}
	for i := range base { // the annotations are outer now
		base[i].keys = maps.Clone(base[i].keys)
		maps.DeleteFunc(base[i].keys, func(key string, _ any) bool { return slices.Contains(annotations, key) })
	}
	nullable := m["nullable"] == true && m["type"] == nil
	out = product(base, out)
	if nullable && !slices.ContainsFunc(out, func(l leaf) bool { return l.kind == "null" }) {
		out = append(out, leaf{kind: "null", outer: outer})
	}
	return out
}

// single splits the keywords of one schema object by its types, unions and allOf left aside.
func single(m map[string]any) []leaf {
	keys := maps.Clone(m)
	for _, key := range []string{"allOf", "anyOf", "oneOf", "type", "nullable", "const", "$ref"} {
		delete(keys, key)
	}
	values := list(m["enum"])
	if c, ok := m["const"]; ok {
		values = []any{c}
	}
	kinds := kindsOf(m, values)
	if values != nil {
		keys["enum"] = slices.DeleteFunc(slices.Clone(values), func(v any) bool { return v == nil })
	}
	out := make([]leaf, len(kinds))
	for i, kind := range kinds {
		out[i] = leaf{kind: kind, keys: keys}
		if kind == "null" {
			out[i].keys = map[string]any{}
		}
	}
	return out
}

// kindsOf are the JSON types of a schema object; where type is absent, the keywords tell.
func kindsOf(m map[string]any, values []any) []string {
	var kinds []string
	switch t := m["type"].(type) {
	case string:
		kinds = []string{t}
	case []any:
		for _, kind := range t {
			kinds = append(kinds, text(kind))
		}
	default:
		kinds = inferred(m, values)
	}
	if m["nullable"] == true && m["anyOf"] == nil && m["oneOf"] == nil && !slices.Contains(kinds, "null") {
		kinds = append(kinds, "null")
	}
	return kinds
}

func inferred(m map[string]any, values []any) []string {
	switch {
	case m["properties"] != nil, m["additionalProperties"] != nil, m["required"] != nil:
		return []string{"object"}
	case m["items"] != nil:
		return []string{"array"}
	case values != nil:
		var kinds []string
		for _, v := range values {
			if kind := kindOf(v); !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
		return kinds
	}
	return []string{""}
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// product is what two lists of alternatives have in common.
func product(a, b []leaf) []leaf {
	var out []leaf
	for _, x := range a {
		for _, y := range b {
			if l, ok := merge(x, y); ok {
				out = append(out, l)
			}
		}
	}
	return out
}

// merge is what two leaves have in common; false when they exclude each other.
func merge(a, b leaf) (leaf, bool) {
	kind := a.kind
	switch {
	case kind == "", kind == "number" && b.kind == "integer":
		kind = b.kind
	case b.kind == "", b.kind == kind, b.kind == "number" && kind == "integer":
	default:
		return leaf{}, false
	}
	out := leaf{kind: kind, keys: map[string]any{}, outer: maps.Clone(a.outer), tag: a.tag}
	out.refs = slices.Concat(a.refs, b.refs)
	if out.outer == nil {
		out.outer = b.outer
	} else {
		maps.Copy(out.outer, b.outer)
	}
	if out.tag == "" {
		out.tag = b.tag
	}
	maps.Copy(out.keys, a.keys)
	for key, v := range b.keys {
		if old, ok := a.keys[key]; ok {
			v = both(key, old, v)
		}
		out.keys[key] = v
	}
	return out, true
}

// both is a keyword that two parts of an allOf have, read as both at once.
func both(key string, a, b any) any {
	switch key {
	case "properties":
		out := maps.Clone(object(a))
		for name, p := range object(b) {
			if old, ok := out[name]; ok {
				p = map[string]any{"allOf": []any{old, p}}
			}
			out[name] = p
		}
		return out
	case "required":
		return slices.Concat(list(a), list(b))
	case "enum":
		return slices.DeleteFunc(slices.Clone(list(a)), func(v any) bool {
			return !slices.ContainsFunc(list(b), func(w any) bool { return literal(v) == literal(w) })
		})
	}
	x, okx := a.(float64)
	y, oky := b.(float64)
	switch {
	case okx && oky && strings.HasPrefix(key, "min"):
		return max(x, y)
	case okx && oky && strings.HasPrefix(key, "max"):
		return min(x, y)
	}
	return b
}
