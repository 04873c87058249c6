package terminal

import (
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"
	"github.com/charmbracelet/x/ansi"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// maxTextColumns is the width of paragraphs in a wide window; longer lines are hard to read.
const maxTextColumns = 100

// gfm reads GitHub's Markdown: CommonMark with tables, task lists and plain addresses as links.
var gfm = goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()

// markdown lays Markdown out in rows.
type markdown struct {
	painter
	source []byte
}

// render returns Markdown as it looks in a window of so many columns, without blank lines around it.
func render(source string, columns int, color bool) string {
	m := &markdown{painter{color: color}, []byte(source)}
	rows := m.blocks(gfm.Parse(text.NewReader(m.source)), min(columns, maxTextColumns), false)
	return strings.Join(rows, "\n")
}

// blocks returns the rows of the blocks in a node, with a blank one between two blocks, unless they are tight.
func (m *markdown) blocks(parent ast.Node, columns int, tight bool) (rows []string) {
	columns = max(columns, 1)
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		found := m.block(n, columns)
		if len(rows) > 0 && len(found) > 0 && !tight {
			rows = append(rows, "")
		}
		rows = append(rows, found...)
	}
	return rows
}

// block returns the rows of a block.
func (m *markdown) block(n ast.Node, columns int) []string {
	switch n := n.(type) {
	case *ast.Heading:
		return m.wrap(strings.Repeat("#", n.Level)+" "+m.styled(heading, "", "", n), columns)
	case *ast.Blockquote:
		return indent(m.blocks(n, columns-2, false), "│ ", "│ ")
	case *ast.List:
		return m.list(n, columns)
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		return indent(m.lines(n, code), "  ", "  ")
	case *ast.HTMLBlock:
		return m.html(n)
	case *ast.ThematicBreak:
		return []string{strings.Repeat("─", min(columns, 20))}
	case *tables.Table:
		return m.table(n, columns)
	case *ast.LinkReferenceDefinition:
		return nil
	}
	return m.wrap(m.inline(n), columns)
}

// list returns the rows of a list: each item behind its bullet or number.
func (m *markdown) list(n *ast.List, columns int) (rows []string) {
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		mark := "• "
		if n.IsOrdered() {
			mark = strconv.Itoa(number) + string(n.Marker) + " "
			number++
		}
		if len(rows) > 0 && !n.IsTight {
			rows = append(rows, "")
		}
		width := ansi.StringWidth(mark)
		rows = append(rows, indent(m.blocks(item, columns-width, n.IsTight), mark, strings.Repeat(" ", width))...)
	}
	return rows
}

// table returns the rows of a table, no wider than the window.
func (m *markdown) table(n *tables.Table, columns int) []string {
	t := table.New().Wrap(true).BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).
		StyleFunc(func(int, int) lipgloss.Style { return lipgloss.NewStyle().Padding(0, 1) })
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, m.inline(cell))
		}
		if _, head := row.(*tables.TableHeader); head {
			t.Headers(cells...)
		} else {
			t.Row(cells...)
		}
	}
	if lipgloss.Width(t.String()) > columns {
		t.Width(columns)
	}
	rows := strings.Split(strings.Trim(t.String(), "\n"), "\n")
	for i, row := range rows {
		rows[i] = strings.TrimRight(row, " ")
	}
	return rows
}

// lines returns the lines of a block as they are.
func (m *markdown) lines(n ast.Node, style style) (rows []string) {
	for i := range n.Lines().Len() {
		rows = append(rows, m.paint(style, m.line(n.Lines().At(i))))
	}
	return rows
}

// html returns the lines of HTML, of which the parser has the one that ends it apart.
func (m *markdown) html(n *ast.HTMLBlock) []string {
	rows := m.lines(n, plain)
	if n.HasClosure() {
		rows = append(rows, m.line(n.ClosureLine))
	}
	return rows
}

// line returns a line as it is, without its end.
func (m *markdown) line(segment text.Segment) string {
	return printable(strings.TrimRight(string(segment.Value(m.source)), "\r\n"))
}

// wrap wraps a text at blanks, or within a word that is too long.
func (m *markdown) wrap(text string, columns int) []string {
	rows := strings.Split(lipgloss.Wrap(text, columns, ""), "\n")
	for i, row := range rows {
		rows[i] = strings.TrimRight(row, " ")
	}
	return rows
}

// indent puts a text before the first row and another before all others.
func indent(rows []string, first, others string) []string {
	if len(rows) == 0 {
		return []string{strings.TrimRight(first, " ")}
	}
	for i, row := range rows {
		front := others
		if i == 0 {
			front = first
		}
		rows[i] = strings.TrimRight(front+row, " ")
	}
	return rows
}
