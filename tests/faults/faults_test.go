package faults_test

import (
	"context"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chatspec/chatspec/tests/faults"
)

// maxEventBytes is the limit that the tests set for an event or body: 8 MiB.
const maxEventBytes = 8 << 20

// hung is when a test stops waiting. Nothing here takes as long.
const hung = 10 * time.Second

// TestFaults runs every fault through chatspec in every way that makes sense, at once.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faults.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			var ways sync.WaitGroup
			for _, way := range []faults.Way{faults.ByStream, faults.ByOpen, faults.ByCreate} {
				if want := way.Want(f); want != nil {
					ways.Go(func() {
						for _, wrong := range want.Check(way, run(t, f, way)) {
							t.Errorf("%s: %s", way, wrong)
						}
					})
				}
			}
			ways.Wait()
		})
	}
}

// run serves f, asks for it, and checks that nothing stays behind.
func run(t *testing.T, f faults.Fault, way faults.Way) (got faults.Got) {
	t.Helper()
	s, err := faults.Start(f, maxEventBytes)
	if err != nil {
		t.Error(err)
		return got
	}
	ctx, cancel := context.WithTimeout(t.Context(), hung)
	defer cancel()
	name := string(way) + ": " + strings.ReplaceAll(f.Name, `"`, "")
	pprof.Do(ctx, pprof.Labels("fault", name), func(ctx context.Context) { got = faults.Run(ctx, s, way) })
	if ctx.Err() != nil {
		t.Errorf("%s: hung: %v", way, got.Err)
	}
	if n := s.Released(ctx); n > 0 {
		t.Errorf("%s: %d connections stay open", way, n)
	}
	if left := leftGoroutines(time.Now().Add(hung), name); left != "" {
		t.Errorf("%s: goroutines stay behind:\n%s", way, left)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return got
}

// TestNames keeps the names of the faults apart.
func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range faults.Faults() {
		if f.Name == "" || f.Group == "" || seen[f.Name] || f.Stream == nil && f.Whole == nil {
			t.Errorf("%q in %q: no name, a name twice, or nothing wanted", f.Name, f.Group)
		}
		seen[f.Name] = true
	}
}
