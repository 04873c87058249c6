package api

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/chatspec/chatspec/codec"
	"github.com/chatspec/chatspec/internal/exchange"
)

// FromResponse reads at most maxBytes of the body of a response that is not a success, for [MaxErrorTime] at
// most, closes it, and returns the error that it says. A body that is empty, cut, stalled, too large or of any
// other shape never loses the status. maxBytes that is not positive means [DefaultMaxErrorBytes].
func FromResponse(resp *http.Response, maxBytes int64) *Error {
	if maxBytes <= 0 {
		maxBytes = DefaultMaxErrorBytes
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	timer := time.AfterFunc(MaxErrorTime, func() { _ = resp.Body.Close() })
	body, _ := ReadBody(resp.Body, maxBytes, resp.ContentLength) // the status is the error, whatever the body does
	timer.Stop()
	_ = resp.Body.Close()
	e := new(Error)
	e.fill(body)
	e.complete(resp, body)
	if e.Message == "" && isText(resp.Header, e.Raw) {
		e.Message = firstBytes(e.Raw)
	}
	return e
}

// FromBody returns the error that body says, if it is an error object: the JSON of a 200 answer or the
// data of an event with an "error" that is not null, at the top or in a choice, or that calls itself one
// ("object": "error"). It returns nil for anything else.
func FromBody(resp *http.Response, body []byte) *Error {
	if !mentionsError(body) {
		return nil
	}
	e := new(Error)
	if !e.fill(body) {
		return nil
	}
	e.complete(resp, bytes.Clone(body))
	return e
}

// mentionsError reports whether JSON may have "error" as a name or a value, which spares most answers from being
// read twice. It looks for what is rare in text, and for escapes with which ASCII can be written.
func mentionsError(body []byte) bool {
	return bytes.Contains(body, []byte(`rror"`)) || bytes.Contains(body, []byte("u00"))
}

// FromEvent returns the error that the data of an event named "error" says, whatever its shape.
func FromEvent(resp *http.Response, data []byte) *Error {
	e := new(Error)
	e.fill(data)
	e.complete(resp, bytes.Clone(data))
	if e.Message == "" {
		e.Message = firstBytes(e.Raw)
	}
	return e
}

// firstBytes returns as much of a text as a message may be long.
func firstBytes(text []byte) string {
	text = bytes.TrimSpace(text)
	return strings.ToValidUTF8(string(text[:min(len(text), MaxMessageBytes)]), "")
}

// RequestID returns the ID that the server gave the request, empty when it gave none: X-Request-Id or, from
// other vendors, Request-Id or Apim-Request-Id. It is cut at 256 bytes and has no control characters.
func RequestID(h http.Header) string {
	id := cmp.Or(h.Get("X-Request-Id"), h.Get("Request-Id"), h.Get("Apim-Request-Id"))
	return oneLine(id[:min(len(id), maxRequestIDBytes)])
}

const maxRequestIDBytes = 256

// complete fills in what does not depend on the shape of the body, and hides what must not be printed.
func (e *Error) complete(resp *http.Response, body []byte) {
	e.Attempts = Attempts(resp)
	if attempt := exchange.AttemptOf(resp); attempt != nil {
		e.final = attempt.Final
	}
	e.Raw = body
	if resp != nil {
		now := time.Now()
		e.Status = resp.StatusCode
		e.RequestID = RequestID(resp.Header)
		e.RetryAfter = RetryAfter(resp.Header, now)
		e.RateLimit = ParseRateLimit(resp.Header, now)
	}
	e.mask(func(text string) string { return exchange.Masked(resp, text) })
}

// mask hides secrets in everything that the server sent. Raw is dropped where it has one in another spelling
// than the text that was read from it.
func (e *Error) mask(mask func(string) string) {
	raw := string(e.Raw)
	shown := mask(raw)
	if shown != raw {
		e.Raw = []byte(shown)
	}
	for _, text := range []*string{&e.Message, &e.Type, &e.Code, &e.Param} {
		sent := *text
		if *text = mask(sent); *text != sent && shown == raw {
			e.Raw = nil
		}
	}
	e.RequestID = mask(e.RequestID)
}

// Attempts returns how many requests were sent for the call that resp answers: 1 unless package chatspec has
// repeated it.
func Attempts(resp *http.Response) int {
	if attempt := exchange.AttemptOf(resp); attempt != nil {
		return attempt.Number
	}
	return 1
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
	var outer Error
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
			detail = detailText(&d)
		default:
			outer.fillField(key, &d)
		}
	}
	// What the error object says counts more than what stands beside it, in whatever order they come.
	e.Message = cmp.Or(e.Message, outer.Message, detail, title)
	e.Type = cmp.Or(e.Type, outer.Type)
	e.Code = cmp.Or(e.Code, outer.Code)
	e.Param = cmp.Or(e.Param, outer.Param)
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

// fillError reads the value of "error" and tells whether it is one: null, false and "" are none.
func (e *Error) fillError(d *codec.Decoder) bool {
	switch d.Kind() {
	case codec.KindObject:
		for more := d.Object(); more; more = d.More() {
			e.fillField(string(d.Key()), d)
		}
		return true
	case codec.KindNull:
		d.Skip()
		return false
	case codec.KindBool:
		return d.ReadBool()
	case codec.KindArray:
		d.Skip()
		return true
	default:
		text := scalar(d)
		e.Message = cmp.Or(text, e.Message)
		return text != ""
	}
}

// fillField reads one field of an error object. Null changes nothing.
func (e *Error) fillField(key string, d *codec.Decoder) {
	switch key {
	case "message":
		e.Message = cmp.Or(scalar(d), e.Message)
	case "type":
		e.Type = cmp.Or(scalar(d), e.Type)
	case "code":
		e.Code = cmp.Or(scalar(d), e.Code)
	case "param":
		e.Param = cmp.Or(scalar(d), e.Param)
	default:
		d.Skip()
	}
}

// detailText reads a detail: a text, or the list of what is wrong with a request that FastAPI sends, of which
// the words count and not the input beside them.
func detailText(d *codec.Decoder) string {
	if d.Kind() != codec.KindArray {
		return scalar(d)
	}
	var texts []string
	for more := d.Array(); more; more = d.More() {
		if d.Kind() != codec.KindObject {
			d.Skip()
			continue
		}
		for more := d.Object(); more; more = d.More() {
			if string(d.Key()) == "msg" {
				texts = append(texts, scalar(d))
			} else {
				d.Skip()
			}
		}
	}
	return strings.Join(texts, "; ")
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

// isText says whether a body that is no error object may be a message. JSON of another shape, pages and
// streams are no line of text, and may hold what was asked; they are in Raw.
func isText(h http.Header, body []byte) bool {
	t, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	body = bytes.TrimSpace(body)
	return t != "text/event-stream" && len(body) > 0 && !strings.ContainsRune("{[<", rune(body[0]))
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
