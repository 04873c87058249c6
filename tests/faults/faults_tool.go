package faults

import (
	"fmt"
	"net/http"
	"strings"
)

// toolFaults call tools in every way that servers do.
func toolFaults() []Fault {
	calls := func(list ...string) string {
		return event(delta(0, `{"tool_calls":[`+strings.Join(list, ",")+`]}`, ""))
	}
	opened := func(index int, id, name, arguments string) string {
		return fmt.Sprintf(`{"index":%d,"id":%q,"type":"function","function":{"name":%q,"arguments":%q}}`, index, id, name, arguments)
	}
	more := func(index int, arguments string) string {
		return fmt.Sprintf(`{"index":%d,"function":{"arguments":%q}}`, index, arguments)
	}
	odd := func(name, text string, want ...Call) Fault {
		return streams(name, role+text+event(delta(0, "{}", "tool_calls"))+done,
			ends(Finished, Answer{Choices: []Choice{{Finish: "tool_calls", Calls: want}}}))
	}
	one, two := Call{"t1", "f", `{"x":1}`}, Call{"t2", "g", `{"y":2}`}
	first, second := opened(0, "t1", "f", ""), opened(1, "t2", "g", "")
	return grouped("Tool calls",
		odd("one call", calls(first)+calls(more(0, `{"x"`))+calls(more(0, `:1}`)), one),
		odd("a whole call in one delta", calls(opened(0, "t1", "f", `{"x":1}`)), one),
		odd("two calls, by turns", calls(first)+calls(second)+calls(more(0, `{"x"`))+calls(more(1, `{"y"`))+calls(more(0, `:1}`), more(1, `:2}`)), one, two),
		odd("two calls, out of order", calls(second)+calls(more(1, `{"y":2}`))+calls(first)+calls(more(0, `{"x":1}`)), one, two),
		odd("a huge index of a call", calls(opened(2147483647, "t1", "f", ""))+calls(more(2147483647, `{"x":1}`)), one),
		odd("index -1", calls(opened(-1, "t1", "f", ""))+calls(more(-1, `{"x":1}`)), one),
		odd("no index", calls(`{"id":"t1","function":{"name":"f","arguments":"{\"x\""}}`)+calls(`{"function":{"arguments":":1}"}}`), one),
		odd("no index, two calls", calls(`{"id":"t1","function":{"name":"f","arguments":"{\"x\":1}"}}`)+calls(`{"id":"t2","function":{"name":"g","arguments":"{\"y\":2}"}}`), one, two),
		odd("a new ID at an old index is a new call", calls(opened(0, "t1", "f", `{"x":1}`))+calls(opened(0, "t2", "g", `{"y"`))+calls(more(0, `:2}`)), one, two),
		odd("the name again in every delta", calls(first)+calls(opened(0, "t1", "f", `{"x"`))+calls(opened(0, "t1", "f", `:1}`)), one),
		odd("an empty name and ID in later deltas", calls(first)+calls(opened(0, "", "", `{"x":1}`)), one),
		odd("nulls in later deltas", calls(first)+calls(`{"index":0,"id":null,"type":null,"function":{"name":null,"arguments":"{\"x\":1}"}}`), one),
		odd("null arguments first", calls(`{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":null}}`)+calls(more(0, `{"x":1}`)), one),
		odd("index as a float", strings.ReplaceAll(calls(first)+calls(more(0, `{"x":1}`)), `{"index":0,"id"`, `{"index":0.0,"id"`), one),
		odd("no type", strings.ReplaceAll(calls(first)+calls(more(0, `{"x":1}`)), `"type":"function",`, ""), one),
		odd("empty lists of calls", calls()+calls(first)+calls()+calls(more(0, `{"x":1}`))+calls(), one),
		odd("a function call in the form before tools", event(delta(0, `{"function_call":{"name":"f","arguments":"{\"x\""}}`, ""))+event(delta(0, `{"function_call":{"arguments":":1}"}}`, "")), Call{"", "f", `{"x":1}`}),
	)
}

// wholeFaults are odd answers to a request that does not stream.
func wholeFaults() []Fault {
	answers := func(name, body string, outcome Outcome, want Answer) Fault {
		return Fault{Name: name, Whole: ends(outcome, want), Serve: func(c *Conn) { c.whole(http.StatusOK, jsonType, body) }}
	}
	odd := func(name string, replace ...string) Fault {
		return answers(name, strings.NewReplacer(replace...).Replace(completion), Finished, helloTokens)
	}
	call := `"tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}],"content":null`
	one := Answer{Choices: []Choice{{Finish: "tool_calls", Calls: []Call{{"t1", "f", `{"x":1}`}}}}, Tokens: 3}
	return grouped("Whole answers",
		odd("whole"),
		odd("whole: unknown fields and values", `"choices":`, `"service_tier":"gold","x":[{"error":1}],"choices":`),
		odd("whole: integers as floats", `"index":0`, `"index":0.0`, `"total_tokens":3`, `"total_tokens":3.0`, `"created":1700000000`, `"created":1.7e9`),
		odd("whole: a field twice, the last wins", `"content":"Hello"`, `"content":"x","content":"Hello"`),
		odd("whole: an object twice, never merged", `"message":`, `"message":{"content":"x","refusal":"x"},"message":`, `"refusal":null`, `"x":0`),
		odd("whole: names in another case", `"content":"Hello"`, `"content":"Hello","Content":"x"`, `"choices":`, `"CHOICES":[],"choices":`),
		odd("whole: 9,000 levels of nesting", `"choices":`, `"x":`+strings.Repeat("[", 9_000)+strings.Repeat("]", 9_000)+`,"choices":`),
		answers("whole: tool calls", strings.NewReplacer(`"content":"Hello"`, call, `"finish_reason":"stop"`, `"finish_reason":"tool_calls"`).Replace(completion), Finished, one),
		answers("whole: a lone surrogate", strings.ReplaceAll(completion, "Hello", `a\ud83db`), Finished, Answer{Choices: []Choice{{Text: "a\ufffdb", Finish: "stop"}}, Tokens: 3}),
		answers("whole: broken JSON", completion[:len(completion)-1], Malformed, Answer{}),
		answers("whole: more than one value", completion+completion, Malformed, Answer{}),
		answers("whole: a wrong type", strings.ReplaceAll(completion, `"index":0`, `"index":"zero"`), Malformed, Answer{}),
		answers("whole: no choices", `{"id":"c1","object":"chat.completion"}`, Malformed, Answer{}),
		answers("whole: null", `null`, Malformed, Answer{}),
		Fault{Name: "whole: one byte at a time", Whole: ends(Finished, helloTokens), Serve: func(c *Conn) {
			c.chunked(http.StatusOK, jsonType)
			for _, b := range []byte(completion) {
				c.chunk(string([]byte{b}))
			}
			c.end()
		}},
	)
}
