// Package contract holds openapi.yaml to its promises. Its tests say that the document is valid, that it
// has everything the official document has for the same paths and nothing that is not listed in
// api/deviations.yaml, that it has every name of the document the project started from, that it follows the
// rules under which the generator makes good Go of it, and that this Go reads and writes all of it. The
// checks are themselves checked: edits that break something must be found.
//
// What needs ../shared beside the clone (the official documents and the seed) skips without it. The
// comparison itself is that of `chatspec drift`, which knows neither document by name.
//
// The package has no code of its own: it is a module apart, so that no importer of chatspec ever sees
// what these tests depend on.
package contract
