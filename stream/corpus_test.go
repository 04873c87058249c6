package stream_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// corpora are streams as servers send them, by what makes them hard: the data of their events, in order.
// They may be repeated without end.
var corpora = map[string][]string{
	"text":       textEvents(true),
	"text-plain": textEvents(false), // without obfuscation
	"tools":      toolEvents(),
	"n=8":        choiceEvents(8),
	"reasoning":  reasoningEvents(),
	"logprobs":   logprobsEvents(20),
	"4KB":        longEvents(4 << 10),
}

// corpusNames are the names of the corpora, in a fixed order.
var corpusNames = append(slices.Sorted(maps.Keys(corpora)), "text-crlf")

// corpus returns the stream and the data of its events.
func corpus(name string) (wire []byte, events [][]byte) {
	name, crlf := strings.CutSuffix(name, "-crlf")
	end := "\n"
	if crlf {
		end = "\r\n"
	}
	for _, event := range corpora[name] {
		wire = append(wire, "data: "+event+end+end...)
		events = append(events, []byte(event))
	}
	return wire, events
}

// words are what deltas are made of: short and long, with escapes and other scripts.
var words = []string{" the", " quick", " answer", ",", " of", `\n\n`, " delightful", " \\\"quoted\\\"", " Zürich", " 東京", " is", ".", " 42"}

func word(i int) string { return words[i%len(words)] }

// padding is obfuscation, which makes the lengths of all chunks alike.
func padding(i int) string { return "q8TzL0bN5wKp2v"[:2+i%13] }

// chunkEvent is an event with these choices, and rest at its end.
func chunkEvent(choices, rest string) string {
	return `{"id":"chatcmpl-C9x2LmQ4vT7pZr1YkWn8sHd3aBcDe","object":"chat.completion.chunk","created":1760000000,` +
		`"model":"gpt-5.4-2026-01-15","service_tier":"default","system_fingerprint":"fp_3f6b0a91c2",` +
		`"choices":[` + choices + `]` + rest + `}`
}

// choice is one choice of an event.
func choice(index int, delta, logprobs string) string {
	return fmt.Sprintf(`{"index":%d,"delta":{%s},"logprobs":%s,"finish_reason":null}`, index, delta, logprobs)
}

func textEvents(obfuscated bool) (events []string) {
	for i := range 200 {
		rest := `,"usage":null`
		if obfuscated {
			rest += `,"obfuscation":"` + padding(i) + `"`
		}
		events = append(events, chunkEvent(choice(0, `"content":"`+word(i)+`"`, "null"), rest))
	}
	return events
}

func toolEvents() (events []string) {
	for call := range 2 {
		begin := fmt.Sprintf(`"tool_calls":[{"index":%d,"id":"call_%d9aXb2","type":"function","function":{"name":"weather","arguments":""}}]`, call, call)
		events = append(events, chunkEvent(choice(0, begin, "null"), `,"usage":null,"obfuscation":"x"`))
		for i := range 40 {
			more := fmt.Sprintf(`"tool_calls":[{"index":%d,"function":{"arguments":"%s"}}]`, call, []string{`{\"`, "city", `\":\"`, "Oslo", `\"}`}[i%5])
			events = append(events, chunkEvent(choice(0, more, "null"), `,"usage":null,"obfuscation":"`+padding(i)+`"`))
		}
	}
	return events
}

func choiceEvents(n int) (events []string) {
	for i := range 200 {
		events = append(events, chunkEvent(choice(i%n, `"content":"`+word(i)+`"`, "null"), `,"usage":null,"obfuscation":"`+padding(i)+`"`))
	}
	return events
}

func reasoningEvents() (events []string) {
	for i := range 200 {
		delta := `"content":null,"reasoning_content":"` + word(i) + `"`
		events = append(events, chunkEvent(choice(0, delta, "null"), ""))
	}
	return events
}

func logprobsEvents(top int) (events []string) {
	token := func(i int, rest string) string {
		w := strings.ReplaceAll(word(i), `\`, "")
		var bytes []string
		for _, b := range []byte(w) {
			bytes = append(bytes, strconv.Itoa(int(b)))
		}
		return fmt.Sprintf(`{"token":%q,"logprob":-%d.%d,"bytes":[%s]%s}`, w, i%17, 1234567+i*7919, strings.Join(bytes, ","), rest)
	}
	for i := range 50 {
		var rivals []string
		for j := range top {
			rivals = append(rivals, token(i+j, ""))
		}
		logprobs := `{"content":[` + token(i, `,"top_logprobs":[`+strings.Join(rivals, ",")+`]`) + `],"refusal":null}`
		events = append(events, chunkEvent(choice(0, `"content":"`+word(i)+`"`, logprobs), `,"usage":null`))
	}
	return events
}

func longEvents(size int) (events []string) {
	for i := range 20 {
		text := strings.Repeat("A line of text with a \\\"quote\\\", then "+word(i)+` and a break.\n`, size/64)
		events = append(events, chunkEvent(choice(0, `"content":"`+text+`"`, "null"), `,"usage":null,"obfuscation":"`+padding(i)+`"`))
	}
	return events
}
