package tool_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadme shows that the code about this package in README.md is the code of Example, which is compiled and run.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(readme), "\n## Tools and structured output\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := strings.Split(section, "```")
	if !ok || len(blocks) < 3 {
		t.Fatal("README.md has no code about this package")
	}
	for i := 1; i < len(blocks); i += 2 {
		for line := range strings.Lines(strings.TrimPrefix(blocks[i], "go\n")) {
			if !strings.Contains(string(example), line) {
				t.Errorf("Example has no line %q", line)
			}
		}
	}
}
