package drift

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// methods are the keys of a path item that hold an operation.
var methods = []string{"delete", "get", "head", "options", "patch", "post", "put", "trace"}

func (w *walker) paths(scope Scope) {
	root := spot{w.doc.Root, "#"}
	paths := w.get(root, "paths", Object)
	if paths.absent() {
		w.fail(root, "has no paths")
		return
	}
	base, err := scope.base(paths.Node)
	if err != nil {
		w.fail(paths, "%s", err.Error())
		return
	}
	for _, item := range w.members(root, "paths") {
		if path, ok := strings.CutPrefix(item.key, base); ok && scope.covers(path) {
			w.pathItem(path, w.deref(item.spot))
		}
	}
}

func (w *walker) pathItem(path string, item spot) {
	for _, method := range methods {
		if op := w.get(item, method, Object); !op.absent() {
			w.operation(strings.ToUpper(method)+" "+path, op, w.items(item, "parameters"))
		}
	}
}

func (w *walker) operation(at string, op spot, shared []spot) {
	w.present(at, op)
	if id := w.get(op, "operationId", Text); !id.absent() {
		w.add(at, "operationId", id)
	}
	if s, ok := w.flag(op, "deprecated"); ok {
		w.add(at, "deprecated", s)
	}
	own := w.items(op, "parameters")
	seen := map[string]bool{}
	for _, listed := range slices.Concat(own, shared) { // an operation's own go before those of its path
		p := w.deref(listed)
		in, name := w.name(p, "in"), w.name(p, "name")
		if in == "header" {
			name = http.CanonicalHeaderKey(name)
		}
		if place := fmt.Sprintf("%s %s %s", at, in, quoted(name)); !seen[place] {
			seen[place] = true
			w.present(place, listed)
			w.parameter(place, in, p)
		}
	}
	if body := op.get("requestBody"); !body.absent() {
		w.present(at+" request", body)
		body = w.deref(body)
		if s, ok := w.flag(body, "required"); ok {
			w.add(at+" request", "required", s)
		}
		w.content(at+" request", body)
	}
	for _, r := range w.members(op, "responses") {
		w.present(at+" response "+r.key, r.spot)
		w.response(at+" response "+r.key, w.deref(r.spot))
	}
}

// parameter says what is sent under which name. Keywords that are absent or have the value that absence
// means are no facts.
func (w *walker) parameter(at, in string, p spot) {
	for _, flag := range []string{"required", "deprecated", "allowEmptyValue", "allowReserved"} {
		if s, ok := w.flag(p, flag); ok {
			w.add(at, flag, s)
		}
	}
	style := "form"
	if in == "path" || in == "header" {
		style = "simple"
	}
	if s := w.get(p, "style", Text); !s.absent() && s.text() != style {
		w.add(at, "style", s)
		style = s.text()
	}
	if s, on := w.flag(p, "explode"); !s.absent() && on != (style == "form") && style != "deepObject" {
		w.add(at, "explode", s)
	}
	w.payload(at, p)
}

func (w *walker) response(at string, r spot) {
	for _, h := range w.members(r, "headers") {
		place := at + " header " + http.CanonicalHeaderKey(h.key)
		w.present(place, h.spot)
		header := w.deref(h.spot)
		if s, ok := w.flag(header, "required"); ok {
			w.add(place, "required", s)
		}
		w.payload(place, header)
	}
	w.content(at, r)
}

// payload is the schema or the content of a parameter or header.
func (w *walker) payload(at string, s spot) {
	if schema := s.get("schema"); !schema.absent() {
		w.schema(at, nil, schema)
	}
	w.content(at, s)
}

func (w *walker) content(at string, s spot) {
	for _, media := range w.members(s, "content") {
		m := w.object(media.spot)
		w.present(at+" "+media.key, m)
		if schema := m.get("schema"); !schema.absent() {
			w.schema(at+" "+media.key, nil, schema)
		}
	}
}
