package contract_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sentenceEnd splits a text for people into sentences and list items.
var sentenceEnd = regexp.MustCompile(`[.:;!?]\s+|\n\s*(?:[-*]\s|\n)`)

// sentences are the sentences of every text for people in a document, lower case and without the
// punctuation around them, each with a place where it stands. Those of fewer than four words are left out:
// there is only one way to say "the file name".
func sentences(doc *tree) map[string]string {
	out := map[string]string{}
	each(doc.Root(), "#", func(path string, node map[string]any) {
		texts := slices.Collect(maps.Values(object(node["x-enumDescriptions"])))
		for _, text := range append(texts, node["description"], node["summary"]) {
			text, _ := text.(string)
			for _, s := range sentenceEnd.Split(text, -1) {
				words := strings.Fields(strings.ToLower(strings.Trim(s, " \n.,:;!?")))
				if len(words) >= 4 {
					out[strings.Join(words, " ")] = path
				}
			}
		}
	})
	return out
}

// The facts are upstream's, the words are ours.
func TestWordsAreOurOwn(t *testing.T) {
	t.Parallel()
	needShared(t, upstreamPath)
	theirs, ours := sentences(load(t, upstreamPath)), sentences(load(t, documentPath))
	if len(theirs) < 1000 || len(ours) < 200 {
		t.Fatalf("found only %d sentences upstream and %d here", len(theirs), len(ours))
	}
	for s, path := range ours {
		if from, ok := theirs[s]; ok {
			t.Errorf("%s has a sentence of upstream's %s: %q", path, from, s)
		}
	}
}
