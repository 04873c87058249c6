package faults_test

import (
	"context"
	"testing"

	"github.com/chatspec/chatspec/tests/faults"
)

// TestHeap holds the heap that each fault costs against what is allowed.
//
//nolint:paralleltest // the heap is that of the process
func TestHeap(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector delays the garbage collector")
	}
	for _, f := range faults.Faults() {
		if !measured(f) {
			continue
		}
		for _, way := range []faults.Way{faults.ByStream, faults.ByCreate} {
			if way.Want(f) == nil {
				continue
			}
			allowed := f.HeapBelow(maxEventBytes)
			peak := peakHeap(t, f, way)
			for try := 1; try < 3 && peak >= allowed; try++ { // a busy machine delays the garbage collector
				peak = min(peak, peakHeap(t, f, way))
			}
			if peak >= allowed {
				t.Errorf("%s: %s: the heap grew by %.2f MiB, allowed are %d", f.Name, way, mib(peak), allowed>>20)
			} else if f.Memory {
				t.Logf("%s: %s: %.2f MiB", f.Name, way, mib(peak))
			}
		}
	}
}

// measured says whether f is about more than waiting.
func measured(f faults.Fault) bool {
	return f.Memory || f.Ask.Deadline == 0 && !f.Ask.Cancel && !f.Ask.Own()
}

// peakHeap returns what f costs once.
func peakHeap(t *testing.T, f faults.Fault, way faults.Way) (peak uint64) {
	t.Helper()
	s, err := faults.Start(f, maxEventBytes)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), hung)
	defer cancel()
	peak = faults.PeakHeap(func() {
		faults.Run(ctx, s, way)
		s.Released(ctx)
	})
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return peak
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }
