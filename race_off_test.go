//go:build !race

package chatspec_test

const raceEnabled = false
