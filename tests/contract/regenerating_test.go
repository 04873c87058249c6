package contract_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	regeneratingPath = "../../docs/regenerating.md"
	olderPath        = "../../../shared/upstream/openai-openapi-2026-07-28.yaml"
)

var rewrite = flag.Bool("rewrite", false, "write what the commands in docs/regenerating.md print into it")

// consoleBlock is what a terminal shows: lines with "$ " and a command, each followed by what it prints.
var consoleBlock = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

// passing is what changes from run to run, with every edit of other places or with the version of make: times,
// the lines of our own files, hashes of git, how make says that a target failed.
var passing = regexp.MustCompile(`(?m)\b[0-9.]+s\b|\b(openapi\.yaml|\w+_test\.go):[0-9]+|\bindex [0-9a-f]+\.\.[0-9a-f]+|^@@ .* @@|^make: \*\*\* .*`)

// TestRegeneratingIsTrue runs the commands that docs/regenerating.md shows, one after the other in one copy of
// the repository, and compares what they print with what the page shows. With -rewrite it corrects the page.
func TestRegeneratingIsTrue(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("builds and generates in a copy of the repository, without the race detector in any case")
	}
	needShared(t, olderPath)
	needShared(t, upstreamPath)
	page := readFile(t, regeneratingPath)
	w := newWalk(t, page)
	now := consoleBlock.ReplaceAllStringFunc(page, func(block string) string {
		var out strings.Builder
		for line := range strings.Lines(block) {
			switch command, ok := strings.CutPrefix(line, "$ "); {
			case strings.HasPrefix(line, "```console"):
				out.WriteString(line)
			case ok:
				out.WriteString(line + w.run(t, command))
			}
		}
		if got, want := passing.ReplaceAllString(out.String()+"```", "…"), passing.ReplaceAllString(block, "…"); got != want && !*rewrite {
			t.Errorf("%s shows\n%s\nbut now it is\n%s\n(-rewrite corrects the page)", regeneratingPath, want, got)
		}
		return out.String() + "```"
	})
	if *rewrite {
		writeFile(t, regeneratingPath, now)
	}
}

// walk is a copy of the repository from before the change that the page is about.
type walk struct {
	dir string
	env []string
}

// newWalk copies the repository, undoes the change that the page shows as a diff, and commits the rest.
func newWalk(t *testing.T, page string) *walk {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	top := t.TempDir()
	w := &walk{dir: filepath.Join(top, "chatspec")}
	w.env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "MAKE") || strings.HasPrefix(v, "MFLAGS") || strings.HasPrefix(v, "GOWORK=") || strings.HasPrefix(v, "GIT_")
	}), "LC_ALL=C", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"EDITOR="+filepath.Join(top, "editor"), "GIT_PAGER=cat", "ROOT="+root, "SHARED="+filepath.Join(root, "../shared"))
	if err := os.Mkdir(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	start := strings.Index(page, "diff --git ")
	if start < 0 {
		t.Fatalf("%s shows no diff", regeneratingPath)
	}
	end := start + strings.Index(page[start:], "\n```") + 1
	writeFile(t, filepath.Join(top, "change.diff"), page[start:end])
	// The editor writes what openapi.yaml is today, and a line into any other file.
	writeFile(t, filepath.Join(top, "editor"), `#!/bin/sh
case $1 in
openapi.yaml) cp "$ROOT/$1" "$1" ;;
*) echo "- A line." >>"$1" ;;
esac
`)
	if out := w.run(t, `set -e; exec >/dev/null; chmod +x ../editor; ln -s "$SHARED" ../shared
(cd "$ROOT" && git ls-files -z --cached --others --exclude-standard | tar -cf - --null -T - 2>/dev/null) | tar -xf -
cp ../shared/upstream/openai-openapi-2026-07-28.yaml upstream-OLD.yaml
cp ../shared/upstream/openai-openapi-2026-08-21.yaml upstream-NEW.yaml
git init -q; git apply -R ../change.diff; make generate; make api UPDATE=1
git add -A; git -c user.name=walk -c user.email=walk@localhost commit -q -m before`); out != "" {
		t.Fatal(out)
	}
	return w
}

// run gives a command to a shell and returns what it prints, errors included. Commands that are shown may fail.
func (w *walk) run(t *testing.T, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir, cmd.Env = w.dir, w.env
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out)
}
