package faults

import (
	"net/http"
	"strings"
)

// endingFaults are about what makes a stream complete when its body ends well.
func endingFaults() []Fault {
	both := Answer{Choices: []Choice{{Text: "Hello", Finish: "stop"}, {Index: 1, Text: "Hi"}}}
	asked := func(f Fault, choices int, usage bool) Fault {
		f.Ask.Choices, f.Ask.Usage = choices, usage
		return f
	}
	second := event(delta(1, `{"content":"Hi"}`, ""))
	return grouped("Endings",
		streams("[DONE]", hello+stop+usage+done, ends(Finished, helloTokens)),
		streams("[DONE] without a finish reason", hello+done, ends(Finished, helloSoFar)),
		streams("[DONE] in spaces", hello+stop+"data:  [DONE] \n\n", ends(Finished, helloStop)),
		streams("[DONE] without a blank line", hello+stop+"data: [DONE]", ends(Finished, helloStop)),
		streams("[DONE] alone", done, fails(Truncated)),
		streams("no [DONE], all choices finished", hello+stop, ends(Finished, helloStop)),
		streams("no [DONE], not finished", hello, ends(Truncated, helloSoFar)),
		streams("no [DONE], cut in the event with the finish reason", hello+stop[:len(stop)-1], ends(Truncated, helloSoFar)),
		streams("an event named done", hello+stop+"event: done\ndata: {}\n\n", ends(Finished, helloStop)),
		streams("an event named done, nothing after it counts", hello+"event: done\ndata: {}\n\n"+say("!"), ends(Finished, helloSoFar)),
		streams("an event named end", hello+stop+"event: end\ndata: {}\n\n", ends(Finished, helloStop)),
		streams("an empty stream", "", fails(Truncated)),
		streams("comments only", ": hi\n\n: hi\n\n", fails(Truncated)),
		streams("usage only", usage, ends(Truncated, Answer{Tokens: 3})),
		asked(streams("n is 2, one choice finished", hello+second+stop, ends(Truncated, both)), 2, false),
		asked(streams("n is 2, one choice never came", hello+stop, ends(Truncated, helloStop)), 2, false),
		asked(streams("n is 2, one choice not finished, but [DONE]", hello+second+stop+done, ends(Finished, both)), 2, false),
		asked(streams("usage asked for and missing", hello+stop, ends(Truncated, helloStop)), 0, true),
		asked(streams("usage asked for and missing, but [DONE]", hello+stop+done, ends(Finished, helloStop)), 0, true),
		asked(streams("usage asked for, no [DONE]", hello+stop+usage, ends(Finished, helloTokens)), 0, true),
	)
}

// framingFaults frame events in every way that the standard allows.
func framingFaults() []Fault {
	complete := hello + stop + usage + done
	finished := ends(Finished, helloTokens)
	lines := func(end string) string { return strings.ReplaceAll(complete, "\n", end) }
	pieces := func(name, text string, size int) Fault {
		return Fault{Name: name, Stream: finished, Serve: func(c *Conn) {
			c.chunked(http.StatusOK, eventStream)
			rest := text
			for ; len(rest) > size; rest = rest[size:] {
				c.chunk(rest[:size])
				c.seen()
			}
			c.chunk(rest)
			c.end()
		}}
	}
	return grouped("Framing",
		streams("lines end in CRLF", lines("\r\n"), finished),
		streams("lines end in CR", lines("\r"), finished),
		streams("lines end in all ways", strings.ReplaceAll(strings.ReplaceAll(complete, "}\n\n", "}\r\n\r"), "]\n\n", "]\r\r\n"), finished),
		pieces("CRLF in pieces of seven bytes", lines("\r\n"), 7),
		pieces("an event over many packets", complete, 30),
		streams("byte order mark", "\ufeff"+complete, finished),
		streams("no space behind the colon", strings.ReplaceAll(complete, "data: ", "data:"), finished),
		streams("comments and keep-alives", ": hi\n\n"+strings.ReplaceAll(complete, "data: ", ": OPENROUTER PROCESSING\n\n:\ndata: "), finished),
		streams("500 keep-alives", hello+strings.Repeat(": keep-alive\n\n", 500)+stop+usage+done, finished),
		streams("blank lines between events", strings.ReplaceAll(complete, "\n\n", "\n\n\n\n"), finished),
		streams("event, id and retry fields", strings.ReplaceAll(complete, "data: ", "event: message\nid: 7\nretry: 10\ndata: "), finished),
		streams("fields behind the data", strings.ReplaceAll(complete, "\n\n", "\nid: 7\nx\n\n"), finished),
		streams("event names of the server's own", strings.ReplaceAll(complete, "data: ", "event: chunk\ndata: "), finished),
		streams("JSON over several data lines", strings.ReplaceAll(complete, `,"choices":`, ",\ndata: \"choices\":\ndata:  "), finished),
		streams("events with empty data", strings.ReplaceAll(complete, "data: {", "data:\n\ndata\n\ndata: {"), finished),
		small(4, streams("a line of 1 MiB", hello+event(`{"x":"`+strings.Repeat("x", 1<<20)+`",`+delta(0, `{}`, "stop")[1:])+usage+done, finished)),
	)
}
