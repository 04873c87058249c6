// Package e2e holds tests against programs that no one here wrote, all on loopback: this module's client
// and command against npm @copilotkit/aimock, and npm openai as a client of chatspec serve. See README.md
// for how to run them.
//
// The package has no code of its own: it is a module apart, and its tests fail, rather than skip, where the
// counterparts are not installed.
package e2e
