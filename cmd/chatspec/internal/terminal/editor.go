package terminal

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textarea"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// Editor reads prompts in a terminal, with the keys that shells have. Enter ends a prompt; Alt-Enter, Ctrl-J and a
// backslash before Enter begin a new line; the keys up and down go through the history at the edges of the text. It is
// not safe for concurrent use.
type Editor struct {
	in      io.Reader
	out     io.Writer
	history *History
}

// NewEditor returns an editor that reads keys from one stream and draws on another, both of the same terminal. Several
// goroutines draw.
func NewEditor(in io.Reader, out io.Writer, history *History) *Editor {
	return &Editor{in: in, out: out, history: history}
}

// Read reads a prompt. The terminal is what it was when it returns.
func (e *Editor) Read(ctx context.Context, prompt string) (string, error) {
	p := newPrompt(prompt, e.history.Typed())
	p.out = e.out
	program := tea.NewProgram(p, tea.WithInput(e.in), tea.WithOutput(e.out), tea.WithoutSignalHandler())
	defer context.AfterFunc(ctx, program.Quit)() // which, unlike WithContext, waits until nothing reads any more
	_, err := program.Run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	return p.text(), errors.Join(err, p.err)
}

// Remember adds what was typed to the history.
func (e *Editor) Remember(text string) error { return e.history.Add(text) }

// prompt is the state of an editor while a prompt is typed.
type prompt struct {
	area    textarea.Model
	out     io.Writer
	width   int // of the text in front
	history []string
	at      int    // the line of the history that is shown, len(history) for the draft
	draft   string // what was typed before the history was looked at
	done    bool
	err     error // how it ended, if not with a prompt
}

// maxLines bounds what can be typed or pasted.
const maxLines = 100_000

func newPrompt(front string, history []string) *prompt {
	area := textarea.New()
	area.ShowLineNumbers = false
	area.EndOfBufferCharacter = ' '
	area.DynamicHeight, area.MinHeight, area.MaxHeight, area.MaxContentHeight = true, 1, defaultRows-1, maxLines
	area.SetVirtualCursor(false)
	area.SetStyles(textarea.Styles{})
	area.KeyMap.InsertNewline = key.NewBinding(key.WithKeys("alt+enter", "ctrl+j", "shift+enter"))
	width := ansi.StringWidth(front)
	area.SetPromptFunc(width, func(info textarea.PromptInfo) string {
		if info.LineNumber == 0 {
			return front
		}
		return strings.Repeat(" ", width)
	})
	area.SetWidth(defaultColumns)
	area.Focus()
	return &prompt{area: area, width: width, history: history, at: len(history)}
}

// Init is part of [tea.Model].
func (p *prompt) Init() tea.Cmd { return nil }

// Update is part of [tea.Model].
func (p *prompt) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		columns, rows := cmp.Or(msg.Width, defaultColumns), cmp.Or(msg.Height, defaultRows)
		p.unwrap(columns)
		p.area.MaxHeight = max(rows-1, 1)
		p.area.SetWidth(max(columns-1, p.width+1))
		return p, nil
	case tea.KeyPressMsg:
		if end, err := p.ends(msg.String()); end {
			p.done, p.err = true, err
			p.area.MoveToEnd()
			return p, tea.Quit
		}
		if p.leaf(msg.String()) {
			return p, nil
		}
	}
	var cmd tea.Cmd
	p.area, cmd = p.area.Update(msg)
	return p, cmd
}

// unwrap goes up by the rows that the terminal has added when the window became too narrow for those that it shows. The
// library does not know of them, and would draw below where it did before.
func (p *prompt) unwrap(columns int) {
	rows, cursor := strings.Split(p.area.View(), "\n"), p.area.Cursor()
	added := cursor.X / columns
	for _, row := range rows[:min(cursor.Y, len(rows))] {
		added += max(ansi.StringWidth(strings.TrimRight(row, " "))-1, 0) / columns
	}
	if added > 0 {
		_, _ = io.WriteString(p.out, ansi.CursorUp(added)) // drawing fails too, where this does
	}
}

// View is part of [tea.Model].
func (p *prompt) View() tea.View {
	switch view := tea.NewView(p.area.View()); {
	case errors.Is(p.err, io.EOF):
		return tea.View{}
	case p.done:
		return tea.NewView(view.Content + "\n") // what follows stands below
	default:
		view.Cursor = p.area.Cursor()
		return view
	}
}

// ends says whether a key ends the prompt, and how.
func (p *prompt) ends(pressed string) (bool, error) {
	switch pressed {
	case "ctrl+c":
		return true, ErrInterrupted
	case "ctrl+d":
		return p.area.Length() == 0, io.EOF
	case "enter":
		if !strings.HasSuffix(p.area.Value(), `\`) {
			return true, nil
		}
		p.area.SetValue(strings.TrimSuffix(p.area.Value(), `\`) + "\n")
	}
	return false, nil
}

// leaf goes through the history, if a key at the edge of the text means that, or takes the key if it means nothing more.
func (p *prompt) leaf(pressed string) bool {
	info := p.area.LineInfo()
	to := p.at
	switch {
	case pressed == "enter":
		return true
	case pressed == "up" && p.area.Line() == 0 && info.RowOffset == 0:
		to--
	case pressed == "down" && p.area.Line() == p.area.LineCount()-1 && info.RowOffset == info.Height-1:
		to++
	default:
		return false
	}
	if to < 0 || to > len(p.history) {
		return true
	}
	if p.at == len(p.history) {
		p.draft = p.area.Value()
	}
	text := p.draft
	if p.at = to; to < len(p.history) {
		text = p.history[to]
	}
	p.area.SetValue(text)
	return true
}

func (p *prompt) text() string { return p.area.Value() }
