//go:build race

package main

// raceEnabled: the race detector allocates on its own account and slows collecting down, so the heap is not
// measured under it.
const raceEnabled = true
