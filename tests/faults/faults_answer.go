package faults

import (
	"net/http"
	"time"

	"github.com/chatspec/chatspec/api"
)

// statusFaults are answers outside 2xx: the server said no, whatever the body is.
func statusFaults() []Fault {
	answers := func(name, contentType, body string, want api.Error, fields ...string) Fault {
		w := refused(&want)
		return Fault{Name: name, Stream: w, Whole: w, Serve: func(c *Conn) {
			c.whole(want.Status, contentType, body, fields...)
		}}
	}
	const page = "<html><body>Bad gateway</body></html>"
	limited := answers("429 with Retry-After", jsonType, `{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`,
		api.Error{Status: 429, Type: "requests", Code: "rate_limit_exceeded", Message: "slow down", RetryAfter: 7 * time.Second}, "Retry-After: 7", "X-Should-Retry: false")
	limited.Stream = limited.Stream.because(api.ErrRateLimit)
	cut := api.Error{Status: 500, Type: "server_error", Message: "broken"}
	return grouped("Status codes",
		answers("500 with an error object", jsonType, busy, api.Error{Status: 500, Type: "server_error", Code: "busy", Message: "overloaded"}),
		answers("500 with a string", jsonType, `{"error":"broken"}`, api.Error{Status: 500, Message: "broken"}),
		answers("500 without a body", "", "", api.Error{Status: 500}),
		answers("502 with a page", htmlType, page, api.Error{Status: 502}),
		answers("500 with text", "text/plain", "out of memory\n", api.Error{Status: 500, Message: "out of memory"}),
		answers("400 with message and an integer code", jsonType, `{"object":"error","message":"bad","type":"BadRequestError","param":null,"code":400}`,
			api.Error{Status: 400, Type: "BadRequestError", Code: "400", Message: "bad"}),
		answers("404 with detail", jsonType, `{"detail":"Not Found"}`, api.Error{Status: 404, Message: "Not Found"}),
		answers("503 with problem details", "application/problem+json", `{"type":"about:blank","title":"Down","detail":"back soon","status":503}`,
			api.Error{Status: 503, Type: "about:blank", Message: "back soon"}),
		answers("400 with an integer code in the object", jsonType, `{"error":{"message":"bad","code":40001}}`, api.Error{Status: 400, Code: "40001", Message: "bad"}),
		answers("401 with null fields", jsonType, `{"error":{"message":"who?","type":"authentication_error","param":null,"code":null}}`,
			api.Error{Status: 401, Type: "authentication_error", Message: "who?"}),
		answers("500 with events", eventStream, event(`{"error":"broken"}`), api.Error{Status: 500}),
		limited,
		Fault{Name: "500, body cut", Stream: refused(&cut), Whole: refused(&cut), Serve: func(c *Conn) {
			c.head(500, jsonType, "Content-Length: 1000")
			c.send(`{"error":{"type":"server_error","message":"broken","code":"b`)
		}},
		Fault{Name: "500, body reset", Stream: refused(&cut), Whole: refused(&cut), Serve: func(c *Conn) {
			c.head(500, jsonType, "Content-Length: 1000")
			c.send(`{"error":{"type":"server_error","message":"broken","code":"b`)
			c.reset()
		}},
	)
}

// mediaTypeFaults are answers with status 200 that are, or seem to be, no stream.
func mediaTypeFaults() []Fault {
	answers := func(name, contentType, text string, stream, whole *Want) Fault {
		return Fault{Name: name, Stream: stream, Whole: whole, Serve: body(contentType, text)}
	}
	const page = "<!DOCTYPE html><html><body>Please log in</body></html>"
	complete := hello + stop + usage + done
	said := refused(&api.Error{Status: http.StatusOK, Type: "server_error", Code: "busy", Message: "overloaded"})
	return grouped("Media types",
		answers("a login page", htmlType, page, fails(NotStream), fails(Malformed)),
		answers("a login page without a type", "", page, fails(NotStream), fails(Malformed)),
		answers("a login page as text", "text/plain", page, fails(NotStream), fails(Malformed)),
		answers("a JSON answer to a request for a stream", jsonType, completion, ends(Finished, helloTokens), ends(Finished, helloTokens)),
		answers("a JSON answer without a type", "", completion, ends(Finished, helloTokens), ends(Finished, helloTokens)),
		answers("other JSON", jsonType, `{"status":"ok"}`, fails(NotStream), fails(Malformed)),
		answers("a chunk as JSON", jsonType, `{"id":"c1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}`, fails(NotStream), fails(Malformed)),
		answers("a text completion", jsonType, `{"id":"c1","object":"text_completion","choices":[{"index":0,"text":"Hello","finish_reason":"stop"}]}`, fails(NotStream), fails(Malformed)),
		answers("a choice without a message", jsonType, `{"id":"c1","object":"chat.completion","choices":[{}]}`, fails(NotStream), fails(Malformed)),
		answers("a JSON answer with the type of events", eventStream, completion, ends(Finished, helloTokens), ends(Finished, helloTokens)),
		answers("an error object with the type of events", eventStream, busy, said, said),
		answers("JSON without a body", jsonType, "", fails(NotStream), fails(Malformed)),
		answers("an error object with status 200", jsonType, busy, said, said),
		answers("an error object with status 200 as text", "text/plain", busy, said, said),
		answers("an error string with status 200", jsonType, `{"error":"overloaded"}`,
			refused(&api.Error{Status: 200, Message: "overloaded"}), refused(&api.Error{Status: 200, Message: "overloaded"})),
		answers("a null error beside an answer", jsonType, `{"error":null,`+completion[1:], ends(Finished, helloTokens), ends(Finished, helloTokens)),
		answers("text", "text/plain", "upstream is down", fails(NotStream), fails(Malformed)),
		answers("events without a type", "", complete, ends(Finished, helloTokens), nil),
		answers("events as text", "text/plain; charset=utf-8", complete, ends(Finished, helloTokens), nil),
		answers("events with a type in capitals", "Text/Event-Stream; Charset=UTF-8", complete, ends(Finished, helloTokens), nil),
		answers("events with a broken type", "text/event-stream; charset", complete, ends(Finished, helloTokens), nil),
		answers("events as JSON", jsonType, complete, fails(NotStream), fails(Malformed)),
		answers("events to a request for a whole answer", eventStream, complete, nil, fails(Malformed)),
		answers("lines of JSON", "application/x-ndjson", `{"choices":[]}`+"\n"+`{"choices":[]}`+"\n", fails(NotStream), fails(Malformed)),
		Fault{Name: "204", Stream: fails(NotStream), Whole: fails(Malformed), Serve: func(c *Conn) { c.head(http.StatusNoContent, "") }},
	)
}

// errorEventFaults are errors inside a stream, in every shape that servers use.
func errorEventFaults() []Fault {
	after := func(answer Answer, name, data string, want api.Error) Fault {
		want.Status = http.StatusOK
		return streams(name, data, &Want{Outcome: APIError, Answer: answer, Refusal: &want})
	}
	fails := func(name, data string, want api.Error) Fault { return after(helloSoFar, name, hello+data, want) }
	object := api.Error{Type: "server_error", Code: "busy", Message: "overloaded"}
	text := api.Error{Message: "overloaded"}
	failed := Answer{Choices: []Choice{{Text: "Hello", Finish: "error"}}}
	return grouped("Errors inside a stream",
		fails("error object", event(busy), object),
		fails("error object, then [DONE]", event(busy)+done, object),
		fails("error object, spaced and last", event(`{ "id" : "c1" , "x" : [ 1 ] , "error" : { "code" : "busy" , "type" : "server_error" , "message" : "overloaded" } }`), object),
		fails("error object over several data lines", "data: {\"error\":\ndata: {\"message\":\"overloaded\",\ndata: \"type\":\"server_error\",\"code\":\"busy\"}}\n\n", object),
		fails("error object with an integer code", event(`{"error":{"message":"overloaded","code":502}}`), api.Error{Message: "overloaded", Code: "502"}),
		fails("error string", event(`{"error":"overloaded"}`), text),
		fails("event error with an error object", "event: error\n"+event(busy), object),
		fails("event error without the key", "event: error\n"+event(`{"message":"overloaded","type":"server_error","code":"busy"}`), object),
		fails("event error with text", "event: error\n"+event(`overloaded`), text),
		after(failed, "error beside a choice", hello+event(`{"id":"c1","error":{"code":502,"message":"overloaded"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}`), api.Error{Message: "overloaded", Code: "502"}),
		after(failed, "error in a choice", hello+event(`{"id":"c1","choices":[{"index":0,"delta":{"content":""},"finish_reason":"error","error":{"code":502,"message":"overloaded"}}]}`), api.Error{Message: "overloaded", Code: "502"}),
		fails("flat error object", event(`{"object":"error","message":"overloaded","type":"server_error","code":"busy"}`), object),
		fails("error in an event that is cut", "data: "+busy, object),
		after(helloStop, "error after all choices finished", hello+stop+event(busy), object),
		after(helloStop, "event error that is cut", hello+stop+"event: error\ndata: {\"message\":\"overloaded\"}\n", text),
		fails("event error without a word", "event: error\ndata:\n\n", api.Error{}),
		after(Answer{}, "error in an event without a type that is cut", "data: "+busy+"\n", object),
		after(Answer{}, "error as the first event", event(busy), object),
		streams("null error in every event", event(`{"error":null,`+delta(0, `{"content":"Hello"}`, "")[1:])+event(`{"error":null,`+delta(0, `{}`, "stop")[1:])+done, ends(Finished, helloStop)),
		streams("the word error in the text", event(delta(0, `{"content":"{\"error\":{\"message\":\"x\"}}"}`, "stop"))+done,
			ends(Finished, Answer{Choices: []Choice{{Text: `{"error":{"message":"x"}}`, Finish: "stop"}}})),
		streams("an error deep in a field nobody knows", hello+event(`{"x":{"error":{"message":"x"}},`+delta(0, `{}`, "stop")[1:])+done, ends(Finished, helloStop)),
		streams("broken JSON between events", hello+event(`{"choices":[`)+stop+done, ends(Malformed, helloSoFar)),
		streams("a wrong type in an event", hello+event(`{"choices":[{"index":"zero"}]}`)+stop+done, ends(Malformed, helloSoFar)),
		streams("text in place of JSON", hello+event(`overloaded`)+stop+done, ends(Malformed, helloSoFar)),
	)
}
