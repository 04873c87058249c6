package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/aymanbagabas/go-udiff"

	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

const applyHelp = `Takes over into openapi.yaml what another document has added for its paths: new
optional fields and new values of enums. The edit keeps comments, order and
every other byte of the file. What needs thought is refused, with the reason,
and so is an edit that would make a new difference elsewhere.

  chatspec apply -dry-run openai.yaml
  chatspec apply https://example.com/openapi.yaml
  chatspec apply -spec mine.yaml -deviations meant.yaml openai.yaml

What a field means has to be written by hand: each edit leaves the words
"TODO describe", which the tests of the document do not let pass. Then generate.

The exit code is 0 when nothing is left to do by hand but those words, 1 when
something was refused, and 2 for input that cannot be used. The file is written
as a whole or not at all.
`

func applyCommand() command {
	return command{
		name:    "apply",
		args:    "UPSTREAM",
		words:   fileWords,
		summary: "take over what another document has added",
		help:    applyHelp,
		flags: func(fs *flag.FlagSet) action {
			f := &applyFlags{specFlags: specFlags{spec: specName}}
			fs.StringVar(&f.spec, "spec", specName, "edit `FILE`; default "+specName)
			fs.StringVar(&f.deviations, "deviations", "", "the differences that are meant are listed in `FILE`")
			fs.BoolVar(&f.dryRun, "dry-run", false, "write nothing, and show the edit as a diff")
			return f.run
		},
	}
}

type applyFlags struct {
	specFlags
	dryRun bool
}

func (f *applyFlags) run(ctx context.Context, c *console, args []string) error {
	switch {
	case len(args) != 1:
		return usageError{text: "want one document"}
	case f.spec == "-" || isURL(f.spec):
		return usageError{text: "-spec wants a file that can be edited"}
	case args[0] == "-" && f.deviations == "-":
		return usageError{text: `standard input ("-") can be read only once`}
	}
	text, err := readSource(ctx, c, f.spec)
	if err != nil {
		return err
	}
	ours, err := drift.Parse(f.spec, text)
	if err != nil {
		return inputError{err}
	}
	theirs, err := readDocument(ctx, c, args[0])
	if err != nil {
		return err
	}
	meant, err := f.list(ctx, c)
	if err != nil {
		return err
	}
	plan, err := drift.Apply(text, ours, theirs, ours.Scope(), meant)
	if err != nil {
		return inputError{err}
	}
	return f.carryOut(c, string(text), plan)
}

// carryOut writes the file or the diff, and says on standard error what was done and what was refused.
func (f *applyFlags) carryOut(c *console, before string, plan *drift.Plan) error {
	if f.dryRun {
		diff := unifiedDiff(f.spec, before, string(plan.Text))
		if isTerminal(c.stdout) {
			diff = printable(diff)
		}
		if err := c.print(diff); err != nil {
			return err
		}
	} else if len(plan.Applied) > 0 {
		if err := replaceFile(f.spec, plan.Text); err != nil {
			return err
		}
	}
	var seen []string
	for _, a := range plan.Applied {
		if !slices.Contains(seen, a.Pointer) {
			seen = append(seen, a.Pointer)
			c.note("added %s, for %s", a.Pointer, a.At)
		}
	}
	refused := map[string]int{}
	for _, r := range plan.Refused {
		line := r.NewSource.Pointer + ": " + r.Why
		if refused[line]++; refused[line] == 1 {
			c.note("refused %s: %s", r.Difference, r.Why)
		}
	}
	switch {
	case len(refused) > 0:
		return differsError(count(len(refused), "difference") + " left for you")
	case len(seen) > 0 && !f.dryRun:
		c.note("%s; now write what the places with %q mean, and generate", count(len(seen), "addition"), drift.Placeholder)
	case len(seen) == 0:
		c.note("nothing to add")
	}
	return nil
}

// hunkHeader is the line above the lines of a hunk.
var hunkHeader = regexp.MustCompile(`(?m)^@@ .* @@$`)

// unifiedDiff shows what changes in a file. The library says too low where a hunk begins in the new text when the one
// before it has two edits.
func unifiedDiff(name, before, after string) string {
	grown := 0 // by so many lines, up to the hunk
	return hunkHeader.ReplaceAllStringFunc(udiff.Unified(name, name, before, after), func(header string) string {
		var from, lines, to, now int
		if n, _ := fmt.Sscanf(header, "@@ -%d,%d +%d,%d @@", &from, &lines, &to, &now); n < 4 {
			return header
		}
		to = from + grown
		grown += now - lines
		return fmt.Sprintf("@@ -%d,%d +%d,%d @@", from, lines, to, now)
	})
}

// replaceFile writes a file as a whole: whoever reads it sees the old text or the new one.
func replaceFile(name string, text []byte) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Chmod(info.Mode().Perm()), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}
