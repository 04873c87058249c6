//go:build race

package stream_test

// raceEnabled: the race detector allocates on its own account, so allocations are not counted under it.
const raceEnabled = true
