// The command compare runs the faults and the scenarios of tests/faults through chatspec, openai-go and go-openai
// and prints what each makes of them, side by side. It exits with status 1 if chatspec gets one wrong.
//
// For faults, all three get the same requests, the same HTTP client, no retries, and two seconds, or fifteen where
// much is sent. Judging the others is lenient, because their errors have types of their own and they promise less:
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
//
// The scenarios of tests/faults/calls are about retries, redirects and what is printed. All three get the same
// base URL, key and HTTP client there, and otherwise stay as they are by default: chatspec and openai-go repeat
// a request twice, go-openai never. A cell says how many requests came to a server and how the call ended. Of
// the others,
//
//   - wrong is what nobody may do: ask more often than is right or sooner than the server wants to be asked, send
//     another body, another method, or the key or the prompt to another server, report what is no answer as one;
//   - to ask less often than is right, and so to fail where an answer was to be had, is not wrong, because a
//     program can ask again by itself; nor is to wait for as long as the server asks for, however long that is;
//   - where the scenario is about what is printed, only that is judged: the ways of fmt, encoding/json and
//     log/slog, of the error that the call returns, not of what it wraps; of the client, in one row;
//   - go-openai lists no completions; its list with a query is that of batches.
//
// chatspec has to make exactly the right number of requests there too, and to return the right error, which
// counts the attempts.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/chatspec/chatspec/tests/faults"
	"github.com/chatspec/chatspec/tests/faults/calls"
)

func main() {
	only := flag.String("only", "", "run the rows whose group or name contains this")
	reasons := flag.Bool("reasons", false, "say why each wrong one is wrong")
	flag.Parse()
	log.SetOutput(io.Discard) // net/http logs bytes that come when nobody has asked
	theirs := slices.DeleteFunc(faults.Faults(), func(f faults.Fault) bool { return f.Ask.Own() })
	rows := slices.DeleteFunc(append(faultRows(theirs), callRows(calls.Scenarios())...), func(r row) bool {
		return !strings.Contains(r.group+"\n"+r.name, *only)
	})
	compare(context.Background(), rows)
	wrong := printTable(os.Stdout, rows)
	for _, r := range rows {
		for i, v := range r.verdicts {
			if v.wrong && (i == 0 || *reasons) {
				fmt.Printf("%s: %s (%s): %s\n", clients[i].name, r.name, r.way, v.reason)
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
		if r.group != group {
			group = r.group
			fmt.Fprintf(w, "\n%s\trequest\tright", strings.ToUpper(group))
			for _, c := range clients {
				fmt.Fprintf(w, "\t%s", c.name)
			}
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\t%s\t%s", r.name, r.way, r.right)
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

// How long a client may take for one fault, for one that sends much and ends by itself, and for one scenario,
// in which the longest wait that a server asks for is ten seconds and is never to be waited out.
const (
	patience       = 2 * time.Second
	memoryPatience = 15 * time.Second
	callPatience   = 15 * time.Second
)
