package drift

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// silent are keywords that say nothing about the wire, or that are turned into other facts by name.
var silent = map[string]bool{
	"title": true, "description": true, "example": true, "examples": true, "externalDocs": true, "xml": true,
	"$comment": true, "$id": true, "$schema": true, "$anchor": true, "$defs": true,
	"discriminator": true, // it becomes the key of the objects
	"$ref":          true, "allOf": true, "anyOf": true, "oneOf": true,
	"type": true, "nullable": true, "const": true, "enum": true,
	"properties": true, "required": true, "additionalProperties": true,
}

// annotations belong to the place and not to one alternative of it.
var annotations = []string{"deprecated", "readOnly", "writeOnly", "default"}

// fromZero are limits whose 0 says what absence says.
var fromZero = []string{"minItems", "minLength", "minProperties"}

// partSteps are keywords that hold one schema, and the step of the path that leads to it. What is said of
// elements and map values is so common that it has a short form.
var partSteps = map[string]string{
	"items": "[]", "additionalProperties": "{}",
	"contains": " contains", "not": " not", "if": " if", "then": " then", "else": " else",
	"propertyNames": " propertyNames", "unevaluatedItems": " unevaluatedItems", "unevaluatedProperties": " unevaluatedProperties",
}

// manyParts are keywords that hold several schemas, by name or by position.
var manyParts = []string{"patternProperties", "dependentSchemas", "prefixItems"}

// single splits the keywords of one schema object by its types, unions and allOf left aside.
func (w *walker) single(s spot) []leaf {
	all := leaf{schema: s, keys: map[string]spot{}}
	hasNull := w.values(s, &all)
	w.fields(s, &all)
	for _, f := range s.Fields {
		v := s.child(f.Key, f.Value)
		if _, part := partSteps[f.Key]; !part && !silent[f.Key] && !slices.Contains(manyParts, f.Key) && !strings.HasPrefix(f.Key, "x-") {
			all.keys[f.Key] = v
		}
	}
	respell(all.keys)
	if all.says() {
		all.from = []string{s.pointer}
	}
	var out []leaf
	for _, k := range w.kinds(s, all, hasNull) {
		l := all
		l.kind, l.said, l.keys = k.kind, k.said, maps.Clone(all.keys)
		if k.kind == "null" {
			l = leaf{kind: "null", said: k.said, schema: s, keys: takeAnnotations(l)}
		}
		out = append(out, l)
	}
	return out
}

// says reports whether a schema says more than a type and annotations.
func (l leaf) says() bool {
	for key := range l.keys {
		if !slices.Contains(annotations, key) {
			return true
		}
	}
	return l.closed || l.properties != nil || l.required != nil || l.parts != nil
}

// values reads enum and const. It reports whether null is among the values.
func (w *walker) values(s spot, l *leaf) (hasNull bool) {
	if list := w.get(s, "enum", List); !list.absent() {
		l.values, l.closed = w.items(s, "enum"), true
	}
	if c := s.get("const"); !c.absent() {
		l.values, l.closed = []spot{c}, true
	}
	n := len(l.values)
	l.values = slices.DeleteFunc(l.values, func(v spot) bool { return v.Kind == Null })
	return len(l.values) < n
}

// fields reads what is said about fields, elements and map values.
func (w *walker) fields(s spot, l *leaf) {
	for _, p := range w.members(s, "properties") {
		l.properties = joined(l.properties, map[string][]spot{p.key: {p.spot}})
	}
	if s.Get("properties") != nil {
		l.holders = []spot{s}
	}
	for _, r := range w.items(s, "required") {
		if r.Kind != Text {
			w.fail(r, "want the name of a field, not %s", r.Kind)
			return
		}
		l.required = append(l.required, r)
	}
	part := func(step string, v spot) { l.parts = joined(l.parts, map[string][]spot{step: {v}}) }
	for key, step := range partSteps {
		if v := s.get(key); !v.absent() {
			part(step, v)
		}
	}
	for _, key := range manyParts {
		v := s.get(key)
		if v.absent() {
			continue
		}
		switch v.Kind {
		case Object:
			for _, m := range w.members(s, key) {
				part(" "+key+" "+m.key, m.spot)
			}
		case List:
			for i, item := range w.items(s, key) {
				part(" "+key+" "+strconv.Itoa(i), item)
			}
		default:
			w.fail(v, "want schemas, not %s", v.Kind)
		}
	}
}

// respell writes what OpenAPI 3.0 says in its own words as 3.1 does, or the other way round.
func respell(keys map[string]spot) {
	for _, end := range []string{"minimum", "maximum"} {
		exclusive := "exclusive" + strings.ToUpper(end[:1]) + end[1:]
		v, ok := keys[exclusive]
		if !ok || v.Kind != Boolean {
			continue
		}
		delete(keys, exclusive)
		if limit, ok := keys[end]; ok && v.Bool {
			keys[exclusive] = limit
			delete(keys, end)
		}
	}
	if v, ok := keys["contentEncoding"]; ok && v.text() == "base64" {
		keys["format"] = spot{&Node{Kind: Text, Text: "byte", Line: v.Line}, v.pointer}
		delete(keys, "contentEncoding")
	}
	if v, ok := keys["contentMediaType"]; ok && v.text() == "application/octet-stream" {
		keys["format"] = spot{&Node{Kind: Text, Text: "binary", Line: v.Line}, v.pointer}
		delete(keys, "contentMediaType")
	}
}

// kindAt is a JSON type and where it is said.
type kindAt struct {
	kind string
	said spot
}

var knownKinds = []string{"null", "boolean", "integer", "number", "string", "array", "object"}

// kinds are the JSON types of a schema object; where type is absent, the keywords tell.
func (w *walker) kinds(s spot, l leaf, hasNull bool) []kindAt {
	t := s.get("type")
	var said []spot
	switch {
	case t.absent():
		return w.nullable(s, inferred(s, l, hasNull))
	case t.Kind == Text:
		said = []spot{t}
	default:
		said = w.items(s, "type")
	}
	var out []kindAt
	for _, v := range said {
		if !slices.Contains(knownKinds, v.text()) {
			w.fail(v, "%.40s is no type", v.literal())
			return nil
		}
		if v.text() == "null" && l.closed && !hasNull {
			continue // the values exclude it
		}
		out = append(out, kindAt{v.text(), v})
	}
	return w.nullable(s, out)
}

// nullable adds the null of OpenAPI 3.0. Beside other schemas it is theirs.
func (w *walker) nullable(s spot, kinds []kindAt) []kindAt {
	v, on := w.flag(s, "nullable")
	hasNull := slices.ContainsFunc(kinds, func(k kindAt) bool { return k.kind == "null" })
	if on && !hasNull && !composed(s) {
		kinds = append(kinds, kindAt{"null", v})
	}
	return kinds
}

func inferred(s spot, l leaf, hasNull bool) []kindAt {
	switch {
	case l.properties != nil, l.required != nil, s.Get("additionalProperties") != nil:
		return []kindAt{{"object", s}}
	case s.Get("items") != nil:
		return []kindAt{{"array", s}}
	case !l.closed:
		return []kindAt{{"", s}}
	}
	var out []kindAt
	for _, v := range l.values {
		kind := [...]string{"null", "boolean", "number", "string", "array", "object"}[v.Kind]
		if kind == "number" && integer.MatchString(v.Text) {
			kind = "integer"
		}
		if !slices.ContainsFunc(out, func(k kindAt) bool { return k.kind == kind }) {
			out = append(out, kindAt{kind, v})
		}
	}
	if hasNull {
		out = append(out, kindAt{"null", s})
	}
	return out
}
