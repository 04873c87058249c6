//go:build race

package contract_test

// raceEnabled: commands that a test runs are built without the race detector, so it need not run them twice.
const raceEnabled = true
