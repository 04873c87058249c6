package tool_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/chatspec/chatspec/chattest"
	"github.com/chatspec/chatspec/tool"
)

func TestComplete(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, beginning, want string }{
		{"nothing", ``, ``},
		{"spaces", " \n", ``},
		{"open object", `{`, `{}`},
		{"half a name", `{"ci`, `{}`},
		{"a name", `{"city"`, `{}`},
		{"a colon", `{"city":`, `{}`},
		{"an empty string", `{"city":"`, `{"city":""}`},
		{"half a string", `{"city":"Par`, `{"city":"Par"}`},
		{"a string", `{"city":"Paris"`, `{"city":"Paris"}`},
		{"a comma", `{"city":"Paris", `, `{"city":"Paris"}`},
		{"half a number", `{"a":1,"b":12`, `{"a":1}`},
		{"a number", `{"a":12 `, `{"a":12}`},
		{"half a literal", `[true,fal`, `[true]`},
		{"a literal that may go on", `[true`, `[]`},
		{"nested", `{"a":[{"b":[1,"x`, `{"a":[{"b":[1,"x"]}]}`},
		{"after nested", `{"a":{"b":1},"c`, `{"a":{"b":1}}`},
		{"a name after an array", `{"a":[1,"x"],"b":"y`, `{"a":[1,"x"],"b":"y"}`},
		{"a backslash", `["a\`, `["a"]`},
		{"an escape", `["a\n`, `["a\n"]`},
		{"half an escape", `["a\u00e`, `["a"]`},
		{"a whole escape", `["a\u00e9`, `["a\u00e9"]`},
		{"half a pair", `["a\ud83d`, `["a"]`},
		{"one and a half of a pair", `["a\ud83d\ude0`, `["a"]`},
		{"half a pair in capitals", `["a\uD83D`, `["a"]`},
		{"a pair", `["a\ud83d\ude00`, `["a\ud83d\ude00"]`},
		{"two first halves", `["\ud83d\ud83d`, `["\ud83d"]`},
		{"half of a pair that stays alone", `["\ud83dx`, `["\ud83dx"]`},
		{"an escaped backslash", `["\\`, `["\\"]`},
		{"an escaped quote", `["\"`, `["\""]`},
		{"half a character", "[\"a\xc3", `["a"]`},
		{"brackets in a string", `["{[`, `["{["]`},
		{"a string alone", `"ab`, `"ab"`},
		{"a number alone", `12`, ``},
		{"whole", `{"a":[1]} `, `{"a":[1]}`},
		{"brackets that do not match", `{"a":1]`, ``},
		{"a comma in nothing", `,"a`, `,"a"`}, // as little JSON as it was
		{"a bracket too many", `{}}`, ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := string(tool.Complete([]byte(test.beginning))); got != test.want {
				t.Errorf("Complete(%q) is %q, want %q", test.beginning, got, test.want)
			}
		})
	}
}

// FuzzComplete cuts a document at every byte: what is known of each beginning is valid, goes on from what was known
// before, and is a part of the whole.
func FuzzComplete(f *testing.F) {
	for _, seed := range []string{
		`{"a":"b","c":[1,2.5e3,true,null,{"d":"\ud83d\ude00é\\"}],"e":{}}`, `[]`, `"x\"y"`, `-12.5`, ` { "a" : [ ] } `,
		`{"a":{"a":{"a":[[["x"]]]}},"":""}`,
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, document string, ascii bool) {
		var whole any
		if json.Unmarshal([]byte(document), &whole) != nil {
			t.Skip("no JSON")
		}
		// Written anew, it has no name twice and no broken characters, which json.Unmarshal reads otherwise.
		written, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		if ascii {
			written = []byte(escaped(string(written)))
		}
		var before any
		known := false
		for n := range len(written) + 1 {
			completed := tool.Complete(written[:n])
			if completed == nil {
				if known {
					t.Fatalf("nothing is known of %q, and something was before", written[:n])
				}
				continue
			}
			var now any
			if err := json.Unmarshal(completed, &now); err != nil {
				t.Fatalf("%q of %q: %v", completed, written[:n], err)
			}
			if known && !continues(before, now) {
				t.Fatalf("%q: %v does not go on from %v", written[:n], now, before)
			}
			if !continues(now, whole) {
				t.Fatalf("%q: %v is no part of %v", written[:n], now, whole)
			}
			before, known = now, true
		}
		if end := tool.Complete(append(written, ' ')); end == nil || string(end) != string(written) {
			t.Fatalf("the whole is %q, want %q", end, written)
		}
	})
}

// continues says whether a value may become b by going on.
func continues(a, b any) bool {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return ok && strings.HasPrefix(b, a)
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) > len(b) {
			return false
		}
		for i := range a {
			if !continues(a[i], b[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for name := range a {
			if other, ok := b[name]; !ok || !continues(a[name], other) {
				return false
			}
		}
		return true
	default:
		return reflect.DeepEqual(a, b)
	}
}

// escaped returns JSON in ASCII.
func escaped(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		if unit < utf8.RuneSelf {
			b.WriteByte(byte(unit))
		} else {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// textReply answers with one text in one piece.
func textReply(text string) chattest.Reply { return chattest.Text(text, "") }
