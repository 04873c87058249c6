package chattest_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ want, got, diff string }{
		"the same":            {`{"a":[1,"x",null,true]}`, ` { "a" : [ 1, "x", null, true ] } `, ""},
		"order of members":    {`{"a":1,"b":2}`, `{"b":2,"a":1}`, ""},
		"spellings":           {`["\u00fc",1.0,1e2]`, `["ü",1,100]`, ""},
		"texts":               {`{"messages":[{},{"content":"a"}]}`, `{"messages":[{},{"content":"b"}]}`, "messages[1].content: want \"a\", got \"b\"\n"},
		"HTML":                {`"<a>"`, `"<b>"`, "the whole: want \"<a>\", got \"<b>\"\n"},
		"numbers":             {`{"n":1}`, `{"n":2}`, "n: want 1, got 2\n"},
		"large integers":      {`9007199254740993`, `9007199254740992`, "the whole: want 9007199254740993, got 9007199254740992\n"},
		"number and text":     {`1`, `"1"`, "the whole: want 1, got \"1\"\n"},
		"null and nothing":    {`{"a":null}`, `{}`, "a: want null, got nothing\n"},
		"nothing and null":    {`{}`, `{"a":null}`, "a: want nothing, got null\n"},
		"false and null":      {`false`, `null`, "the whole: want false, got null\n"},
		"object and list":     {`{"a":{}}`, `{"a":[]}`, "a: want {}, got []\n"},
		"null and object":     {`{"a":null}`, `{"a":{"b":1}}`, "a: want null, got {\"b\":1}\n"},
		"more elements":       {`[1]`, `[1,{"a":2}]`, "[1]: want nothing, got {\"a\":2}\n"},
		"fewer elements":      {`[1,2]`, `[]`, "[0]: want 1, got nothing\n[1]: want 2, got nothing\n"},
		"several":             {`{"b":1,"a":{"c":"x"}}`, `{"b":2,"a":{"c":"y"}}`, "a.c: want \"x\", got \"y\"\nb: want 1, got 2\n"},
		"names with a slash":  {`{"a/b":{"~":1}}`, `{"a/b":{"~":2}}`, "a/b.~: want 1, got 2\n"},
		"what has no JSON":    {`{`, `{}`, "what is wanted has no JSON: unexpected EOF\n"},
		"what came has none":  {`{}`, `{} {}`, "what came has no JSON: there is more than one value\n"},
		"nothing at all":      {`{}`, ``, "what came has no JSON: EOF\n"},
		"strings of NULs":     {`"\u0000"`, `"\u0000\u0000"`, "the whole: want \"\\u0000\", got \"\\u0000\\u0000\"\n"},
		"deep in a long list": {`{"l":[` + strings.Repeat("1,", 500) + `1]}`, `{"l":[` + strings.Repeat("1,", 500) + `2]}`, "l[500]: want 1, got 2\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := chattest.Diff([]byte(c.want), []byte(c.got)); got != c.diff {
				t.Errorf("%s", got)
			}
		})
	}
}

// Of long values no more is shown than it takes to see what differs.
func TestDiffIsShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 10_000)
	got := chattest.Diff(long+"1"+long, long+"2"+long)
	if !strings.Contains(got, "ä1ä") || !strings.Contains(got, "ä2ä") || len(got) > 400 || strings.Contains(got, "\ufffd") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
	if got := chattest.Diff(nil, map[string]string{"a": long}); len(got) > 200 || !strings.HasSuffix(got, "ä…\n") {
		t.Error(got)
	}
	many := make([]int, 100)
	got = chattest.Diff([]int{}, many)
	if strings.Count(got, "\n") != 21 || !strings.HasSuffix(got, "\nand 80 more\n") {
		t.Error(got)
	}
}

func TestDiffOfValues(t *testing.T) {
	t.Parallel()
	req := question(false)
	if got := chattest.Diff(req, &req); got != "" {
		t.Error(got)
	}
	if got := chattest.Diff(json.RawMessage(`{"model":"m","messages":[`+userHello+`]}`), req); got != "" {
		t.Error(got)
	}
	if got := chattest.Diff(chat.Messages{chat.UserMessage{Content: chat.Text("hi")}}, req.Messages); got != "[0].content: want \"hi\", got \"hello\"\n" {
		t.Error(got)
	}
	if got := chattest.Diff(1, math.NaN()); !strings.HasPrefix(got, "what came has no JSON: json: ") {
		t.Error(got)
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	tb := &fakeTB{}
	if !chattest.Equal(tb, []int{1}, []byte("[1]")) || chattest.Equal(tb, []int{1}, []int{2}) {
		t.Error("Equal says otherwise")
	}
	if want := []string{"not what was wanted:\n[0]: want 1, got 2\n"}; !slices.Equal(tb.errors, want) {
		t.Errorf("%q", tb.errors)
	}
}

// FuzzDiff holds that values are equal to themselves however they are written, and that differences go both ways.
func FuzzDiff(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.50,"x"],"b":{"c":null}}`), []byte(`{"a":[1,2.5]}`))
	f.Add([]byte(`"ä"`), []byte(`"\u00e4"`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var value any
		if json.Unmarshal(a, &value) != nil {
			return
		}
		if diff := chattest.Diff(a, json.RawMessage(a)); diff != "" {
			t.Errorf("%s differs from itself: %s", a, diff)
		}
		if !json.Valid(b) {
			return
		}
		there, back := chattest.Diff(a, b), chattest.Diff(b, a)
		if strings.Count(there, "\n") != strings.Count(back, "\n") {
			t.Errorf("%s\n%s\n%s", fmt.Sprintf("%s %s", a, b), there, back)
		}
	})
}
