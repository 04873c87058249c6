package main

import (
	"slices"
	"strconv"
)

// vary writes about one in n scalars anew, each as a value of its kind: what changes from one event of a stream
// to the next.
func (r random) vary(tree *node, n int) {
	tree.each(func(n2 *node) {
		if n2.open != 0 || !r.chance(n) {
			return
		}
		switch c := n2.text[0]; {
		case c == '"':
			n2.text = r.str()
		case c == '-' || '0' <= c && c <= '9':
			n2.text = r.integer()
		}
	})
}

// mutate changes what is in tree by one step: a value becomes another, a member goes, comes, comes twice or
// moves.
func (r random) mutate(tree *node) {
	var all, objects []*node
	tree.each(func(n *node) {
		all = append(all, n)
		if n.open == '{' {
			objects = append(objects, n)
		}
	})
	n := pick(r, all)
	if len(objects) > 0 && !r.chance(3) {
		n = pick(r, objects)
	}
	if n.open == 0 || r.chance(8) {
		*n = *r.junk(junkDepth)
		return
	}
	at := r.IntN(len(n.members) + 1)
	if at == len(n.members) {
		n.members = append(n.members, member{r.str(), r.junk(junkDepth)})
		return
	}
	m := n.members[at]
	switch r.IntN(8) {
	case 0:
		n.members = slices.Delete(n.members, at, at+1)
	case 1:
		n.members = slices.Insert(n.members, at, member{r.str(), r.junk(junkDepth)})
	case 2:
		n.members[at].value = r.junk(junkDepth)
	case 3:
		n.members[at].value = &node{text: "null"}
	case 4:
		to := r.IntN(len(n.members))
		n.members[at], n.members[to] = n.members[to], m
	case 5:
		n.members[at].name = r.misspell(m.name)
	default: // once more, with a value that may be another
		n.members = slices.Insert(n.members, r.IntN(len(n.members)+1), member{r.respell(m.name), r.another(m.value)})
	}
}

// another returns a value like n that differs in some way.
func (r random) another(n *node) *node {
	if r.chance(4) {
		return r.junk(junkDepth)
	}
	n = n.clone()
	r.vary(n, 2)
	if len(n.members) > 0 && r.chance(2) {
		at := r.IntN(len(n.members))
		n.members = slices.Delete(n.members, at, at+1)
	}
	return n
}

// misspell returns another name that looks much the same.
func (r random) misspell(name string) string {
	if len(name) < 3 {
		return r.str()
	}
	b := []byte(name)
	at := 1 + r.IntN(len(b)-2)
	if b[at] == '\\' || b[at-1] == '\\' {
		return r.str()
	}
	switch {
	case 'a' <= b[at] && b[at] <= 'z' && r.chance(2):
		b[at] -= 'a' - 'A'
	case r.chance(2):
		b = slices.Delete(b, at, at+1)
	default:
		b = slices.Insert(b, at, b[at])
	}
	return string(b)
}

// respell returns the same name, perhaps with a letter written as an escape.
func (r random) respell(name string) string {
	if len(name) < 3 || !r.chance(4) {
		return name
	}
	at := 1 + r.IntN(len(name)-2)
	if c := name[at]; 'a' <= c && c <= 'z' {
		return name[:at] + `\u00` + strconv.FormatInt(int64(c), 16) + name[at+1:]
	}
	return name
}

// spaced writes tree with white space between its tokens.
func (r random) spaced(b []byte, n *node) []byte {
	space := func() {
		for r.chance(3) {
			b = append(b, pick(r, []byte(" \t\n\r"))) // CR and LF become lines of the event
		}
	}
	space()
	if n.open == 0 {
		b = append(b, n.text...)
		space()
		return b
	}
	b = append(b, n.open)
	space()
	for i, m := range n.members {
		if i > 0 {
			b = append(b, ',')
		}
		space()
		if n.open == '{' {
			b = append(b, m.name...)
			space()
			b = append(b, ':')
		}
		b = r.spaced(b, m.value)
	}
	b = append(b, n.open+2)
	space()
	return b
}

// corrupt changes a few bytes of a text.
func (r random) corrupt(b []byte) []byte {
	for range 1 + r.IntN(2) {
		if len(b) == 0 {
			return b
		}
		at := r.IntN(len(b))
		end := min(len(b), at+1+r.IntN(12))
		switch r.IntN(6) {
		case 0:
			b[at] = byte(r.Uint32())
		case 1:
			b[at] = pick(r, []byte("{}[]\",:\\0123456789-+.eEtfn /u\x00\x1f\x80"))
		case 2:
			b = slices.Delete(b, at, end)
		case 3:
			b = slices.Insert(b, at, slices.Clone(b[at:end])...)
		case 4:
			b = slices.Insert(b, at, pick(r, []byte("{}[]\",:\\0 \t")))
		case 5:
			if r.chance(4) {
				b = b[:at]
			}
		}
	}
	return b
}
