package validate_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chatspec/chatspec/validate"
)

// planted stands for a prompt or a key: no error may show it.
const planted = "PLANTED-SECRET"

func newValidator(t *testing.T) *validate.Validator {
	t.Helper()
	v, err := validate.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func post(t *testing.T, body string) *http.Request {
	t.Helper()
	return request(t, http.MethodPost, "/v1/chat/completions", body)
}

func request(t *testing.T, method, target, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://localhost"+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}

const (
	userMessage = `{"role":"user","content":"` + planted + `"}`
	callMessage = `{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}`
)

// conversation returns a request with one more message, which stands at index 2.
func conversation(message string) string {
	return `{"model":"m","messages":[` + userMessage + `,` + callMessage + `,` + message + `]}`
}

// with returns a valid request with more fields.
func with(fields string) string {
	return `{"model":"m","messages":[` + userMessage + `],` + fields + `}`
}

func TestRequestBroken(t *testing.T) {
	t.Parallel()
	roles := []string{"developer", "system", "user", "assistant", "tool", "function"}
	for _, c := range []struct {
		name, body    string
		pointer, rule string
		allowed       []string
	}{
		{"no body", ``, "", "required", nil},
		{"no JSON", `{"model":"` + planted, "", "valid JSON", nil},
		{"two values", `{} {}`, "", "valid JSON", nil},
		{"number too large", with(`"seed":1e999`), "", "valid JSON", nil},
		{"not an object", `["` + planted + `"]`, "", "type", []string{"object"}},
		{"no model", `{"messages":[` + userMessage + `]}`, "/model", "required", nil},
		{"no messages", `{"model":"m"}`, "/messages", "required", nil},
		{"model null", `{"model":null,"messages":[` + userMessage + `]}`, "/model", "type", []string{"string"}},
		{"model a number", `{"model":4,"messages":[` + userMessage + `]}`, "/model", "type", []string{"string"}},
		{"messages empty", `{"model":"m","messages":[]}`, "/messages", "minItems", []string{"1"}},
		{"messages a string", `{"model":"m","messages":"` + planted + `"}`, "/messages", "type", []string{"array"}},
		{"message a string", conversation(`"` + planted + `"`), "/messages/2", "type", []string{"object"}},
		{"message null", conversation(`null`), "/messages/2", "type", []string{"object"}},
		{"role unknown", conversation(`{"role":"` + planted + `","content":"x"}`), "/messages/2/role", "discriminator", roles},
		{"role missing", conversation(`{"content":"` + planted + `"}`), "/messages/2/role", "required", roles},
		{"role a number", conversation(`{"role":7,"content":"x"}`), "/messages/2/role", "type", []string{"string"}},
		{"tool_call_id missing", conversation(`{"role":"tool","content":"` + planted + `"}`), "/messages/2/tool_call_id", "required", nil},
		{"tool_call_id null", conversation(`{"role":"tool","content":"x","tool_call_id":null}`), "/messages/2/tool_call_id", "type", []string{"string"}},
		{"user content missing", conversation(`{"role":"user"}`), "/messages/2/content", "required", nil},
		{"user content a number", conversation(`{"role":"user","content":3}`), "/messages/2/content", "type", []string{"array", "string"}},
		{"parts empty", conversation(`{"role":"user","content":[]}`), "/messages/2/content", "minItems", []string{"1"}},
		{"part type unknown", conversation(`{"role":"user","content":[{"type":"` + planted + `"}]}`), "/messages/2/content/0/type", "discriminator", []string{"text", "image_url", "input_audio", "file"}},
		{"part type not for the role", conversation(`{"role":"system","content":[{"type":"image_url","image_url":{"url":"x"}}]}`), "/messages/2/content/0/text", "required", nil},
		{"part text missing", conversation(`{"role":"user","content":[{"type":"text","text":"x"},{"type":"text"}]}`), "/messages/2/content/1/text", "required", nil},
		{"image without url", conversation(`{"role":"user","content":[{"type":"image_url","image_url":{"detail":"low"}}]}`), "/messages/2/content/0/image_url/url", "required", nil},
		{"image detail", conversation(`{"role":"user","content":[{"type":"image_url","image_url":{"url":"x","detail":"` + planted + `"}}]}`), "/messages/2/content/0/image_url/detail", "enum", []string{"auto", "low", "high"}},
		{"audio format", conversation(`{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"` + planted + `","format":"ogg"}}]}`), "/messages/2/content/0/input_audio/format", "enum", []string{"wav", "mp3"}},
		{"call without name", conversation(`{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"arguments":"` + planted + `"}}]}`), "/messages/2/tool_calls/0/function/name", "required", nil},
		{"call arguments an object", conversation(`{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":{}}}]}`), "/messages/2/tool_calls/0/function/arguments", "type", []string{"string"}},
		{"call type unknown", conversation(`{"role":"assistant","tool_calls":[{"id":"c","type":"` + planted + `"}]}`), "/messages/2/tool_calls/0/type", "discriminator", []string{"function", "custom"}},
		{"temperature too high", with(`"temperature":2.1`), "/temperature", "maximum", []string{"2"}},
		{"temperature too low", with(`"temperature":-0.1`), "/temperature", "minimum", []string{"0"}},
		{"temperature a string", with(`"temperature":"` + planted + `"`), "/temperature", "type", []string{"number", "null"}},
		{"n not whole", with(`"n":1.5`), "/n", "type", []string{"integer", "null"}},
		{"n zero", with(`"n":0`), "/n", "minimum", []string{"1"}},
		{"stream a string", with(`"stream":"true"`), "/stream", "type", []string{"boolean", "null"}},
		{"stop too many", with(`"stop":["1","2","3","4","5"]`), "/stop", "maxItems", []string{"4"}},
		{"stop a number", with(`"stop":7`), "/stop", "type", []string{"array", "null", "string"}},
		{"stop item a number", with(`"stop":["a",7]`), "/stop/1", "type", []string{"string"}},
		{"tool type unknown", with(`"tools":[{"type":"` + planted + `"}]`), "/tools/0/type", "discriminator", []string{"function", "custom"}},
		{"tool without function", with(`"tools":[{"type":"function"}]`), "/tools/0/function", "required", nil},
		{"tool without name", with(`"tools":[{"type":"function","function":{"description":"` + planted + `"}}]`), "/tools/0/function/name", "required", nil},
		{"tool parameters a string", with(`"tools":[{"type":"function","function":{"name":"f","parameters":"` + planted + `"}}]`), "/tools/0/function/parameters", "type", []string{"object"}},
		{"tool choice unknown", with(`"tool_choice":"` + planted + `"`), "/tool_choice", "enum", []string{"none", "auto", "required"}},
		{"tool choice of unknown type", with(`"tool_choice":{"type":"` + planted + `"}`), "/tool_choice/type", "discriminator", []string{"allowed_tools", "function", "custom"}},
		{"tool choice without type", with(`"tool_choice":{"function":{"name":"f"}}`), "/tool_choice/type", "required", []string{"allowed_tools", "function", "custom"}},
		{"tool choice without name", with(`"tool_choice":{"type":"custom","custom":{}}`), "/tool_choice/custom/name", "required", nil},
		{"response format", with(`"response_format":{"type":"` + planted + `"}`), "/response_format/type", "discriminator", []string{"text", "json_object", "json_schema"}},
		{"response format without schema", with(`"response_format":{"type":"json_schema"}`), "/response_format/json_schema", "required", nil},
		{"effort unknown", with(`"reasoning_effort":"` + planted + `"`), "/reasoning_effort", "enum", []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}},
		{"options of a stream", with(`"stream_options":{"include_usage":1}`), "/stream_options/include_usage", "type", []string{"boolean"}},
		{"constant", with(`"prediction":{"type":"` + planted + `","content":"x"}`), "/prediction/type", "const", []string{"content"}},
		{"constant missing", with(`"prediction":{"content":"x"}`), "/prediction/type", "required", []string{"content"}},
		{"long identifier", with(`"safety_identifier":"` + strings.Repeat("x", 65) + `"`), "/safety_identifier", "maxLength", []string{"64"}},
		{"metadata value", with(`"metadata":{"plain_key":1}`), "/metadata/plain_key", "type", []string{"string"}},
		{"metadata key with spaces", with(`"metadata":{"` + planted + ` in a key":1}`), "/metadata/*", "type", []string{"string"}},
		{"metadata key too long", with(`"metadata":{"` + strings.Repeat("k", 65) + `":1}`), "/metadata/*", "type", []string{"string"}},
		{"bias", with(`"logit_bias":{"50256":0.5}`), "/logit_bias/50256", "type", []string{"integer"}},
		{"modality", with(`"modalities":["text","` + planted + `"]`), "/modalities/1", "enum", []string{"text", "audio"}},
		{"functions empty", with(`"functions":[]`), "/functions", "minItems", []string{"1"}},
		{"voice", with(`"audio":{"voice":{},"format":"wav"}`), "/audio/voice/id", "required", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := newValidator(t).Request(post(t, c.body))
			got := asError(t, err)
			if got.In != validate.InBody || got.Pointer != c.pointer || got.Rule != c.rule || !allows(got.Allowed, c.allowed) {
				t.Errorf("got %s %q %q %q, want %q %q %q", got.In, got.Pointer, got.Rule, got.Allowed, c.pointer, c.rule, c.allowed)
			}
			checkText(t, err)
		})
	}
}

func TestRequestValid(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	for _, body := range []string{
		with(`"unknown_field":{"a":[1,null]},"top_k":3`),
		with(`"temperature":null,"stop":null,"stream_options":null,"tools":[],"metadata":null,"logit_bias":{"1":-100}`),
		with(`"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","default":null}}},{"type":"custom","custom":{"name":"c"}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{}]}}`),
		conversation(`{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"x"}]}`),
		conversation(`{"role":"assistant","content":null,"refusal":null,"audio":null,"function_call":null}`),
		largeRequest,
	} {
		if err := v.Request(post(t, body)); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestRequestTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, target string
		in             validate.Place
		pointer, rule  string
		allowed        []string
	}{
		{"GET", "/", validate.InPath, "", validate.RuleOperation, nil},
		{"GET", "/v1/models", validate.InPath, "", validate.RuleOperation, nil},
		{"POST", "/v1/chat/completions/", validate.InPath, "", validate.RuleOperation, nil},
		{"POST", "/v1/chat/completion", validate.InPath, "", validate.RuleOperation, nil},
		{"GET", "/v1/chat/completions/" + planted + "/other", validate.InPath, "", validate.RuleOperation, nil},
		{"GET", "/v1/chat/completions//messages", validate.InPath, "", validate.RuleOperation, nil},
		{"DELETE", "/v1/chat/completions", validate.InMethod, "", validate.RuleOperation, []string{"GET", "POST"}},
		{"PUT", "/v1/chat/completions/" + planted, validate.InMethod, "", validate.RuleOperation, []string{"DELETE", "GET", "POST"}},
		{"POST", "/v1/chat/completions/" + planted + "/messages", validate.InMethod, "", validate.RuleOperation, []string{"GET"}},
		{"GET", "/chat/completions?limit=" + planted, validate.InQuery, "limit", "type", []string{"integer"}},
		{"GET", "/chat/completions?limit=1.5", validate.InQuery, "limit", "type", []string{"integer"}},
		{"GET", "/chat/completions?limit=", validate.InQuery, "limit", "type", []string{"integer"}},
		{"GET", "/chat/completions?limit=1&limit=2", validate.InQuery, "limit", "maxItems", []string{"1"}},
		{"GET", "/chat/completions?order=" + planted, validate.InQuery, "order", "enum", []string{"asc", "desc"}},
		{"GET", "/chat/completions/x/messages?order=ASC", validate.InQuery, "order", "enum", []string{"asc", "desc"}},
	} {
		err := newValidator(t).Request(request(t, c.method, c.target, ""))
		got := asError(t, err)
		if got.In != c.in || got.Pointer != c.pointer || got.Rule != c.rule || !slices.Equal(got.Allowed, c.allowed) {
			t.Errorf("%s %s: got %s %q %q %q", c.method, c.target, got.In, got.Pointer, got.Rule, got.Allowed)
		}
		checkText(t, err)
	}
}

func TestRequestTargetValid(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	for _, target := range []string{
		"/chat/completions",
		"/v1/chat/completions?model=m&after=x&limit=20&order=desc&metadata[a]=1&metadata[b%20c]=true&unknown=1",
		"https://api.example.com/openai/v1/chat/completions",
		"/openai/deployments/d/chat/completions?api-version=1",
		"/chat/completions/x",
		"/chat/completions/completions",
		"/openai/v1/chat/completions/x/messages?limit=1",
		"/v1/chat/completions/..",
		"/v1/chat/completions/a%2Fb%3Fc",
	} {
		r := request(t, http.MethodGet, strings.TrimPrefix(target, "https://api.example.com"), "")
		if err := v.Request(r); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
}

func TestRoute(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	for _, c := range []struct{ method, target, operation, path, id string }{
		{"POST", "/v1/chat/completions", "createChatCompletion", "/chat/completions", ""},
		{"GET", "/chat/completions", "listChatCompletions", "/chat/completions", ""},
		{"DELETE", "/a/b/c/chat/completions/x", "deleteChatCompletion", "/chat/completions/{completion_id}", "x"},
		{"GET", "/v1/chat/completions/a%2Fb%20c", "getChatCompletion", "/chat/completions/{completion_id}", "a/b c"},
		{"GET", "/v1/chat/completions/chat/messages", "getChatCompletionMessages", "/chat/completions/{completion_id}/messages", "chat"},
	} {
		got, err := v.Route(request(t, c.method, c.target, ""))
		if err != nil || got.OperationID != c.operation || got.Path != c.path || got.Method != c.method || got.Params["completion_id"] != c.id {
			t.Errorf("%s %s: %+v, %v", c.method, c.target, got, err)
		}
	}
	if _, err := v.Route(request(t, "GET", "/v1/models", "")); asError(t, err).In != validate.InPath {
		t.Error(err)
	}
}

func TestRequestContentType(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	for header, fits := range map[string]bool{
		"":                                true,
		"application/json":                true,
		"application/json; charset=utf-8": true,
		"Application/JSON":                true,
		"text/plain":                      false,
		"multipart/form-data":             false,
		planted + "/;":                    false,
	} {
		r := post(t, with(`"n":1`))
		r.Header.Set("Content-Type", header)
		err := v.Request(r)
		if fits {
			if err != nil {
				t.Errorf("%q: %v", header, err)
			}
			continue
		}
		got := asError(t, err)
		if got.In != validate.InHeader || got.Pointer != "Content-Type" || got.Rule != validate.RuleContentType || !slices.Equal(got.Allowed, []string{"application/json"}) {
			t.Errorf("%q: %v", header, err)
		}
		checkText(t, err)
	}
}

// closing is a body that knows whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestRequestPutsBodyBack(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	for _, body := range []string{with(`"n":1`), with(`"n":0`), "no JSON", ""} {
		original := &closing{Reader: strings.NewReader(body)}
		r := post(t, "")
		r.Body = original
		_ = v.Request(r)
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != body {
			t.Errorf("after the check the body is %q, %v", got, err)
		}
		if original.closed {
			t.Error("the check closed the body")
		}
		if err := r.Body.Close(); err != nil || !original.closed {
			t.Error("closing does not reach the original body")
		}
	}
}

func TestRequestTooLarge(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	const more = 1000
	r := post(t, "")
	r.Body = io.NopCloser(io.LimitReader(spaces{}, validate.MaxBodyBytes+more))
	if got := asError(t, v.Request(r)); got.Rule != validate.RuleSize || got.In != validate.InBody {
		t.Error(got)
	}
	if n, err := io.Copy(io.Discard, r.Body); n != validate.MaxBodyBytes+more || err != nil {
		t.Errorf("after the check the body has %d bytes, %v", n, err)
	}
	r.Body, r.ContentLength = io.NopCloser(unread{t}), validate.MaxBodyBytes+1
	if got := asError(t, v.Request(r)); got.Rule != validate.RuleSize {
		t.Error(got)
	}
}

// spaces is an endless body.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) { return copy(p, strings.Repeat(" ", 32<<10)), nil }

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("a body that is too large by its header was read")
	return 0, io.EOF
}

func TestRequestReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection broken")
	r := post(t, "")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"model":`), readerFunc(func([]byte) (int, error) { return 0, broken })))
	var asViolation *validate.Error
	if err := newValidator(t).Request(r); !errors.Is(err, broken) || errors.As(err, &asViolation) {
		t.Errorf("got %v, want the error of reading", err)
	}
	if got, err := io.ReadAll(r.Body); string(got) != `{"model":` || !errors.Is(err, broken) {
		t.Errorf("after the check the body is %q, %v", got, err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if err := v.Request(post(t, largeRequest)); err != nil {
					t.Error(err)
				}
				if err := v.Request(post(t, with(`"n":0`))); err == nil {
					t.Error("no error")
				}
			}
		})
	}
	wg.Wait()
}

func asError(t *testing.T, err error) *validate.Error {
	t.Helper()
	var e *validate.Error
	if !errors.As(err, &e) {
		t.Errorf("got %v, want a *validate.Error", err)
		return &validate.Error{}
	}
	return e
}

// checkText checks that an error is one line without a value of the request.
func checkText(t *testing.T, err error) {
	t.Helper()
	for _, text := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		if strings.Contains(text, planted) || strings.Contains(text, "\n") {
			t.Errorf("text of the error: %q", text)
		}
	}
}

// allows says whether got has everything that is wanted, or nothing where nothing is. The document may come to
// allow more.
func allows(got, want []string) bool {
	if want == nil {
		return got == nil
	}
	return !slices.ContainsFunc(want, func(v string) bool { return !slices.Contains(got, v) })
}
