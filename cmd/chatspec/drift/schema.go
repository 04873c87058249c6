package drift

import (
	"cmp"
	"maps"
	"slices"
)

// schema says what may stand at a place: all of the given schemas hold. trail has the references on the way
// down and where each was met.
func (w *walker) schema(at string, trail map[string]string, schemas ...spot) {
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
		if met, ok := l.met(trail); ok {
			w.addText(place, "recursive", (&Node{Kind: Text, Text: met}).literal(), l.schema)
			continue
		}
		own := place
		if others == 1 {
			own = at
		}
		w.annotations(own, l, l.keys)
		w.limits(place, l, open[l.kind])
		w.children(place, l, l.extend(trail, place))
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
func (w *walker) children(at string, l leaf, trail map[string]string) {
	for _, h := range l.holders {
		if !slices.Contains(w.objects[at], h.source()) {
			w.objects[at] = append(w.objects[at], h.source())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.properties)) {
		w.present(at+"."+name, l.properties[name][0])
		w.schema(at+"."+name, trail, l.properties[name]...)
	}
	for _, r := range l.required {
		if _, ok := l.properties[r.text()]; ok {
			w.addText(at+"."+r.text(), "required", "true", r)
		} else {
			w.add(at, "requires", r)
		}
	}
	for _, step := range slices.Sorted(maps.Keys(l.parts)) {
		w.part(at+step, step, l.parts[step], at, trail)
	}
}

// part walks into the schemas of one keyword. Elements and map values that may be anything say nothing.
func (w *walker) part(at, step string, schemas []spot, owner string, trail map[string]string) {
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
	w.schema(at, trail, schemas...)
}

// key tells an object from its siblings in a union by a property that must have one constant value:
// "<role=user>". The discriminator goes first, if the union names one. Objects without such a property
// have no key and share a place.
func (w *walker) key(l leaf) string {
	for _, name := range slices.Concat([]string{l.tag, "type", "role", "object"}, slices.Sorted(maps.Keys(l.properties))) {
		p, ok := l.properties[name]
		if !ok || !slices.ContainsFunc(l.required, func(r spot) bool { return r.text() == name }) {
			continue
		}
		leaves := w.alternatives(p[0], nil, 0)
		for _, s := range p[1:] {
			leaves = w.product(s, leaves, w.alternatives(s, nil, 0))
		}
		if len(leaves) == 1 && len(leaves[0].values) == 1 {
			return "<" + name + "=" + cmp.Or(leaves[0].values[0].text(), leaves[0].values[0].literal()) + ">"
		}
	}
	return ""
}

// met reports a reference of the leaf that was followed further up, and where that was.
func (l leaf) met(trail map[string]string) (string, bool) {
	for _, ref := range l.refs {
		if at, ok := trail[ref]; ok {
			return at, true
		}
	}
	return "", false
}

// extend is the trail with the references of the leaf, for what is below it.
func (l leaf) extend(trail map[string]string, at string) map[string]string {
	if len(l.refs) == 0 {
		return trail
	}
	out := maps.Clone(trail)
	if out == nil {
		out = map[string]string{}
	}
	for _, ref := range l.refs {
		out[ref] = at
	}
	return out
}
