package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

const driftHelp = `Compares OpenAPI documents, 3.0 or 3.1, YAML or JSON, by what they say about the
wire: parameters, fields, types, values, limits, defaults, what is required.
How components are called and in which words it is written does not matter.

With one argument, the document that chatspec is generated from is compared with
the official one, and what api/deviations.yaml lists is left out. With two, both
versions of another document are compared; only the paths that chatspec has
count. An argument is a file, a URL, or "-" for standard input.

  chatspec drift openai.yaml
  chatspec drift -json https://example.com/openapi.json | jq -r .at
  chatspec drift old.yaml new.yaml
  chatspec drift -spec mine.yaml -deviations meant.yaml openai.yaml

Each difference is said once, with the places in both documents; "also" names
further places that the same line of a document leads to.

The exit code is 0 when nothing differs but what is listed, 1 when something
does or an entry of the list fits nothing any more, and 2 for input that cannot
be used.
`

func driftCommand() command {
	return command{
		name:    "drift",
		args:    "UPSTREAM | OLD NEW",
		words:   fileWords,
		summary: "compare the document with the official one, or two versions",
		help:    driftHelp,
		flags: func(fs *flag.FlagSet) action {
			f := new(driftFlags)
			fs.StringVar(&f.spec, "spec", "", "compare the document in `FILE` in place of the one built in")
			fs.StringVar(&f.deviations, "deviations", "", "the differences that are meant are listed in `FILE`")
			fs.BoolVar(&f.json, "json", false, "write JSON, one line for each difference in each place")
			fs.BoolVar(&f.all, "all", false, "show the differences that are meant too, with the reasons")
			return f.run
		},
	}
}

type driftFlags struct {
	specFlags
	json, all bool
}

// differsError is the text with which a command ends that has found something.
type differsError string

func (e differsError) Error() string { return string(e) }

func (f *driftFlags) run(ctx context.Context, c *console, args []string) error {
	if err := f.check(args); err != nil {
		return err
	}
	ours, err := f.document(ctx, c)
	if err != nil {
		return err
	}
	scope := ours.Scope()
	if len(args) == 2 {
		return f.compare(ctx, c, scope, args[0], args[1])
	}
	theirs, err := readDocument(ctx, c, args[0])
	if err != nil {
		return err
	}
	meant, err := f.list(ctx, c)
	if err != nil {
		return err
	}
	diffs, err := differences(ours, theirs, scope)
	if err != nil {
		return err
	}
	found := drift.Sift(diffs, meant)
	if f.spec != "" && f.deviations == "" {
		found.Stale = nil // the list is about another document
	}
	return f.report(c, &report{old: ours.Name, now: theirs.Name, found: found})
}

// compare reports what one version of another document has otherwise than the one before it.
func (f *driftFlags) compare(ctx context.Context, c *console, scope drift.Scope, before, after string) error {
	old, err := readDocument(ctx, c, before)
	if err != nil {
		return err
	}
	now, err := readDocument(ctx, c, after)
	if err != nil {
		return err
	}
	diffs, err := differences(old, now, scope)
	if err != nil {
		return err
	}
	return f.report(c, &report{old: old.Name, now: now.Name, found: drift.Sifted{Rest: diffs}})
}

func (f *driftFlags) check(args []string) error {
	stdin := 0
	for _, source := range append([]string{f.spec, f.deviations}, args...) {
		if source == "-" {
			stdin++
		}
	}
	switch {
	case len(args) < 1 || len(args) > 2:
		return usageError{text: "want one document or two"}
	case len(args) == 2 && f.deviations != "":
		return usageError{text: "-deviations is about one document, not about two versions of another"}
	case stdin > 1:
		return usageError{text: `standard input ("-") can be read only once`}
	}
	return nil
}

// differences compares two documents.
func differences(old, now *drift.Document, scope drift.Scope) ([]drift.Difference, error) {
	before, err := drift.Flatten(old, scope)
	if err != nil {
		return nil, inputError{err}
	}
	after, err := drift.Flatten(now, scope)
	if err != nil {
		return nil, inputError{err}
	}
	return drift.Diff(before, after), nil
}

// report writes what was found. The error says that something was.
func (f *driftFlags) report(c *console, r *report) error {
	write := r.text
	if f.json {
		write = r.json
	}
	if err := write(c, f.all); err != nil {
		return err
	}
	var what []string
	if n := len(r.found.Rest); n > 0 {
		what = append(what, count(len(grouped(r.found.Rest)), "difference")+" in "+count(n, "place"))
	}
	if n := len(r.found.Stale); n > 0 {
		what = append(what, count(n, "deviation")+" without a difference")
	}
	switch listed := len(r.found.Listed); {
	case len(what) > 0:
		return differsError(strings.Join(what, ", "))
	case listed > 0:
		c.note("no differences beside %d that are meant", listed)
	default:
		c.note("no differences")
	}
	return nil
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
