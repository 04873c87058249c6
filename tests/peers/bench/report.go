package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// report is what a run has found.
type report struct {
	selected map[int]bool // goals; nil for all
	figures  []figure
	tables   []table
	charts   []chart
}

// figure is one line of the table of goals.
type figure struct {
	goal   int
	what   string
	limit  string
	got    string
	state  state
	others others // of what is not the goal's own ratio
}

// others are the same figure of the other clients, where they have one.
type others struct{ openaiGo, goOpenAI string }

// state says what became of a goal.
type state string

const (
	met    state = "met"
	missed state = "missed"
	partly state = "so far" // nothing speaks against it, but not all of it was measured
)

// table is what a part has measured.
type table struct {
	title  string
	header []string
	rows   [][]string
}

// chart is a row of bars; shorter is better.
type chart struct {
	title string
	unit  string
	bars  []bar
}

type bar struct {
	name  string
	value float64
}

// atMost adds the figure of a goal that is met when got is no more than limit.
func (r *report) atMost(goal int, what string, limit, got float64, unit string, o others) {
	r.add(figure{goal, what, "≤ " + number(limit) + unit, number(got) + unit, verdict(got <= limit), o})
}

// atLeast adds the figure of a goal that is met when got is no less than limit.
func (r *report) atLeast(goal int, what string, limit, got float64, unit string, o others) {
	r.add(figure{goal, what, "≥ " + number(limit) + unit, number(got) + unit, verdict(got >= limit), o})
}

// failed adds a figure that could not be measured.
func (r *report) failed(goal int, what, limit string, err error) {
	r.add(figure{goal: goal, what: what, limit: limit, got: "failed: " + err.Error(), state: missed})
}

func (r *report) add(f figure) {
	if r.selected == nil || r.selected[f.goal] {
		r.figures = append(r.figures, f)
	}
}

func verdict(ok bool) state {
	if ok {
		return met
	}
	return missed
}

// number writes a figure with three digits that mean something, or all of those before the point.
func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "?"
	}
	decimals := 0
	for limit := 100.0; math.Abs(v) < limit && decimals < 3 && v != 0; limit /= 10 {
		decimals++
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// goalsTable is the table of goals.
func (r *report) goalsTable() table {
	t := table{"Goals", []string{"#", "what", "goal", "chatspec", "verdict", "openai-go", "go-openai"}, nil}
	slices.SortStableFunc(r.figures, func(a, b figure) int { return a.goal - b.goal })
	for _, f := range r.figures {
		t.rows = append(t.rows, []string{
			strconv.Itoa(f.goal), f.what, f.limit, f.got, string(f.state), cmp.Or(f.others.openaiGo, "–"), cmp.Or(f.others.goOpenAI, "–"),
		})
	}
	return t
}

// summary counts the goals in each state; a goal is in the worst of its figures' states.
func (r *report) summary() string {
	worst := map[int]state{}
	for _, f := range r.figures {
		if have := worst[f.goal]; have == "" || f.state == missed || f.state == partly && have == met {
			worst[f.goal] = f.state
		}
	}
	count := map[state]int{}
	for _, s := range worst {
		count[s]++
	}
	text := fmt.Sprintf("%d of %d goals met", count[met], len(worst))
	if n := count[partly]; n > 0 {
		text += fmt.Sprintf(", %d so far", n)
	}
	return text
}

// print writes the table of goals for people.
func (r *report) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	t := r.goalsTable()
	for _, row := range append([][]string{t.header}, t.rows...) {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // to standard output
	fmt.Fprintln(out, r.summary())
}

// write writes performance.md and performance.svg.
func (r *report) write(dir string) error {
	var b strings.Builder
	fmt.Fprintf(&b, `# How fast chatspec is

Written by `+"`make bench`"+` on %s. %s.

CPU time is user and system time of the process, garbage collection included; figures are medians of interleaved
rounds in one process, so the ratios mean more than the times. A goal is met when every line of it is.
[CONTRIBUTING.md](../CONTRIBUTING.md#speed) says how each is measured.

![bars](performance.svg)

`, machine(), r.summary())
	for i, t := range append([]table{r.goalsTable()}, r.tables...) {
		if i > 0 {
			b.WriteString("\n")
		}
		t.markdown(&b)
	}
	if err := os.WriteFile(filepath.Join(dir, "performance.md"), []byte(b.String()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "performance.svg"), []byte(r.svg()), 0o644)
}

func (t table) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "## %s\n\n| %s |\n|%s\n", t.title, strings.Join(t.header, " | "), strings.Repeat("---|", len(t.header)))
	for _, row := range t.rows {
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
}

// chart returns a row of the table, whose figures are of those that the header names, as bars.
func (t table) chart(row int, title, unit string) chart {
	c := chart{title: title, unit: unit}
	for i, text := range t.rows[row] {
		if v, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64); i > 0 && err == nil {
			c.bars = append(c.bars, bar{t.header[i], v})
		}
	}
	return c
}

// machine names what the figures are of: the processor, Go and the versions of the others.
func machine() string {
	text := fmt.Sprintf("%d × %s, %s/%s, %s", runtime.NumCPU(), processor(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return text
	}
	for _, m := range info.Deps {
		for _, name := range []string{"openai/openai-go/v3", "sashabaranov/go-openai", "go-faster/jx"} {
			if strings.HasSuffix(m.Path, name) {
				text += ", " + name + " " + m.Version
			}
		}
	}
	return text
}

// processor returns the name of the processor, as Linux has it.
func processor() string {
	data, _ := os.ReadFile("/proc/cpuinfo") // elsewhere there is none
	for line := range strings.Lines(string(data)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "an unnamed processor"
}
