package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	chat "github.com/chatspec/chatspec/generated"
)

// storedFlags are the flags that all commands on stored completions have.
type storedFlags struct {
	target targetFlags
	json   bool
}

func (f *storedFlags) declare(fs *flag.FlagSet) {
	fs.BoolVar(&f.json, "json", false, "write JSON, one line for each")
	f.target.declare(fs)
}

// unknownID is what to check when a server does not find what was asked for.
const unknownID = "the ID: only answers that were made with store are kept"

// with opens the server, lets do talk to it, and explains what went wrong; check is what to check when the
// server does not find what was asked for.
func (f *storedFlags) with(c *console, check string, do func(t *target) error) error {
	t, err := f.target.open(c, "")
	if err != nil {
		return err
	}
	defer t.stop()
	return t.explain(do(t), check)
}

func getCommand() command {
	return command{
		name:    "get",
		args:    "ID",
		summary: "show a stored completion",
		help: `Shows a stored completion: what is known of it, then its text.

  chatspec get chatcmpl-123
  chatspec get -json chatcmpl-123 | jq .usage
`,
		flags: func(fs *flag.FlagSet) action {
			f := new(storedFlags)
			f.declare(fs)
			return func(ctx context.Context, c *console, args []string) error {
				id, err := oneID(args)
				if err != nil {
					return err
				}
				return f.with(c, unknownID, func(t *target) error {
					res, err := t.client.Get(ctx, id)
					if err != nil {
						return err
					}
					return f.show(c, res)
				})
			}
		},
	}
}

func updateCommand() command {
	return command{
		name:    "update",
		args:    "ID KEY=VALUE…",
		summary: "replace the metadata of a stored completion",
		help: `Replaces all of the metadata of a stored completion, and shows the completion.

  chatspec update chatcmpl-123 reviewed=yes by=ann
`,
		flags: func(fs *flag.FlagSet) action {
			f := new(storedFlags)
			f.declare(fs)
			return func(ctx context.Context, c *console, args []string) error {
				if len(args) < 2 {
					return usageError{text: "want an ID and at least one KEY=VALUE"}
				}
				var metadata pairs
				for _, arg := range args[1:] {
					if err := metadata.Set(arg); err != nil {
						return usageError{text: fmt.Sprintf("%q: %v", arg, err)}
					}
				}
				return f.with(c, unknownID, func(t *target) error {
					res, err := t.client.Update(ctx, args[0], chat.ChatCompletionUpdate{Metadata: metadata.metadata()})
					if err != nil {
						return err
					}
					return f.show(c, res)
				})
			}
		},
	}
}

func deleteCommand() command {
	return command{
		name:    "delete",
		args:    "ID…",
		summary: "delete stored completions",
		help: `Deletes stored completions, and says so for each. One that cannot be deleted
does not keep the others.

  chatspec delete chatcmpl-123 chatcmpl-124
  chatspec list -limit 0 -metadata test=yes -json | jq -r .id |
    xargs chatspec delete
`,
		flags: func(fs *flag.FlagSet) action {
			f := new(storedFlags)
			f.declare(fs)
			return func(ctx context.Context, c *console, args []string) error {
				if len(args) == 0 {
					return usageError{text: "want at least one ID"}
				}
				return f.with(c, unknownID, func(t *target) error { return f.deleteAll(ctx, c, t, args) })
			}
		},
	}
}

// deleteAll deletes one after the other and returns the last error; those before are noted as they come.
func (f *storedFlags) deleteAll(ctx context.Context, c *console, t *target, ids []string) (last error) {
	for _, id := range ids {
		if last != nil {
			if ctx.Err() != nil || errors.As(last, new(outputError)) {
				return last
			}
			c.note("%v", last)
		}
		last = f.deleteOne(ctx, c, t, id)
	}
	return last
}

func (f *storedFlags) deleteOne(ctx context.Context, c *console, t *target, id string) error {
	res, err := t.client.Delete(ctx, id)
	switch {
	case err != nil:
		return t.explain(err, "the ID "+id)
	case !res.Deleted:
		return fmt.Errorf("%s says that %s was not deleted", t.host, id)
	case f.json:
		return c.printJSON(res)
	}
	return c.print("deleted " + oneLine(res.ID) + "\n")
}

// oneID returns the only argument.
func oneID(args []string) (string, error) {
	if len(args) != 1 {
		return "", usageError{text: "want one ID"}
	}
	return args[0], nil
}

// show writes a completion: what is known of it, then its text and calls.
func (f *storedFlags) show(c *console, res *chat.CreateChatCompletionResponse) error {
	if f.json {
		return c.printJSON(res)
	}
	var rows [][]string
	for _, row := range [][]string{
		{"id", res.ID},
		{"created", created(res.Created)},
		{"model", res.Model},
		{"finish", string(res.FinishReason())},
		{"tokens", tokens(res.Usage)},
		{"metadata", metadataText(res.Metadata)},
	} {
		if row[1] != "" {
			rows = append(rows, row)
		}
	}
	out := columns(rows)
	message := res.Choices[0].Message
	if text := message.Content + message.Refusal; text != "" {
		out += "\n" + strings.TrimSuffix(printable(text), "\n") + "\n"
	}
	if err := c.print(out); err != nil {
		return err
	}
	return writeCalls(c, res.ToolCalls())
}

// columns writes rows of cells so that the cells stand below each other.
func columns(rows [][]string) string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				_, _ = table.Write([]byte{'\t'}) // a strings.Builder takes everything
			}
			_, _ = table.Write([]byte(oneLine(cell)))
		}
		_, _ = table.Write([]byte{'\n'})
	}
	_ = table.Flush()
	return b.String()
}

// created writes Unix seconds as a time in UTC that sorts.
func created(unix int64) string {
	if unix == 0 {
		return ""
	}
	return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05Z")
}

// metadataText writes metadata as it is typed, in the order of the keys.
func metadataText(m chat.Metadata) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		words = append(words, key+"="+m[key])
	}
	return strings.Join(words, " ")
}
