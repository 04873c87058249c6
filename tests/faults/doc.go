// Package faults is a server that fails, and what is right to make of each failure.
//
// [Faults] lists what goes wrong between clients and servers of chat completions: connections that break at
// every place, lengths that lie, answers without an end, compressed bombs, errors in every shape, and streams
// that are odd but right. Each says what a client must make of it: one of nine [Outcome] values, and the
// [Answer] that has arrived by then, so that a silent corruption counts as wrong too.
//
// [Start] serves one of them on loopback. The tests here run all of them through chatspec, which also writes
// docs/faults.md; the command compare in tests/peers runs them through other clients as well.
package faults
