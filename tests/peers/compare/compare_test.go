package main

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/tests/faults"
	"github.com/chatspec/chatspec/tests/faults/calls"
)

// TestCompare runs a handful of faults, of which it is known what the pinned versions make of them.
func TestCompare(t *testing.T) {
	t.Parallel()
	known := map[string]string{ // by fault and request
		"[DONE]/stream":                        "finished finished finished",
		"nobody listens/stream":                "transport error error",
		"nobody listens/whole":                 "transport error error",
		"chunked, no final chunk/stream":       "truncated error error",
		"no [DONE], not finished/stream":       "truncated success success",
		"a login page/stream":                  "not a stream success success",
		"a login page/whole":                   "malformed error error",
		"usage twice, the last wins/stream":    "finished another answer finished",
		"500 keep-alives/stream":               "finished finished error",
		"silence between events/stream":        "timeout error error",
		"HTTP/2, RST_STREAM CANCEL/stream":     "transport error error",
		"a login page without a type/stream":   "not a stream success success",
		"a login page without a type/whole":    "malformed error error",
		"one call/stream":                      "finished finished finished",
		"two calls, by turns/stream":           "finished finished finished",
		"the name again in every delta/stream": "finished another answer finished",
	}
	var selected []faults.Fault
	for _, f := range faults.Faults() {
		if known[f.Name+"/stream"] != "" {
			selected = append(selected, f)
		}
	}
	rows := faultRows(selected)
	compare(t.Context(), rows)
	for _, r := range rows {
		key := r.name + "/" + r.way
		var got []string
		for _, v := range r.verdicts {
			got = append(got, v.text)
		}
		if want := known[key]; strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q; %+v", key, got, want, r.verdicts)
		}
		if r.verdicts[0].wrong {
			t.Errorf("%s: chatspec is wrong: %s", key, r.verdicts[0].reason)
		}
	}
	if len(rows) != len(known) {
		t.Errorf("%d rows, want %d", len(rows), len(known))
	}
	var b bytes.Buffer
	if wrong := printTable(&b, rows); !slices.Equal(wrong, []int{0, 5, 4}) || !strings.HasSuffix(b.String(), "wrong: chatspec 0, openai-go 5, go-openai 4 of 16\n") {
		t.Errorf("%v\n%s", wrong, b.String())
	}
}

// TestCompareCalls does the same with a handful of scenarios.
func TestCompareCalls(t *testing.T) {
	t.Parallel()
	known := map[string]string{
		"503, then an answer":                                "2 requests, answer | 2 requests, answer | 1 request, error",
		"a stream that breaks after a chunk":                 "1 request, error | 1 request, error | 1 request, error",
		"503 to a list, then an answer":                      "2 requests, answer | 2 requests, answer | 1 request, error",
		"a POST whose connection is reset after it was read": "1 request, error | 2 requests, answer, asks too often | 1 request, error",
		"302 to another port":                                "1 request, error | 1 request, error | 2 requests, answer, the key goes to another server",
		"307 to the same server":                             "2 requests, answer | 2 requests, answer | 2 requests, answer",
		"a list, nobody listens":                             "0 requests, error | 0 requests, error, the query in %v | 0 requests, error, the query in %v",
		"the client":                                         "1 request, answer | 1 request, answer | 1 request, answer, the key in %v",
	}
	rows := callRows(slices.DeleteFunc(calls.Scenarios(), func(sc calls.Scenario) bool { return known[sc.Name] == "" }))
	compare(t.Context(), rows)
	for _, r := range rows {
		var got []string
		for _, v := range r.verdicts {
			got = append(got, v.text)
			if v.wrong != (strings.Count(v.text, ",") > 1) {
				t.Errorf("%s: %+v", r.name, v)
			}
		}
		if want := known[r.name]; strings.Join(got, " | ") != want {
			t.Errorf("%s: %q, want %q", r.name, got, want)
		}
	}
	if len(rows) != len(known) {
		t.Errorf("%d rows, want %d", len(rows), len(known))
	}
}

// TestJudge has what clients can make of right outcomes.
func TestJudge(t *testing.T) {
	t.Parallel()
	hello := faults.Answer{Choices: []faults.Choice{{Text: "Hello", Finish: "stop"}}}
	finished, truncated := &faults.Want{Outcome: faults.Finished, Answer: hello}, &faults.Want{Outcome: faults.Truncated}
	for _, test := range []struct {
		want  *faults.Want
		got   faults.Got
		wrong bool
		text  string
	}{
		{finished, faults.Got{Answer: hello}, false, "finished"},
		{finished, faults.Got{}, true, "another answer"},
		{finished, faults.Got{Answer: hello, Err: errors.New("x")}, true, "error"},
		{truncated, faults.Got{Answer: hello, Err: errors.New("x")}, false, "error"},
		{truncated, faults.Got{Answer: hello}, true, "success"},
	} {
		if v := judge(test.want, test.got); v.wrong != test.wrong || v.text != test.text {
			t.Errorf("%+v: %+v", test, v)
		}
	}
}

// TestMeasure has a client that is right at a price.
//
//nolint:paralleltest // the heap is that of the process
func TestMeasure(t *testing.T) {
	var kept []byte
	takes := func(n int) func() verdict {
		return func() verdict {
			kept = make([]byte, n)
			return verdict{text: "error"}
		}
	}
	if v := measure(takes(maxHeap / 2)); v.wrong || v.text != "error" {
		t.Errorf("%+v", v)
	}
	kept = nil
	if v := measure(takes(maxHeap + 1<<20)); !v.wrong || v.text != "heap" {
		t.Errorf("%+v", v)
	}
	runtime.KeepAlive(kept)
}
