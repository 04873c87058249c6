// The command oracle compares what this module's decoders make of JSON with what json/v2 makes of it, on a second
// package that is generated from the same document and has no decoder of ours (folder plain). It knows no type
// of the document but those at the top: values are made up and compared by reflection.
//
// Events are made up from the types and from recorded streams, with other values, unknown, missing and duplicate
// members, odd spellings of strings and numbers, and wrong bytes. Each is decoded by itself and as one of a stream, in
// every mode in which package stream reads one; chunks that may be kept are compared when their stream
// is over. Where one side refuses an event the other must refuse it too.
//
// It prints how many events were compared and what differed, and exits with status 1 if anything did.
package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"time"
)

func main() {
	n := flag.Int64("n", 1_000_000, "compare at least this many `events`")
	seed := flag.Uint64("seed", 0, "make up the same events as a run with this `seed`; 0 for another each time")
	only := flag.Uint64("stream", 0, "compare only the stream with this `number`")
	recorded := flag.String("recorded", "../../stream/testdata/dialects", "the `folder` of recorded streams")
	overlay := flag.String("overlay", "", "compare what is generated from the document with this overlay `file`")
	flag.Parse()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	debug.SetGCPercent(gcPercent)
	var err error
	if *overlay != "" {
		err = runOverlaid(os.Stdout, *overlay, *n, *seed)
	} else {
		err = start(*n, *seed, *only, *recorded)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// gcPercent trades memory for speed: nearly all that is allocated is garbage at once.
const gcPercent = 800

// start runs the oracle and prints what comes of it.
func start(n int64, seed, only uint64, folder string) error {
	streams, err := readRecorded(folder)
	if err != nil {
		return err
	}
	fmt.Printf("seed %d\n", seed)
	o := run{seed: seed, events: n, recorded: streams, report: func(text string) { fmt.Println(text) }}
	begin := time.Now()
	var events, mismatches int64
	if only != 0 {
		count, found := o.check(only)
		for _, text := range found {
			fmt.Println(text)
		}
		events, mismatches = int64(count), int64(len(found))
	} else {
		events, mismatches = o.do()
	}
	fmt.Printf("%d events, %d mismatches in %v\n", events, mismatches, time.Since(begin).Round(time.Second))
	if mismatches > 0 {
		return errors.New("the decoders differ from json/v2")
	}
	return nil
}
