package chattest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/validate"
)

// The media types of answers.
const (
	eventStream = "text/event-stream"
	jsonType    = "application/json"
)

// The types and codes of error objects, as the API has them.
const (
	typeInvalidRequest = "invalid_request_error"
	typeServer         = "server_error"
	typeRequests       = "requests"

	codeInvalidKey   = "invalid_api_key"
	codeUnknownURL   = "unknown_url"
	codeMethod       = "method_not_supported"
	codeMissing      = "missing_required_parameter"
	codeInvalidType  = "invalid_type"
	codeInvalidValue = "invalid_value"
	codeNotFound     = "not_found"
	codeTooLarge     = "request_too_large"
	codeModel        = "model_not_found"
	codeRateLimit    = "rate_limit_exceeded"
)

// failure is an answer that says why there is none. It answers any operation.
type failure struct {
	status int
	header http.Header // beside those of every answer
	body   chat.Error
}

func (f failure) write(w http.ResponseWriter) {
	_ = f.writeTo(w) // the client is gone: there is nobody left to tell
}

func (f failure) writeTo(w http.ResponseWriter) error {
	maps.Copy(w.Header(), f.header)
	return writeJSON(w, f.status, f.object())
}

func (f failure) object() chat.ErrorResponse { return chat.ErrorResponse{Error: f.body} }

// The generated stubs call one of these.

func (f failure) VisitListChatCompletionsResponse(w http.ResponseWriter) error {
	return f.writeTo(w)
}

func (f failure) VisitCreateChatCompletionResponse(w http.ResponseWriter) error {
	return f.writeTo(w)
}

func (f failure) VisitGetChatCompletionResponse(w http.ResponseWriter) error {
	return f.writeTo(w)
}

func (f failure) VisitUpdateChatCompletionResponse(w http.ResponseWriter) error {
	return f.writeTo(w)
}

func (f failure) VisitDeleteChatCompletionResponse(w http.ResponseWriter) error {
	return f.writeTo(w)
}

func (f failure) VisitGetChatCompletionMessagesResponse(w http.ResponseWriter) error {
	return f.writeTo(w)
}

// violation is the answer to a request that breaks the document.
func violation(err error) failure {
	broken, ok := errors.AsType[*validate.Error](err)
	if !ok {
		return unreadable(err)
	}
	allowed := ""
	if len(broken.Allowed) > 0 {
		allowed = fmt.Sprintf(" (allowed: %s)", strings.Join(broken.Allowed, ", "))
	}
	switch {
	case broken.In == validate.InPath && broken.Rule == validate.RuleOperation:
		return refuse(http.StatusNotFound, codeUnknownURL, "", "Unknown URL: the API has no such path.")
	case broken.In == validate.InMethod:
		f := refuse(http.StatusMethodNotAllowed, codeMethod, "", "The path exists, but not with this method"+allowed+".")
		f.header = http.Header{"Allow": {strings.Join(broken.Allowed, ", ")}}
		return f
	case broken.In == validate.InBody:
		return invalid(dotted(broken.Pointer), broken.Rule, broken.Allowed...)
	default:
		return invalid(broken.Pointer, broken.Rule, broken.Allowed...)
	}
}

// invalid is the answer to a request with a parameter, empty for the body as a whole, that breaks a rule.
func invalid(param, rule string, allowed ...string) failure {
	code := codeInvalidValue
	switch rule {
	case "required":
		code = codeMissing
	case "type":
		code = codeInvalidType
	}
	place := param
	if place == "" {
		place = "the body"
	}
	return refuse(http.StatusBadRequest, code, param, fmt.Sprintf("%s: %s", place, inWords(rule, allowed)))
}

// inWords says what a rule wants. What was sent instead stays out of it: it may be secret.
func inWords(rule string, allowed []string) string {
	want := strings.Join(allowed, " or ")
	switch {
	case rule == "required" && want == "":
		return "is missing"
	case rule == "required":
		return "is missing; want " + want
	case want == "":
		return rule
	}
	switch rule {
	case "type", "enum", "const", "discriminator":
		return "want " + want
	case "minimum":
		return "want at least " + want
	case "maximum":
		return "want at most " + want
	case "minItems":
		return "want at least " + want + " in the list"
	case "maxItems":
		return "want at most " + want + " in the list"
	}
	return fmt.Sprintf("%s (allowed: %s)", rule, strings.Join(allowed, ", "))
}

// unreadable is the answer to a request whose body could not be read to its end.
func unreadable(err error) failure {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(http.StatusRequestEntityTooLarge, codeTooLarge, "", fmt.Sprintf("The body exceeds %d bytes.", tooLarge.Limit))
	}
	return refuse(http.StatusBadRequest, codeInvalidValue, "", "The body ended early.")
}

func wrongKey() failure {
	f := refuse(http.StatusUnauthorized, codeInvalidKey, "", "The API key is missing or wrong: send it in the header Authorization, after \"Bearer \".")
	f.header = http.Header{"Www-Authenticate": {"Bearer"}}
	return f
}

func notFound(param string) failure {
	return refuse(http.StatusNotFound, codeNotFound, param, "No stored completion or message has this ID.")
}

// serverError is the answer where the server or its script is at fault, which asking again does not mend.
func serverError(message string) failure {
	return failure{
		status: http.StatusInternalServerError,
		header: http.Header{"X-Should-Retry": {"false"}},
		body:   chat.Error{Message: message, Type: typeServer},
	}
}

// scriptedError is the error object of a refusal that a script asks for.
func scriptedError(status int) *chat.Error {
	e := chat.Error{Message: fmt.Sprintf("The script refuses this request with status %d.", status), Type: typeInvalidRequest}
	switch {
	case status >= http.StatusInternalServerError:
		e.Type = typeServer
	case status == http.StatusUnauthorized:
		e.Code = codeInvalidKey
	case status == http.StatusNotFound:
		e.Code = codeModel
	case status == http.StatusTooManyRequests:
		e.Type, e.Code = typeRequests, codeRateLimit
	}
	return &e
}

func refuse(status int, code, param, message string) failure {
	return failure{status: status, body: chat.Error{Message: message, Type: typeInvalidRequest, Code: code, Param: param}}
}

// dotted writes a JSON pointer as the API does: messages[0].role.
func dotted(pointer string) string {
	var b strings.Builder
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for i, name := range strings.Split(pointer, "/") {
		switch {
		case i == 0: // before the first slash
		case isIndex(name):
			b.WriteString("[" + name + "]")
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(unescape.Replace(name))
		}
	}
	return b.String()
}

func isIndex(name string) bool {
	return name != "" && strings.Trim(name, "0123456789") == ""
}

// writeJSON answers with JSON. Nothing has been sent if v has none.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	_, err = bytes.NewReader(append(body, '\n')).WriteTo(w)
	return err
}

// notNil returns l, or an empty list for nil: the API has no null in place of a list.
func notNil[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// encode returns the JSON of v, without escapes for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
