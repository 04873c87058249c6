package main

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tests/oracle/plain"
)

const recordedFolder = "../../stream/testdata/dialects"

// smokeEvents is how many events are compared in a test; make oracle compares more.
const smokeEvents = 20_000

func TestOracle(t *testing.T) {
	t.Parallel()
	recorded, err := readRecorded(recordedFolder)
	if err != nil {
		t.Fatal(err)
	}
	o := run{seed: 1, events: smokeEvents, recorded: recorded, report: func(text string) { t.Error(text) }}
	if events, _ := o.do(); events < smokeEvents {
		t.Errorf("%d events were compared", events)
	}
}

// TestOverlay adds an object that may be null to the delta.
func TestOverlay(t *testing.T) {
	t.Parallel()
	if raceEnabled || testing.Short() {
		t.Skip("it builds everything anew")
	}
	var out strings.Builder
	if err := runOverlaid(&out, "testdata/overlay.yaml", smokeEvents, 1); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !strings.Contains(out.String(), " 0 mismatches") {
		t.Error(out.String())
	}
}

// TestMadeUp holds that what is made up reaches what it is for: of the events a part is refused, and a field that is
// set in no event is not compared.
func TestMadeUp(t *testing.T) {
	t.Parallel()
	recorded, err := readRecorded(recordedFolder)
	if err != nil {
		t.Fatal(err)
	}
	taken, refused := 0, 0
	unset := map[string]bool{}
	for number := range uint64(300) {
		r := newRandom(1, number)
		for _, data := range r.stream(recorded) {
			p, err := expect[plain.CreateChatCompletionStreamResponse](data)
			if err != nil {
				refused++
				continue
			}
			taken++
			noteFields(unset, reflect.ValueOf(p))
		}
	}
	if taken < 20*refused/10 || refused < taken/50 {
		t.Errorf("%d events taken, %d refused", taken, refused)
	}
	for _, field := range slices.Sorted(maps.Keys(unset)) {
		if unset[field] {
			t.Errorf("%s is never set", field)
		}
	}
}

// noteFields notes of each field of a struct in v whether it was unset wherever the struct was seen.
func noteFields(unset map[string]bool, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			noteFields(unset, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			noteFields(unset, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().String() + "." + v.Type().Field(i).Name
			seen, known := unset[name]
			unset[name] = (seen || !known) && v.Field(i).IsZero()
			noteFields(unset, v.Field(i))
		}
	default:
	}
}

// TestCompare changes every place of a value, one at a time: each change must be found, at its place.
func TestCompare(t *testing.T) {
	t.Parallel()
	const data = `{"id":"a","created":1,"choices":[{"index":0,"delta":{"content":"x","tool_calls":[{"index":1,"id":"c","function":{"name":"f","arguments":"{}"}}],` +
		`"annotations":[{"type":"url_citation"}]},"logprobs":{"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[]}],"refusal":null},"finish_reason":"stop"}],` +
		`"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"completion_tokens_details":{"reasoning_tokens":4}},"moderation":{"output":{"type":"error","message":"m"}}}`
	want, err := expect[plain.CreateChatCompletionStreamResponse]([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	fresh := func() *chat.CreateChatCompletionStreamResponse {
		got := new(chat.CreateChatCompletionStreamResponse)
		if err := codec.Unmarshal([]byte(data), got, chat.Codec{}.DecodeChunk); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if d := compare(fresh(), want); d != "" {
		t.Fatal(d)
	}
	changes := 0
	for n := 0; ; n++ {
		got := fresh()
		left := n
		path := change(reflect.ValueOf(got).Elem(), &left)
		if path == "" {
			break
		}
		changes++
		if d := compare(got, want); !strings.HasPrefix(d, path+":") {
			t.Errorf("%s was changed, found %q", path, d)
		}
	}
	if changes < 30 {
		t.Errorf("only %d places", changes)
	}
	if d := compare(&chat.CompletionUsage{}, want); !strings.Contains(d, "make generate") {
		t.Errorf("types that do not pair: %q", d)
	}
}

// change changes the n-th place in v and returns the path to it, "" if there are not so many.
func change(v reflect.Value, n *int) string {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if path := change(v.Field(i), n); path != "" {
				return "." + v.Type().Field(i).Name + strings.TrimPrefix(path, "!")
			}
		}
		return ""
	case reflect.Pointer:
		if !v.IsNil() {
			if path := change(v.Elem(), n); path != "" {
				return path
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if path := change(v.Index(i), n); path != "" {
				return fmt.Sprintf("[%d]%s", i, strings.TrimPrefix(path, "!"))
			}
		}
	default:
	}
	if *n--; *n >= 0 {
		return ""
	}
	changeHere(v)
	return "!"
}

func changeHere(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "?")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Slice:
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
			return
		}
		v.SetZero()
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
			return
		}
		v.SetZero()
	case reflect.Interface:
		if v.IsNil() {
			v.Set(reflect.ValueOf(chat.Raw("1")))
			return
		}
		v.SetZero()
	default:
		v.SetZero()
	}
}

// TestDifferences has what json/v2 does otherwise on purpose, and what is made of it here.
func TestDifferences(t *testing.T) {
	t.Parallel()
	nested := func(depth int) string {
		return `{"x":` + strings.Repeat("[", depth-1) + "1" + strings.Repeat("]", depth-1) + "}"
	}
	for name, test := range map[string]struct {
		data string
		err  bool // both refuse it
	}{
		"the last of duplicates":                 {data: `{"id":"a","id":"b"}`},
		"a duplicate is not merged":              {data: `{"usage":{"prompt_tokens":1},"usage":{"total_tokens":2}}`},
		"nor into a list":                        {data: `{"choices":[{"index":1,"delta":{"content":"x"}}],"choices":[{"index":2}]}`},
		"a duplicate null":                       {data: `{"usage":{"prompt_tokens":1},"usage":null}`},
		"a duplicate by an escape":               {data: `{"id":"a","\u0069d":"b"}`},
		"a wrong value before the last":          {data: `{"id":1,"id":"b"}`, err: true},
		"duplicates that nobody knows":           {data: `{"x":1,"x":{"y":2,"y":3}}`},
		"a duplicate tag":                        {data: `{"moderation":{"input":{"type":"error","type":"moderation_results"}}}`},
		"an integer with a fraction":             {data: `{"created":1.0}`},
		"an integer with an exponent":            {data: `{"created":1.5e1}`},
		"an integer that becomes one":            {data: `{"created":100e-2}`},
		"an integer of many digits":              {data: `{"created":1` + strings.Repeat("0", 300) + `e-300}`},
		"no integer":                             {data: `{"created":1.5}`, err: true},
		"an integer out of range":                {data: `{"created":9223372036854775808}`, err: true},
		"an integer out of range, in words":      {data: `{"created":9.223372036854775808e18}`, err: true},
		"minus zero":                             {data: `{"created":-0,"choices":[{"index":-0.0,"logprobs":{"content":[{"logprob":-0.0}]}}]}`},
		"a float out of range":                   {data: `{"choices":[{"logprobs":{"content":[{"logprob":1e400}]}}]}`, err: true},
		"a float that is too small":              {data: `{"choices":[{"logprobs":{"content":[{"logprob":1e-400}]}}]}`},
		"invalid UTF-8":                          {data: "{\"id\":\"a\xffb\xe4\xb8\",\"\xff\":1,\"\xfe\":2}"},
		"halves of a pair":                       {data: `{"id":"\ud83d","model":"\ude00\ud83d\u0041"}`},
		"another case":                           {data: `{"ID":"a","Id":"b"}`},
		"null in every place":                    {data: `{"id":null,"created":null,"choices":null,"usage":null}`},
		"null as a chunk":                        {data: `null`},
		"nulls in a list":                        {data: `{"choices":[null,{"delta":null}]}`},
		"a list as a chunk":                      {data: `[]`, err: true},
		"two values":                             {data: `{} {}`, err: true},
		"nothing":                                {data: ``, err: true},
		"as deep as can be":                      {data: nested(codec.MaxDepth)},
		"too deep":                               {data: nested(codec.MaxDepth + 1), err: true},
		"more elements than the memory is worth": {data: `{"choices":[{}` + strings.Repeat(",{}", 100_000) + `]}`}, // refused here, taken there
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, d := newEvent([]byte(test.data))
			if d != "" || (e.err != nil) != test.err {
				t.Errorf("%s; json/v2: %v", d, e.err)
			}
		})
	}
}

// FuzzStream: whatever lines are the events of a stream, it reads as json/v2 has it.
func FuzzStream(f *testing.F) {
	recorded, err := readRecorded(recordedFolder)
	if err != nil {
		f.Fatal(err)
	}
	for _, list := range recorded {
		var text []byte
		for _, data := range list {
			text = append(append(text, data...), '\n')
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, mismatches := checkStream(newRandom(1, uint64(len(text))), bytes.Split(text, []byte("\n")))
		for _, m := range mismatches {
			t.Error(m)
		}
	})
}

// FuzzDocument: whole bodies decode as json/v2 has it.
func FuzzDocument(f *testing.F) {
	for number := range uint64(20) {
		r := newRandom(2, number)
		for kind, d := range documents {
			f.Add(byte(kind), r.value(d.plain, maxDepth).append(nil))
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, data []byte) {
		d := documents[int(kind)%len(documents)]
		if diff := d.difference(data); diff != "" {
			t.Errorf("%s: %s", d.name, diff)
		}
	})
}
