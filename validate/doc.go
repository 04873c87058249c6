// Package validate checks requests, answers and chunks against an OpenAPI document: this module's own,
// or one that its users extended or wrote. The document is loaded, and JSON judged, by kin-openapi.
//
// What this package adds is the explanation. A violation is an [Error] with the JSON pointer of the
// place and the rule that is broken there; where a value has to be one of several shapes (oneOf, anyOf),
// it is the fault within the shape that was meant. Nothing of it comes from the values that were
// checked, so an error may be logged although a prompt may not.
//
// [Validator.Middleware] puts the checks around the requests of a client, and with [Answers] around what its
// server sends, chunk by chunk:
//
//	v, err := validate.New(nil)
//	client, err := chatspec.New(chatspec.WithMiddleware(v.Middleware(validate.Answers())))
//
// A check takes from tens of microseconds to a few milliseconds, which is why it is meant for
// development and for tests; package chattest uses it. An API's own server stays the judge of what it
// accepts: fields, headers and query parameters that the document does not know are no violation,
// because compatible servers have their own.
package validate
