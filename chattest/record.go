package chattest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	chat "github.com/chatspec/chatspec/generated"
)

const (
	// maxRequests and maxRequestBytes bound what is recorded: the oldest requests are forgotten first.
	maxRequests     = 10_000
	maxRequestBytes = 256 << 20

	createOperation = "createChatCompletion"
)

// Request is a request that the server got, whatever it answered.
type Request struct {
	// Operation is the ID of the operation in the document, such as "createChatCompletion". It is empty
	// for a path or method that the document does not know.
	Operation string
	// Method is the HTTP method.
	Method string
	// Path is the path with the base path, escaped as it was sent.
	Path string
	// Query has the query parameters.
	Query url.Values
	// Header has the header as it was sent, keys too: nothing is masked, so that a test can assert on it.
	Header http.Header
	// Body is the body of a request for a completion. It is zero for other operations, and as far as it
	// goes for a body that does not decode.
	Body chat.CreateChatCompletionRequest
	// Raw is the body as it was sent.
	Raw []byte
	// Time is when the body had arrived, by the clock of the handler.
	Time time.Time
}

// Requests returns the requests that the server got, in the order in which their bodies had arrived, those
// that it refused too. Of more than 10,000 requests or 256 MiB the oldest are forgotten. The slice belongs
// to the caller; what its elements refer to must not be changed.
func (h *Handler) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.requests.list)
}

// remember records a request, whose header must not change afterwards.
func (h *Handler) remember(r *http.Request, operation string, body []byte) {
	got := Request{
		Operation: operation,
		Method:    r.Method,
		Path:      r.URL.EscapedPath(),
		Query:     r.URL.Query(),
		Header:    r.Header,
		Raw:       body,
	}
	if operation == createOperation {
		_ = json.Unmarshal(body, &got.Body) // what is wrong with it, the validator says
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	got.Time = h.now()
	h.requests.add(got)
}

// record is a list of the last requests.
type record struct {
	list  []Request
	bytes int
}

func (l *record) add(r Request) {
	l.list = append(l.list, r)
	l.bytes += len(r.Raw)
	for len(l.list) > maxRequests || l.bytes > maxRequestBytes {
		l.bytes -= len(l.list[0].Raw)
		l.list[0] = Request{} // for the garbage collector
		l.list = l.list[1:]
	}
}
