// Package chatspecotel traces and measures chat completions with OpenTelemetry, by the semantic conventions for
// generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/), and never records content.
//
//	hooks, err := chatspecotel.Hooks()
//	…
//	client, err := chatspec.New(chatspec.WithHooks(hooks))
//
// Each call that creates a completion is one span, "chat MODEL" of the kind client, with all its attempts; the
// span of a stream ends when the stream ends or is closed. Its context is that of the requests, so that the
// spans of an instrumented http.RoundTripper are its children, and a RoundTripper can pass it on as traceparent.
// Repeated attempts and the first chunk are events of the span. Other operations (list, get, update, delete,
// messages) are passed over, because the conventions have no names for them.
//
// There are three histograms: gen_ai.client.operation.duration of every call, gen_ai.client.token.usage of those
// whose answer names its usage (for a stream, ask for it with StreamOptions), and
// gen_ai.client.operation.time_to_first_chunk of streams.
//
// Of a request the model and its settings are recorded; the messages, tools, stop sequences, metadata and user
// are not. Of an answer the ID, model, finish reasons, service tier and usage are recorded, and the request ID of
// its header, as chatspec.request_id. The text of an error is not recorded either, because it may quote the
// prompt: a call that did not finish has an error.type, which is
//
//   - of a refusal its code or else its type where that is a plain word, such as rate_limit_exceeded, and
//     otherwise its status, such as 502;
//   - else the [chatspec.Outcome]: truncated, malformed, too_large, not_stream, timeout, cancelled, not_sent or
//     transport.
//
// Such a span has the status Error, unless the caller has cancelled the call or closed the stream before its
// end, which is no failure.
//
// The names are those of version 1.41.0 of the conventions, which are still under development; a later version
// of this package may follow them.
package chatspecotel
