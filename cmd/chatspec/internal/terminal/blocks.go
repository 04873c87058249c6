package terminal

import (
	"bytes"
	"regexp"
	"strings"
)

var (
	// fence matches the line above a code block, which may stand in an item of a list.
	fence    = regexp.MustCompile("^((?:[ \t]|[-+*][ \t]|\\d{1,9}[.)][ \t])*)(?:(`{3,})[^`]*|(~{3,}).*)$")
	listItem = regexp.MustCompile(`^(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)`)
)

// finishedLines returns how much of a text is whole lines.
func finishedLines(text []byte) int { return bytes.LastIndexByte(text, '\n') + 1 }

// block is the first block of Markdown in a text that grows, as far as whole lines have come. A code block is a block of
// its own; a list is one block, with the blank lines and indented lines in it; others end where a line after a blank one
// begins at the margin.
type block struct {
	size           int    // of the lines that have been looked at, which is done once
	open           string // the fence of the code block that the next line stands in
	started, blank bool   // whether anything has come, and whether a blank line was the last
	list, top      bool   // top: the block is that code block and nothing else
}

// finished returns the length of the block, or 0 while more text could still belong to it. Then it is the next block,
// which begins there. The text begins with what it was before.
func (b *block) finished(text []byte) int {
	for line := range bytes.Lines(text[b.size:]) {
		content, whole := strings.TrimRight(string(line), " \t\r\n"), bytes.HasSuffix(line, []byte("\n"))
		ended := b.endsBefore(content, whole)
		if !ended && whole {
			ended = b.take(content)
			b.size += len(line)
		}
		if ended {
			size := b.size
			*b = block{}
			return size
		}
	}
	return 0
}

// endsBefore says whether a line begins another block.
func (b *block) endsBefore(line string, whole bool) bool {
	if b.open != "" || line == "" {
		return false
	}
	if margin, mark := fenceOf(line); b.started && whole && mark != "" && margin == "" {
		return true
	}
	return b.blank && atMargin(line) && (!b.list || whole && !listItem.MatchString(line))
}

// take adds a whole line and says whether the block ends with it.
func (b *block) take(line string) bool {
	switch {
	case b.open != "":
		if closes(line, b.open) {
			b.open = ""
			return b.top
		}
	case line == "":
		b.blank = b.started
	default:
		margin, mark := fenceOf(line)
		if !b.started {
			b.started, b.list, b.top = true, listItem.MatchString(line), mark != "" && margin == ""
		}
		b.open, b.blank = mark, false
	}
	return false
}

// fenceOf returns the fence that opens a code block in a line, if it does, and what stands before it.
func fenceOf(line string) (margin, mark string) {
	if m := fence.FindStringSubmatch(line); m != nil {
		return m[1], m[2] + m[3]
	}
	return "", ""
}

// closes says whether a line ends the code block that a fence has opened.
func closes(line, open string) bool {
	line = strings.TrimLeft(line, " \t")
	return len(line) >= len(open) && strings.Trim(line, open[:1]) == ""
}

func atMargin(line string) bool { return line[0] != ' ' && line[0] != '\t' }
