package terminal

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"
)

// style is how text looks, as the parameters of the sequence that says so. Colors are of the 16 that every user has
// chosen for a background that is light or dark.
type style string

const (
	plain   style = ""
	bold    style = "1"
	dim     style = "2"
	italic  style = "3"
	link    style = "4"
	struck  style = "9"
	code    style = "36"
	heading style = "1;36"
)

// painter gives text a style.
type painter struct {
	color  bool    // whether there are any
	styles []style // those that the text around has
}

// paint returns text in a style, on top of those around it.
func (p *painter) paint(s style, text string) string {
	if !p.color || s == plain || text == "" {
		return text
	}
	var b strings.Builder
	b.WriteString(s.sequence() + text + resetStyle)
	for _, around := range p.styles {
		b.WriteString(around.sequence())
	}
	return b.String()
}

// sequence returns what turns the style on.
func (s style) sequence() string { return "\x1b[" + string(s) + "m" }

// inline returns what is in a node as one text, with line feeds only where lines must end.
func (m *markdown) inline(parent ast.Node) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		b.WriteString(m.span(n))
	}
	return b.String()
}

// span returns the text of one inline node. Where styles cannot be used, the signs of Markdown stay.
func (m *markdown) span(n ast.Node) string {
	switch n := n.(type) {
	case *ast.Text:
		return m.text(n)
	case *ast.String:
		return printable(string(n.Value))
	case *ast.CodeSpan:
		return m.styled(code, "`", "`", n)
	case *ast.Emphasis:
		if n.Level > 1 {
			return m.styled(bold, "**", "**", n)
		}
		return m.styled(italic, "*", "*", n)
	case *tables.Strikethrough:
		return m.styled(struck, "~~", "~~", n)
	case *tables.TaskCheckBox:
		if n.IsChecked {
			return "[x] "
		}
		return "[ ] "
	case *ast.AutoLink:
		return m.paint(link, printable(string(n.URL(m.source))))
	case *ast.Link:
		return m.address(m.inline(n), string(n.Destination))
	case *ast.Image:
		return m.address("image: "+m.inline(n), string(n.Destination))
	case *ast.RawHTML:
		return printable(string(n.Segments.Value(m.source)))
	}
	return m.inline(n)
}

// styled returns what is in a node in a style. Without colors the signs stand around it.
func (m *markdown) styled(s style, before, after string, n ast.Node) string {
	if !m.color {
		return before + m.inline(n) + after
	}
	m.styles = append(m.styles, s)
	text := m.inline(n)
	m.styles = m.styles[:len(m.styles)-1]
	return m.paint(s, text)
}

// address returns a link: its text, and where it leads if the text does not say that.
func (m *markdown) address(text, to string) string {
	if to = printable(to); text == to || to == "" {
		return m.paint(link, text)
	}
	return text + " (" + m.paint(link, to) + ")"
}

// text returns plain text, with the signs that were escaped or written as entities.
func (m *markdown) text(n *ast.Text) string {
	value := n.Segment.Value(m.source)
	if _, raw := n.Parent().(*ast.CodeSpan); !raw && !n.IsRaw() {
		value = util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(value)))
	}
	text := printable(string(value))
	switch {
	case n.HardLineBreak():
		text += "\n"
	case n.SoftLineBreak():
		text += " "
	}
	return text
}
