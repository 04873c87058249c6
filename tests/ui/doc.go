// Package ui holds tests of what people see: they type the built command into a shell in a real terminal,
// which is tmux, and look at its screen; and they open the page of its server in chromium, without a network.
//
// Each terminal is a tmux server of its own, with a socket in a folder of the test and no configuration. Nothing
// waits for time to pass: the screen is read until it shows what is waited for. All servers are on loopback.
//
// The package has no code of its own: it is a module apart, and its tests fail, rather than skip, where there is
// no tmux or no chromium. Run "make ui" at the root; with SCREENSHOTS=DIR, an absolute path, what
// the browser shows is written to that folder, for people to look at.
package ui
