package facts

import (
	"fmt"
	"slices"
	"strings"
)

// methods are the keys of a path item that hold an operation.
var methods = []string{"delete", "get", "head", "options", "patch", "post", "put", "trace"}

func (w *walker) pathItem(path string, item map[string]any) {
	for _, method := range methods {
		op, ok := item[method]
		if !ok {
			continue
		}
		w.operation(strings.ToUpper(method)+" "+path, object(op), list(item["parameters"]))
	}
}

func (w *walker) operation(at string, op map[string]any, shared []any) {
	w.present(at)
	if id, ok := op["operationId"]; ok {
		w.add(at, "operationId", id)
	}
	if op["deprecated"] == true {
		w.add(at, "deprecated", true)
	}
	for _, p := range slices.Concat(shared, list(op["parameters"])) {
		w.parameter(at, w.deref(p))
	}
	if body, ok := op["requestBody"]; ok {
		m := w.deref(body)
		w.present(at + " request")
		if m["required"] == true {
			w.add(at+" request", "required", true)
		}
		w.content(at+" request", m)
	}
	responses := object(op["responses"])
	for _, status := range sortedKeys(responses) {
		w.response(at+" response "+status, w.deref(responses[status]))
	}
}

// parameter says what is sent under which name. Keywords that are absent or have the value that absence
// means are no facts.
func (w *walker) parameter(at string, p map[string]any) {
	in := text(p["in"])
	at = fmt.Sprintf("%s %s %s", at, in, text(p["name"]))
	w.present(at)
	for _, flag := range []string{"required", "deprecated", "allowEmptyValue", "allowReserved"} {
		if p[flag] == true {
			w.add(at, flag, true)
		}
	}
	style := "form"
	if in == "path" || in == "header" {
		style = "simple"
	}
	if s, ok := p["style"]; ok && s != style {
		w.add(at, "style", s)
		style = text(s)
	}
	if e, ok := p["explode"].(bool); ok && e != (style == "form") && style != "deepObject" {
		w.add(at, "explode", e)
	}
	w.payload(at, p)
}

func (w *walker) response(at string, r map[string]any) {
	w.present(at)
	headers := object(r["headers"])
	for _, name := range sortedKeys(headers) {
		h := w.deref(headers[name])
		w.present(at + " header " + name)
		if h["required"] == true {
			w.add(at+" header "+name, "required", true)
		}
		w.payload(at+" header "+name, h)
	}
	w.content(at, r)
}

// payload is the schema or the content of a parameter or header.
func (w *walker) payload(at string, m map[string]any) {
	if schema, ok := m["schema"]; ok {
		w.schema(at, schema, nil)
	}
	w.content(at, m)
}

func (w *walker) content(at string, m map[string]any) {
	content := object(m["content"])
	for _, mediaType := range sortedKeys(content) {
		w.present(at + " " + mediaType)
		if schema, ok := object(content[mediaType])["schema"]; ok {
			w.schema(at+" "+mediaType, schema, nil)
		}
	}
}

// deref follows the references of a node that is not a schema, where nothing stands beside a $ref.
func (w *walker) deref(node any) map[string]any {
	m := object(node)
	for range maxReferences {
		ref, ok := m["$ref"].(string)
		if !ok {
			return m
		}
		target, err := w.doc.Lookup(ref)
		if err != nil {
			w.fail(err)
			return nil
		}
		m = object(target)
	}
	w.fail(fmt.Errorf("reference %v leads to itself", m["$ref"]))
	return nil
}

// maxReferences bounds a chain of references that lead to references. Real chains have two or three.
const maxReferences = 32
