// Package chattest is a server that stands in for the API in tests: it speaks every operation of this
// module's document, answers what a script tells it to, fails as it is told to, and remembers what it was asked.
// The whole test of a retry, which waits for a minute and takes no time:
//
//	func TestRetry(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			srv := chattest.NewServer(t, chattest.Status(429).WithRetryAfter(time.Minute), chattest.Text("Hello!"))
//			start := time.Now()
//			res, err := srv.NewClient().Create(t.Context(), req)
//			if err != nil || res.Text() != "Hello!" || time.Since(start) != time.Minute {
//				t.Errorf("%q, %v after %v", res.Text(), err, time.Since(start))
//			}
//		})
//	}
//
// [NewServer] works in memory, without a socket, so that a test can run in a testing/synctest bubble and
// measure time exactly; [NewSocketServer] listens on loopback for other programs; [Handler] is the server
// as an http.Handler.
//
// A script is a list of [Reply] values, each for one request for a completion, in their order, or with
// [Reply.WhenPrompt] and its like by what is asked. A reply suits the request: it is streamed where that asks for
// a stream, and has as many choices as it asks for. A handler without any script answers by itself, see [BuiltIn].
// [Reply.AfterEvents] and [Reply.AfterBytes] have a [Fault] happen in the middle of an answer: the connection is
// cut or reset, nothing more comes, something comes that does not belong there.
//
// Before the script is asked, a request must name an operation, have the key if there is one, and obey the
// document; package validate checks that. What does not is answered with an error object and status 404,
// 405, 401 or 400. Completions that were created with store are kept in memory, for the operations that list, get,
// update and delete them and list their messages.
//
// [Record] keeps what another server answers in a file, without keys, and [Replay] answers from it, strictly.
// [Diff] and [Equal] say where a request, a message or a completion is not what a test wants.
//
// The server types its answers with the package generated from the document and writes them through
// server stubs generated from it, so that a field added to the document needs no line here. It logs
// nothing, has no state outside its values, and listens on loopback only.
package chattest
