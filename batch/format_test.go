package batch_test

import (
	"strings"
	"testing"

	"github.com/chatspec/chatspec/batch"
)

func TestParseRequest(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ text, want string }{
		{`{"custom_id":"a","prompt":"Hi"}`, ""},
		{`{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m"},"more":[1]}`, ""},
		{``, "the line is not a JSON object"},
		{`[]`, "the line is not a JSON object"},
		{`{"custom_id":"a","prompt":"Hi"`, "the line is not a request: "},
		{`{"custom_id":"a","prompt":"Hi"} {}`, "the line is not a request: "},
		{`{"custom_id":1,"prompt":"Hi"}`, "the line is not a request: "},
		{`{"prompt":"Hi"}`, "custom_id is missing"},
		{`{"custom_id":"","prompt":"Hi"}`, "custom_id is missing"},
		{`{"custom_id":"a","prompt":""}`, "the prompt is empty"},
		{`{"custom_id":"a","prompt":"Hi","body":{}}`, "the line has a prompt and a body"},
		{`{"custom_id":"a"}`, "the line has neither a body nor a prompt"},
		{`{"custom_id":"a","body":null}`, "the line has neither a body nor a prompt"},
		{`{"custom_id":"a","body":{}}`, "a line with a body needs method and url"},
	} {
		_, failure := batch.ParseRequest([]byte(tc.text))
		switch {
		case tc.want == "" && failure != nil:
			t.Errorf("%s: %s", tc.text, failure.Message)
		case tc.want != "" && (failure == nil || failure.Code != batch.CodeInvalidLine || !strings.HasPrefix(failure.Message, tc.want)):
			t.Errorf("%s: %+v, want %s", tc.text, failure, tc.want)
		}
	}
}

func TestAnswerLine(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		answer batch.Answer
		failed bool
		want   string
	}{
		{
			batch.Answer{ID: "i", CustomID: "c\n", Response: &batch.Response{StatusCode: 200, RequestID: "r", Body: []byte("{\n \"a\": 1 }")}},
			false,
			`{"id":"i","custom_id":"c\n","response":{"status_code":200,"request_id":"r","body":{"a":1}},"error":null}`,
		},
		{
			batch.Answer{ID: "i", CustomID: "c", Response: &batch.Response{StatusCode: 400, Body: []byte(`{}`)}},
			true,
			`{"id":"i","custom_id":"c","response":{"status_code":400,"request_id":"","body":{}},"error":null}`,
		},
		{
			batch.Answer{ID: "i", Error: &batch.Failure{Code: "x", Message: "why", Line: 7}},
			true,
			`{"id":"i","custom_id":"","response":null,"error":{"code":"x","message":"why","line":7}}`,
		},
	} {
		line, err := tc.answer.Line()
		if err != nil || string(line) != tc.want+"\n" || tc.answer.Failed() != tc.failed {
			t.Errorf("%s %v %v, want %s", line, err, tc.answer.Failed(), tc.want)
		}
	}
	if _, err := (&batch.Answer{Response: &batch.Response{Body: []byte("{")}}).Line(); err == nil {
		t.Error("a body that is no JSON is written")
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	id := batch.Job("0a1b").ID(17)
	if job, line, ok := batch.ParseID(id); id != "batch_0a1b_17" || job != "0a1b" || line != 17 || !ok {
		t.Errorf("%s: %s %d %v", id, job, line, ok)
	}
	for _, id := range []string{"", "batch_", "batch_a", "batch_a_", "batch_a_0", "batch_a_-1", "batch_a_x", "batch__1", "batch_req_67b", "job_a_1"} {
		if job, line, ok := batch.ParseID(id); ok {
			t.Errorf("%q: %s %d", id, job, line)
		}
	}
}
