package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
	"github.com/chatspec/chatspec/tool"
)

type recipe struct {
	Title   string    `json:"title"`
	Minutes int       `json:"minutes"`
	Steps   []string  `json:"steps"`
	Written time.Time `json:"written"`
	Note    *string   `json:"note"`
}

const soup = `{"title":"Soup","minutes":25,"steps":["Cut.","Cook."],"written":"2026-01-02T15:04:05Z","note":null}`

// TestParse shows what is asked for and what comes back, in one piece and in many.
func TestParse(t *testing.T) {
	t.Parallel()
	client, srv := newClient(t, textReply(soup).Repeated())
	answer, err := tool.Parse[recipe](t.Context(), client, question())
	if err != nil {
		t.Fatal(err)
	}
	want := recipe{Title: "Soup", Minutes: 25, Steps: []string{"Cut.", "Cook."}, Written: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)}
	if !reflect.DeepEqual(answer.Value, want) || answer.Completion.Text() != soup {
		t.Errorf("the answer is %v, want %v", answer.Value, want)
	}
	s, err := tool.ParseStream[recipe](t.Context(), client, question())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if answer, err = s.Result(); err != nil || !reflect.DeepEqual(answer.Value, want) {
		t.Errorf("the streamed answer is %v, %v", answer, err)
	}
	for _, request := range srv.Requests() {
		sameValue(t, "the format", request.Body.ResponseFormat, json.RawMessage(`{"type":"json_schema","json_schema":{"name":"recipe","schema":`+
			`{"additionalProperties":false,"properties":{"title":{"type":"string"},"minutes":{"type":"integer"},`+
			`"steps":{"items":{"type":"string"},"type":"array"},"written":{"format":"date-time","type":"string"},`+
			`"note":{"type":["string","null"]}},"required":["title","minutes","steps","written","note"],"type":"object"},"strict":true}}`))
		// A model writes the fields in the order in which the schema has them.
		if at := strings.Index(string(request.Raw), `"title":`); at < 0 || at > strings.Index(string(request.Raw), `"minutes":`) {
			t.Errorf("the fields are in another order: %s", request.Raw)
		}
	}
}

// answers are completions that are not what was asked for, with the error that says so.
var answers = []struct {
	name  string
	reply chattest.Reply
	want  error
	text  string
}{
	{"refused", chattest.Completion(chat.CreateChatCompletionResponse{
		Choices: []chat.Choice{{Message: chat.ResponseMessage{Refusal: "I will not."}}},
	}), tool.ErrRefusal, ""},
	{"cut", textReply(`{"title":"So`).WithFinishReason(chat.FinishReasonLength), tool.ErrLength, `{"title":"So`},
	{"whole, and cut", textReply(soup).WithFinishReason(chat.FinishReasonLength), tool.ErrLength, soup},
	{"filtered", textReply(`{"title":"`).WithFinishReason(chat.FinishReasonContentFilter), tool.ErrContentFilter, `{"title":"`},
	{"calls", chattest.ToolCalls(call("a", "get_weather", `{}`)), tool.ErrCalls, ""},
	{"spaces", textReply(" \n"), tool.ErrEmpty, " \n"},
	{"prose", textReply("Here you are: {}"), tool.ErrInvalid, "Here you are: {}"},
	{"half", textReply(`{"title":"So`), tool.ErrInvalid, `{"title":"So`},
	{"a missing field", textReply(`{"title":"Soup"}`), tool.ErrInvalid, `{"title":"Soup"}`},
	{"a field too many", textReply(strings.Replace(soup, "{", `{"x":1,`, 1)), tool.ErrInvalid, strings.Replace(soup, "{", `{"x":1,`, 1)},
	{"null", textReply(`null`), tool.ErrInvalid, "null"},
	{"no date", textReply(strings.Replace(soup, "2026-01-02T15:04:05Z", "today", 1)), tool.ErrInvalid, strings.Replace(soup, "2026-01-02T15:04:05Z", "today", 1)},
	{"two values", textReply(soup + soup), tool.ErrInvalid, soup + soup},
}

func TestParseFails(t *testing.T) {
	t.Parallel()
	for _, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, _ := newClient(t, test.reply.Repeated())
			_, whole := tool.Parse[recipe](t.Context(), client, question())
			s, err := tool.ParseStream[recipe](t.Context(), client, question())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			answer, streamed := s.Result()
			if answer != nil || !errors.Is(s.Err(), streamed) || s.Value() != nil || s.Next() {
				t.Errorf("the stream ended with %v, %v", answer, s.Err())
			}
			for _, err := range []error{whole, streamed} {
				failed, ok := errors.AsType[*tool.AnswerError](err)
				if !ok || !errors.Is(err, test.want) || failed.Completion == nil || failed.Text != test.text {
					t.Fatalf("the error is %#v, want %v with the text %q", err, test.want, test.text)
				}
				if (failed.Reason != nil) != errors.Is(err, tool.ErrInvalid) || (failed.Refusal != "") != errors.Is(err, tool.ErrRefusal) {
					t.Errorf("the reason is %v, the refusal %q", failed.Reason, failed.Refusal)
				}
				if errors.Is(err, api.ErrContentFilter) != errors.Is(err, tool.ErrContentFilter) {
					t.Errorf("%v is %v", err, api.ErrContentFilter)
				}
				if strings.Contains(err.Error(), "So") || strings.Contains(err.Error(), "will") {
					t.Errorf("the error quotes the answer: %v", err)
				}
			}
		})
	}
}

// TestParseRefuses shows what is an error before anything is sent.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	client, srv := newClient(t)
	with := func(format chat.ResponseFormat, n int) chat.CreateChatCompletionRequest {
		req := question()
		req.ResponseFormat, req.N = format, new(n)
		return req
	}
	for _, test := range []struct {
		name  string
		parse func(context.Context, tool.Client, chat.CreateChatCompletionRequest) error
		req   chat.CreateChatCompletionRequest
		want  string
	}{
		{"several choices", parse[recipe], with(nil, 2), "the request asks for 2 choices (n); there must be one"},
		{"a format without a schema", parse[recipe], with(chat.JSONObjectResponse{}, 1), "the request has a response_format without a schema; leave it empty"},
		{"a schema that is none", parse[recipe], with(formatWith(`5`), 1), "the schema: it is a number, want an object"},
		{"a schema that breaks off", parse[recipe], with(formatWith(`{"type":`), 1), ": the schema: unexpected end of JSON input"},
		{"a schema with a type that is none", parse[recipe], with(formatWith(`{"type":"strin"}`), 1), `the schema: there is no type "strin"; `},
		{"an empty format", parse[recipe], with(chat.JSONSchemaResponse{}, 1), "the response_format has no schema"},
		{"a map", parse[map[string]string], with(nil, 1), "a map has any keys, which have no strict schema"},
		{"a list", parse[[]string], with(nil, 1), "[]string is no JSON object: make it a field of a struct"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if err := test.parse(t.Context(), client, test.req); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q", err, test.want)
			}
		})
	}
	if _, err := tool.Format[map[string]string](); err == nil {
		t.Error("a map has a format")
	}
	if n := len(srv.Requests()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
	if err := parse[recipe](t.Context(), nil, question()); err.Error() != "tool: Parse: there is no client" {
		t.Errorf("the error is %v", err)
	}
}

// parse is Parse and ParseStream, which must refuse the same.
func parse[T any](ctx context.Context, client tool.Client, req chat.CreateChatCompletionRequest) error {
	_, whole := tool.Parse[T](ctx, client, req)
	_, streamed := tool.ParseStream[T](ctx, client, req)
	if a, b := strings.TrimPrefix(whole.Error(), "tool: Parse: "), strings.TrimPrefix(streamed.Error(), "tool: ParseStream: "); a != b {
		return errors.New("Parse says " + a + ", ParseStream " + b)
	}
	return whole
}

// formatWith returns a format with a schema that somebody wrote.
func formatWith(schema string) chat.JSONSchemaResponse {
	return chat.JSONSchemaResponse{JSONSchema: chat.NamedSchema{Name: "answer", Schema: json.RawMessage(schema)}}
}

// TestParseOwnSchema has an answer checked against a schema that somebody wrote.
func TestParseOwnSchema(t *testing.T) {
	t.Parallel()
	client, srv := newClient(t, textReply(`{"n": 4}`), textReply(`{"n": 5}`))
	req := question()
	req.ResponseFormat = formatWith(`{"type":"object","properties":{"n":{"multipleOf":2}}}`)
	answer, err := tool.Parse[json.RawMessage](t.Context(), client, req)
	if err != nil || string(answer.Value) != `{"n": 4}` {
		t.Errorf("the answer is %v, %v", answer, err)
	}
	if _, err := tool.Parse[json.RawMessage](t.Context(), client, req); !errors.Is(err, tool.ErrInvalid) {
		t.Errorf("the error is %v, want %v", err, tool.ErrInvalid)
	}
	sameValue(t, "the format", srv.Requests()[0].Body.ResponseFormat, req.ResponseFormat)
}

// TestParseTakesAbsentFields shows that optional fields may be missing, as servers without a strict form have it, and
// that numbers keep every digit.
func TestParseTakesAbsentFields(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t, textReply(`{"both":9007199254740993}`))
	answer, err := tool.Parse[optionals](t.Context(), client, question())
	if err != nil {
		t.Fatal(err)
	}
	if want := (optionals{Both: new(9007199254740993)}); !reflect.DeepEqual(answer.Value, want) {
		t.Errorf("the answer is %v, want %v", answer.Value, want)
	}
}

// TestParseDepth shows how deep an answer may be nested, and that what is wrong deep inside is found.
func TestParseDepth(t *testing.T) {
	t.Parallel()
	nested := func(depth int, innermost string) chattest.Reply {
		levels := depth - 2 // the root and the innermost node
		return textReply(`{"head":` + strings.Repeat(`{"value":1,"next":`, levels) + innermost + strings.Repeat(`}`, levels) + `}`)
	}
	for _, test := range []struct {
		name   string
		reply  chattest.Reply
		reason string
	}{
		{"as deep as may be", nested(100, `{"value":1}`), ""},
		{"too deep", nested(101, `{"value":1}`), "nested deeper than 100 levels"},
		{"wrong near the top", textReply(`{"head":{"value":"x"}}`), `/properties/value: type: x has type "string", want "integer"`},
		{"wrong at the bottom", nested(100, `{"value":"x"}`), `/properties/value: type: x has type "string", want "integer"`},
		{"a null in place of a number", textReply(`{"head":{"value":null}}`), `/properties/value: type: null has type "null", want "integer"`},
		{"an array in place of an object", nested(100, `[]`), `type: [] has type "array", want "object"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, _ := newClient(t, test.reply)
			_, err := tool.Parse[list](t.Context(), client, question())
			failed, ok := errors.AsType[*tool.AnswerError](err)
			if ok != (test.reason != "") || ok && !strings.HasSuffix(failed.Reason.Error(), test.reason) {
				t.Errorf("the error is %v, want %q", err, test.reason)
			}
		})
	}
}

func TestParseClientFails(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t, chattest.Error(400, chat.Error{Message: "no"}).Repeated())
	_, whole := tool.Parse[recipe](t.Context(), client, question())
	_, opened := tool.ParseStream[recipe](t.Context(), client, question())
	for _, err := range []error{whole, opened} {
		if refused, ok := errors.AsType[*api.Error](err); !ok || refused.Message != "no" {
			t.Errorf("the error is %v", err)
		}
	}
	streamed := question()
	streamed.Stream = true
	if _, err := tool.Parse[recipe](t.Context(), client, streamed); fmt.Sprint(err) != "tool: Parse: Stream is set; use ParseStream" {
		t.Errorf("with Stream the error is %v", err)
	}
	if _, err := tool.Parse[recipe](t.Context(), odd{}, question()); !errors.Is(err, tool.ErrEmpty) {
		t.Errorf("the error is %v, want %v", err, tool.ErrEmpty)
	}
}

// TestParseCallOptions shows that options reach the call.
func TestParseCallOptions(t *testing.T) {
	t.Parallel()
	client, srv := newClient(t, textReply(soup).Repeated())
	if _, err := tool.Parse[recipe](t.Context(), client, question(), chatspec.WithHeader("X-Test", "parse")); err != nil {
		t.Fatal(err)
	}
	s, err := tool.ParseStream[recipe](t.Context(), client, question(), chatspec.WithHeader("X-Test", "stream"))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	runner := tool.Runner{Client: client, CallOptions: []chatspec.CallOption{chatspec.WithHeader("X-Test", "run")}}
	if _, err := runner.Run(t.Context(), question()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"parse", "stream", "run"} {
		if got := srv.Requests()[i].Header.Get("X-Test"); got != want {
			t.Errorf("request %d has the header %q, want %q", i, got, want)
		}
	}
}

// pieces cuts text into pieces of n bytes.
func pieces(text string, n int) []string {
	var all []string
	for len(text) > n {
		all, text = append(all, text[:n]), text[n:]
	}
	return append(all, text)
}

// TestParseStreamGrows reads a value byte by byte.
func TestParseStreamGrows(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t, chattest.Text(pieces(soup, 1)...))
	s, err := tool.ParseStream[recipe](t.Context(), client, question())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var values []recipe
	for value, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, *value)
	}
	answer, err := s.Result()
	if err != nil || !reflect.DeepEqual(answer.Value, values[len(values)-1]) {
		t.Errorf("the last value is %v, the result %v, %v", values[len(values)-1], answer, err)
	}
	begin := []recipe{{}, {Title: ""}, {Title: "S"}, {Title: "So"}, {Title: "Sou"}, {Title: "Soup"}}
	for i, want := range begin {
		if !reflect.DeepEqual(values[i], want) {
			t.Errorf("value %d is %v, want %v", i, values[i], want)
		}
	}
	seen := map[string]bool{}
	for _, value := range values {
		if value.Minutes != 0 && value.Minutes != 25 {
			t.Errorf("half of a number was shown: %d", value.Minutes)
		}
		seen[strings.Join(value.Steps, "|")] = true
		if !value.Written.IsZero() {
			seen["written"] = true
		}
	}
	for _, want := range []string{"", "C", "Cut.", "Cut.|Co", "Cut.|Cook.", "written"} {
		if !seen[want] {
			t.Errorf("no value had %q", want)
		}
	}
}

// TestParseStreamKeepsPace shows that a value is there before the answer ends.
func TestParseStreamKeepsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := newClient(t, chattest.Text(`{"title":"Soup"`, `,"minutes":25`, `,"steps":[],"written":"2026-01-02T15:04:05Z","note":null}`).WithPace(time.Second))
		begin := time.Now()
		s, err := tool.ParseStream[recipe](t.Context(), client, question())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if !s.Next() || s.Value().Title != "Soup" || time.Since(begin) != time.Second {
			t.Errorf("the first value is %v after %v", s.Value(), time.Since(begin))
		}
	})
}

// TestParseStreamCost shows that the work grows with the text, however small the pieces are: the values together are
// not longer than 33 times the whole, and not so few that they show nothing of how it grows.
func TestParseStreamCost(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t, chattest.Text(pieces(`["`+strings.Repeat("x", 8_000)+`"]`, 4)...))
	req := question()
	req.ResponseFormat = formatWith(`{}`)
	s, err := tool.ParseStream[json.RawMessage](t.Context(), client, req)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	decoded, whole := 0, 0
	for value, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		whole = len(*value)
		decoded += whole
	}
	if decoded > 34*whole || decoded < 10*whole {
		t.Errorf("%d bytes were decoded for %d, want 10 to 34 times as many", decoded, whole)
	}
}

// TestParseStreamEnds shows how a stream that does not finish ends, and what is left of it.
func TestParseStreamEnds(t *testing.T) {
	t.Parallel()
	const half = `data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"{\"title\":\"Soup\""}}]}` + "\n\n"
	client, _ := newClient(t, chattest.Raw(200, http.Header{"Content-Type": {"text/event-stream"}}, []byte(half)))
	s, err := tool.ParseStream[recipe](t.Context(), client, question())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 0
	for value, err := range s.All() {
		if n++; n == 1 && (err != nil || value.Title != "Soup") || n == 2 && (!errors.Is(err, stream.ErrTruncated) || value != nil) {
			t.Errorf("pair %d is %v, %v", n, value, err)
		}
	}
	if n != 2 {
		t.Errorf("there were %d pairs, want 2", n)
	}
	partial, err := s.Stream().Result()
	if partial.Text() != `{"title":"Soup"` || !errors.Is(err, stream.ErrTruncated) {
		t.Errorf("the stream has %v, %v", partial, err)
	}
}

// TestParseStreamWhole reads an answer that the server did not stream.
func TestParseStreamWhole(t *testing.T) {
	t.Parallel()
	body, err := json.Marshal(chat.CreateChatCompletionResponse{Choices: []chat.Choice{{
		Message: chat.ResponseMessage{Content: soup}, FinishReason: chat.FinishReasonStop,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	client, _ := newClient(t, chattest.Raw(200, http.Header{"Content-Type": {"application/json"}}, body))
	s, err := tool.ParseStream[recipe](t.Context(), client, question())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if answer, err := s.Result(); err != nil || answer.Value.Minutes != 25 {
		t.Errorf("the answer is %v, %v", answer, err)
	}
}

// TestParseStreamClose shows that Close ends a Next that waits, from another goroutine.
func TestParseStreamClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := newClient(t, chattest.Text(pieces(soup, 20)...).WithPace(time.Hour))
		s, err := tool.ParseStream[recipe](t.Context(), client, question())
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(90*time.Minute, func() { s.Close() })
		for s.Next() {
		}
		if !errors.Is(s.Err(), context.Canceled) {
			t.Errorf("the stream ended with %v, want %v", s.Err(), context.Canceled)
		}
		if answer, err := s.Result(); answer != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("the result is %v, %v", answer, err)
		}
	})
}
