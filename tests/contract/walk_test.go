package contract_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// each calls f for every object of a parsed tree, parents first, with a pointer to it.
func each(node any, path string, f func(path string, node map[string]any)) {
	switch n := node.(type) {
	case map[string]any:
		f(path, n)
		for _, key := range slices.Sorted(maps.Keys(n)) {
			each(n[key], path+"/"+strings.ReplaceAll(key, "/", "~1"), f)
		}
	case []any:
		for i, v := range n {
			each(v, fmt.Sprintf("%s/%d", path, i), f)
		}
	}
}

// site is one place of a document at which a schema stands.
type site struct {
	path     string
	role     string // component, property, items, values, branch, part or other
	optional bool   // a property that may be absent
	node     map[string]any
}

// sites lists every schema of a document: the components with all that is in them, and the schemas of
// parameters, headers and bodies.
func sites(root map[string]any) []site {
	var out []site
	var schema func(path, role string, optional bool, node any)
	schema = func(path, role string, optional bool, node any) {
		m, ok := node.(map[string]any)
		if !ok {
			return
		}
		out = append(out, site{path, role, optional, m})
		required, _ := m["required"].([]any)
		for name, p := range object(m["properties"]) {
			schema(path+"/properties/"+name, "property", !slices.Contains(required, any(name)), p)
		}
		schema(path+"/items", "items", false, m["items"])
		schema(path+"/additionalProperties", "values", false, m["additionalProperties"])
		for key, role := range map[string]string{"anyOf": "branch", "oneOf": "branch", "allOf": "part"} {
			branches, _ := m[key].([]any)
			for i, b := range branches {
				schema(fmt.Sprintf("%s/%s/%d", path, key, i), role, false, b)
			}
		}
	}
	components := object(root["components"])
	for name, s := range object(components["schemas"]) {
		schema("#/components/schemas/"+name, "component", false, s)
	}
	for _, part := range []string{"paths", "components/responses"} {
		top, _, _ := strings.Cut(part, "/")
		node := root[top]
		if part != top {
			node = components["responses"]
		}
		each(node, "#/"+part, func(path string, m map[string]any) {
			schema(path+"/schema", "other", false, m["schema"])
		})
	}
	slices.SortFunc(out, func(a, b site) int { return strings.Compare(a.path, b.path) })
	return out
}

// operations lists the operations of a document as "GET /path" with the object of each.
func operations(root map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	for path, item := range object(root["paths"]) {
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			if op, ok := object(item)[method].(map[string]any); ok {
				out[strings.ToUpper(method)+" "+path] = op
			}
		}
	}
	return out
}

// parameters lists the parameters of a document, shared ones included, with a pointer to each.
func parameters(root map[string]any) map[string]map[string]any {
	out := map[string]map[string]any{}
	each(root["paths"], "#/paths", func(path string, m map[string]any) {
		list, _ := m["parameters"].([]any)
		for i, p := range list {
			out[fmt.Sprintf("%s/parameters/%d", path, i)] = object(p)
		}
	})
	return out
}

// object is the node as an object; a node of another kind has no keys.
func object(node any) map[string]any {
	m, _ := node.(map[string]any)
	return m
}
