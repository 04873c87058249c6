// The command bench measures chatspec against its goals, beside openai-go, go-openai, bare net/http, jx.Skip and
// json.Valid, and prints one table with every goal, its figure and whether it is met. A whole run writes the table
// and what it was made from to docs/performance.md, and a picture of it to docs/performance.svg.
//
// What is compared runs in one process, in interleaved rounds, each of which takes every contender once; figures
// are medians of rounds, and ratios medians of the ratios of rounds. CPU time is that of the whole process, user
// and system, as getrusage tells it, so that garbage collection counts. Servers are processes of their own. No
// figure and no verdict is written down anywhere but here, where it is measured.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	if role := os.Getenv(childEnv); role != "" {
		os.Exit(runChild(role))
	}
	goals := flag.String("goal", "", "measure only these `goals`, such as 2,3; nothing is written then")
	quick := flag.Bool("quick", false, "measure once and briefly, which shows that it works and nothing else; nothing is written")
	events := flag.Int64("events", oracleEvents, "compare this many `events` with json/v2 for goal 14")
	docs := flag.String("docs", "../../docs", "write performance.md and performance.svg to this `folder`")
	flag.Parse()
	if err := start(*goals, *quick, *events, *docs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func start(goals string, quick bool, events int64, docs string) error {
	selected, err := parseGoals(goals)
	if err != nil {
		return err
	}
	begin := time.Now()
	b := newBench(quick, events, os.Stderr)
	defer b.close()
	if err := b.measure(selected); err != nil {
		return err
	}
	b.report.print(os.Stdout)
	fmt.Fprintf(os.Stderr, "measured in %v\n", time.Since(begin).Round(time.Second))
	if quick || goals != "" {
		return nil
	}
	return b.report.write(docs)
}

// parseGoals returns what is to be measured; nil is everything.
func parseGoals(list string) (map[int]bool, error) {
	if list == "" {
		return nil, nil
	}
	selected := map[int]bool{}
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > len(parts) {
			return nil, fmt.Errorf("-goal %s: there are goals 1 to %d", list, len(parts))
		}
		selected[n] = true
	}
	return selected, nil
}

// parts measure the goals 1 to 14, in this order. Goals that share a measurement share a function.
var parts = []struct {
	measure func(*bench) error
	first   int // the goal under which the measurement runs
}{
	{(*bench).decoding, 1},
	{(*bench).decoding, 1},
	{(*bench).decoding, 1},
	{(*bench).decoding, 1},
	{(*bench).burst, 5},
	{(*bench).paced, 6},
	{(*bench).calls, 7},
	{(*bench).image, 8},
	{(*bench).history, 9},
	{(*bench).responses, 10},
	{(*bench).accumulating, 11},
	{(*bench).idle, 12},
	{(*bench).programs, 13},
	{(*bench).oracle, 14},
}

// bench is one run.
type bench struct {
	quick  bool
	rounds int
	slice  time.Duration // of CPU time that a contender gets in a round, at least
	events int64
	log    io.Writer
	report report
	server *server // started when it is needed first
}

func newBench(quick bool, events int64, log io.Writer) *bench {
	b := &bench{quick: quick, rounds: 7, slice: 60 * time.Millisecond, events: events, log: log}
	if quick {
		b.rounds, b.slice = 1, time.Millisecond
	}
	return b
}

// measure measures the selected goals, or all.
func (b *bench) measure(selected map[int]bool) error {
	b.report.selected = selected
	done := map[int]bool{}
	var failed []error
	for i, part := range parts {
		goal := i + 1
		if done[part.first] || selected != nil && !selected[goal] {
			continue
		}
		done[part.first] = true
		fmt.Fprintf(b.log, "goal %d …\n", goal)
		if err := part.measure(b); err != nil {
			failed = append(failed, fmt.Errorf("goal %d: %w", goal, err))
		}
	}
	return errors.Join(failed...)
}

func (b *bench) close() {
	if b.server != nil {
		b.server.close()
	}
}

// few returns n, or fewer for a quick run.
func (b *bench) few(n, quick int) int {
	if b.quick {
		return quick
	}
	return n
}
