// The command compare runs the faults of tests/faults through chatspec, openai-go and go-openai and prints what
// each makes of them, side by side. It exits with status 1 if chatspec gets one wrong.
//
// All three get the same requests, the same HTTP client, no retries, and two seconds, or fifteen where much is
// sent. Judging the others is lenient, because their errors have types of their own and they promise less:
//
//   - where an error is right, any error is right, whatever had been delivered before;
//   - where an answer is right, its content decides: text, refusals, finish reasons, tool calls and the total of
//     the usage, of every choice;
//   - success where an error is right is wrong, and so is waiting until the time is over;
//   - so is a heap of more than three times 32 MiB, which is the limit for one event that chatspec has by
//     default and that openai-go has built in.
//
// openai-go has an accumulator, whose result is judged; a chunk that it refuses is an error. go-openai has
// none: its chunks are added up here by the rules that are right, so that only what it delivers is judged.
// chatspec is judged by all that tests/faults wants: the one right outcome, the text delivered before, the
// server's own words.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/chatspec/chatspec/tests/faults"
)

func main() {
	only := flag.String("only", "", "run the faults whose name contains this")
	reasons := flag.Bool("reasons", false, "say why each wrong one is wrong")
	flag.Parse()
	log.SetOutput(io.Discard) // net/http logs bytes that come when nobody has asked
	var selected []faults.Fault
	for _, f := range faults.Faults() {
		if strings.Contains(f.Name, *only) && !f.Ask.Own() {
			selected = append(selected, f)
		}
	}
	rows := compare(context.Background(), selected)
	wrong := printTable(os.Stdout, rows)
	for _, r := range rows {
		for i, v := range r.verdicts {
			if v.wrong && (i == 0 || *reasons) {
				fmt.Printf("%s: %s (%s): %s\n", clients[i].name, r.fault.Name, r.way, v.reason)
			}
		}
	}
	if wrong[0] > 0 {
		os.Exit(1)
	}
}

// printTable prints the rows and how many each client has wrong, which it also returns.
func printTable(out io.Writer, rows []row) []int {
	wrong := make([]int, len(clients))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	group := ""
	for _, r := range rows {
		if r.fault.Group != group {
			group = r.fault.Group
			fmt.Fprintf(w, "\n%s\trequest\tright", strings.ToUpper(group))
			for _, c := range clients {
				fmt.Fprintf(w, "\t%s", c.name)
			}
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\t%s\t%s", r.fault.Name, r.way, r.want.Outcome)
		for i, v := range r.verdicts {
			text := v.text
			if v.wrong {
				wrong[i]++
				text = "WRONG: " + text
			}
			fmt.Fprintf(w, "\t%s", text)
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // to standard output
	var counts []string
	for i, c := range clients {
		counts = append(counts, fmt.Sprintf("%s %d", c.name, wrong[i]))
	}
	fmt.Fprintf(out, "\nwrong: %s of %d\n", strings.Join(counts, ", "), len(rows))
	return wrong
}

// How long a client may take for one fault, and for one that sends much and ends by itself.
const (
	patience       = 2 * time.Second
	memoryPatience = 15 * time.Second
)
