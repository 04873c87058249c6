package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// report is what drift found between two documents.
type report struct {
	old, now string // the names of the documents
	found    drift.Sifted
}

// maxAlso is how many further places of a difference are named.
const maxAlso = 3

// text writes the report for people, by operation. A difference that several places show, because they lead to
// the same lines of the documents, is written once.
func (r *report) text(c *console, all bool) error {
	diffs, reasons := slices.Clone(r.found.Rest), map[string]string{}
	if all {
		for _, l := range r.found.Listed {
			diffs = append(diffs, l.Difference)
			reasons[l.String()] = l.Deviation.Reason
		}
		slices.SortStableFunc(diffs, func(a, b drift.Difference) int { return strings.Compare(a.At, b.At) })
	}
	var b strings.Builder
	operation := ""
	for _, group := range grouped(diffs) {
		d := group[0]
		op, place := splitPlace(d.At)
		if op != operation {
			operation = op
			b.WriteString(op + "\n")
		}
		fmt.Fprintf(&b, "  %-7s  %s\n", d.Kind, statement(d, place))
		fmt.Fprintf(&b, "    %s:%d %s\n", r.old, d.OldSource.Line, d.OldSource.Pointer)
		fmt.Fprintf(&b, "    %s:%d %s\n", r.now, d.NewSource.Line, d.NewSource.Pointer)
		if reason := reasons[d.String()]; reason != "" {
			b.WriteString("    meant: " + reason + "\n")
		}
		for i, other := range group[1:] {
			if i == maxAlso {
				fmt.Fprintf(&b, "    also in %s, which -json lists\n", count(len(group)-1-i, "more place"))
				break
			}
			b.WriteString("    also " + other.At + "\n")
		}
	}
	for i, d := range r.found.Stale {
		if i == 0 {
			b.WriteString("Deviations that fit no difference any more\n")
		}
		fmt.Fprintf(&b, "  %s\n    because: %s\n", d, d.Reason)
	}
	return c.print(printable(b.String()))
}

// statement is what a difference says of its place.
func statement(d drift.Difference, place string) string {
	words := []string{place}
	switch {
	case d.Fact != drift.Present:
		words = append(words, d.Fact)
	case place == "":
		words = []string{"the whole operation"}
	}
	switch d.Kind {
	case drift.Added:
		words = append(words, d.New)
	case drift.Removed:
		words = append(words, d.Old)
	case drift.Changed:
		words = append(words, d.Old, "->", d.New)
	}
	text := strings.TrimSpace(strings.Join(words, " "))
	if d.What != "" {
		text += "  (" + d.What + ")"
	}
	return text
}

// grouped puts the differences together that say the same about the same lines, in the order of the first of
// each.
func grouped(diffs []drift.Difference) [][]drift.Difference {
	var out [][]drift.Difference
	index := map[drift.Difference]int{}
	for _, d := range diffs {
		key := d
		key.At = ""
		i, ok := index[key]
		if !ok {
			i = len(out)
			index[key] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], d)
	}
	return out
}

// splitPlace splits the path of a place into the operation and the rest.
func splitPlace(at string) (operation, place string) {
	method, rest, _ := strings.Cut(at, " ")
	path, place, _ := strings.Cut(rest, " ")
	return method + " " + path, place
}

// reportLine is a difference as JSON.
type reportLine struct {
	Kind      drift.Change `json:"kind"`
	Operation string       `json:"operation"`
	At        string       `json:"at"`
	Fact      string       `json:"fact"`
	Old       reportSide   `json:"old"`
	New       reportSide   `json:"new"`
	Reason    string       `json:"reason,omitempty"` // of a difference that is meant
}

// reportSide is what one document says: nothing but the place where it would say it, if it has no value.
type reportSide struct {
	Value   json.RawMessage `json:"value,omitempty"`
	File    string          `json:"file"`
	Line    int             `json:"line"`
	Pointer string          `json:"pointer"`
}

// staleLine is an entry of the list that fits nothing any more.
type staleLine struct {
	Kind      string       `json:"kind"` // stale
	At        string       `json:"at"`
	Fact      string       `json:"fact,omitempty"`
	Deviation drift.Change `json:"deviation"`
	Reason    string       `json:"reason"`
}

// json writes the report for programs: a line for each difference in each place, and for each entry of the
// list that fits nothing.
func (r *report) json(c *console, all bool) error {
	side := func(name, value string, s drift.Source) reportSide {
		return reportSide{Value: json.RawMessage(value), File: name, Line: s.Line, Pointer: s.Pointer}
	}
	line := func(d drift.Difference, reason string) error {
		op, _ := splitPlace(d.At)
		return c.printJSON(reportLine{
			Kind: d.Kind, Operation: op, At: d.At, Fact: d.Fact, Reason: reason,
			Old: side(r.old, d.Old, d.OldSource), New: side(r.now, d.New, d.NewSource),
		})
	}
	for _, d := range r.found.Rest {
		if err := line(d, ""); err != nil {
			return err
		}
	}
	for _, l := range r.found.Listed {
		if !all {
			break
		}
		if err := line(l.Difference, l.Deviation.Reason); err != nil {
			return err
		}
	}
	for _, d := range r.found.Stale {
		if err := c.printJSON(staleLine{"stale", d.At, d.Fact, d.Kind, d.Reason}); err != nil {
			return err
		}
	}
	return nil
}
