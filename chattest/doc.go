// Package chattest is a server that stands in for the API in tests: it speaks every operation of this
// module's document, answers what a script tells it to, and remembers what it was asked.
//
//	srv := chattest.NewServer(t, chattest.Text("Hello!"))
//	client, err := chatspec.New(chatspec.WithBaseURL(srv.URL), chatspec.WithHTTPClient(srv.Client()))
//
// [NewServer] works in memory, without a socket, so that a test can run in a testing/synctest bubble and
// measure time exactly; [NewSocketServer] listens on loopback for other programs; [Handler] is the server
// as an http.Handler.
//
// A script is a list of [Reply] values, each for one request for a completion, in their order. A reply
// suits the request: it is streamed where that asks for a stream, and has as many choices as it asks for.
// A handler without any script answers by itself, see [BuiltIn].
//
// Before the script is asked, a request must name an operation, have the key if there is one, and obey the
// document; package validate checks that. What does not is answered with an error object, with status 404,
// 405, 401 or 400 and an error object. Completions that were created with store are kept in memory, for
// the operations that list, get, update and delete them and list their messages.
//
// The server types its answers with the package generated from the document and writes them through
// server stubs generated from it, so that a field added to the document needs no line here. It logs
// nothing, has no state outside its values, and listens on loopback only.
package chattest
