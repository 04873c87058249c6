package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Limits on what an error keeps of a server's answer.
const (
	// DefaultMaxErrorBytes is how many bytes of an error body are read unless an option says otherwise: 1 MiB.
	DefaultMaxErrorBytes = 1 << 20
	// MaxErrorTime is how long the body of an error is waited for.
	MaxErrorTime = 5 * time.Second
	// MaxMessageBytes is how many bytes of the server's message Error.Error prints: 4 KiB.
	MaxMessageBytes = 4 << 10
)

// What an [Error] may be to errors.Is. They follow from status, code and type, in that order of weight,
// and more than one can hold: a prompt that is too long is both ErrContextLength and ErrInvalidRequest.
// The codes and types are those of https://platform.openai.com/docs/guides/error-codes.
var (
	ErrRateLimit      = errors.New("rate limit reached")        // 429, unless the quota is used up
	ErrQuota          = errors.New("quota used up")             // insufficient_quota, or 402
	ErrAuthentication = errors.New("authentication failed")     // 401, invalid_api_key
	ErrPermission     = errors.New("permission denied")         // 403
	ErrNotFound       = errors.New("not found")                 // 404, model_not_found
	ErrInvalidRequest = errors.New("invalid request")           // 400, 422, invalid_request_error
	ErrContextLength  = errors.New("context length exceeded")   // context_length_exceeded
	ErrContentFilter  = errors.New("stopped by content filter") // content_filter, content_policy_violation
	ErrServer         = errors.New("server failed")             // 5xx, server_error, api_error, overloaded_error
)

// Error is a server saying no, and nothing else is one: an answer outside 2xx, an error object in a 200
// answer, or one inside a stream. Type, Code, Param and Message repeat the document's error schema;
// servers that send another shape (a string, message, detail, problem details, HTML) fill what they can.
//
// Where the answer came through package chatspec, a key that the server repeats is masked in all of it, and
// Raw is nil where it has the key in an escaped form.
type Error struct {
	_ struct{} // keyed literals only

	Status     int           // HTTP status; 200 when the error came in the body of a success or in a stream
	Type       string        // for example "invalid_request_error"
	Code       string        // for example "model_not_found"; a number is kept as its digits
	Param      string        // the request field at fault
	Message    string        // the server's words; it may quote the prompt
	RequestID  string        // of the answer, see the function; empty when there was none
	RetryAfter time.Duration // how long the server asks to wait; 0 when it does not say
	RateLimit  RateLimit     // what the server says of the caller's rate limits
	Attempts   int           // how many requests were sent for the call, at least 1
	Raw        []byte        // the body, or the data of the event, as far as it was read

	final bool // there were retries left, and none was made
}

// Error returns one line that can be logged: status, type, code and the server's message, cut at
// [MaxMessageBytes]. Where the server asks to wait and a client with retries left did not, as the wait is too long for
// it, the line ends with that. It holds no header and no body.
func (e *Error) Error() string {
	text := strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)))
	if e.Status < 300 {
		text = "error in the answer"
	}
	message := oneLine(e.Message)
	param := e.Param
	if strings.HasPrefix(message, param+":") {
		param = "" // once is enough
	}
	for _, s := range []string{e.Type, e.Code, param} {
		if s != "" {
			text += ", " + oneLine(s)
		}
	}
	if message != "" {
		text += ": " + message
	}
	if e.final && e.RetryAfter > 0 {
		text += fmt.Sprintf(" (the server asks to wait %v; the request was not sent again)", e.RetryAfter)
	}
	return text
}

// oneLine cuts s, folds its white space and leaves out control characters, so that it fits one line of a log
// and cannot steer a terminal.
func oneLine(s string) string {
	cut := len(s) > MaxMessageBytes
	if cut {
		s = s[:MaxMessageBytes]
	}
	s = strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	if cut {
		s += " …"
	}
	return s
}

// Is says which of the sentinels of this package the error is.
func (e *Error) Is(target error) bool {
	status := e.class()
	quota := e.Code == "insufficient_quota" || e.Type == "insufficient_quota" || status == http.StatusPaymentRequired
	switch target {
	case ErrRateLimit:
		return !quota && (status == http.StatusTooManyRequests || e.Code == "rate_limit_exceeded" || e.Type == "rate_limit_error")
	case ErrQuota:
		return quota
	case ErrAuthentication:
		return status == http.StatusUnauthorized || e.Code == "invalid_api_key" || e.Type == "authentication_error"
	case ErrPermission:
		return status == http.StatusForbidden || e.Type == "permission_error"
	case ErrNotFound:
		return status == http.StatusNotFound || e.Code == "model_not_found" || e.Type == "not_found_error"
	case ErrInvalidRequest:
		return status == http.StatusBadRequest || status == http.StatusUnprocessableEntity || status < 400 && e.Type == "invalid_request_error"
	case ErrContextLength:
		return e.Code == "context_length_exceeded"
	case ErrContentFilter:
		return e.Code == "content_filter" || e.Code == "content_policy_violation"
	case ErrServer:
		return status >= 500 || status < 400 && (e.Type == "server_error" || e.Type == "api_error" || e.Type == "overloaded_error")
	}
	return false
}

// class returns the status, or for an error inside a success the status that its code names:
// several servers put one there (OpenRouter and vLLM, by their documentation).
func (e *Error) class() int {
	if e.Status >= 400 {
		return e.Status
	}
	if n, err := strconv.Atoi(e.Code); err == nil && n >= 400 && n < 600 {
		return n
	}
	return e.Status
}
