package faults

import (
	"fmt"
	"net/http"
	"strings"
)

// Media types.
const (
	eventStream = "text/event-stream"
	jsonType    = "application/json"
	htmlType    = "text/html; charset=utf-8"
)

// event is an event with one line of data.
func event(data string) string { return "data: " + data + "\n\n" }

// delta is the data of an event that tells one choice what it gains; the delta is JSON, finish may be empty.
func delta(index int, delta, finish string) string {
	reason := "null"
	if finish != "" {
		reason = `"` + finish + `"`
	}
	return choices(fmt.Sprintf(`{"index":%d,"delta":%s,"finish_reason":%s}`, index, delta, reason))
}

// choices is the data of an event with these choices, as JSON.
func choices(list ...string) string {
	return `{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[` + strings.Join(list, ",") + `]}`
}

// say is an event with text for the first choice.
func say(text string) string { return event(delta(0, fmt.Sprintf(`{"content":%q}`, text), "")) }

// The pieces that most streams here are made of.
var (
	role  = event(delta(0, `{"role":"assistant","content":""}`, ""))
	hello = role + say("Hel") + say("lo")
	stop  = event(delta(0, `{}`, "stop"))
	usage = event(`{"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`)
)

// done is the event that ends a stream.
const done = "data: [DONE]\n\n"

// completion is a whole answer.
const completion = `{"id":"c1","object":"chat.completion","created":1700000000,"model":"m","choices":[{"index":0,` +
	`"message":{"role":"assistant","content":"Hello","refusal":null},"finish_reason":"stop","logprobs":null}],` +
	`"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`

// The answers that most faults are about.
var (
	helloSoFar  = Answer{Choices: []Choice{{Text: "Hello"}}}
	helloStop   = Answer{Choices: []Choice{{Text: "Hello", Finish: "stop"}}}
	helloTokens = Answer{Choices: []Choice{{Text: "Hello", Finish: "stop"}}, Tokens: 3}
)

// ends is the outcome o, after answer.
func ends(o Outcome, answer Answer) *Want { return &Want{Outcome: o, Answer: answer} }

// fails is the outcome o before anything of an answer has arrived.
func fails(o Outcome) *Want { return &Want{Outcome: o} }

// because is a w whose error is target to errors.Is.
func (w Want) because(target error) *Want {
	w.Is = target
	return &w
}

// body is a server that answers with 200 and body.
func body(contentType, body string) func(*Conn) {
	return func(c *Conn) { c.whole(http.StatusOK, contentType, body) }
}

// streams is a fault whose server sends text as a stream and ends the body as it should be.
func streams(name, text string, want *Want) Fault {
	return Fault{Name: name, Stream: want, Serve: func(c *Conn) {
		c.events(text)
		c.end()
	}}
}
