package validate

import (
	"fmt"
	"strings"
)

// Place says which part of a request or of an answer breaks the document.
type Place string

// The places of an [Error].
const (
	InPath   Place = "path"   // no operation has this path, or a parameter in it is wrong
	InMethod Place = "method" // the path exists, but not with this method
	InQuery  Place = "query parameter"
	InHeader Place = "header"
	InStatus Place = "status" // the operation does not answer with this status
	InBody   Place = "body"   // the body of a request or of an answer, or a chunk
)

// Rules that are no keywords of JSON Schema. Every other [Error.Rule] is one: required, type, enum,
// const, discriminator, minItems, maximum and so on.
const (
	RuleOperation   = "unknown operation" // of a path or a method
	RuleStatus      = "unknown status"    // of an answer
	RuleJSON        = "valid JSON"        // a body is JSON, and no more than one value
	RuleContentType = "content type"      // of a body
	RuleSize        = "size"              // of a body, see [MaxBodyBytes]
)

// Error is a violation of the document, the first that was found. It holds nothing of the values that
// were checked. The names of properties are the document's; of those that the document leaves open, such
// as the keys of metadata, short plain ones are named and others are "*".
type Error struct {
	// In is the part of the request or of the answer.
	In Place
	// Pointer is the place in it: in a body a JSON pointer (RFC 6901), empty for the body as a whole; for
	// a parameter or a header its name. A property that is missing is pointed at as if it were there.
	Pointer string
	// Rule is the rule that is broken, such as "required".
	Rule string
	// Allowed is what the document allows: the values of an enum, const or discriminator, the types of a
	// type, the bound of a minimum, maximum and their like, the methods of a path, the content types of a
	// body. It is nil for other rules. Values are as in the document, strings without quotes.
	Allowed []string

	_ struct{}
}

// Error returns one line with the place, the rule and what is allowed.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("validate: ")
	b.WriteString(string(e.In))
	if e.Pointer != "" {
		b.WriteString(" " + e.Pointer)
	}
	b.WriteString(": " + e.Rule)
	if len(e.Allowed) > 0 {
		fmt.Fprintf(&b, " (allowed: %s)", strings.Join(e.Allowed, ", "))
	}
	return b.String()
}

// maxOpenName is the length in bytes up to which an [Error] names a property that the document leaves
// open.
const maxOpenName = 64

// openName returns the name of such a property if it is short and plain, else "*".
func openName(name string) string {
	plain := func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == '.'
	}
	if name == "" || len(name) > maxOpenName {
		return "*"
	}
	for i := range len(name) {
		if !plain(name[i]) {
			return "*"
		}
	}
	return name
}

// pointer returns the JSON pointer of a place, given by the names and numbers that lead to it.
func pointer(path []string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var b strings.Builder
	for _, name := range path {
		b.WriteByte('/')
		b.WriteString(escape.Replace(name))
	}
	return b.String()
}
