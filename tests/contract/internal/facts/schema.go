package facts

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// silent are keywords that say nothing about the wire, or that are turned into other facts by name.
var silent = map[string]bool{
	"title": true, "description": true, "example": true, "examples": true, "externalDocs": true,
	"discriminator": true, // the constants of the branches say the same
	"type":          true, "enum": true, "properties": true, "required": true, "items": true,
	"additionalProperties": true, "default": true,
}

// annotations belong to the place and not to one alternative of it.
var annotations = []string{"deprecated", "readOnly", "writeOnly", "default"}

// schema says what may stand at a place. trail has the references on the way down and where each was met.
func (w *walker) schema(at string, node any, trail map[string]string) {
	leaves := w.leaves(node, 0)
	alternatives, count, open := 0, map[string]int{}, map[string]bool{}
	for _, l := range leaves {
		count[l.kind]++
		if l.kind != "null" {
			alternatives++
		}
		if _, closed := l.keys["enum"]; !closed {
			open[l.kind] = true
		}
	}
	for _, l := range leaves {
		w.add(at, "type", cmp.Or(l.kind, "any"))
		for _, key := range annotations {
			w.annotation(at, key, l.outer)
		}
		if l.kind == "null" {
			continue
		}
		place := at
		if l.kind == "object" && count["object"] > 1 {
			place += w.key(l)
			w.present(place)
		}
		if met, ok := l.met(trail); ok {
			w.add(place, "recursive", met)
			continue
		}
		own := place
		if alternatives == 1 {
			own = at
		}
		for _, key := range annotations {
			w.annotation(own, key, l.keys)
		}
		w.limits(place, l, open[l.kind])
		w.children(place, l, l.extend(trail, place))
	}
}

// annotation adds one annotation. A default of null says what absence says, and the default of a constant
// is the constant.
func (w *walker) annotation(at, key string, keys map[string]any) {
	value, ok := keys[key]
	if !ok || value == nil || value == false && key != "default" {
		return
	}
	if enum := list(keys["enum"]); key == "default" && len(enum) == 1 && literal(enum[0]) == literal(value) {
		return
	}
	w.add(at, key, value)
}

// limits adds the values and the keywords of a leaf. The values of an enum that has a free alternative of
// the same type are known, and others are allowed.
func (w *walker) limits(at string, l leaf, open bool) {
	name := "value"
	if open {
		name = "known"
	}
	for _, v := range list(l.keys["enum"]) {
		w.add(at, name, v)
	}
	for key, v := range l.keys {
		switch {
		case silent[key], slices.Contains(annotations, key), strings.HasPrefix(key, "x-"):
		case v == false, v == float64(0) && strings.HasPrefix(key, "min") && key != "minimum":
		default:
			w.add(at, key, v)
		}
	}
}

// children walks into the fields, elements and map values of a leaf.
func (w *walker) children(at string, l leaf, trail map[string]string) {
	properties := object(l.keys["properties"])
	for _, name := range sortedKeys(properties) {
		field := at + "." + name
		w.present(field)
		w.schema(field, properties[name], trail)
	}
	for _, name := range list(l.keys["required"]) {
		if _, ok := properties[text(name)]; ok {
			w.add(at+"."+text(name), "required", true)
		} else {
			w.add(at, "requires", name)
		}
	}
	if items, ok := l.keys["items"]; ok {
		w.present(at + "[]")
		w.schema(at+"[]", items, trail)
	}
	switch values := l.keys["additionalProperties"].(type) {
	case bool: // true is what absence means
		if !values {
			w.add(at, "closed", true)
		}
	case map[string]any:
		if len(values) > 0 {
			w.present(at + "{}")
			w.schema(at+"{}", values, trail)
		}
	}
}

// key tells an object from its siblings in a union by a property that must have one constant value:
// "<role=user>". The discriminator goes first, if the union names one. Objects without such a property
// have no key and share a place.
func (w *walker) key(l leaf) string {
	properties, required := object(l.keys["properties"]), list(l.keys["required"])
	for _, name := range slices.Concat([]string{l.tag, "type", "role", "object"}, sortedKeys(properties)) {
		p, ok := properties[name]
		if !ok || !slices.Contains(required, any(name)) {
			continue
		}
		if ls := w.leaves(p, 0); len(ls) == 1 {
			if enum := list(ls[0].keys["enum"]); len(enum) == 1 {
				return "<" + name + "=" + text(enum[0]) + ">"
			}
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
