package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/tests/docs"
)

// root is the folder of the documents, whose names are relative to it.
const root = "../.."

// documents returns the texts of the documents by their names.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name, err := filepath.Rel(root, file)
			if err != nil {
				t.Fatal(err)
			}
			texts[filepath.ToSlash(name)] = string(text)
		}
	}
	return texts
}

// TestDocumentsCompile holds every block of Go in the documents against the compiler. Those about moving from other
// clients are code of tests/peers/migrate, where a test holds that against them.
func TestDocumentsCompile(t *testing.T) {
	t.Parallel()
	checker := newChecker(t)
	count := 0
	for name, text := range documents(t) {
		if strings.HasPrefix(name, "docs/migrating-") {
			continue
		}
		for _, block := range docs.Blocks(name, text) {
			count++
			for _, err := range checker.Check(block) {
				t.Error(err)
			}
		}
	}
	if count < 30 {
		t.Errorf("the documents have %d blocks of Go: are they found?", count)
	}
}

func newChecker(t *testing.T) *docs.Checker {
	t.Helper()
	checker, err := docs.NewChecker(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return checker
}

// TestChecker shows what the checker says of blocks that are broken, and of those that are not.
func TestChecker(t *testing.T) { //nolint:tparallel // a Checker is for one goroutine
	t.Parallel()
	checker := newChecker(t)
	for name, test := range map[string]struct{ code, want string }{ //nolint:paralleltest // as above
		"a program":                  {"package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println() }", ""},
		"declarations":               {"type place struct{ City string }\n\nfunc (p place) String() string { return p.City }", ""},
		"a test":                     {"func TestX(t *testing.T) {\n\t_, _ = client.Create(t.Context(), req)\n}", ""},
		"statements":                 {"res, err := client.Create(ctx, req)\nif err != nil {\n\treturn err\n}\nfmt.Println(res.Text())", ""},
		"a name of the prelude anew": {"req := chat.CreateChatCompletionRequest{}\nreq.Model = \"m\"", ""},
		"a variable without use":     {"res, err := client.Create(ctx, req)", ""},
		"a function without return":  {"func f() error { … }", ""},
		"something left out":         {"s, err := stream.Open(resp, stream.IdleTimeout(…))\nfor s.Next() {\n\t…\n}", ""},
		"a comment alone":            {"//go:generate go run example.com/cmd", ""},

		"a field that is not there":      {"req.Modell = \"m\"", "made-up.md:7: req.Modell undefined"},
		"a method that is not there":     {"\nclient.Crate(ctx, req)", "made-up.md:8: client.Crate undefined"},
		"a value of another type":        {"req.Temperature = 0.5", "made-up.md:7: cannot use 0.5"},
		"a result too few":               {"res := client.Create(ctx, req)", "made-up.md:7: assignment mismatch"},
		"a name that nobody declares":    {"fmt.Println(unknown)", "made-up.md:7: undefined: unknown"},
		"a package that nobody knows":    {"unknown.Println()", "made-up.md:7: undefined: unknown"},
		"a value that is not used":       {"req.Model", "made-up.md:7: req.Model (variable of type string) is not used"},
		"a fault beside what is left":    {"req.Modell = …", "made-up.md:7: req.Modell undefined"},
		"no Go":                          {"res, err = = 1", "made-up.md:7: expected operand, found '='"},
		"a program with a missing one":   {"package main\n\nfunc main() { fmt.Println() }", "made-up.md:9: undefined: fmt"},
		"a program with an unused one":   {"package main\n\nimport \"fmt\"\n\nfunc main() {}", "made-up.md:9: \"fmt\" imported and not used"},
		"a program without its return":   {"package main\n\nfunc main() {}\n\nfunc f() int {}", "made-up.md:11: missing return"},
		"a program with a part left out": {"package main\n\nfunc main() { … }", "made-up.md:9: illegal character U+2026 '…'"},
		"a program with a strange import": {
			"package main\n\nimport \"example.com/x\"\n\nfunc main() { x.Do() }",
			"made-up.md:9: could not import example.com/x",
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := "# A document\n\n```console\n$ no go\n```\n```go\n" + test.code + "\n```\n"
			blocks := docs.Blocks("made-up.md", text)
			if len(blocks) != 1 {
				t.Fatalf("%d blocks, want 1", len(blocks))
			}
			found := checker.Check(blocks[0])
			if said := fmt.Sprint(found); test.want == "" && len(found) > 0 || !strings.Contains(said, test.want) {
				t.Errorf("%s, want %q", said, test.want)
			}
		})
	}
}

// link finds the targets of links, outside of code; heading finds the headings that are targets within a document.
var (
	code    = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noSlug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks follows the links between the documents, and into the code.
func TestLinks(t *testing.T) {
	t.Parallel()
	texts := documents(t)
	for name, text := range texts {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			file, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			target := name
			if file != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), file))
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: %s leads nowhere", name, match[1])
			}
			if to, isDocument := texts[target]; isDocument && anchor != "" && !hasHeading(to, anchor) {
				t.Errorf("%s: %s: no such heading", name, match[1])
			}
		}
	}
}

// TestNames looks for what the prose names in code, such as `stream.Open`, and options, such as `WithBaseURL`.
func TestNames(t *testing.T) {
	t.Parallel()
	checker := newChecker(t)
	for name, text := range documents(t) {
		if name == "CHANGELOG.md" {
			continue // which may name what is gone
		}
		for _, inline := range inlineCode.FindAllString(fenced.ReplaceAllString(text, ""), -1) {
			names := qualified.FindAllStringSubmatch(inline, -1)
			if match := option.FindStringSubmatch(inline); match != nil {
				names = append(names, []string{"", "chatspec", match[1]})
			}
			for _, match := range names {
				if declared, err := checker.Declares(match[1], match[2]); err != nil || !declared {
					t.Errorf("%s: %s: there is no %s.%s (%v)", name, inline, match[1], match[2], err)
				}
			}
		}
	}
}

var (
	fenced     = regexp.MustCompile("(?s)```.*?```")
	inlineCode = regexp.MustCompile("`[^`\n]+`")
	qualified  = regexp.MustCompile(`\b(api|chat|chatspec|chatspecotel|chatspecslog|chattest|stream|tool|validate)\.([A-Z]\w*)`)
	option     = regexp.MustCompile("^`(With[A-Z]\\w*)")
)

// TestNamesOfTests looks for the tests and examples that the documents name.
func TestNamesOfTests(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	err := filepath.WalkDir(root, func(name string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(name)
		for _, match := range testFunc.FindAllSubmatch(text, -1) {
			known[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range documents(t) {
		for _, match := range testName.FindAllStringSubmatch(text, -1) {
			if !known[match[1]] {
				t.Errorf("%s: there is no %s", name, match[1])
			}
		}
	}
}

var (
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)
	testName = regexp.MustCompile("`((?:Test|Fuzz|Example)\\w+)`")
)

// hasHeading says whether a heading of a document has this anchor, as GitHub makes them.
func hasHeading(text, anchor string) bool {
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		if strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(match[1]), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}
