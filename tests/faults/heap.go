package faults

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// PeakHeap returns by how many bytes the heap grew, at its highest, while f ran. It measures the whole
// process, the server included, so nothing else should run. The garbage collector runs as soon as there is
// little garbage, so that what is counted is in use.
func PeakHeap(f func()) uint64 {
	const garbagePercent = 10
	defer debug.SetGCPercent(debug.SetGCPercent(garbagePercent))
	runtime.GC()
	runtime.GC() // the first one only begins to free what sync.Pools hold
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	heap := func() uint64 { // objects, with dead ones that have not been swept yet
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	before := heap()
	peak := before
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(200 * time.Microsecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				peak = max(peak, heap())
			case <-done:
				return
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return max(peak, heap()) - before
}
