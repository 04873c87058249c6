package terminal_test

import (
	"strings"
	"testing"

	"github.com/chatspec/chatspec/cmd/chatspec/internal/terminal"
)

// TestLayout looks at what becomes of Markdown in a window of 24 columns.
func TestLayout(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, source, want string }{
		{"a long paragraph", "one two three four five six seven", "one two three four five\nsix seven"},
		{"a long word", strings.Repeat("a", 30), strings.Repeat("a", 24) + "\n" + strings.Repeat("a", 6)},
		{"wide characters", strings.Repeat("早", 13), strings.Repeat("早", 12) + "\n早"},
		{"a hard end of a line", "one  \ntwo\\\nthree", "one\ntwo\nthree"},
		{"a list item hangs", "- one two three four five six\n- two", "• one two three four\n  five six\n• two"},
		{"lists in lists", "1. one\n   - a\n     - b\n2. two", "1. one\n   • a\n     • b\n2. two"},
		{"a number to begin with", "7) one\n8) two", "7) one\n8) two"},
		{"an empty item", "-\n- two", "•\n• two"},
		{"tasks", "- [x] done\n- [ ] open", "• [x] done\n• [ ] open"},
		{"a quote", "> one two three four five six\n>\n> > more", "│ one two three four\n│ five six\n│\n│ │ more"},
		{"code is not wrapped", "```\n" + strings.Repeat("code ", 6) + "x\n\n\tend\n```", "  " + strings.Repeat("code ", 6) + "x\n\n  \tend"},
		{"indented code", "one\n\n    code *x*", "one\n\n  code *x*"},
		{"signs", `\*not\* &amp; *so* ~~no~~ **yes** ` + "`&amp;`", "*not* & *so* ~~no~~\n**yes** `&amp;`"},
		{"links", "[a](http://b) http://c <http://d> ![e](http://f)", "a (http://b) http://c\nhttp://d image: e\n(http://f)"},
		{"a rule", "one\n\n---\n\ntwo", "one\n\n" + strings.Repeat("─", 20) + "\n\ntwo"},
		{"HTML", "<b>one</b>\n\n<div>\ntwo\n</div>", "<b>one</b>\n\n<div>\ntwo\n</div>"},
		{"HTML with an end", "<!--\none\n-->\n\n<script>\ntwo\n</script>", "<!--\none\n-->\n\n<script>\ntwo\n</script>"},
		{"signs around lines", "`one\ntwo` <b\nid=a>c", "`one two` <b id=a>c"},
		{"a wide table", "| a | b |\n|--|--|\n| one two three four | five six seven |", " a         │ b\n───────────┼────────────\n one two   │ five six\n three     │ seven\n four      │"},
		{"a definition of a link", "one\n\n[1]: http://a\n\ntwo", "one\n\ntwo"},
		{"nothing", "\n\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			l := terminal.NewLive(terminal.LiveOptions{Out: &out, Markdown: true, Size: func() (int, int) { return 24, 24 }})
			_ = l.Write(tc.source)
			_, _ = l.Close()
			if got := strings.TrimSuffix(out.String(), "\n"); got != tc.want {
				t.Errorf("%q\nwant %q", got, tc.want)
			}
		})
	}
}
