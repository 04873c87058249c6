package drift

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// trail has the references on the way down.
type trail map[string]visit

// visit is where a reference was met last, how often, and to which leaves it has led.
type visit struct {
	at     string
	times  int
	leaves []string
}

// schema says what may stand at a place: all of the given schemas hold.
func (w *walker) schema(at string, way trail, schemas ...spot) {
	leaves := w.alternatives(schemas[0], nil, 0)
	for _, s := range schemas[1:] {
		leaves = w.product(s, leaves, w.alternatives(s, nil, 0))
	}
	if w.err != nil {
		return
	}
	others, count, open := 0, map[string]int{}, map[string]bool{}
	for _, l := range leaves {
		count[l.kind]++
		if l.kind != "null" {
			others++
		}
		if !l.closed {
			open[l.kind] = true
		}
	}
	for _, l := range leaves {
		w.addText(at, "type", `"`+cmp.Or(l.kind, "any")+`"`, l.said)
		w.annotations(at, l, l.outer)
		if l.kind == never {
			w.addText(at, "against", "", l.against)
		}
		if l.kind == "null" || l.kind == never {
			continue
		}
		place := at
		if l.kind == "object" {
			place = w.variant(at, l, count["object"] > 1)
		}
		if met, ok := l.met(way); ok {
			w.addText(place, "recursive", (&Node{Kind: Text, Text: met}).literal(), l.schema)
			continue
		}
		own := place
		if others == 1 {
			own = at
		}
		w.annotations(own, l, l.keys)
		w.limits(place, l, open[l.kind])
		w.children(place, l, l.extend(way, place, leaves))
	}
}

// variant is the place of an object: it has a key where there are several, or where the document that this
// one is compared with has several.
func (w *walker) variant(at string, l leaf, several bool) string {
	w.variants[at] = append(w.variants[at], variant{leaf: l})
	key := ""
	if agreed, ok := w.agreed[at]; ok {
		key = agreed[l.schema.pointer]
		several = key == ""
	}
	if several {
		key = w.key(l)
	}
	if key != "" {
		w.present(at+key, l.schema)
	}
	return at + key
}

// annotations adds those that say something. A default of null says what absence says, and the default of a
// constant is the constant.
func (w *walker) annotations(at string, l leaf, keys map[string]spot) {
	for _, key := range annotations {
		v, ok := keys[key]
		switch {
		case !ok, v.Kind == Null, v.isFalse() && key != "default":
		case key == "default" && len(l.values) == 1 && l.values[0].literal() == v.literal():
		default:
			w.add(at, key, v)
		}
	}
}

// limits adds the values and the keywords of a leaf. The values of an enum that has a free alternative of
// the same type are known, and others are allowed.
func (w *walker) limits(at string, l leaf, open bool) {
	name := "value"
	if open {
		name = "known"
	}
	for _, v := range l.values {
		w.add(at, name, v)
	}
	for _, key := range slices.Sorted(maps.Keys(l.keys)) {
		v := l.keys[key]
		zero := v.Kind == Number && v.Text == "0" && slices.Contains(fromZero, key)
		if !slices.Contains(annotations, key) && !v.isFalse() && !zero {
			w.add(at, key, v)
		}
	}
	for _, m := range l.more {
		w.add(at, m.key, m.spot)
	}
}

// children walks into the fields, elements and map values of a leaf.
func (w *walker) children(at string, l leaf, way trail) {
	for _, h := range l.holders {
		if !slices.Contains(w.objects[at], h.source()) {
			w.objects[at] = append(w.objects[at], h.source())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.properties)) {
		w.present(at+fieldStep(name), l.properties[name][0])
		w.schema(at+fieldStep(name), way, l.properties[name]...)
	}
	for _, r := range l.required {
		if _, ok := l.properties[r.text()]; ok {
			w.addText(at+fieldStep(r.text()), "required", "true", r)
		} else {
			w.add(at, "requires", r)
		}
	}
	for _, step := range slices.Sorted(maps.Keys(l.parts)) {
		w.part(at+step, step, l.parts[step], at, way)
	}
}

// part walks into the schemas of one keyword. Elements and map values that may be anything say nothing.
func (w *walker) part(at, step string, schemas []spot, owner string, way trail) {
	if step == "{}" || step == "[]" {
		for _, s := range schemas {
			if step == "{}" && s.isFalse() {
				w.addText(owner, "closed", "true", s)
				return
			}
		}
		schemas = slices.DeleteFunc(slices.Clone(schemas), func(s spot) bool {
			return s.isTrue() || s.Kind == Object && len(s.Fields) == 0
		})
		if len(schemas) == 0 {
			return
		}
	}
	w.present(at, schemas[0])
	w.schema(at, way, schemas...)
}

// key tells an object from its siblings in a union by a property that must have one constant value:
// "<role=user>". The discriminator goes first, if the union names one; where it is no constant, the value counts
// that the union maps to the object. Objects without such a property have no key and share a place.
func (w *walker) key(l leaf) string {
	for _, name := range slices.Concat([]string{l.tag, "type", "role", "object"}, slices.Sorted(maps.Keys(l.properties))) {
		if v := w.constant(l, name); !v.absent() {
			return "<" + name + "=" + cmp.Or(v.text(), v.literal()) + ">"
		}
		if name == l.tag && l.tagged != "" {
			return "<" + name + "=" + l.tagged + ">"
		}
	}
	return ""
}

// constant is the one value that a property must have, if there is one.
func (w *walker) constant(l leaf, name string) spot {
	p, ok := l.properties[name]
	if !ok || !slices.ContainsFunc(l.required, func(r spot) bool { return r.text() == name }) {
		return spot{}
	}
	leaves := w.alternatives(p[0], nil, 0)
	for _, s := range p[1:] {
		leaves = w.product(s, leaves, w.alternatives(s, nil, 0))
	}
	if len(leaves) == 1 && len(leaves[0].values) == 1 {
		return leaves[0].values[0]
	}
	return spot{}
}

// met reports a reference that was followed further up and led to the same leaf, and where that was. What an allOf
// or the place of a reference adds makes it another leaf, with more to say; once is enough to say it.
func (l leaf) met(way trail) (string, bool) {
	for _, ref := range l.refs {
		if v, ok := way[ref]; ok && (v.times > 1 || slices.Contains(v.leaves, l.name())) {
			return v.at, true
		}
	}
	return "", false
}

// extend is the trail with the references of the leaf, for what is below it. Other leaves of a reference count as
// visited, since they are walked from the same place.
func (l leaf) extend(way trail, at string, leaves []leaf) trail {
	if len(l.refs) == 0 {
		return way
	}
	out := maps.Clone(way)
	if out == nil {
		out = trail{}
	}
	for _, ref := range l.refs {
		v := visit{at, way[ref].times + 1, slices.Clone(way[ref].leaves)}
		for _, other := range leaves {
			if slices.Contains(other.refs, ref) {
				v.leaves = append(v.leaves, other.name())
			}
		}
		out[ref] = v
	}
	return out
}

// name tells a leaf from others by the schemas that it comes from.
func (l leaf) name() string {
	from := slices.Sorted(slices.Values(l.from))
	return strings.Join(slices.Compact(from), " ")
}
