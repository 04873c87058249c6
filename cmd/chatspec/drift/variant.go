package drift

import (
	"cmp"
	"slices"
)

// variant is one of the objects that may stand at a place.
type variant struct {
	leaf leaf
	key  string // what tells it from others, such as <type=text>; empty where nothing does
}

// keys are those that two documents agreed on: by place, and by the pointer of the variant's schema.
type keys map[string]map[string]string

// maxRounds bounds how deep unions in unions are aligned; each round aligns one level more.
const maxRounds = 8

// aligned writes the facts of two documents so that the same variant of a union has the same key in both, even
// where one of them has no key for it, another one, or only this variant.
func aligned(before, after *Facts) (*Facts, *Facts) {
	agreedBefore, agreedAfter := keys{}, keys{}
	for range maxRounds {
		news := false
		for at, old := range before.variants {
			now := after.variants[at]
			if _, done := agreedBefore[at]; done || len(now) == 0 || len(old) == 1 && len(now) == 1 {
				continue
			}
			old, now = before.withKeys(old), after.withKeys(now)
			if sameKeys(old, now) {
				continue
			}
			news = true
			agreedBefore[at], agreedAfter[at] = agree(old, now)
		}
		if !news {
			break
		}
		b, errB := flatten(before.doc, before.scope, agreedBefore)
		a, errA := flatten(after.doc, after.scope, agreedAfter)
		if errB != nil || errA != nil { // never: both were flattened before
			break
		}
		before, after = b, a
	}
	return before, after
}

// withKeys are the variants with their keys.
func (f *Facts) withKeys(variants []variant) []variant {
	w := &walker{doc: f.doc}
	out := slices.Clone(variants)
	for i := range out {
		out[i].key = w.key(out[i].leaf)
	}
	return out
}

func sameKeys(a, b []variant) bool {
	names := func(variants []variant) []string {
		var out []string
		for _, v := range variants {
			out = append(out, v.key)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return slices.Equal(names(a), names(b))
}

// agree pairs the variants of a place: those with the same key, then those at the same place of their
// documents, then those that share most of their fields. It returns the keys of both sides.
func agree(old, now []variant) (oldKeys, nowKeys map[string]string) {
	oldKeys, nowKeys = map[string]string{}, map[string]string{}
	rest := slices.Clone(now)
	pair := func(fits func(o, n variant) bool) {
		old = slices.DeleteFunc(slices.Clone(old), func(o variant) bool {
			i := slices.IndexFunc(rest, func(n variant) bool { return fits(o, n) })
			if i < 0 {
				return false
			}
			key := cmp.Or(o.key, rest[i].key)
			oldKeys[o.leaf.schema.pointer], nowKeys[rest[i].leaf.schema.pointer] = key, key
			rest = slices.Delete(rest, i, i+1)
			return true
		})
	}
	pair(func(o, n variant) bool { return o.key != "" && o.key == n.key })
	pair(func(o, n variant) bool { return o.leaf.schema.pointer == n.leaf.schema.pointer })
	pair(alike)
	return oldKeys, nowKeys
}

// alike reports whether two variants share more than half of their fields.
func alike(a, b variant) bool {
	shared := 0
	for name := range a.leaf.properties {
		if _, ok := b.leaf.properties[name]; ok {
			shared++
		}
	}
	return 2*shared > max(len(a.leaf.properties), len(b.leaf.properties))
}
