package main

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/chatspec/chatspec/tests/oracle/plain"
)

// run is one run of the oracle: streams with consecutive numbers, each made up from the seed and its number.
type run struct {
	seed     uint64
	events   int64        // at least as many are checked
	recorded [][][]byte   // streams, each as the data of its events
	report   func(string) // of a mismatch; called by several goroutines
}

// maxReports is after how many mismatches a run ends.
const maxReports = 10

// do checks on all CPUs until enough events are checked or too many are wrong, and returns how many were.
func (o run) do() (events, mismatches int64) {
	var next, seen, wrong atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seen.Load() < o.events && wrong.Load() < maxReports {
				number := uint64(next.Add(1))
				n, found := o.check(number)
				seen.Add(int64(n))
				wrong.Add(int64(len(found)))
				for _, text := range found {
					o.report(fmt.Sprintf("stream %d (-seed %d -stream %d): %s", number, o.seed, number, text))
				}
			}
		})
	}
	workers.Wait()
	return seen.Load(), wrong.Load()
}

// documentEvery is how many streams there are for a set of documents.
const documentEvery = 8

// check makes up one stream and, now and then, documents, and checks them.
func (o run) check(number uint64) (events int, mismatches []string) {
	r := newRandom(o.seed, number)
	events, mismatches = checkStream(r, r.stream(o.recorded))
	if !r.chance(documentEvery) {
		return events, mismatches
	}
	for _, d := range documents {
		data := r.text(r.value(d.plain, maxDepth))
		if diff := d.difference(data); diff != "" {
			mismatches = append(mismatches, fmt.Sprintf("%s: %s\n\t%q", d.name, diff, data))
		}
	}
	return events + len(documents), mismatches
}

// maxDepth is how deep made-up values of the document's types go.
const maxDepth = 9

// stream returns the data of the events of a made-up stream. Half of them begin with a recorded stream; events
// mostly repeat the one before with other values, as a model's do.
func (r random) stream(recorded [][][]byte) (list [][]byte) {
	var trees []*node
	if len(recorded) > 0 && r.chance(2) {
		for _, data := range pick(r, recorded) {
			if tree, err := parse(data); err == nil {
				trees = append(trees, tree)
			}
		}
	}
	for len(trees) == 0 || r.chance(3) && len(trees) < maxTemplates {
		trees = append(trees, r.value(reflect.TypeFor[plain.CreateChatCompletionStreamResponse](), maxDepth))
	}
	for range 1 + r.IntN(maxTemplates) {
		tree := pick(r, trees).clone()
		rate := 1 + r.IntN(10)
		for range 1 + r.IntN(maxRepeats) {
			r.vary(tree, rate)
			changed := tree
			if r.chance(6) {
				changed = tree.clone()
				r.mutate(changed)
			}
			list = append(list, r.text(changed))
		}
	}
	return list
}

// A stream has up to maxTemplates kinds of events and up to maxRepeats of each in a row.
const (
	maxTemplates = 5
	maxRepeats   = 24
)

// text writes a tree, now and then with spaces, now and then with bytes that are wrong.
func (r random) text(tree *node) []byte {
	var b []byte
	if r.chance(15) {
		b = r.spaced(nil, tree)
	} else {
		b = tree.append(nil)
	}
	if r.chance(15) {
		b = r.corrupt(b)
	}
	return b
}
