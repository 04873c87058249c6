package drift

import (
	"slices"
	"strconv"
	"strings"
)

// spot is a node with its place. The zero spot is a node that is absent.
type spot struct {
	*Node
	pointer string
}

func (s spot) source() Source { return Source{Pointer: s.pointer, Line: s.Line} }

// child is the member or element of that name, whatever it is.
func (s spot) child(key string, n *Node) spot {
	if n == nil {
		return spot{}
	}
	return spot{n, s.pointer + "/" + escape(key)}
}

func (s spot) get(key string) spot { return s.child(key, s.Node.Get(key)) }

func (s spot) absent() bool { return s.Node == nil }

// get returns a member that must be of the kind where it is present. Null counts as absent: a key of which
// nothing follows is common in YAML.
func (w *walker) get(s spot, key string, kind Kind) spot {
	v := s.get(key)
	if v.absent() || v.Kind == Null {
		return spot{}
	}
	if v.Kind != kind {
		w.fail(v, "want %s, not %s", kind, v.Kind)
		return spot{}
	}
	return v
}

// flag reports whether a member is true; it must be a boolean.
func (w *walker) flag(s spot, key string) (spot, bool) {
	v := w.get(s, key, Boolean)
	return v, v.Node.isTrue()
}

// name returns a member that must be there, as a text.
func (w *walker) name(s spot, key string) string {
	v := w.get(s, key, Text)
	if v.absent() {
		w.fail(s, "has no %s", key)
	}
	return v.Node.text()
}

// members are those of an object in the order of their names.
func (w *walker) members(s spot, key string) []member {
	m := w.get(s, key, Object)
	if m.absent() {
		return nil
	}
	out := make([]member, 0, len(m.Fields))
	for _, f := range sortedFields(m.Node) {
		if !strings.HasPrefix(f.Key, "x-") || key != "paths" && key != "responses" { // extensions
			out = append(out, member{f.Key, m.child(f.Key, f.Value)})
		}
	}
	return out
}

type member struct {
	key string
	spot
}

// items are the elements of a list.
func (w *walker) items(s spot, key string) []spot {
	l := w.get(s, key, List)
	if l.absent() {
		return nil
	}
	out := make([]spot, len(l.Items))
	for i, item := range l.Items {
		out[i] = l.child(strconv.Itoa(i), item)
	}
	return out
}

// object is the node itself, which must be an object.
func (w *walker) object(s spot) spot {
	if s.Kind != Object {
		w.fail(s, "want an object, not %s", s.Kind)
	}
	return s
}

// follow is where a reference leads.
func (w *walker) follow(ref spot) (spot, bool) {
	target, err := w.doc.Lookup(ref.text())
	if err != nil {
		w.fail(ref, "%s", err.Error())
		return spot{}, false
	}
	return spot{target, ref.text()}, true
}

// deref follows the references of a node that is not a schema, where nothing stands beside a $ref.
func (w *walker) deref(s spot) spot {
	var trail []string
	for {
		s = w.object(s)
		ref := w.get(s, "$ref", Text)
		if ref.absent() {
			return s
		}
		if slices.Contains(trail, ref.text()) {
			w.fail(ref, "reference %.200q leads to itself", ref.text())
			return s
		}
		trail = append(trail, ref.text())
		target, ok := w.follow(ref)
		if !ok {
			return s
		}
		s = target
	}
}
