package generate

import (
	"fmt"
	"strings"
)

// DocumentError is one thing that is wrong with a document or an overlay.
type DocumentError struct {
	File    string
	Line    int    // in File, 0 where it is not known
	Pointer string // where in the document (or in the overlay, when it is wrong by itself), as #/a/b
	Reason  string
}

// Error writes the problem in one line, as compilers do.
func (p DocumentError) Error() string {
	text := p.File
	if p.Line > 0 {
		text = fmt.Sprintf("%s:%d", text, p.Line)
	}
	if p.Pointer != "" {
		text += ": " + p.Pointer
	}
	return text + ": " + p.Reason
}

// DocumentErrors is everything that was found, in the order of the document.
type DocumentErrors []DocumentError

// Error writes one problem in each line.
func (p DocumentErrors) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// orNil returns p as an error, nil when there is none.
func (p DocumentErrors) orNil() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
