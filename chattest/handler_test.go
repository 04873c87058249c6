package chattest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/validate"
)

func TestAnyBasePath(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"", "/v1", "/openai/v1", "/a/b/c/d"} {
		h := chattest.NewHandler(chattest.Text("here"))
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, base+"/chat/completions", strings.NewReader(hello))
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"here"`) {
			t.Errorf("%q: %d %s", base, w.Code, w.Body)
		}
	}
}

func TestUnknownOperations(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t)
	for _, c := range []struct {
		method, path string
		status       int
		code, allow  string
	}{
		{"GET", "", 404, "unknown_url", ""},
		{"GET", "/models", 404, "unknown_url", ""},
		{"POST", "/chat/completions/", 404, "unknown_url", ""},
		{"GET", "/chat/completions/" + planted + "/x/y", 404, "unknown_url", ""},
		{"PUT", "/chat/completions", 405, "method_not_supported", "GET, POST"},
		{"PATCH", "/chat/completions/" + planted, 405, "method_not_supported", "DELETE, GET, POST"},
		{"DELETE", "/chat/completions/" + planted + "/messages", 405, "method_not_supported", "GET"},
	} {
		a := send(t, srv, c.method, c.path, "")
		e := a.refused(t, c.status)
		if e.Type != "invalid_request_error" || e.Code != c.code || e.Message == "" || a.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %+v, Allow %q", c.method, c.path, e, a.header.Get("Allow"))
		}
	}
}

func TestInvalidRequests(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("never asked for"))
	for _, c := range []struct{ method, path, body, param, code, rule string }{
		{"POST", "/chat/completions", ``, "", "missing_required_parameter", "is missing"},
		{"POST", "/chat/completions", `{"` + planted, "", "invalid_value", "valid JSON"},
		{"POST", "/chat/completions", `{"messages":[` + userHello + `]}`, "model", "missing_required_parameter", "is missing"},
		{"POST", "/chat/completions", `{"model":"m"}`, "messages", "missing_required_parameter", "is missing"},
		{"POST", "/chat/completions", `{"model":"m","messages":[]}`, "messages", "invalid_value", "want at least 1 in the list"},
		{"POST", "/chat/completions", `{"model":"m","messages":[{"role":"` + planted + `"}]}`, "messages[0].role", "invalid_value", "want developer or system or user or assistant or tool or function"},
		{"POST", "/chat/completions", `{"model":"m","messages":[` + userHello + `,{"role":"tool","content":"` + planted + `"}]}`, "messages[1].tool_call_id", "missing_required_parameter", "is missing"},
		{"POST", "/chat/completions", with(`"temperature":"` + planted + `"`), "temperature", "invalid_type", "want number or null"},
		{"POST", "/chat/completions", with(`"stop":["a",1]`), "stop[1]", "invalid_type", "want string"},
		{"POST", "/chat/completions", with(`"seed":1e25`), "", "invalid_value", "a value in the body does not fit its type"},
		{"GET", "/chat/completions?order=" + planted, "", "order", "invalid_value", "want asc or desc"},
		{"GET", "/chat/completions?limit=" + planted, "", "limit", "invalid_type", "want integer"},
		{"GET", "/chat/completions?limit=0", "", "limit", "invalid_value", "want at least 1"},
		{"GET", "/chat/completions/x/messages?limit=x", "", "limit", "invalid_type", "want integer"},
		{"POST", "/chat/completions/x", `{}`, "metadata", "missing_required_parameter", "is missing"},
		{"POST", "/chat/completions/x", `{"metadata":{"a":1}}`, "metadata.a", "invalid_type", "want string"},
	} {
		e := send(t, srv, c.method, c.path, c.body).refused(t, http.StatusBadRequest)
		place := c.param
		if place == "" {
			place = "the body"
		}
		if e.Type != "invalid_request_error" || e.Param != c.param || e.Code != c.code || e.Message != place+": "+c.rule {
			t.Errorf("%s %s %s: %+v", c.method, c.path, c.body, e)
		}
	}
	if got := create(t, srv, hello).completion(t).Text(); got != "never asked for" {
		t.Errorf("a refused request took a reply: %q is next", got)
	}
}

func TestInvalidContentType(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t)
	e := send(t, srv, "POST", "/chat/completions", hello, "Content-Type", "text/plain").refused(t, http.StatusBadRequest)
	if e.Param != "Content-Type" || !strings.Contains(e.Message, "application/json") {
		t.Errorf("%+v", e)
	}
}

func TestBodyTooLarge(t *testing.T) {
	t.Parallel()
	h := chattest.NewHandler()
	for _, length := range []int64{-1, validate.MaxBodyBytes + 1} { // unknown, and known beforehand
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/chat/completions", io.LimitReader(spaces{}, validate.MaxBodyBytes+1))
		r.ContentLength = length
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var e chat.ErrorResponse
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != http.StatusRequestEntityTooLarge || e.Error.Code != "request_too_large" {
			t.Errorf("%d %s, %v", w.Code, w.Body, err)
		}
	}
}

// spaces is an endless body.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) { return copy(p, strings.Repeat(" ", 32<<10)), nil }

func TestBodyEndsEarly(t *testing.T) {
	t.Parallel()
	h := chattest.NewHandler()
	w := httptest.NewRecorder()
	broken := io.MultiReader(strings.NewReader(`{"model`), errorReader{})
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/chat/completions", broken))
	if w.Code != http.StatusBadRequest || len(h.Requests()) != 1 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Where the API has null, so has the server: an empty string would mean something else to a client.
func TestNullsOnTheWire(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("text"), chattest.ToolCalls(call("f")), chattest.Text(""), chattest.Text("text"))
	for _, c := range []struct {
		a    answer
		want string
	}{
		{create(t, srv, hello), `"message":\{"role":"assistant","content":"text","refusal":null\}`},
		{create(t, srv, hello), `"message":\{"role":"assistant","content":null,"refusal":null,"tool_calls":\[.*\]\}`},
		{create(t, srv, hello), `"content":null`},
		{create(t, srv, `{}`), `"code":"missing_required_parameter","param":"model"`},
		{send(t, srv, "GET", "/x", ""), `"code":"unknown_url","param":null`},
	} {
		if !regexp.MustCompile(c.want).Match(c.a.body) {
			t.Errorf("%s does not match %s", c.a.body, c.want)
		}
	}
	stream := create(t, srv, with(`"stream":true,"stream_options":{"include_usage":true}`))
	for i, want := range []string{`"finish_reason":null`, `"finish_reason":null`, `"finish_reason":"stop"`, `"choices":\[\]`} {
		if !regexp.MustCompile(want).MatchString(stream.events[i]) {
			t.Errorf("event %s does not match %s", stream.events[i], want)
		}
	}
}

func TestRequireKey(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("in"))
	srv.RequireKey("sk-right")
	for _, header := range []string{"", "Bearer ", "Bearer sk-wrong", "sk-right", "Basic sk-right", "Bearer sk-right2"} {
		for _, path := range []string{"/chat/completions", "/chat/completions/x/messages"} {
			a := send(t, srv, "GET", path, "", "Authorization", header)
			e := a.refused(t, http.StatusUnauthorized)
			if e.Type != "invalid_request_error" || e.Code != "invalid_api_key" || a.header.Get("WWW-Authenticate") != "Bearer" || strings.Contains(string(a.body), "sk-") {
				t.Errorf("%q: %+v", header, e)
			}
		}
	}
	if e := send(t, srv, "POST", "/chat/completions", `{}`).refused(t, http.StatusUnauthorized); e.Param != "" {
		t.Errorf("the body was looked at before the key: %+v", e)
	}
	if got := send(t, srv, "POST", "/chat/completions", hello, "Authorization", "Bearer sk-right").completion(t).Text(); got != "in" {
		t.Error(got)
	}
	srv.RequireKey("")
	if a := send(t, srv, "GET", "/chat/completions", ""); a.status != http.StatusOK {
		t.Errorf("status %d without a required key", a.status)
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("x"), chattest.Text("x").WithHeader("X-Request-Id", "mine"))
	for _, want := range []string{"req_1", "mine", "req_3"} {
		body := hello
		if want == "req_3" {
			body = "{}"
		}
		if got := create(t, srv, body).header.Get("X-Request-Id"); got != want {
			t.Errorf("X-Request-Id %q, want %q", got, want)
		}
	}
}

// The handler leaves the request that it is given as it was, for the handlers around it.
func TestRequestIsNotChanged(t *testing.T) {
	t.Parallel()
	h := chattest.NewHandler()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/{completion_id}/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		pattern, header := r.Pattern, r.Header.Clone()
		h.ServeHTTP(w, r)
		if r.Pattern != pattern || r.PathValue("completion_id") != "chat" || len(r.Header) != len(header) {
			t.Errorf("pattern %q, path value %q", r.Pattern, r.PathValue("completion_id"))
		}
	})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/chat/completions/some-id", strings.NewReader(`{"metadata":{}}`)))
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), `"completion_id"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
