package chattest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxDifferences is how many differences are listed. How many more there are is said below them.
	maxDifferences = 20
	// maxShownBytes is how much of a value a difference shows; of a text it is the part that differs.
	maxShownBytes = 120
	// shownBefore is how much of a text is shown that comes before the difference.
	shownBefore = 30
	// wholeValue is the place of a difference that has no path.
	wholeValue = "the whole"
	nothing    = "nothing"
)

// Equal fails the test if two values are not the same JSON, and says where as [Diff] does. It returns whether they
// are the same.
func Equal(t TB, want, got any) bool {
	t.Helper()
	diff := Diff(want, got)
	if diff != "" {
		t.Errorf("not what was wanted:\n%s", diff)
	}
	return diff == ""
}

// Diff compares what two values are as JSON, such as requests, messages, chunks or completions, and returns a line
// for each difference, or nothing where there is none:
//
//	messages[1].content: want "sunny", got "rainy"
//	tools: want nothing, got [{"type":"function","function":{"name":"weather"}}]
//
// A []byte and a [json.RawMessage] are JSON already, any other value is what [json.Marshal] makes of it. The order
// of members does not count, and neither does how a number is written; null and nothing are not the same. Of a long
// text the part is shown that differs. After 20 differences the rest is counted.
func Diff(want, got any) string {
	w, err := jsonOf(want)
	if err != nil {
		return fmt.Sprintf("what is wanted has no JSON: %v\n", err)
	}
	g, err := jsonOf(got)
	if err != nil {
		return fmt.Sprintf("what came has no JSON: %v\n", err)
	}
	return listed(differences(w, g))
}

// listed returns the lines of differences.
func listed(list []string) string {
	var b strings.Builder
	for _, line := range list[:min(len(list), maxDifferences)] {
		b.WriteString(line + "\n")
	}
	if more := len(list) - maxDifferences; more > 0 {
		fmt.Fprintf(&b, "and %d more\n", more)
	}
	return b.String()
}

// jsonOf returns a value as encoding/json decodes its JSON, numbers as they are written.
func jsonOf(v any) (any, error) {
	data, ok := v.([]byte)
	if !ok {
		var err error
		if data, err = encode(v); err != nil {
			return nil, err
		}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more than one value")
	}
	return value, nil
}

// absent is in place of a value that is not there.
type absent struct{}

// differences compares two values of jsonOf.
func differences(want, got any) []string {
	var d differ
	d.compare("", want, got)
	return d.list
}

// differ collects differences.
type differ struct{ list []string }

// compare compares what is at a JSON pointer.
func (d *differ) compare(pointer string, want, got any) {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			d.compareObjects(pointer, w, g)
			return
		}
	case []any:
		if g, ok := got.([]any); ok {
			d.compareLists(pointer, w, g)
			return
		}
	case json.Number:
		if g, ok := got.(json.Number); ok && sameNumber(string(w), string(g)) {
			return
		}
	case string:
		if g, ok := got.(string); ok {
			if w != g {
				from := differsFrom(w, g)
				d.add(pointer, shownText(w, from), shownText(g, from))
			}
			return
		}
	default: // null, true and false, and what is absent
		if want == got {
			return
		}
	}
	d.add(pointer, shown(want), shown(got))
}

func (d *differ) compareObjects(pointer string, want, got map[string]any) {
	names := maps.Clone(want)
	maps.Copy(names, got)
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		d.compare(pointer+"/"+escape.Replace(name), valueOr(want, name), valueOr(got, name))
	}
}

func valueOr(object map[string]any, name string) any {
	if value, ok := object[name]; ok {
		return value
	}
	return absent{}
}

func (d *differ) compareLists(pointer string, want, got []any) {
	for i := range max(len(want), len(got)) {
		w, g := any(absent{}), any(absent{})
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		d.compare(pointer+"/"+strconv.Itoa(i), w, g)
	}
}

func (d *differ) add(pointer, want, got string) {
	place := dotted(pointer)
	if place == "" {
		place = wholeValue
	}
	d.list = append(d.list, fmt.Sprintf("%s: want %s, got %s", place, want, got))
}

// sameNumber says whether two numbers are the same: integers by all of their digits, others as a float64 has them.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	_, intA := strconv.ParseInt(a, 10, 64)
	_, intB := strconv.ParseInt(b, 10, 64)
	if intA == nil && intB == nil {
		return false
	}
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	return errX == nil && errY == nil && x == y
}

// shown returns a value as a difference shows it.
func shown(v any) string {
	if v == (absent{}) {
		return nothing
	}
	data, err := encode(v)
	if err != nil {
		return err.Error() // nothing that was decoded has no JSON
	}
	if len(data) <= maxShownBytes {
		return string(data)
	}
	return strings.ToValidUTF8(string(data[:maxShownBytes]), "") + "…"
}

// shownText returns a text as a difference shows it, from a little before the byte at which it differs.
func shownText(text string, from int) string {
	if len(text) <= maxShownBytes {
		return quote(text)
	}
	start := max(0, from-shownBefore)
	for start > 0 && !utf8.RuneStart(text[start]) {
		start--
	}
	end := min(len(text), start+maxShownBytes)
	shown := quote(strings.ToValidUTF8(text[start:end], ""))
	if start > 0 {
		shown = "…" + shown
	}
	if end < len(text) {
		shown += "…"
	}
	return shown
}

// differsFrom returns the first byte at which two texts differ.
func differsFrom(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return i
}
