package api

import (
	"bytes"
	"errors"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/chatspec/chatspec/codec"
)

// FromResponse reads at most maxBytes of the body of a response that is not a success, for [MaxErrorTime] at
// most, closes it, and returns the error that it says. A body that is empty, cut, stalled, too large or of any
// other shape never loses the status. maxBytes that is not positive means [DefaultMaxErrorBytes].
func FromResponse(resp *http.Response, maxBytes int64) *Error {
	if maxBytes <= 0 {
		maxBytes = DefaultMaxErrorBytes
	}
	timer := time.AfterFunc(MaxErrorTime, func() { _ = resp.Body.Close() })
	body, _ := ReadBody(resp.Body, maxBytes) // the status is the error, whatever the body does
	timer.Stop()
	_ = resp.Body.Close()
	e := new(Error)
	e.fill(body)
	e.complete(resp, body)
	if e.Message == "" && !isMarkup(resp.Header) {
		text := bytes.TrimSpace(body)
		e.Message = string(text[:min(len(text), MaxMessageBytes)])
	}
	return e
}

// FromBody returns the error that body says, if it is an error object: the JSON of a 200 answer or the
// data of an event with an "error" that is not null, at the top or in a choice, or that calls itself one
// ("object": "error"). It returns nil for anything else.
func FromBody(resp *http.Response, body []byte) *Error {
	e := new(Error)
	if !e.fill(body) {
		return nil
	}
	e.complete(resp, bytes.Clone(body))
	return e
}

// FromEvent returns the error that the data of an event named "error" says, whatever its shape.
func FromEvent(resp *http.Response, data []byte) *Error {
	e := new(Error)
	e.fill(data)
	e.complete(resp, bytes.Clone(data))
	if e.Message == "" {
		e.Message = string(bytes.TrimSpace(data))
	}
	return e
}

// RequestID returns the ID that the server gave the request, empty when it gave none.
func RequestID(h http.Header) string { return h.Get("X-Request-Id") }

// complete fills in what does not depend on the shape of the body.
func (e *Error) complete(resp *http.Response, body []byte) {
	e.Attempts = 1
	e.Raw = body
	if resp != nil {
		e.Status = resp.StatusCode
		e.RequestID = RequestID(resp.Header)
		e.RetryAfter = RetryAfter(resp.Header, time.Now())
	}
}

// fill takes what body says of an error, in any of the shapes that servers use, and tells whether body is
// sound JSON that says itself to be one:
//
//	{"error": {"message": …, "type": …, "param": …, "code": …}}   the document's
//	{"error": "text"}
//	{"choices": [{"error": {…}, …}], …}                           OpenRouter
//	{"object": "error", "message": …, "type": …, "code": …}       vLLM, proxies; the message alone tells nothing
//	{"detail": "text"}                                            FastAPI
//	{"title": …, "detail": …, "status": …}                        problem details, RFC 9457
func (e *Error) fill(body []byte) (found bool) {
	var d codec.Decoder
	d.Reset(body)
	if d.Kind() != codec.KindObject {
		return false
	}
	var title, detail string
	flat := false
	for more := d.Object(); more; more = d.More() {
		switch key := string(d.Key()); key {
		case "error":
			found = e.fillError(&d) || found
		case "choices":
			found = e.fillChoices(&d) || found
		case "object":
			flat = scalar(&d) == "error"
		case "title":
			title = scalar(&d)
		case "detail":
			detail = scalar(&d)
		default:
			e.fillField(key, &d)
		}
	}
	for _, s := range []string{detail, title} {
		if e.Message == "" {
			e.Message = s
		}
	}
	return (found || flat && e.Message != "") && d.End() == nil
}

// fillChoices reads the errors of single choices and tells whether there is one.
func (e *Error) fillChoices(d *codec.Decoder) (found bool) {
	if d.Kind() != codec.KindArray {
		d.Skip()
		return false
	}
	for more := d.Array(); more; more = d.More() {
		if d.Kind() != codec.KindObject {
			d.Skip()
			continue
		}
		for more := d.Object(); more; more = d.More() {
			if string(d.Key()) == "error" {
				found = e.fillError(d) || found
			} else {
				d.Skip()
			}
		}
	}
	return found
}

// fillError reads the value of "error" and tells whether it is one.
func (e *Error) fillError(d *codec.Decoder) bool {
	switch d.Kind() {
	case codec.KindNull:
		d.Skip()
		return false
	case codec.KindObject:
		for more := d.Object(); more; more = d.More() {
			e.fillField(string(d.Key()), d)
		}
	default:
		e.Message = scalar(d)
	}
	return true
}

// fillField reads one field of an error object.
func (e *Error) fillField(key string, d *codec.Decoder) {
	switch key {
	case "message":
		e.Message = scalar(d)
	case "type":
		e.Type = scalar(d)
	case "code":
		e.Code = scalar(d)
	case "param":
		e.Param = scalar(d)
	default:
		d.Skip()
	}
}

// scalar reads a string, or a number or boolean as it is written; null and lists read as "".
func scalar(d *codec.Decoder) string {
	switch d.Kind() {
	case codec.KindString:
		return d.ReadString()
	case codec.KindNumber, codec.KindBool:
		return string(d.ReadRaw())
	default:
		d.Skip()
		return ""
	}
}

// isMarkup says whether a body is a page for browsers, which says nothing in one line.
func isMarkup(h http.Header) bool {
	t, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return t == "text/html" || strings.HasSuffix(t, "xml")
}

// RetryAfter returns how long the server asks to wait before another try, 0 when it does not say:
// Retry-After-Ms in milliseconds, else Retry-After in seconds (a fraction is taken too) or as a date
// (RFC 9110, section 10.2.3), seen from now. Negative values and anything else are ignored; a value that
// does not fit is the longest duration.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	if d := duration(h.Get("Retry-After-Ms"), time.Millisecond); d > 0 {
		return d
	}
	v := h.Get("Retry-After")
	if d := duration(v, time.Second); d > 0 {
		return d
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// duration reads a decimal number of units; 0 for anything that is not a positive number.
func duration(s string, unit time.Duration) time.Duration {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil // too large to be written down
	} else if math.IsInf(f, 0) {
		return 0 // the word
	}
	if err != nil || !(f > 0) {
		return 0
	}
	if f *= float64(unit); f >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(f)
}
