package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// corpus is a stream as servers send it.
type corpus struct {
	name   string
	small  bool     // its chunks are of a few hundred bytes
	events []string // the JSON of each chunk
	end    string   // of a line
}

// The number of chunks of a stream: enough that opening it does not count.
const (
	smallChunks = 4000
	largeChunks = 250
)

// corpora are what the decoders are measured on, made once.
var corpora = sync.OnceValue(newCorpora)

func newCorpora() []corpus {
	return []corpus{
		{"text", true, chunks(smallChunks, 1, true, textDelta), "\n"},
		{"text, no obfuscation", true, chunks(smallChunks, 1, false, textDelta), "\n"},
		{"text, CRLF", true, chunks(smallChunks, 1, true, textDelta), "\r\n"},
		{"tools", true, chunks(smallChunks, 1, true, toolDelta), "\n"},
		{"n=8", true, chunks(smallChunks, 8, true, textDelta), "\n"},
		{"reasoning", true, chunks(smallChunks, 1, true, reasoningDelta), "\n"},
		{"logprobs ×20", false, chunks(largeChunks, 1, true, logprobsDelta), "\n"},
		{"4 KB text", false, chunks(largeChunks, 1, true, largeDelta), "\n"},
	}
}

// stream returns the corpus as it is on the wire.
func (c corpus) stream() []byte {
	var b []byte
	for _, event := range append(c.events, "[DONE]") {
		b = append(append(append(append(b, "data: "...), event...), c.end...), c.end...)
	}
	return b
}

// payloads returns the JSON alone.
func (c corpus) payloads() [][]byte {
	var list [][]byte
	for _, event := range c.events {
		list = append(list, []byte(event))
	}
	return list
}

// delta returns the i-th delta of a choice, and its log probabilities.
type delta func(i int) (delta, logprobs string)

// chunks returns the chunks of an answer: a role for each choice, deltas by turns, and the finish reasons.
func chunks(n, choices int, obfuscated bool, next delta) []string {
	var list []string
	add := func(choice int, delta, logprobs, finish string) {
		padding := ""
		if obfuscated {
			padding = fmt.Sprintf(`,"obfuscation":%q`, obfuscations[len(list)%len(obfuscations)])
		}
		list = append(list, fmt.Sprintf(`{"id":"chatcmpl-BkZ0v7pXWcJQ1hZ2mKq8sT4uYw3Rn","object":"chat.completion.chunk","created":1750000000,`+
			`"model":"gpt-5.4-2026-03-05","service_tier":"default","system_fingerprint":"fp_34a54ae93c","choices":[{"index":%d,"delta":{%s},`+
			`"logprobs":%s,"finish_reason":%s}],"usage":null%s}`, choice, delta, logprobs, finish, padding))
	}
	for choice := range choices {
		add(choice, `"role":"assistant","content":"","refusal":null`, "null", "null")
	}
	for i := range n - 2*choices {
		delta, logprobs := next(i)
		add(i%choices, delta, logprobs, "null")
	}
	for choice := range choices {
		add(choice, "", "null", `"stop"`)
	}
	return list
}

var (
	obfuscations = []string{"x7Kq0pVbN2mZr", "Lw9", "tY4uQ8sB1n", "aZ", "m3Xc6Vb9Kd2Fg5", "p", "Qe7Rt", "hJ0kL4zX8"}
	words        = strings.Split(" world| The| of|,| stream|ing| a| token|s|.| is| what| one| needs| to| read|\\n\\n|- | for| Zürich| and| so| on| 42|!| (|see| below|)| by| turns|:", "|")
)

func textDelta(i int) (string, string) {
	return `"content":"` + words[i%len(words)] + `"`, "null"
}

// reasoningDelta has text in a field that the document lacks.
func reasoningDelta(i int) (string, string) {
	return `"content":null,"reasoning_content":"` + words[i%len(words)] + `"`, "null"
}

// toolDelta has two calls side by side.
func toolDelta(i int) (string, string) {
	if i < 2 {
		return fmt.Sprintf(`"tool_calls":[{"index":%d,"id":"call_%024d","type":"function","function":{"name":"get_weather","arguments":""}}]`, i, i), "null"
	}
	arguments := []string{`{\"`, `location`, `\":\"`, `Zürich`, `, CH`, `\",\n\"`, `unit`, `\":\"`, `celsius`, `\"}`}
	return fmt.Sprintf(`"tool_calls":[{"index":%d,"function":{"arguments":"%s"}}]`, i%2, arguments[i/2%len(arguments)]), "null"
}

// logprobsDelta has the twenty likeliest tokens.
func logprobsDelta(i int) (string, string) {
	token := func(i, rank int) string {
		text := words[(i+rank)%len(words)]
		var codes []string
		for _, c := range []byte(text) {
			codes = append(codes, strconv.Itoa(int(c)))
		}
		probability := -0.31725305318832397 * float64(rank*rank+i%7+1)
		return fmt.Sprintf(`{"token":"%s","logprob":%v,"bytes":[%s]`, text, probability, strings.Join(codes, ","))
	}
	var top []string
	for rank := range 20 {
		top = append(top, token(i, rank)+"}")
	}
	delta, _ := textDelta(i)
	return delta, `{"content":[` + token(i, 0) + `,"top_logprobs":[` + strings.Join(top, ",") + `]}],"refusal":null}`
}

// largeDelta has 4 KB of text with the escapes of program code.
func largeDelta(i int) (string, string) {
	line := fmt.Sprintf(`\tif err := run(ctx, \"%d\"); err != nil {\n\t\treturn fmt.Errorf(\"Zürich \u2192 %%w\", err)\n\t}\n`, i)
	return `"content":"` + strings.Repeat(line, 4<<10/len(line)) + `"`, "null"
}

// response returns a whole answer of about so many bytes.
func response(size int) []byte {
	content := &strings.Builder{}
	for i := 0; content.Len() < size-600; i++ {
		content.WriteString(words[i*7%len(words)])
	}
	return fmt.Appendf(nil, `{"id":"chatcmpl-BkZ0v7pXWcJQ1hZ2mKq8sT4uYw3Rn","object":"chat.completion","created":1750000000,"model":"gpt-5.4-2026-03-05",`+
		`"choices":[{"index":0,"message":{"role":"assistant","content":"%s","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],`+
		`"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},`+
		`"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},`+
		`"service_tier":"default","system_fingerprint":"fp_34a54ae93c"}`, content)
}

// request is what is asked, before a library makes it its own.
type request struct {
	messages []message
	image    string // a data URL beside the last message, or ""
}

type message struct{ role, text string }

func shortRequest() request {
	return request{messages: []message{{"user", "Say hello."}}}
}

// imageRequest has an image of four megabytes.
func imageRequest() request {
	return request{
		messages: []message{{"user", "What is this?"}},
		image:    "data:image/png;base64," + strings.Repeat("iVBORw0KGgoAAAANSUhEUgAAABwAAAAS", 4<<20/32),
	}
}

// historyRequest has 400 KB of messages with code, markup and other scripts.
func historyRequest() request {
	const text = "Here is what I would write, in Zürich and 東京:\n\n```go\nif a < b && b > c {\n\treturn fmt.Errorf(\"%q: %w\", name, err)\n}\n```\n\n" +
		"The <b>check</b> comes first, because it is cheap; the rest is plain text that goes on for a while without anything to escape in it. "
	r := request{messages: []message{{"system", "Be brief."}}}
	for i := range 200 {
		r.messages = append(r.messages, message{[]string{"user", "assistant"}[i%2], strings.Repeat(text, 2048/len(text))})
	}
	return r
}
