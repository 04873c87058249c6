package terminal

import (
	"regexp"
	"strings"
)

var (
	// fence matches the line above a code block, which may stand in an item of a list.
	fence    = regexp.MustCompile("^((?:[ \t]|[-+*][ \t]|\\d{1,9}[.)][ \t])*)(?:(`{3,})[^`]*|(~{3,}).*)$")
	listItem = regexp.MustCompile(`^(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)`)
)

// finishedLines returns how much of a text is whole lines.
func finishedLines(text string) int { return strings.LastIndexByte(text, '\n') + 1 }

// finishedBlock returns the length of the first block of Markdown in a text, or 0 while more text could still belong
// to it. A code block is a block of its own; a list is one block, with the blank lines and indented lines in it; others
// end where a line after a blank one begins at the margin.
func finishedBlock(text string) int {
	var open string                    // the fence of the code block that the line stands in
	var started, blank, list, top bool // top: the block is that code block and nothing else
	at := 0
	for line := range strings.Lines(text) {
		end, content := at+len(line), strings.TrimRight(line, " \t\r\n")
		whole := strings.HasSuffix(line, "\n")
		margin, mark := "", ""
		if open == "" && whole && strings.ContainsAny(content, "`~") { // all lines are looked at again and again
			if m := fence.FindStringSubmatch(content); m != nil {
				margin, mark = m[1], m[2]+m[3]
			}
		}
		switch {
		case open != "":
			if !whole || !closes(content, open) {
				break
			}
			if open = ""; top {
				return end
			}
		case content == "":
			blank = started
		case started && mark != "" && margin == "",
			blank && atMargin(content) && (!list || whole && !listItem.MatchString(content)):
			return at
		default:
			if !started {
				started, list, top = true, listItem.MatchString(content), mark != "" && margin == ""
			}
			open, blank = mark, false
		}
		at = end
	}
	return 0
}

// closes says whether a line ends the code block that a fence has opened.
func closes(line, open string) bool {
	line = strings.TrimLeft(line, " \t")
	return len(line) >= len(open) && strings.Trim(line, open[:1]) == ""
}

func atMargin(line string) bool { return line[0] != ' ' && line[0] != '\t' }
