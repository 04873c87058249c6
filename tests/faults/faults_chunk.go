package faults

import "strings"

// Streams that are odd but right: servers send them, or the document allows them.

// chunkFaults have chunks that are incomplete, doubled or out of order.
func chunkFaults() []Fault {
	finished := ends(Finished, helloTokens)
	complete := usage + done
	say0 := func(delta0 string) string { return event(delta(0, delta0, "")) }
	odd := func(name, text string) Fault { return streams(name, text, finished) }
	two := ends(Finished, Answer{Choices: []Choice{{Text: "Hello", Finish: "stop"}, {Index: 1, Text: "Bonjour", Finish: "stop"}}, Tokens: 3})
	other := func(text, finish string) string { return event(delta(1, `{"content":"`+text+`"}`, finish)) }
	return grouped("Odd chunks",
		odd("null deltas", say0("null")+hello+say0("null")+stop+complete),
		odd("absent deltas", event(choices(`{"index":0}`))+hello+stop+complete),
		odd("null content", say0(`{"role":null,"content":null,"tool_calls":null,"refusal":null,"audio":null}`)+hello+stop+complete),
		odd("null choices", event(`{"id":"c1","choices":null}`)+hello+stop+complete),
		odd("absent choices", event(`{"id":"c1","x":1}`)+hello+stop+complete),
		odd("empty choices first, as Azure", event(`{"id":"","object":"","created":0,"model":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}],"choices":[]}`)+hello+stop+complete),
		odd("usage in every chunk, the last wins", strings.ReplaceAll(hello+stop, `"choices":`, `"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2},"choices":`)+complete),
		odd("usage twice, the last wins", hello+stop+event(`{"id":"c1","choices":[],"usage":{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9}}`)+complete),
		odd("null usage in every chunk", strings.ReplaceAll(hello+stop, `"choices":`, `"usage":null,"choices":`)+complete),
		odd("null usage after the usage", hello+stop+usage+event(`{"id":"c1","choices":[],"usage":null}`)+done),
		odd("no ID in the chunk with the usage", hello+stop+strings.ReplaceAll(usage, `"id":"c1",`, "")+done),
		odd("finish reason repeated as null", hello+stop+say0("{}")+complete),
		odd("finish reason repeated as an empty string", hello+stop+event(choices(`{"index":0,"delta":{},"finish_reason":""}`))+complete),
		odd("text with the finish reason", role+say("Hel")+event(delta(0, `{"content":"lo"}`, "stop"))+complete),
		odd("text after the finish reason", role+say("Hel")+stop+say("lo")+complete),
		odd("everything in one chunk", event(strings.TrimSuffix(delta(0, `{"role":"assistant","content":"Hello"}`, "stop"), "}")+`,"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`)+done),
		odd("one choice twice in a chunk", event(choices(`{"index":0,"delta":{"content":"Hel"},"finish_reason":null}`, `{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}`))+complete),
		odd("role in every chunk", say0(`{"role":"assistant","content":"Hel"}`)+say0(`{"role":"assistant","content":"lo"}`)+stop+complete),
		streams("choices by turns", hello+other("Bon", "")+stop+other("jour", "stop")+complete, two),
		streams("choices out of order", other("Bon", "")+hello+other("jour", "stop")+stop+complete, two),
		streams("a huge index of a choice", strings.ReplaceAll(hello+stop, `"index":0`, `"index":2147483647`)+complete,
			ends(Finished, Answer{Choices: []Choice{{Index: 2147483647, Text: "Hello", Finish: "stop"}}, Tokens: 3})),
		streams("an unknown finish reason", hello+event(delta(0, "{}", "eos_token"))+done, ends(Finished, Answer{Choices: []Choice{{Text: "Hello", Finish: "eos_token"}}})),
		streams("a refusal", role+event(delta(0, `{"refusal":"I "}`, ""))+event(delta(0, `{"refusal":"won't"}`, ""))+stop+done,
			ends(Finished, Answer{Choices: []Choice{{Refusal: "I won't", Finish: "stop"}}})),
		odd("unknown fields and values", strings.ReplaceAll(hello+stop, `"choices":[{`, `"service_tier":"gold","x":[{"y":null}],"choices":[{"x":{},"logprobs":null,`)+complete),
	)
}

// jsonFaults have JSON that other decoders stumble over.
func jsonFaults() []Fault {
	finished := ends(Finished, helloTokens)
	complete := stop + usage + done
	text := func(name, json, want string) Fault {
		return streams(name, event(delta(0, `{"content":`+json+`}`, ""))+stop+done, ends(Finished, Answer{Choices: []Choice{{Text: want, Finish: "stop"}}}))
	}
	odd := func(name, text string) Fault { return streams(name, text, finished) }
	deep := func(levels int) string {
		return hello + event(`{"x":`+strings.Repeat("[", levels)+strings.Repeat("]", levels)+`,`+delta(0, "{}", "stop")[1:]) + usage + done
	}
	return grouped("Odd JSON",
		odd("a field twice, the last wins", event(delta(0, `{"content":"x","content":"Hel"}`, ""))+say("lo")+complete),
		odd("an object twice, never merged", event(choices(`{"index":0,"delta":{"content":"x","refusal":"x"},"delta":{"content":"Hel"}}`))+say("lo")+complete),
		odd("a list twice, never merged", event(`{"choices":[{"index":1,"delta":{"content":"x","refusal":"x"}}],`+choices(`{"index":0,"delta":{"content":"Hel"}}`)[1:])+say("lo")+complete),
		odd("names in another case", event(`{"CHOICES":[],"id":"c1","choices":[{"index":0,"delta":{"content":"Hel","Content":"x","CONTENT":"y"},"Delta":{"content":"z"}}],"Choices":[]}`)+say("lo")+complete),
		odd("names with escapes", strings.ReplaceAll(hello, `"content"`, `"\u0063ontent"`)+complete),
		odd("white space everywhere", strings.NewReplacer(":{", " : { ", ":[", " :\t[ ", ",", " , ", "}", " }").Replace(hello+stop+usage)+done),
		odd("integers as floats", strings.NewReplacer(`"index":0`, `"index":0.0`, `"created":1700000000`, `"created":1.7e9`, `"total_tokens":3`, `"total_tokens":3.0`).Replace(hello+complete)),
		odd("a large integer in a field nobody knows", strings.ReplaceAll(hello, `"choices":`, `"x":123456789012345678901234567890,"choices":`)+complete),
		odd("10,000 levels of nesting", deep(9_999)),
		streams("100,000 levels of nesting", deep(100_000), ends(Malformed, helloSoFar)),
		text("escapes", `"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, "\"\\/\b\f\n\r\té😀"),
		text("UTF-8", `"é😀\u0000"`, "é😀\x00"),
		text("a lone high surrogate", `"a\ud83db"`, "a\ufffdb"),
		text("a lone low surrogate", `"a\ude00b"`, "a\ufffdb"),
		text("invalid UTF-8", "\"a\xffb\xc3\"", "a\ufffdb\ufffd"),
		streams("an emoji cut in two by the server", event(delta(0, `{"content":"\ud83d"}`, ""))+event(delta(0, `{"content":"\ude00"}`, ""))+stop+done,
			ends(Finished, Answer{Choices: []Choice{{Text: "\ufffd\ufffd", Finish: "stop"}}})),
	)
}
