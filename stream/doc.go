// Package stream reads and writes the event streams of chat completions.
//
// [Open] takes the *http.Response of the generated client and returns a [Stream] of typed chunks, which is
// never silent about how it ended: finished, refused by the server ([api.Error]), truncated
// ([ErrTruncated]), malformed ([DecodeError]), too large ([TooLargeError]), no stream at all
// ([NotStreamError]), timed out ([TimeoutError]), cancelled (context.Canceled), or broken in transport.
// It accumulates the chunks on the way, so that [Reader.Result] is what an unstreamed call would have
// returned. [OpenWith] does the same for the chunk type of a package that users generated for themselves.
//
// Below that stand [Decoder] and [Writer], which read and write any text/event-stream by the HTML standard.
package stream
