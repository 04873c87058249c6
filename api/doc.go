// Package api holds what the chat completions API means beyond its types: how a server says no
// ([Error] and the sentinels that it is), and how a client gives up ([TooLargeError], [TimeoutError],
// [DecodeError]). Packages chatspec and stream return these errors; errors.Is and errors.As tell them
// apart, texts never need to be read. [Doer] is what a client sends with and a middleware wraps.
//
// Values of this package are plain data and may be shared between goroutines while nobody changes them.
package api
