package api

import "net/http"

// Doer sends a request. *http.Client is one. Like its Do, a Doer returns either a response, whose body the
// caller closes, or an error, and closes the body of the request in any case; it may be used by several
// goroutines at once. A decorator is a function that takes a Doer and returns another around it.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}
