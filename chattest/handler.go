package chattest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/chatspec/chatspec/chattest/internal/server"
	"github.com/chatspec/chatspec/validate"
)

// requestIDHeader is on every answer, unless a reply sets it.
const requestIDHeader = "X-Request-Id"

// Handler is the server as an http.Handler, for servers of the caller's own. It serves under every base
// path: /v1/chat/completions and /chat/completions are the same. It is safe for concurrent use; concurrent
// requests take replies and IDs in the order in which their bodies have arrived.
type Handler struct {
	validator *validate.Validator
	broken    error // why there is no validator
	operation http.Handler
	report    func(format string, args ...any) // tells the test; nil: there is none

	mu       sync.Mutex
	key      string
	now      func() time.Time
	ids      counters
	script   script
	stored   store
	requests record
}

// NewHandler returns a handler that answers requests for a completion with the replies, in their order and
// each once. A request for which none is left gets status 500. Without replies it answers as [BuiltIn].
func NewHandler(replies ...Reply) *Handler {
	h := &Handler{now: time.Now, ids: counters{}}
	h.validator, h.broken = validate.New(nil)
	h.operation = server.HandlerWithOptions(
		server.NewStrictHandlerWithOptions(operations{h}, nil, server.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  h.cannotDecode,
			ResponseErrorHandlerFunc: h.cannotAnswer,
		}),
		server.StdHTTPServerOptions{BaseRouter: router{}, ErrorHandlerFunc: h.cannotDecode})
	h.Script(replies...)
	return h
}

// Script adds replies to the end of the script.
func (h *Handler) Script(replies ...Reply) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.script.add(replies)
}

// RequireKey makes the handler refuse requests without the header "Authorization: Bearer " and this key,
// with status 401. An empty key, as at first, lets all requests through.
func (h *Handler) RequireKey(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.key = key
}

// SetClock makes the handler take the time of completions and of recorded requests from now, which is
// time.Now at first. It does not change how long a reply waits.
func (h *Handler) SetClock(now func() time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = now
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := &watched{ResponseWriter: w}
	out.Header().Set(requestIDHeader, h.nextRequestID())
	if h.broken != nil {
		h.fail(out, h.broken)
		return
	}
	body, err := readBody(w, r)
	r = r.Clone(r.Context()) // it is changed below
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, routeErr := h.validator.Route(r)
	h.remember(r, route.OperationID, body)
	switch {
	case routeErr != nil:
		violation(routeErr).write(out)
	case !h.authorized(r):
		wrongKey().write(out)
	case err != nil:
		unreadable(err).write(out)
	default:
		h.serve(out, r, route)
	}
}

// serve answers a request to an operation of the document.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, route validate.Route) {
	if err := h.validator.Request(r); err != nil {
		violation(err).write(w)
		return
	}
	for name, value := range route.Params {
		r.SetPathValue(name, value)
	}
	r.Pattern = route.Method + " " + route.Path
	h.operation.ServeHTTP(w, r)
}

// readBody returns the body of a request, which is never too large for the validator.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > validate.MaxBodyBytes {
		return nil, &http.MaxBytesError{Limit: validate.MaxBodyBytes}
	}
	var body bytes.Buffer // grows in fewer steps than io.ReadAll
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, validate.MaxBodyBytes))
	return body.Bytes(), err
}

func (h *Handler) nextRequestID() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ids.next(requestPrefix)
}

func (h *Handler) authorized(r *http.Request) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.key == "" || r.Header.Get("Authorization") == "Bearer "+h.key
}

// cannotDecode answers a request that obeys the document and yet does not fit the Go types, such as a
// limit beyond an int.
func (h *Handler) cannotDecode(w http.ResponseWriter, _ *http.Request, err error) {
	if parameter, ok := errors.AsType[*server.InvalidParamFormatError](err); ok {
		invalid(parameter.ParamName, "a value that does not fit its type").write(w)
		return
	}
	invalid("", "a value in the body does not fit its type").write(w)
}

// cannotAnswer is called where an answer could not be written: the client is gone, or it has no JSON.
func (h *Handler) cannotAnswer(w http.ResponseWriter, r *http.Request, err error) {
	if out, ok := w.(*watched); ok && !out.started && r.Context().Err() == nil {
		h.fail(w, err)
	}
}

// fail answers with status 500 and fails the test.
func (h *Handler) fail(w http.ResponseWriter, err error) {
	if h.report != nil {
		h.report("chattest: %v", err)
	}
	serverError(err.Error()).write(w)
}

// router finds the handler of an operation, which the validator has matched, by the request's Pattern.
type router map[string]http.HandlerFunc

// HandleFunc is called by the generated stubs for each operation of the document.
func (rt router) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	rt[pattern] = handler
}

func (rt router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if handler := rt[r.Pattern]; handler != nil {
		handler(w, r)
		return
	}
	serverError("the server stubs lack an operation of the document: run go generate").write(w)
}

// watched is a ResponseWriter that knows whether the answer has begun.
type watched struct {
	http.ResponseWriter
	started bool
}

func (w *watched) WriteHeader(status int) {
	w.started = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(p []byte) (int, error) {
	w.started = true
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController flush.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }
