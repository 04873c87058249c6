package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"strconv"
	"strings"

	chat "github.com/chatspec/chatspec/generated"
)

const (
	// defaultLimit is how many items a listing shows.
	defaultLimit = 20
	// maxPage is how many items are asked for at once; servers refuse more.
	maxPage = 100
	// previewRunes is how much of a text a table shows.
	previewRunes = 40
)

// listFlags are the flags of listings.
type listFlags struct {
	storedFlags
	limit int
	order chat.Order
}

func (f *listFlags) declare(fs *flag.FlagSet) {
	f.limit = defaultLimit
	fs.Func("limit", fmt.Sprintf("show at most `N`, 0 for all; default %d", defaultLimit), func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return errLimit
		}
		f.limit = n
		return nil
	})
	fs.Var(choice[chat.Order]{&f.order, []chat.Order{chat.OrderAsc, chat.OrderDesc}}, "order",
		"the `ORDER`: asc, oldest first (default), or desc")
	f.storedFlags.declare(fs)
}

// page returns how many items to ask for at once: one above the limit, which tells whether there are more.
func (f *listFlags) page() *int {
	n := maxPage
	if f.limit > 0 {
		n = min(f.limit+1, maxPage)
	}
	return &n
}

// sort returns the order to ask for; nil leaves it to the server.
func (f *listFlags) sort() *chat.Order {
	if f.order == "" {
		return nil
	}
	return &f.order
}

// each calls show for the items of a list up to the limit, 0 for all. It returns what there is to remark when
// there are none, or more.
func each[T any](limit int, what string, items iter.Seq2[*T, error], show func(*T) error) (remark string, err error) {
	n := 0
	for item, err := range items {
		if err != nil {
			return "", err
		}
		if n == limit && limit > 0 {
			return "there are more " + what + "; -limit 0 shows all", nil
		}
		if err := show(item); err != nil {
			return "", err
		}
		n++
	}
	if n == 0 {
		return "no " + what, nil
	}
	return "", nil
}

// remark ends a listing with what [each] returned.
func (c *console) remark(remark string, err error) error {
	if err == nil && remark != "" {
		c.note("%s", remark)
	}
	return err
}

func listCommand() command {
	return command{
		name:    "list",
		summary: "list stored completions",
		help: `Lists the completions that the server keeps: those that were made with store.

  chatspec list
  chatspec list -order desc -limit 5
  chatspec list -model gpt-5.4 -metadata user=ann -metadata team=search
  chatspec list -limit 0 -json | jq -r .id
`,
		flags: func(fs *flag.FlagSet) action {
			f := new(listFlags)
			var model string
			var metadata pairs
			fs.StringVar(&model, "model", "", "only completions of this `MODEL`")
			fs.Var(&metadata, "metadata", "only completions kept with `KEY=VALUE`; may be repeated")
			f.declare(fs)
			return func(ctx context.Context, c *console, args []string) error {
				if len(args) > 0 {
					return usageError{text: "list takes no arguments"}
				}
				params := chat.ListChatCompletionsParams{Limit: f.page(), Order: f.sort()}
				if model != "" {
					params.Model = &model
				}
				if len(metadata) > 0 {
					params.Metadata = new(metadata.metadata())
				}
				return f.with(c, "whether the server keeps completions", func(t *target) error {
					return f.showList(c, t.client.List(ctx, params))
				})
			}
		},
	}
}

// showList writes a table, or JSON. Nothing of a table is seen before its columns are known.
func (f *listFlags) showList(c *console, items iter.Seq2[*chat.CreateChatCompletionResponse, error]) error {
	const what = "stored completions"
	if f.json {
		return c.remark(each(f.limit, what, items, func(item *chat.CreateChatCompletionResponse) error { return c.printJSON(item) }))
	}
	rows := [][]string{{"ID", "CREATED", "MODEL", "TOKENS", "METADATA", "TEXT"}}
	remark, err := each(f.limit, what, items, func(item *chat.CreateChatCompletionResponse) error {
		total := ""
		if item.Usage != nil {
			total = strconv.Itoa(item.Usage.TotalTokens)
		}
		rows = append(rows, []string{item.ID, created(item.Created), item.Model, total, metadataText(item.Metadata), preview(item.Text())})
		return nil
	})
	if len(rows) > 1 { // what came before an error, too
		if err := c.print(columns(rows)); err != nil {
			return err
		}
	}
	return c.remark(remark, err)
}

// preview returns the beginning of a text.
func preview(text string) string {
	runes := []rune(text[:min(len(text), 4*previewRunes)]) // no rune is longer
	if len(runes) <= previewRunes && len(text) <= 4*previewRunes {
		return text
	}
	return string(runes[:min(len(runes), previewRunes)]) + "…"
}

func messagesCommand() command {
	return command{
		name:    "messages",
		args:    "ID",
		summary: "show the messages that led to a stored completion",
		help: `Shows the messages of the request that a stored completion answered, each
behind its role.

  chatspec messages chatcmpl-123
  chatspec messages -json chatcmpl-123
`,
		flags: func(fs *flag.FlagSet) action {
			f := new(listFlags)
			f.declare(fs)
			return func(ctx context.Context, c *console, args []string) error {
				id, err := oneID(args)
				if err != nil {
					return err
				}
				params := chat.GetChatCompletionMessagesParams{Limit: f.page(), Order: f.sort()}
				return f.with(c, unknownID, func(t *target) error {
					return c.remark(each(f.limit, "messages", t.client.Messages(ctx, id, params), func(m *chat.StoredMessage) error {
						if f.json {
							return c.printJSON(m)
						}
						return c.showMessage(m)
					}))
				})
			}
		},
	}
}

// showMessage writes a message: its role and text, its other parts and the calls in it as JSON.
func (c *console) showMessage(m *chat.StoredMessage) error {
	text := m.Content + m.Refusal
	if text == "" {
		text = partsText(m.ContentParts)
	}
	line := oneLine(string(m.Role)) + ": " + strings.TrimSuffix(printable(text), "\n")
	if err := c.print(strings.TrimRight(line, " ") + "\n"); err != nil {
		return err
	}
	return writeCalls(c, m.ToolCalls)
}

// partsText writes parts one below the other: text as it is, the others as what they are.
func partsText(parts chat.StoredParts) string {
	var lines []string
	for _, part := range parts {
		switch p := part.(type) {
		case chat.TextPart:
			lines = append(lines, p.Text)
		case chat.ImagePart:
			lines = append(lines, "[image "+preview(p.ImageURL.URL)+"]")
		default:
			if data, err := json.Marshal(part); err == nil {
				lines = append(lines, string(data))
			}
		}
	}
	return strings.Join(lines, "\n")
}
