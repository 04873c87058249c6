package drift

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// edit adds one member to an object or one element to a list, in the text of a YAML document.
type edit struct {
	pointer string // what it adds

	// A member of an object.
	object *Node
	key    string
	lines  []string // the members of its value
	text   string   // its value in place of them; the member is the last one then

	// An element of a list.
	list  *Node
	value *Node
	words *edit // the member that asks what the element means; a comment does where there is none
}

// pointers are all that the edit adds.
func (e edit) pointers() []string {
	if e.words != nil {
		return []string{e.pointer, e.words.pointer}
	}
	return []string{e.pointer}
}

// apply returns the text with the edit. Every other byte stays.
func (e edit) apply(text []byte) ([]byte, error) {
	ending := "\n"
	if strings.Contains(string(text), "\r\n") {
		ending = "\r\n"
	}
	lines := strings.SplitAfter(string(text), "\n")
	lines, err := e.add(lines, ending)
	return []byte(strings.Join(lines, "")), err
}

// add makes what is further down first, so that lines stay where the nodes say they are.
func (e edit) add(lines []string, ending string) ([]string, error) {
	switch {
	case e.list == nil:
		return e.addMember(lines, ending)
	case e.words == nil:
		return e.addElement(lines, ending)
	}
	steps := []func([]string, string) ([]string, error){e.addElement, e.words.addMember}
	if e.list.Line < e.words.object.Line {
		slices.Reverse(steps)
	}
	for _, step := range steps {
		var err error
		if lines, err = step(lines, ending); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// addMember writes the member in lines of its own, behind the one that it follows.
func (e edit) addMember(lines []string, ending string) ([]string, error) {
	fields := e.object.Fields
	switch {
	case e.object.Column == 0:
		return nil, errNotYAML
	case e.object.flow || len(fields) == 0:
		return nil, errors.New("the fields of the object stand in brackets; put them into lines of their own first")
	}
	indent := strings.Repeat(" ", fields[0].Column-1)
	added := []string{indent + scalar(e.key) + ":" + ending}
	if e.text != "" {
		added = []string{indent + scalar(e.key) + ": " + e.text + ending}
	}
	for _, line := range e.lines {
		added = append(added, indent+"  "+line+ending)
	}
	i := len(fields)
	if e.text == "" {
		i = position(fields, e.key)
	}
	at := fields[0].Line - 1
	if i > 0 {
		at = blockEnd(lines, fields[i-1])
	}
	if at > 0 && !strings.HasSuffix(lines[at-1], "\n") { // the last line of the text
		lines[at-1] += ending
	}
	return slices.Insert(lines, at, added...), nil
}

var errNotYAML = errors.New("only YAML is edited, not JSON")

// position is the index of a new key: in the order of the alphabet among the keys at the end that are in this
// order, and behind all others. The first key stays the first: it says what the object is.
func position(fields []Field, key string) int {
	sorted := len(fields) - 1
	for sorted > 0 && fields[sorted-1].Key <= fields[sorted].Key {
		sorted--
	}
	i := len(fields)
	for i > sorted && i > 1 && fields[i-1].Key > key {
		i--
	}
	return i
}

// blockEnd is the index of the line behind a member of an object.
func blockEnd(lines []string, f Field) int {
	end := f.Line
	for i := f.Line; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " \r\n")
		depth := len(line) - len(strings.TrimLeft(line, " "))
		element := depth == f.Column-1 && strings.HasPrefix(line[depth:], "- ")
		switch {
		case line == "":
			continue // what follows decides to whom it belongs
		case depth < f.Column && !element:
			return end
		}
		end = i + 1
	}
	return end
}

// addElement writes the element behind the last one, and above it, where nothing else asks what it means, a comment
// that does.
func (e edit) addElement(lines []string, ending string) ([]string, error) {
	if len(e.list.Items) == 0 {
		return nil, errors.New("the list is empty")
	}
	last := e.list.Items[len(e.list.Items)-1]
	if last.Column == 0 {
		return nil, errNotYAML
	}
	at := last.Line - 1
	line := lines[at]
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	var comment []string
	if e.words == nil {
		comment = []string{indent + "# " + Placeholder + " the value " + scalar(e.value.Text) + ending}
	}
	value := e.value.literal()
	if e.value.Kind == Text {
		value = scalar(e.value.Text)
	}
	if !e.list.flow {
		if !strings.HasSuffix(line, "\n") {
			lines[at] += ending
		}
		dash := strings.LastIndex(line[:min(last.Column, len(line))], "-")
		if dash < 0 || strings.TrimSpace(line[:dash]) != "" {
			return nil, errors.New("the list is written in a way that is not edited")
		}
		return slices.Insert(lines, at+1, append(comment, indent+"- "+value+ending)...), nil
	}
	start := byteOffset(line, last.Column)
	end := start + scalarLength(line[start:])
	lines[at] = line[:end] + ", " + value + line[end:]
	return slices.Insert(lines, at, comment...), nil
}

// byteOffset is that of a column, which counts characters from 1.
func byteOffset(line string, column int) int {
	n := 0
	for i := range line {
		if n++; n == column {
			return i
		}
	}
	return len(line)
}

// scalarLength is the length of the scalar that a text in brackets begins with.
func scalarLength(s string) int {
	if s != "" && (s[0] == '\'' || s[0] == '"') {
		for i := 1; i < len(s); i++ {
			switch {
			case s[0] == '"' && s[i] == '\\':
				i++
			case s[0] == '\'' && strings.HasPrefix(s[i:], "''"):
				i++
			case s[i] == s[0]:
				return i + 1
			}
		}
		return len(s)
	}
	s = s[:strings.IndexAny(s+",", ",]}\r\n")]
	s, _, _ = strings.Cut(s, " #") // a comment
	return len(strings.TrimRight(s, " "))
}

// plainScalar is text that YAML reads as text without quotes.
var plainScalar = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// wordsWithMeaning are texts that some version of YAML reads as something else.
var wordsWithMeaning = []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}

// scalar writes a text as YAML, in quotes where it needs them.
func scalar(s string) string {
	switch {
	case plainScalar.MatchString(s) && !slices.Contains(wordsWithMeaning, strings.ToLower(s)):
		return s
	case strings.ContainsAny(s, "\n\r\t\\") || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }):
		return fmt.Sprintf("%q", s)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
