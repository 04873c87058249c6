package api_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/chatspec/chatspec/api"
)

func response(status int, contentType string, body io.Reader) *http.Response {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {contentType}, "X-Request-Id": {"req_1"}, "Retry-After": {"2"}},
		Body:       io.NopCloser(body),
	}
}

func TestShapes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		contentType, body string
		want              api.Error
	}{
		"the document's":   {"application/json", `{"error":{"message":"m","type":"t","param":"p","code":"c"}}`, api.Error{Message: "m", Type: "t", Param: "p", Code: "c"}},
		"nulls":            {"application/json", `{"error":{"message":"m","type":"t","param":null,"code":null}}`, api.Error{Message: "m", Type: "t"}},
		"number as code":   {"application/json", `{"error":{"message":"m","code":400}}`, api.Error{Message: "m", Code: "400"}},
		"odd values":       {"application/json", `{"error":{"message":["m"],"type":{"a":1},"code":true}}`, api.Error{Code: "true"}},
		"string":           {"application/json", `{"error":"m"}`, api.Error{Message: "m"}},
		"flat":             {"application/json", `{"object":"error","message":"m","type":"t","param":null,"code":40001}`, api.Error{Message: "m", Type: "t", Code: "40001"}},
		"detail":           {"application/json", `{"detail":"m"}`, api.Error{Message: "m"}},
		"detail, list":     {"application/json", `{"detail":[{"msg":"m","input":"geheim"},1,{"msg":"n"}]}`, api.Error{Message: "m; n"}},
		"inner and outer":  {"application/json", `{"type":"error","error":{"message":"m","type":"t","code":"c"},"code":null,"message":"other"}`, api.Error{Message: "m", Type: "t", Code: "c"}},
		"outer and inner":  {"application/json", `{"message":"other","error":{"message":"m","type":"t"},"type":"error","param":"p"}`, api.Error{Message: "m", Type: "t", Param: "p"}},
		"a stream":         {"text/event-stream", "data: {}\n\n", api.Error{}},
		"problem details":  {"application/problem+json", `{"type":"about:blank","title":"T","detail":"m","status":400}`, api.Error{Message: "m", Type: "about:blank"}},
		"problem, title":   {"application/problem+json", `{"title":"T"}`, api.Error{Message: "T"}},
		"page":             {"text/html; charset=utf-8", "<html>", api.Error{}},
		"XML":              {"application/xml", "<Error/>", api.Error{}},
		"text":             {"text/plain", " m\n", api.Error{Message: "m"}},
		"empty":            {"", "", api.Error{}},
		"cut":              {"application/json", `{"error":{"message":"m","type":"t`, api.Error{Message: "m"}},
		"list":             {"application/json", `[1]`, api.Error{}},
		"last of two wins": {"application/json", `{"error":{"message":"a"},"error":{"message":"m"}}`, api.Error{Message: "m"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := api.FromResponse(response(400, test.contentType, strings.NewReader(test.body)), 0)
			if e.Message != test.want.Message || e.Type != test.want.Type || e.Code != test.want.Code || e.Param != test.want.Param {
				t.Errorf("%+v, want %+v", e, test.want)
			}
			if e.Status != 400 || e.RequestID != "req_1" || e.RetryAfter != 2*time.Second || e.Attempts != 1 || string(e.Raw) != test.body {
				t.Errorf("%+v", e)
			}
		})
	}
}

// TestBodiesNeverLoseTheStatus has bodies that cannot be read to their end.
func TestBodiesNeverLoseTheStatus(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader(`{"error":{"message":"m"},"x":"`), repeat('a'))
	e := api.FromResponse(response(503, "application/json", endless), 1000)
	if e.Status != 503 || e.Message != "m" || len(e.Raw) != 1000 {
		t.Errorf("%d, %q, %d bytes", e.Status, e.Message, len(e.Raw))
	}
	e = api.FromResponse(response(503, "text/plain", repeat('a')), 0)
	if len(e.Raw) != api.DefaultMaxErrorBytes || len(e.Error()) > api.MaxMessageBytes+200 {
		t.Errorf("%d bytes kept, %d printed", len(e.Raw), len(e.Error()))
	}
	if e = api.FromResponse(&http.Response{StatusCode: http.StatusServiceUnavailable}, 0); e.Status != 503 || len(e.Raw) > 0 {
		t.Errorf("%+v", e)
	}
	broken := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("reset")))
	if e = api.FromResponse(response(503, "", broken), 0); e.Status != 503 || e.Message != "half" {
		t.Errorf("%+v", e)
	}
}

// repeat is an endless reader of one byte.
type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

func TestFromBody(t *testing.T) {
	t.Parallel()
	resp := response(200, "application/json", http.NoBody)
	for body, want := range map[string]string{
		`{"error":{"message":"m"}}`:               "m",
		` { "choices" : [] , "error" : "m" } `:    "m",
		`{"error":null}`:                          "",
		`{"choices":[{"message":{"error":"x"}}]}`: "",
		`{"choices":[1,{"error":"m"}]}`:           "m",
		`{"choices":[{"error":null}]}`:            "",
		`{"choices":"error"}`:                     "",
		`{"object":"error","message":"m"}`:        "m",
		`{"object":"error"}`:                      "",
		`{"error":false}`:                         "",
		`{"error":""}`:                            "",
		`{"Error":"m"}`:                           "",
		`{"message":"m"}`:                         "",
		`{"error":"m"`:                            "",
		`"error"`:                                 "",
		``:                                        "",
	} {
		e := api.FromBody(resp, []byte(body))
		switch {
		case e == nil && want != "":
			t.Errorf("%s is no error", body)
		case e != nil && (e.Message != want || e.Status != 200):
			t.Errorf("%s: %+v", body, e)
		}
	}
}

func TestSentinels(t *testing.T) {
	t.Parallel()
	all := map[string]error{
		"rate": api.ErrRateLimit, "quota": api.ErrQuota, "auth": api.ErrAuthentication, "permission": api.ErrPermission, "missing": api.ErrNotFound,
		"invalid": api.ErrInvalidRequest, "length": api.ErrContextLength, "filter": api.ErrContentFilter, "server": api.ErrServer,
	}
	tests := map[string]api.Error{
		"rate":           {Status: 429},
		"quota":          {Status: 429, Code: "insufficient_quota"},
		"quota ":         {Status: 402},
		"auth":           {Status: 401},
		"permission":     {Status: 403},
		"missing":        {Status: 404},
		"invalid":        {Status: 400},
		"invalid ":       {Status: 422},
		"invalid length": {Status: 400, Type: "invalid_request_error", Code: "context_length_exceeded"},
		"invalid filter": {Status: 400, Code: "content_filter"},
		"server":         {Status: 500},
		"server ":        {Status: 529, Type: "overloaded_error"},
		"":               {Status: 418},
		"rate ":          {Status: 200, Code: "429"},
		"rate  ":         {Status: 200, Type: "rate_limit_error"},
		"server  ":       {Status: 200, Type: "server_error"},
		"server   ":      {Status: 200, Code: "502"},
		"invalid  ":      {Status: 200, Type: "invalid_request_error"},
		"quota  ":        {Status: 200, Type: "insufficient_quota"},
		" ":              {Status: 200, Code: "7"},
	}
	for want, e := range tests {
		for name, sentinel := range all {
			if got, want := errors.Is(&e, sentinel), strings.Contains(want, name); got != want {
				t.Errorf("%d %s %s: is it %s? %v", e.Status, e.Type, e.Code, name, got)
			}
		}
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]api.Error{
		"429 Too Many Requests, rate_limit_error, rate_limit_exceeded: slow down": {Status: 429, Type: "rate_limit_error", Code: "rate_limit_exceeded", Message: "slow\n\t\x1bdown\u009b", Raw: []byte("geheim")},
		"500 Internal Server Error":                   {Status: 500},
		"599":                                         {Status: 599},
		"error in the answer, busy: wait":             {Status: 200, Code: "busy", Message: "wait"},
		"400 Bad Request, t, c, model: no":            {Status: 400, Type: "t", Code: "c", Param: "model", Message: "no"},
		"400 Bad Request, t, c: stop[1]: want string": {Status: 400, Type: "t", Code: "c", Param: "stop[1]", Message: "stop[1]: want string"},
		"400 Bad Request, model":                      {Status: 400, Param: "model", Message: "\xff"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC)
	tests := []struct {
		ms, seconds string
		want        time.Duration
	}{
		{"", "", 0},
		{"", "2", 2 * time.Second},
		{"", "0.5", 500 * time.Millisecond},
		{"", " 2 ", 2 * time.Second},
		{"", "0", 0},
		{"", "-1", 0},
		{"", "soon", 0},
		{"", "NaN", 0},
		{"", "inf", 0},
		{"", "1e9999", math.MaxInt64},
		{"", "99999999999999999999", math.MaxInt64},
		{"", "Mon, 23 Nov 2026 01:02:13 GMT", 10 * time.Second},
		{"", "Mon, 23 Nov 2026 01:02:00 GMT", 0},
		{"250", "2", 250 * time.Millisecond},
		{"x", "2", 2 * time.Second},
		{"-1", "2", 2 * time.Second},
	}
	for _, test := range tests {
		h := http.Header{}
		h.Set("Retry-After-Ms", test.ms)
		h.Set("Retry-After", test.seconds)
		if got := api.RetryAfter(h, now); got != test.want {
			t.Errorf("%q, %q: %v, want %v", test.ms, test.seconds, got, test.want)
		}
	}
}

func TestOtherErrors(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	timeout := &api.TimeoutError{Phase: api.PhaseIdle, Limit: time.Second, Err: cause}
	if !errors.Is(timeout, context.DeadlineExceeded) || !errors.Is(timeout, cause) || !timeout.Timeout() {
		t.Error(timeout)
	}
	for want, err := range map[string]error{
		"timeout (idle) after 1s":                         timeout,
		"timeout: the deadline of the context has passed": &api.TimeoutError{Phase: api.PhaseTotal},
		"event exceeds the limit of 7 bytes":              &api.TooLargeError{What: "event", Limit: 7},
		"malformed response: cause":                       &api.DecodeError{What: "response", Err: cause},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
	if !errors.Is(&api.DecodeError{Err: cause}, cause) {
		t.Error("the cause is lost")
	}
}

// TestEscapedError writes what makes an error with escapes, which a search for the word would miss.
func TestEscapedError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"\u0065rror":{"message":"m"}}`, `{"err\u006Fr":"m"}`, `{"erro\u0072":"m"}`,
		`{"object":"err\u006fr","message":"m"}`, `{"choices":[{"\u0065\u0072\u0072\u006f\u0072":"m"}]}`,
	} {
		if e := api.FromBody(nil, []byte(body)); e == nil || e.Message != "m" {
			t.Errorf("%s: %v", body, e)
		}
	}
}
