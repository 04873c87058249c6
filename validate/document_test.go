package validate_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/chatspec/chatspec/validate"
)

func TestNewOwnDocument(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{"openapi: [", "", "\n", "[]"} {
		if _, err := validate.New([]byte(broken)); err == nil {
			t.Errorf("no error for the document %q", broken)
		}
	}
	v, err := validate.New([]byte(`{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{
		"/a/{n}": {"get": {"operationId": "a", "parameters": [
			{"name": "n", "in": "path", "required": true, "schema": {"type": "integer", "maximum": 9}},
			{"name": "tag", "in": "query", "required": true, "schema": {"type": "array", "items": {"type": "boolean"}, "maxItems": 2}},
			{"name": "filter", "in": "query", "required": true, "style": "deepObject", "schema": {"type": "object", "properties": {"from": {"type": "number"}}, "additionalProperties": {"type": "string", "enum": ["x"]}}},
			{"name": "X-Mode", "in": "header", "schema": {"enum": ["fast"]}}],
			"responses": {"200": {"description": "none"}}}},
		"/b": {"post": {"operationId": "b", "responses": {"200": {"description": "none"}}, "requestBody": {"content": {"application/json": {"schema":
			{"type": "object", "additionalProperties": false, "properties": {"odd": {"type": "string", "not": {"const": "even"}}, "set": {"type": "array", "uniqueItems": true}, "any": {}, "union": {"oneOf": [{"type": "object", "required": ["x"], "properties": {"x": {"type": "object", "required": ["y"]}}}, {"type": "object", "required": ["z"]}]}}}}}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	get := func(target, mode string) error {
		r := request(t, http.MethodGet, target, "")
		if mode != "" {
			r.Header.Set("X-Mode", mode)
		}
		return v.Request(r)
	}
	const ok = "/a/1?tag=true&filter[from]=1.5"
	if err := get(ok, "fast"); err != nil {
		t.Error(err)
	}
	for want, err := range map[string]error{
		"validate: path n: maximum (allowed: 9)":                         get("/a/10?tag=true&filter[from]=1", ""),
		"validate: query parameter tag: required":                        get("/a/1", ""),
		"validate: query parameter tag[1]: type (allowed: boolean)":      get("/a/1?tag=true&tag="+planted, ""),
		"validate: query parameter tag: maxItems (allowed: 2)":           get("/a/1?tag=true&tag=true&tag=true", ""),
		"validate: query parameter filter: required":                     get("/a/1?tag=true", ""),
		"validate: query parameter filter[from]: type (allowed: number)": get("/a/1?tag=true&filter[from]=x", ""),
		"validate: query parameter filter[other]: enum (allowed: x)":     get("/a/1?tag=true&filter[other]="+planted, ""),
		"validate: header X-Mode: enum (allowed: fast)":                  get(ok, planted),
		"validate: body /odd: not":                                       v.Request(request(t, "POST", "/b", `{"odd":"even"}`)),
		"validate: body /set: uniqueItems":                               v.Request(request(t, "POST", "/b", `{"set":[1,1]}`)),
		"validate: body /more: additionalProperties":                     v.Request(request(t, "POST", "/b", `{"more":"`+planted+`"}`)),
		"validate: body /union/x/y: required":                            v.Request(request(t, "POST", "/b", `{"union":{"x":{}}}`)),
		"validate: body /union: type (allowed: object)":                  v.Request(request(t, "POST", "/b", `{"union":"`+planted+`"}`)),
		"validate: method: unknown operation (allowed: POST)":            v.Request(request(t, "GET", "/b", "")),
		"validate: header Content-Type: content type (allowed: application/json)": func() error {
			r := request(t, "POST", "/b", "x")
			r.Header.Set("Content-Type", planted)
			return v.Request(r)
		}(),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := v.Request(request(t, "POST", "/b", "")); err != nil {
		t.Errorf("an optional body: %v", err)
	}
	if err := v.Response("a", 404, nil); asError(t, err).Error() != "validate: status: unknown status" {
		t.Error(err)
	}
	if err := v.Response("a", 200, []byte("anything")); err != nil {
		t.Error(err)
	}
	if err := v.Chunk(nil); err == nil {
		t.Error("no error for a chunk although the document has no stream")
	}
}

// The upstream document is beside the project on some machines only.
func TestUpstreamDocument(t *testing.T) {
	t.Parallel()
	spec, err := os.ReadFile("../../shared/upstream/openai-openapi-2026-08-21.yaml")
	if err != nil {
		t.Skip("the upstream document is not there")
	}
	v, err := validate.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Request(post(t, largeRequest)); err != nil {
		t.Error(err)
	}
	err = v.Request(post(t, conversation(`{"role":"tool","content":"`+planted+`"}`)))
	if got := asError(t, err); got.Pointer != "/messages/2/tool_call_id" || got.Rule != "required" {
		t.Error(err)
	}
	checkText(t, err)
}
