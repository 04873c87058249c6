// Package docs holds the documents that people read against the code: what they show compiles, and what they point to
// is there.
package docs

import "strings"

// Block is Go code in a document.
type Block struct {
	File string // the document, as errors name it
	Line int    // of the document, where the code begins
	Code string
}

// fence begins and ends a block of code.
const fence = "```"

// Blocks returns the blocks of a Markdown document that are marked as Go.
func Blocks(file, markdown string) []Block {
	var blocks []Block
	inside, isGo, number := false, false, 0
	for line := range strings.Lines(markdown) {
		number++
		info, isFence := strings.CutPrefix(strings.TrimSpace(line), fence)
		switch {
		case isFence && inside:
			inside, isGo = false, false
		case isFence:
			inside, isGo = true, info == "go"
			if isGo {
				blocks = append(blocks, Block{File: file, Line: number + 1})
			}
		case isGo:
			blocks[len(blocks)-1].Code += line
		}
	}
	return blocks
}
