package drift

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// leaf is one alternative of a schema: one JSON type and the keywords that hold for it.
type leaf struct {
	kind       string            // the JSON type; empty when any will do
	said       spot              // where the type is said
	against    spot              // where the opposite is said; the kind is never then
	schema     spot              // the schema that has the type, behind all references
	keys       map[string]spot   // keywords that are facts as they are
	more       []member          // those that another part of an allOf says otherwise, where both hold
	outer      map[string]spot   // annotations of the union or reference that the leaf is part of
	values     []spot            // what an enum or const allows, without null
	closed     bool              // whether there is an enum or const
	properties map[string][]spot // the schemas of a field, all of which hold
	required   []spot
	parts      map[string][]spot // the schemas of keywords that have one schema, such as items
	holders    []spot            // the schemas that properties come from
	tag        string            // the property by which the union tells its objects apart, if it says so
	tagged     string            // the value of the tag, if the union maps one to this object
	refs       []string          // the references that led here
	from       []string          // the pointers of the schemas that say more than a type
}

// maxLeaves bounds the alternatives of one schema. The official document has up to 30.
const maxLeaves = 5_000

// alternatives takes a schema apart into its leaves. allOf and what stands beside a union hold for every
// alternative.
func (w *walker) alternatives(s spot, refs []string, depth int) []leaf {
	switch {
	case !w.step(s, 1):
		return nil
	case depth > maxDepth:
		w.fail(s, "nested more than %d deep", maxDepth)
		return nil
	case s.isTrue():
		return []leaf{{said: s, schema: s}}
	case s.isFalse():
		return nil
	case s.Kind != Object:
		w.fail(s, "want a schema, not %s", s.Kind)
		return nil
	}
	if ref := w.get(s, "$ref", Text); !ref.absent() {
		return w.referenced(s, ref, refs, depth)
	}
	return w.unions(s, w.single(s), refs, depth)
}

// unions holds allOf, anyOf and oneOf of a schema against the rest of it. Annotations beside an allOf go before
// those in it.
func (w *walker) unions(s spot, out []leaf, refs []string, depth int) []leaf {
	if parts := w.items(s, "allOf"); len(parts) > 0 {
		beside := map[string]spot{}
		for i := range out {
			beside = overlaid(beside, takeAnnotations(out[i]))
		}
		for _, part := range parts {
			out = w.product(s, out, w.alternatives(part, refs, depth+1))
		}
		for i := range out {
			out[i].keys = overlaid(out[i].keys, beside)
		}
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if branches := w.items(s, key); len(branches) > 0 {
			out = w.union(s, out, branches, refs, depth)
		}
	}
	if nullable, on := w.flag(s, "nullable"); on && composed(s) {
		out = withNull(out, nullable)
	}
	return out
}

// composed reports whether a schema has others in it. In OpenAPI 3.0 a nullable beside them is meant to add
// null to what they say, although read to the letter it could not.
func composed(s spot) bool {
	return s.Get("allOf") != nil || s.Get("anyOf") != nil || s.Get("oneOf") != nil
}

// referenced is what a reference leads to. What stands beside it holds as well; annotations there go before
// those of the target, and nullable adds null, because documents use it so.
func (w *walker) referenced(s, ref spot, refs []string, depth int) []leaf {
	if slices.Contains(refs, ref.text()) {
		w.fail(ref, "reference %.200q leads to itself", ref.text())
		return nil
	}
	target, ok := w.follow(ref)
	if !ok {
		return nil
	}
	out := w.alternatives(target, append(slices.Clip(refs), ref.text()), depth+1)
	for i := range out {
		out[i].refs = append(slices.Clip(out[i].refs), ref.text())
	}
	if len(s.Fields) == 1 {
		return out
	}
	beside := w.single(s)
	nullable, _ := w.flag(s, "nullable")
	outer := map[string]spot{}
	for i := range beside {
		outer = overlaid(outer, takeAnnotations(beside[i]))
	}
	beside = slices.DeleteFunc(beside, func(l leaf) bool { return nullable.isTrue() && l.kind == "null" })
	out = w.unions(s, w.product(s, out, beside), refs, depth)
	for i := range out {
		out[i].outer = overlaid(out[i].outer, outer)
	}
	if nullable.isTrue() {
		out = withNull(out, nullable)
	}
	return out
}

// withNull adds null to the alternatives, unless they have it.
func withNull(leaves []leaf, said spot) []leaf {
	if slices.ContainsFunc(leaves, func(l leaf) bool { return l.kind == "null" }) {
		return leaves
	}
	return append(leaves, leaf{kind: "null", said: said, schema: said})
}

// union joins the alternatives of all branches and holds them against what stands beside the union.
func (w *walker) union(s spot, base []leaf, branches []spot, refs []string, depth int) []leaf {
	outer := map[string]spot{}
	for i := range base { // the annotations hold for the union, not for one of its branches
		outer = overlaid(outer, takeAnnotations(base[i]))
	}
	tag, values := w.discriminator(s)
	var out []leaf
	for _, branch := range branches {
		for _, l := range w.alternatives(branch, refs, depth+1) {
			l.outer = overlaid(outer, l.outer)
			if l.tag == "" {
				l.tag, l.tagged = tag, values[branch.Get("$ref").text()]
			}
			out = append(out, l)
		}
		if !w.step(branch, len(out)/16) {
			return nil
		}
	}
	return w.product(s, base, out)
}

// discriminator is the property by which a union tells its objects apart, and the values that its mapping gives to
// references.
func (w *walker) discriminator(s spot) (tag string, values map[string]string) {
	d := w.get(s, "discriminator", Object)
	values = map[string]string{}
	for _, m := range w.members(d, "mapping") {
		ref := m.text()
		if !strings.Contains(ref, "/") { // the name of a component
			ref = "#/components/schemas/" + ref
		}
		values[ref] = strings.TrimPrefix(values[ref]+"|"+m.key, "|")
	}
	return w.get(d, "propertyName", Text).Node.text(), values
}

// takeAnnotations moves the annotations out of the keywords of a leaf.
func takeAnnotations(l leaf) map[string]spot {
	out := map[string]spot{}
	for _, key := range annotations {
		if v, ok := l.keys[key]; ok {
			out[key] = v
			delete(l.keys, key)
		}
	}
	return out
}

// overlaid are the entries of both maps; those of b win.
func overlaid(a, b map[string]spot) map[string]spot {
	if len(b) == 0 {
		return a
	}
	out := maps.Clone(a)
	if out == nil {
		out = map[string]spot{}
	}
	maps.Copy(out, b)
	return out
}

// product is what two lists of alternatives have in common.
func (w *walker) product(s spot, a, b []leaf) []leaf {
	if len(a)*len(b) > maxLeaves || !w.step(s, len(a)*len(b)) {
		w.fail(s, "has more than %d alternatives", maxLeaves)
		return nil
	}
	var out []leaf
	for _, x := range a {
		for _, y := range b {
			if l, ok := merge(x, y); ok {
				out = append(out, l)
			}
		}
	}
	if len(out) == 0 && len(a) > 0 && len(b) > 0 {
		return []leaf{{kind: never, said: a[0].said, against: b[0].said, schema: s}}
	}
	return out
}

// never is the kind of a leaf that no value satisfies, because two parts of the document exclude each other.
const never = "never"

// merge is what two leaves have in common; false when they exclude each other.
func merge(a, b leaf) (leaf, bool) {
	out := a
	switch {
	case a.kind == never, b.kind == never:
		if b.kind == never {
			return b, true
		}
		return a, true
	case a.kind == "", a.kind == "number" && b.kind == "integer":
		out.kind, out.said, out.schema = b.kind, b.said, b.schema
	case b.kind == "", b.kind == a.kind, b.kind == "number" && a.kind == "integer":
	default:
		return leaf{}, false
	}
	out.keys = maps.Clone(a.keys)
	for key, v := range b.keys {
		if old, ok := out.keys[key]; ok {
			if both(key, old, v) {
				out.more = append(slices.Clip(out.more), member{key, old})
			}
			v = stricter(key, old, v)
		}
		out.keys = overlaid(out.keys, map[string]spot{key: v})
	}
	out.more = slices.Concat(out.more, b.more)
	out.outer = overlaid(a.outer, b.outer)
	switch {
	case a.closed && b.closed:
		out.values = slices.DeleteFunc(slices.Clone(a.values), func(v spot) bool {
			return !slices.ContainsFunc(b.values, func(w spot) bool { return v.literal() == w.literal() })
		})
		if len(out.values) == 0 {
			return leaf{}, false
		}
	case b.closed:
		out.values, out.closed = b.values, true
	}
	out.properties, out.parts = joined(a.properties, b.properties), joined(a.parts, b.parts)
	out.required = slices.Concat(a.required, b.required)
	out.holders = slices.Concat(a.holders, b.holders)
	out.refs = slices.Concat(a.refs, b.refs)
	out.from = slices.Concat(a.from, b.from)
	if out.tag == "" {
		out.tag, out.tagged = b.tag, b.tagged
	}
	return out, true
}

// joined has the schemas of both maps under each key.
func joined(a, b map[string][]spot) map[string][]spot {
	if len(b) == 0 {
		return a
	}
	out := maps.Clone(a)
	if out == nil {
		out = map[string][]spot{}
	}
	for key, schemas := range b {
		out[key] = slices.Concat(out[key], schemas)
	}
	return out
}

// stricter is a keyword that two parts of an allOf have, read as both at once.
func stricter(key string, a, b spot) spot {
	if a.Kind != Number || b.Kind != Number {
		if a.isTrue() && !slices.Contains(annotations, key) {
			return a
		}
		return b
	}
	x, _ := strconv.ParseFloat(a.Text, 64)
	y, _ := strconv.ParseFloat(b.Text, 64)
	if lower(key) && x > y || upper(key) && x < y {
		return a
	}
	return b
}

// both reports whether neither of two values of a keyword says what the other one says, as with two patterns.
func both(key string, a, b spot) bool {
	ordered := a.Kind == Boolean || b.Kind == Boolean || lower(key) || upper(key) || slices.Contains(annotations, key)
	return !ordered && a.literal() != b.literal()
}

// lower and upper report whether a keyword is a limit.
func lower(key string) bool { return strings.HasPrefix(key, "min") || key == "exclusiveMinimum" }
func upper(key string) bool { return strings.HasPrefix(key, "max") || key == "exclusiveMaximum" }
