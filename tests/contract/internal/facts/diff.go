package facts

import (
	"cmp"
	"slices"
	"strings"
)

// Kind says which of two documents a difference is about.
type Kind string

// The kinds of difference.
const (
	Missing Kind = "missing" // the first document has the fact, the second does not
	Added   Kind = "added"   // the second document has the fact, the first does not
	Changed Kind = "changed" // both have it, with different values
)

// Difference is one fact on which two documents differ.
type Difference struct {
	Kind Kind
	At   string // the path of the place
	Fact string // the name of the fact; Present for a whole place with everything in it
	Old  string // the value in the first document, if it has one
	New  string // the value in the second document, if it has one
}

// String is one line for people: what happened, where, and the values.
func (d Difference) String() string {
	s := string(d.Kind) + " " + d.At
	if d.Fact != Present {
		s += " " + d.Fact
	}
	switch d.Kind {
	case Missing:
		return strings.TrimSpace(s + " " + d.Old)
	case Added:
		return strings.TrimSpace(s + " " + d.New)
	default:
		return s + " " + d.Old + " -> " + d.New
	}
}

// Diff compares two lists of facts as [Facts] returns them. A place that only one side has is one
// difference, whatever is in it. The result is sorted by place.
func Diff(first, second []Fact) []Difference {
	gone, added := only(first, second), only(second, first)
	out := make([]Difference, 0, len(gone)+len(added))
	for _, f := range gone {
		out = append(out, Difference{Kind: Missing, At: f.At, Fact: f.Name, Old: f.Value})
	}
	for _, f := range added {
		out = append(out, Difference{Kind: Added, At: f.At, Fact: f.Name, New: f.Value})
	}
	slices.SortStableFunc(out, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Fact, b.Fact))
	})
	return paired(out)
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
		if strings.IndexByte(" .[<{", at[i]) >= 0 && absent[at[:i]] {
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
		if n == 2 && diffs[0].Kind == Missing && diffs[1].Kind == Added {
			d := diffs[0]
			d.Kind, d.New = Changed, diffs[1].New
			out = append(out, d)
		} else {
			out = append(out, diffs[:n]...)
		}
		diffs = diffs[n:]
	}
	return out
}
