package facts

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Deviation is a difference that is meant. It fits every difference of its kind and fact whose path
// matches; a fact that is used in several places needs only one.
type Deviation struct {
	At     string `yaml:"at"`     // the path, in which * stands for any characters
	Fact   string `yaml:"fact"`   // the name of the fact; a whole place when absent
	Kind   Kind   `yaml:"kind"`   // missing, added or changed
	Reason string `yaml:"reason"` // why it is meant
}

// String names the deviation in a report.
func (d Deviation) String() string {
	return strings.TrimSpace(string(d.Kind) + " " + d.At + " " + d.Fact)
}

// LoadDeviations reads a list of deviations. An entry without a reason is an error.
func LoadDeviations(name string) ([]Deviation, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var out []Deviation
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&out); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i, d := range out {
		if d.At == "" || d.Reason == "" || d.Kind != Missing && d.Kind != Added && d.Kind != Changed {
			return nil, fmt.Errorf("%s: entry %d (%s) needs a path, a reason and a known kind", name, i+1, d)
		}
	}
	return out, nil
}

// Unlisted splits off what is meant: it returns the differences that no deviation fits, and the deviations
// that fit no difference, which are out of date.
func Unlisted(diffs []Difference, meant []Deviation) (rest []Difference, stale []Deviation) {
	used := make([]bool, len(meant))
	for _, diff := range diffs {
		listed := false
		for i, d := range meant {
			if d.fits(diff) {
				listed, used[i] = true, true
			}
		}
		if !listed {
			rest = append(rest, diff)
		}
	}
	for i, d := range meant {
		if !used[i] {
			stale = append(stale, d)
		}
	}
	return rest, stale
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
