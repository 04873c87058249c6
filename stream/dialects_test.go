package stream_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// dialects holds a body NAME.sse of each dialect, whose first line says where we know it from, and in NAME.json
// what it must be read as.
const dialects = "testdata/dialects"

// dialect is what a .json says of the body beside it.
type dialect struct {
	Outcome string `json:"outcome"` // one of outcomes
	Note    string `json:"note"`    // why, where that is not plain

	// What was asked for; see stream.Expect.
	N     int  `json:"n"`
	Usage bool `json:"usage"`

	Chunks int      `json:"chunks"` // handed out, so without one that brings an error
	Done   bool     `json:"done"`
	Text   string   `json:"text"`   // of the choice with index 0
	Finish string   `json:"finish"` // of the choice with index 0
	Raw    []string `json:"raw"`    // in the Raw of a chunk

	Error  *refusal                           `json:"error"`
	Result *chat.CreateChatCompletionResponse `json:"result"`

	names map[string]bool // of all members of all results
}

// refusal is what an api error must say.
type refusal struct {
	Status  int      `json:"status"`
	Type    string   `json:"type"`
	Code    string   `json:"code"`
	Message string   `json:"message"`
	Raw     []string `json:"raw"` // in the Raw of the error
}

// readDialects returns the body of each dialect and what is said of it, by name.
func readDialects(t *testing.T) (map[string]string, map[string]dialect) {
	t.Helper()
	bodies, wants, names := map[string]string{}, map[string]dialect{}, map[string]bool{}
	files, err := os.ReadDir(dialects)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(dialects, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		ext := filepath.Ext(file.Name())
		switch name := strings.TrimSuffix(file.Name(), ext); ext {
		case ".sse":
			bodies[name] = string(content)
		case ".json":
			d := json.NewDecoder(bytes.NewReader(content))
			d.DisallowUnknownFields()
			var want dialect
			if err := d.Decode(&want); err != nil {
				t.Fatalf("%s: %v", file.Name(), err)
			}
			want.names = names
			wants[name] = want
			var tree struct{ Result any }
			if err := json.Unmarshal(content, &tree); err != nil {
				t.Fatal(err)
			}
			collect(tree.Result, names)
		default:
			t.Errorf("%s is neither a body nor what is said of one", file.Name())
		}
	}
	for name, body := range bodies {
		if _, ok := wants[name]; !ok {
			t.Errorf("%s.sse has no .json", name)
		}
		if !strings.HasPrefix(body, ": source: ") || strings.Contains(body, "\r") {
			t.Errorf("%s.sse does not begin with its source, or has a CR: the test puts these in", name)
		}
	}
	for name, want := range wants {
		if _, ok := bodies[name]; !ok {
			t.Errorf("%s.json has no .sse", name)
		}
		if outcomes[want.Outcome] == nil || (want.Outcome == "api error") != (want.Error != nil) || want.Result == nil {
			t.Errorf("%s.json: outcome, error or result is missing", name)
		}
	}
	if len(bodies) == 0 || t.Failed() {
		t.FailNow()
	}
	return bodies, wants
}

// TestDialects reads the streams of many servers, with each line end of the standard.
func TestDialects(t *testing.T) {
	t.Parallel()
	bodies, wants := readDialects(t)
	for name, body := range bodies {
		for ends, lineEnd := range map[string]string{"LF": "\n", "CRLF": "\r\n", "CR": "\r"} {
			body := strings.ReplaceAll(body, "\n", lineEnd)
			t.Run(name+"/"+ends, func(t *testing.T) {
				t.Parallel()
				checkDialect(t, strings.NewReader(body), wants[name])
			})
			t.Run(name+"/"+ends+", one byte at a time", func(t *testing.T) {
				t.Parallel()
				checkDialect(t, iotest.OneByteReader(strings.NewReader(body)), wants[name])
			})
		}
	}
}

// checkDialect reads body and holds all that comes of it against want.
func checkDialect(t *testing.T, body io.Reader, want dialect) {
	t.Helper()
	s, err := stream.Open(answer(200, eventStream, body), stream.Expect(want.N, want.Usage))
	if err != nil {
		t.Fatal(err)
	}
	var text, raw strings.Builder
	chunks := 0
	for s.Next() {
		chunks++
		text.WriteString(s.Chunk().Text())
		raw.Write(append(s.Raw(), '\n'))
	}
	checkOutcome(t, s.Err(), want.Outcome)
	if chunks != want.Chunks || s.Done() != want.Done || text.String() != want.Text {
		t.Errorf("%d chunks, done %v, text %q; want %d, %v, %q", chunks, s.Done(), text.String(), want.Chunks, want.Done, want.Text)
	}
	checkContains(t, "Raw", raw.String(), want.Raw)

	result, err := s.Result()
	if err != s.Err() || !reflect.DeepEqual(want.known(t, result), want.Result) {
		t.Errorf("Result():\n%s\n%v; want\n%s\n%v", asJSON(t, result), err, asJSON(t, want.Result), s.Err())
	}
	if result.Text() != want.Text || string(result.FinishReason()) != want.Finish {
		t.Errorf("text %q, finish reason %q; want %q, %q", result.Text(), result.FinishReason(), want.Text, want.Finish)
	}

	var e *api.Error
	if want.Error == nil || !errors.As(s.Err(), &e) {
		return // checkOutcome has told
	}
	if e.Status != want.Error.Status || e.Type != want.Error.Type || e.Code != want.Error.Code || e.Message != want.Error.Message || e.RequestID != "req_1" {
		t.Errorf("%+v, want %+v", e, want.Error)
	}
	checkContains(t, "Raw of the error", string(e.Raw), want.Error.Raw)
}

// known returns the result without what no file here knows, so that a field that is added to the document
// does not make all of them wrong.
func (d dialect) known(t *testing.T, result *chat.CreateChatCompletionResponse) *chat.CreateChatCompletionResponse {
	t.Helper()
	var tree any
	if err := json.Unmarshal(asJSON(t, result), &tree); err != nil {
		t.Fatal(err)
	}
	prune(tree, d.names)
	var pruned chat.CreateChatCompletionResponse
	if err := json.Unmarshal(asJSON(t, tree), &pruned); err != nil {
		t.Fatal(err)
	}
	return &pruned
}

// prune removes all members with other names from the objects in v.
func prune(v any, names map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			prune(e, names)
		}
	case map[string]any:
		for name, e := range v {
			if prune(e, names); !names[name] {
				delete(v, name)
			}
		}
	}
}

// collect adds the names of all members of the objects in v.
func collect(v any, names map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			collect(e, names)
		}
	case map[string]any:
		for name, e := range v {
			names[name] = true
			collect(e, names)
		}
	}
}

// checkContains checks that each part is in s.
func checkContains(t *testing.T, what, s string, parts []string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(s, part) {
			t.Errorf("%s lacks %s:\n%s", what, part, s)
		}
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDialectsCut cuts each stream that finishes at every byte. Nobody may take what is left for an answer
// before the last finish reason has arrived whole, or [DONE] where no finish reason comes. After that nothing
// takes it back.
func TestDialectsCut(t *testing.T) {
	t.Parallel()
	bodies, wants := readDialects(t)
	for name, body := range bodies {
		want := wants[name]
		if want.Outcome != "finished" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			complete := completeAt(t, body)
			for i := range len(body) + 1 {
				s, err := stream.Open(answer(200, eventStream, strings.NewReader(body[:i])))
				if err != nil {
					t.Fatal(err)
				}
				result, err := s.Result()
				if i < complete {
					checkOutcome(t, err, "truncated")
				} else {
					checkOutcome(t, err, "finished")
				}
				if !strings.HasPrefix(want.Text, result.Text()) {
					t.Errorf("text %q, want the beginning of %q", result.Text(), want.Text)
				}
				if t.Failed() {
					t.Fatalf("cut at byte %d of %d, after %q", i, len(body), body[max(0, i-40):i])
				}
			}
		})
	}
}

// finishReason finds one that is neither null nor empty.
var finishReason = regexp.MustCompile(`"finish_reason":"[^"]`)

// completeAt returns how many bytes of body it takes for the answer to be complete.
func completeAt(t *testing.T, body string) int {
	t.Helper()
	end := "\n\n"
	start := 0
	if all := finishReason.FindAllStringIndex(body, -1); len(all) > 0 {
		start = all[len(all)-1][1]
	} else {
		end = "\ndata: [DONE]"
	}
	i := strings.Index(body[start:], end)
	if i < 0 {
		t.Fatal("the body has no end")
	}
	return start + i + len(end)
}
