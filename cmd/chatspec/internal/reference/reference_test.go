package reference_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/internal/reference"
)

// TestPage looks at the page as HTML does: one script, which only its own end tag ends. What a browser shows is looked
// at in tests/ui.
func TestPage(t *testing.T) {
	t.Parallel()
	page, err := reference.Page(chatspec.Spec)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	if n := strings.Count(strings.ToLower(text), "</script"); n != 1 {
		t.Errorf("%d ends of scripts", n)
	}
	head, _, found := strings.Cut(text, "<script")
	if !found || !strings.Contains(head, "default-src 'none'") {
		t.Errorf("the page may load something:\n%s", head)
	}
	for _, attribute := range []string{" src=", "href=\"http"} {
		if strings.Contains(head, attribute) {
			t.Errorf("%s in\n%s", attribute, head)
		}
	}
	if found := regexp.MustCompile(`https?://cdn\.redoc\.ly[^"\x60]*`).FindAllString(text, -1); len(found) > 0 {
		t.Errorf("images from elsewhere: %q", slices.Compact(found))
	}
}

// TestHostileDocument has a document that would end the script, or the string that it becomes.
func TestHostileDocument(t *testing.T) {
	t.Parallel()
	const document = "a: </script><script>alert(1)</script>\nb: \"); alert(2); (\"\nc: <!-- `${d}`\u2028"
	page, err := reference.Page(document)
	if err != nil {
		t.Fatal(err)
	}
	_, call, _ := strings.Cut(string(page), "\nhydrate(")
	argument, _, _ := strings.Cut(call, ", {")
	var got string
	if err := json.Unmarshal([]byte(argument), &got); err != nil || got != document {
		t.Errorf("%q %v", got, err)
	}
	if strings.ContainsAny(argument, "<>\u2028") {
		t.Error(argument)
	}
}
