//go:build race

package generate_test

// raceEnabled: under the race detector, hundreds of runs of the generator take minutes, and find nothing, because it
// runs on one goroutine at a time.
const raceEnabled = true
