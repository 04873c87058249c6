package drift

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Deviation is a difference that is meant. It fits every difference of its kind and fact whose path
// matches; a fact that is used in several places needs only one.
type Deviation struct {
	At     string // the path, in which * stands for any characters
	Fact   string // the name of the fact; a whole place when empty
	Kind   Change
	Reason string // why it is meant
}

// String names the deviation in a report.
func (d Deviation) String() string {
	return strings.TrimSpace(string(d.Kind) + " " + d.At + " " + d.Fact)
}

// ParseDeviations reads a list of deviations in YAML. The name stands in errors, which are of type [*Error].
// An entry without a path, a reason or a known kind is an error, and so is one with a key that is not known.
func ParseDeviations(name string, data []byte) ([]Deviation, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	root, err := ParseNode(name, data)
	if err != nil {
		return nil, err
	}
	w := &walker{doc: &Document{Name: name, Root: root}}
	if root.Kind == Null {
		return nil, nil // nothing but comments
	}
	list := spot{root, "#"}
	if root.Kind != List {
		w.fail(list, "want a list, not %s", root.Kind)
		return nil, w.err
	}
	var out []Deviation
	for i, item := range root.Items {
		out = append(out, w.deviation(list.child(strconv.Itoa(i), item)))
	}
	if w.err != nil {
		return nil, w.err
	}
	return out, nil
}

func (w *walker) deviation(s spot) Deviation {
	for _, f := range w.object(s).Fields {
		if !slices.Contains([]string{"at", "fact", "kind", "reason"}, f.Key) {
			w.fail(s.child(f.Key, f.Value), "unknown key; want at, fact, kind and reason")
		}
	}
	d := Deviation{
		At:     w.name(s, "at"),
		Fact:   w.get(s, "fact", Text).Node.text(),
		Kind:   Change(w.name(s, "kind")),
		Reason: w.name(s, "reason"),
	}
	if d.Kind != Added && d.Kind != Removed && d.Kind != Changed {
		w.fail(s, "kind is %.40q, want %s, %s or %s", d.Kind, Added, Removed, Changed)
	}
	return d
}

// Listed is a difference that is meant, and the entry that says why.
type Listed struct {
	Difference
	Deviation Deviation
}

// Sifted are differences held against a list of deviations.
type Sifted struct {
	Rest   []Difference // those that no entry fits
	Listed []Listed
	Stale  []Deviation // entries that fit no difference: they are out of date
}

// Sift splits off what is meant.
func Sift(diffs []Difference, meant []Deviation) Sifted {
	var out Sifted
	used := make([]bool, len(meant))
	for _, diff := range diffs {
		first := -1
		for i, d := range meant {
			if d.fits(diff) {
				used[i] = true
				if first < 0 {
					first = i
				}
			}
		}
		if first < 0 {
			out.Rest = append(out.Rest, diff)
		} else {
			out.Listed = append(out.Listed, Listed{diff, meant[first]})
		}
	}
	for i, d := range meant {
		if !used[i] {
			out.Stale = append(out.Stale, d)
		}
	}
	return out
}

func (d Deviation) fits(diff Difference) bool {
	return d.Kind == diff.Kind && cmp.Or(d.Fact, Present) == diff.Fact && match(d.At, diff.At)
}

// match reports whether the path is the pattern, in which * stands for any characters.
func match(pattern, path string) bool {
	head, tail, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == path
	}
	rest, ok := strings.CutPrefix(path, head)
	for ok && !match(tail, rest) {
		ok = rest != ""
		if ok {
			rest = rest[1:]
		}
	}
	return ok
}
