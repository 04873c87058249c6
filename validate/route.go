package validate

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Route is the operation of the document that a request asks for.
type Route struct {
	// OperationID is the ID of the operation, such as "createChatCompletion".
	OperationID string
	// Method is the HTTP method, and Path the path as the document writes it:
	// "/chat/completions/{completion_id}".
	Method, Path string
	// Params has the parameters in the path, unescaped. It belongs to the caller.
	Params map[string]string
}

// Route returns the operation that a request asks for, or an [*Error] whose In is [InPath] or [InMethod]
// and whose Rule is [RuleOperation]. It looks at the method and the path alone.
//
// A path of the document matches the end of the request's, because base URLs have paths of their own:
// /v1, /openai/v1 or none. Where several match, the longest is taken. A parameter is one segment, which
// is not empty.
func (v *Validator) Route(r *http.Request) (Route, error) {
	m, err := v.match(r)
	if err != nil {
		return Route{}, err
	}
	return Route{OperationID: m.operation.OperationID, Method: r.Method, Path: m.route.path, Params: m.params}, nil
}

// route is one path of the document.
type route struct {
	path       string
	segments   []string
	item       *openapi3.PathItem
	operations map[string]*openapi3.Operation // by method
}

// match is a route and what a request filled into it.
type match struct {
	route     route
	operation *openapi3.Operation
	params    map[string]string
}

// newRoutes returns the paths of the document, the longest first; of the same length the ones with fewer
// parameters first.
func newRoutes(doc *openapi3.T) []route {
	var routes []route
	items := doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(items)) {
		if items[path] == nil {
			continue
		}
		segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
		routes = append(routes, route{path, segments, items[path], items[path].Operations()})
	}
	slices.SortStableFunc(routes, func(a, b route) int {
		if len(a.segments) != len(b.segments) {
			return len(b.segments) - len(a.segments)
		}
		return strings.Count(a.path, "{") - strings.Count(b.path, "{")
	})
	return routes
}

// match finds the operation of a request.
func (v *Validator) match(r *http.Request) (match, error) {
	segments := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	var methods []string
	for _, route := range v.routes {
		params, ok := route.match(segments)
		if !ok {
			continue
		}
		if op := route.operations[r.Method]; op != nil {
			return match{route, op, params}, nil
		}
		if methods == nil {
			methods = slices.Sorted(maps.Keys(route.operations))
		}
	}
	if methods != nil {
		return match{}, &Error{In: InMethod, Rule: RuleOperation, Allowed: methods}
	}
	return match{}, &Error{In: InPath, Rule: RuleOperation}
}

// match reports whether the segments of a path end with those of the route.
func (rt route) match(segments []string) (params map[string]string, ok bool) {
	if len(segments) < len(rt.segments) {
		return nil, false
	}
	params = map[string]string{}
	for i, got := range segments[len(segments)-len(rt.segments):] {
		got, err := url.PathUnescape(got)
		if err != nil {
			return nil, false
		}
		want := rt.segments[i]
		switch name, isParam := parameterName(want); {
		case isParam && got != "":
			params[name] = got
		case got != want:
			return nil, false
		}
	}
	return params, true
}

// parameterName returns the name of a segment that is a parameter, {name}.
func parameterName(segment string) (string, bool) {
	name, ok := strings.CutPrefix(segment, "{")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(name, "}")
}
