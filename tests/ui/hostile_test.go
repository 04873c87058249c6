package ui_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// steering is what a server could try with a terminal: clear it, set its title and its clipboard, change the
// color, hide the cursor, switch screens, reset, draw over what is there, ask for an answer that would be typed
// into the shell; with ESC and with the control characters of one rune that mean the same.
const steering = "\x1b[2J\x1b[H\x1b]0;stolen\x07\x1b]52;c;c3RvbGVu\x1b\\\x1b[31mred\x1b[?25l\x1b[?1049h\x1bc" +
	"\x1b[6n\x05\x1b[2;5r\x1b[4h\x0e\x0f\b\b\r\v\f\x7f\u009b31m\u009d0;stolen\u009c\u0090q\u009c\u0085"

// visible is what remains of steering where control characters are left out.
const visible = "[2J[H]0;stolen]52;c;c3RvbGVu\\[31mred[?25l[?1049hc[6n[2;5r[4h31m0;stolenq"

// notUTF8 is a stream with a control character as terminals that do not know UTF-8 have it.
const notUTF8 = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,` +
	`"delta":{"content":"Text ` + "\x9b" + `31m."},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"

// TestHostile has a server that puts control characters wherever it can put text. What remains of them is text, in a
// terminal that shows answers as they come just as in one that only prints.
func TestHostile(t *testing.T) {
	t.Parallel()
	completion := object{
		"id": "chatcmpl-" + steering, "object": "chat.completion", "created": 1, "model": "m-" + steering,
		"metadata": object{"k" + steering: steering},
		"choices": []object{{"index": 0, "finish_reason": "stop" + steering, "message": object{
			"role": "assistant", "content": "Text " + steering + ".", "tool_calls": []object{toolCall()},
		}}},
	}
	for _, test := range []struct {
		name    string
		command string
		answer  http.HandlerFunc
		want    string // on the screen
		code    int
	}{
		{
			name: "text", command: "chatspec chat Hi",
			answer: streamed(delta(object{"content": "Text "}), delta(object{"content": steering}), delta(object{"content": ".\n"}), finish("stop")),
			want:   "Text " + visible + ".",
		},
		{
			name: "text as entities", command: "chatspec chat -markdown on Hi",
			answer: streamed(delta(object{"content": "Text &#27;[2J&#x1b;]0;stolen&#7; &#155;31m."}), finish("stop")),
			want:   "Text [2J]0;stolen ",
		},
		{
			name: "text in code", command: "chatspec chat -markdown on Hi",
			answer: streamed(delta(object{"content": "```\nText " + steering + "\n```\n[a](http://b" + steering + ")"}), finish("stop")),
			want:   "Text " + visible,
		},
		{
			name: "reasoning", command: "chatspec chat -reasoning on Hi",
			answer: streamed(delta(object{"reasoning": "Text " + steering + "."}), delta(object{"content": "End."}), finish("stop")),
			want:   "Text " + visible + ".",
		},
		{
			name: "text in bytes", command: "chatspec chat Hi", // no chunk has a whole sequence
			answer: streamed(append(runes("Text "+steering+"."), finish("stop"))...),
			want:   "Text " + visible + ".",
		},
		{
			name: "not UTF-8", command: "chatspec chat Hi",
			answer: document(http.StatusOK, "text/event-stream", notUTF8),
			want:   "Text \ufffd31m.",
		},
		{
			name: "chunks not UTF-8", command: "chatspec chat -json Hi",
			answer: document(http.StatusOK, "text/event-stream", notUTF8),
			want:   "Text \ufffd31m.",
		},
		{
			name: "refusal", command: "chatspec chat Hi",
			answer: streamed(delta(object{"refusal": "No " + steering + "."}), finish("stop")),
			want:   "No " + visible + ".", code: 1,
		},
		{
			name: "finish reason", command: "chatspec chat Hi",
			answer: streamed(delta(object{"content": "Text"}), finish("odd "+steering)),
			want:   "odd " + visible + ";",
		},
		{
			name: "tool call", command: "chatspec chat Hi",
			answer: streamed(delta(object{"tool_calls": []object{toolCall()}}), finish("tool_calls")),
			want:   `"id":"call_`,
		},
		{
			name: "chunks", command: "chatspec chat -json Hi",
			answer: streamed(delta(object{"content": "Text " + steering}), finish("stop")),
			want:   `"content":"Text `,
		},
		{
			name: "error", command: "chatspec chat Hi",
			answer: document(http.StatusBadRequest, "application/json", object{"error": object{"message": "Bad " + steering + ".", "type": "t" + steering, "code": "c" + steering}}),
			want:   "Bad " + visible + ".", code: 1,
		},
		{
			name: "error in a stream", command: "chatspec chat Hi",
			answer: streamed(delta(object{"content": "Text"}), object{"error": object{"message": "Bad " + steering + "."}}),
			want:   "Bad " + visible, code: 1,
		},
		{
			name: "error page", command: "chatspec chat Hi",
			answer: document(http.StatusBadGateway, "text/html", "<h1>"+steering+"</h1>"),
			want:   "502", code: 1,
		},
		{
			name: "another page", command: "chatspec chat Hi",
			answer: document(http.StatusOK, "text/html; charset="+steering, "<h1>"+steering+"</h1>"),
			want:   "", code: 1,
		},
		{
			name: "list", command: "chatspec list",
			answer: document(http.StatusOK, "application/json", object{"object": "list", "data": []object{completion}, "has_more": false}),
			want:   "chatcmpl-" + visible,
		},
		{
			name: "get", command: "chatspec get chatcmpl-1",
			answer: document(http.StatusOK, "application/json", completion),
			want:   "Text " + visible + ".", // in the call
		},
		{
			name: "get JSON", command: "chatspec get -json chatcmpl-1",
			answer: document(http.StatusOK, "application/json", completion),
			want:   `"content":"Text `,
		},
		{
			name: "messages", command: "chatspec messages chatcmpl-1",
			answer: document(http.StatusOK, "application/json", object{
				"object": "list", "has_more": false, "data": []object{{"id": "m1", "role": "user" + steering, "content": "Text " + steering + "."}},
			}),
			want: "Text " + visible + ".",
		},
		{
			name: "delete", command: "chatspec delete chatcmpl-1",
			answer: document(http.StatusOK, "application/json", object{"object": "chat.completion.deleted", "id": "chatcmpl-" + steering, "deleted": true}),
			want:   "deleted chatcmpl-" + visible,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.answer)
			t.Cleanup(server.Close)
			for _, open := range []func(*testing.T, int, ...string) *terminal{openPlain, openTerminal} {
				term := open(t, 80, "OPENAI_BASE_URL="+server.URL+"/v1")
				term.run(t, "echo before")
				lines, code := term.run(t, test.command)
				if code != test.code || !strings.Contains(noBlanks.Replace(strings.Join(lines, "\n")), noBlanks.Replace(test.want)) {
					t.Errorf("exit code %d, want %d; on the screen:\n%s\nwant:\n%s", code, test.code, strings.Join(lines, "\n"), test.want)
				}
				if all := term.lines(t); !slices.Contains(all, "before") {
					t.Errorf("what was on the screen is gone:\n%s", strings.Join(all, "\n"))
				}
				term.checkSteered(t)
			}
		})
	}
}

// ours matches what the command steers a terminal with that can be more than plain: bold, dim and colors, a step up, and
// clearing what is below.
var ours = regexp.MustCompile(`\x1b\[(?:[0-9;]*m|[0-9]*A|J)`)

// checkSteered fails the test if a terminal was changed, or steered in a way that is not ours. In a plain one nothing is.
func (term *terminal) checkSteered(t *testing.T) {
	t.Helper()
	if term.plain {
		term.checkPlain(t)
		return
	}
	if state := term.modes(t); state != term.state {
		t.Errorf("the terminal was changed from\n%sto\n%s", term.state, state)
	}
	written := term.bytes(t)
	if found := controls(ours.ReplaceAllString(written, "")); found != "" {
		t.Errorf("control characters %+q were written:\n%+q", found, written)
	}
	if strings.Contains(written, "\x1b[31m") {
		t.Errorf("the server's color was written:\n%+q", written)
	}
}

// noBlanks leaves blanks out: where a text is put in one line, there is one in the place of a line end. It leaves out
// backslashes too, which Markdown takes away.
var noBlanks = strings.NewReplacer(" ", "", `\`, "")

type object map[string]any

// toolCall returns a call, which is a delta of one too.
func toolCall() object {
	return object{
		"index": 0, "id": "call_" + steering, "type": "function",
		"function": object{"name": "f" + steering, "arguments": `{"a":"` + steering + `"}`},
	}
}

// delta returns a chunk of a stream.
func delta(d object) object {
	return object{
		"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
		"choices": []object{{"index": 0, "delta": d, "finish_reason": nil}},
	}
}

// finish returns the chunk that ends an answer.
func finish(reason string) object {
	chunk := delta(object{})
	chunk["choices"].([]object)[0]["finish_reason"] = reason
	return chunk
}

// runes returns a chunk for each rune of a text.
func runes(text string) (chunks []object) {
	for _, r := range text {
		chunks = append(chunks, delta(object{"content": string(r)}))
	}
	return chunks
}

// streamed answers with a stream of events. In their JSON the control characters after DEL are not escaped.
func streamed(events ...object) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		streamEvents(w, events...)
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}

// streamEvents writes events, each at once.
func streamEvents(w http.ResponseWriter, events ...object) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, event := range events {
		data, err := json.Marshal(event)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(w, "data: %s\n\n", data)
		_ = http.NewResponseController(w).Flush() // the client may have gone
	}
}

// document answers with a text, or with an object as JSON.
func document(status int, mediaType string, body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		if text, ok := body.(string); ok {
			fmt.Fprint(w, text)
			return
		}
		_ = json.NewEncoder(w).Encode(body) // the client may have gone
	}
}
