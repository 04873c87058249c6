package drift

import (
	"cmp"
	"slices"
	"strings"
)

// Change says how two documents differ on a fact.
type Change string

// The kinds of change.
const (
	Added   Change = "added"   // the new document has the fact, the old one does not
	Removed Change = "removed" // the old document has the fact, the new one does not
	Changed Change = "changed" // both have it, with different values
)

// Difference is one fact on which two documents differ.
type Difference struct {
	Kind Change
	At   string // the path of the place
	Fact string // the name of the fact; Present for a whole place with everything in it
	Old  string // the value in the old document, if it has one
	New  string // the value in the new document, if it has one

	// What a place holds that was added or removed as a whole, for people, such as "string or null, required".
	What string

	// Where each document says so. A document that does not say it has it where it would say it, such as the
	// object that lacks the field.
	OldSource, NewSource Source
}

// String is one line for people: what happened, where, and the values.
func (d Difference) String() string {
	s := string(d.Kind) + " " + d.At
	if d.Fact != Present {
		s += " " + d.Fact
	}
	switch d.Kind {
	case Removed:
		s += " " + d.Old
	case Added:
		s += " " + d.New
	case Changed:
		s += " " + d.Old + " -> " + d.New
	}
	return strings.TrimSpace(s)
}

// Diff compares the facts of two documents. A place that only one of them has is one difference, whatever is
// in it. The result is sorted by place.
func Diff(before, after *Facts) []Difference {
	before, after = aligned(before, after)
	gone, added := only(before.List, after.List), only(after.List, before.List)
	out := make([]Difference, 0, len(gone)+len(added))
	for _, f := range gone {
		out = append(out, Difference{
			Kind: Removed, At: f.At, Fact: f.Name, Old: f.Value, What: before.what(f),
			OldSource: f.Source, NewSource: after.near(f.At, f.Name),
		})
	}
	for _, f := range added {
		out = append(out, Difference{
			Kind: Added, At: f.At, Fact: f.Name, New: f.Value, What: after.what(f),
			OldSource: before.near(f.At, f.Name), NewSource: f.Source,
		})
	}
	slices.SortStableFunc(out, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Fact, b.Fact))
	})
	return paired(out)
}

// what says in short what a whole place holds; nothing for other facts.
func (f *Facts) what(fact Fact) string {
	if fact.Name != Present {
		return ""
	}
	var types []string
	null := false
	for _, t := range f.about(fact.At, "type") {
		if t.Value == `"null"` {
			null = true
		} else {
			types = append(types, strings.Trim(t.Value, `"`))
		}
	}
	if null {
		types = append(types, "null") // last, as people say it
	}
	out := strings.Join(types, " or ")
	if out != "" && len(f.about(fact.At, "required")) > 0 {
		out += ", required"
	}
	return out
}

// only are the facts that a has and b lacks, without what is inside a place that b lacks altogether.
func only(a, b []Fact) []Fact {
	var out []Fact
	absent := map[string]bool{}
	for _, f := range a {
		if _, found := slices.BinarySearchFunc(b, f, compareFacts); !found {
			out = append(out, f)
			absent[f.At] = absent[f.At] || f.Name == Present
		}
	}
	return slices.DeleteFunc(out, func(f Fact) bool {
		return absent[f.At] && f.Name != Present || insideAny(f.At, absent)
	})
}

// insideAny reports whether the path goes through one of the absent places.
func insideAny(at string, absent map[string]bool) bool {
	for i := len(at) - 1; i > 0; i-- {
		if strings.IndexByte(separators, at[i]) >= 0 && absent[at[:i]] {
			return true
		}
	}
	return false
}

// paired turns a value that went and one that came, of a fact that has one value each, into a change.
func paired(diffs []Difference) []Difference {
	var out []Difference
	for len(diffs) > 0 {
		n := 1
		for n < len(diffs) && diffs[n].At == diffs[0].At && diffs[n].Fact == diffs[0].Fact {
			n++
		}
		if n == 2 && diffs[0].Kind == Removed && diffs[1].Kind == Added {
			d := diffs[0]
			d.Kind, d.New, d.NewSource = Changed, diffs[1].New, diffs[1].NewSource
			out = append(out, d)
		} else {
			out = append(out, diffs[:n]...)
		}
		diffs = diffs[n:]
	}
	return out
}
