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
// requests take replies and IDs in the order in which their bodies have arrived. The zero Handler is
// NewHandler().
type Handler struct {
	once      sync.Once // for what the next three are
	validator *validate.Validator
	broken    error // why there is no validator
	operation http.Handler
	report    func(format string, args ...any) // tells the test; nil: there is none

	script script

	mu       sync.Mutex // of the rest
	key      string
	clock    func() time.Time // nil: time.Now
	ids      counters
	stored   store
	requests record
}

// NewHandler returns a handler that answers requests for a completion with the replies, in their order and
// each once. A request for which none is left gets status 500, with a header by which clients do not repeat it.
// Without replies it answers as [BuiltIn].
func NewHandler(replies ...Reply) *Handler {
	h := new(Handler)
	h.Script(replies...)
	return h
}

// prepare makes what the handler answers with.
func (h *Handler) prepare() {
	h.validator, h.broken = validate.New(nil)
	h.operation = server.HandlerWithOptions(
		server.NewStrictHandlerWithOptions(operations{h}, nil, server.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  h.cannotDecode,
			ResponseErrorHandlerFunc: h.cannotAnswer,
		}),
		server.StdHTTPServerOptions{BaseRouter: router{}, ErrorHandlerFunc: h.cannotDecode})
}

// Script adds replies to the end of the script.
func (h *Handler) Script(replies ...Reply) { h.script.add(replies) }

// Unused returns how many replies of the script have not answered a request yet, for tests in which all of them
// must.
func (h *Handler) Unused() int { return h.script.unused() }

// RequireKey makes the handler refuse requests without the header "Authorization: Bearer " and this key,
// with status 401. An empty key, as at first, lets all requests through.
func (h *Handler) RequireKey(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.key = key
}

// SetClock makes the handler take the time of completions and of recorded requests from now; nil, as at first, is
// time.Now. It does not change how long a reply waits.
func (h *Handler) SetClock(now func() time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = now
}

// now returns the time. The caller has the lock.
func (h *Handler) now() time.Time {
	if h.clock == nil {
		return time.Now()
	}
	return h.clock()
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.once.Do(h.prepare)
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

// cannotAnswer is called where an answer ended early: a fault wants it so, the client is gone, or what the script
// has cannot be written.
func (h *Handler) cannotAnswer(w http.ResponseWriter, r *http.Request, err error) {
	misplaced, isMisplaced := errors.AsType[*scriptError](err)
	out, ok := w.(*watched)
	switch {
	case errors.Is(err, http.ErrAbortHandler):
		panic(http.ErrAbortHandler) //nolint:forbidigo // how a handler has net/http close the connection
	case errors.Is(err, errEnded):
	case isMisplaced:
		h.tell(misplaced)
	case ok && !out.started && r.Context().Err() == nil:
		h.fail(w, err)
	}
}

// fail answers with status 500 and fails the test.
func (h *Handler) fail(w http.ResponseWriter, err error) {
	h.tell(err)
	serverError(err.Error()).write(w)
}

// tell fails the test, if there is one.
func (h *Handler) tell(err error) {
	if h.report != nil {
		h.report("chattest: %v", err)
	}
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
