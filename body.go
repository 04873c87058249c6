package chatspec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/codec"
	"github.com/chatspec/chatspec/internal/exchange"
)

// finish adds the extra fields of the call to its body, in which a T has been written.
func finish[T any](call *call) error {
	e := &call.body
	if e.Err() != nil || len(call.fields) == 0 {
		return e.Err()
	}
	e.ReopenObject()
	for _, f := range call.fields {
		if hasField(reflect.TypeFor[T](), f.name) {
			return fmt.Errorf("WithBodyField: %q is a field of the document; set it on the request", f.name)
		}
		e.Key(f.name).WriteAny(f.value)
		if err := e.Err(); err != nil {
			return fmt.Errorf("WithBodyField %q: %w", f.name, err)
		}
	}
	e.EndObject()
	return nil
}

// hasField says whether the struct t has a field with this JSON name.
func hasField(t reflect.Type, name string) bool {
	for _, f := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name {
			return true
		}
	}
	return false
}

// shortBodyBytes is up to which size a body is copied.
const shortBodyBytes = 1 << 10

// attach makes body that of req, which can then be sent any number of times without another copy of it. The request
// lives as long as the answer is read; so that it keeps nothing else, a short body is a copy.
func attach(req *http.Request, body *codec.Encoder) {
	req.ContentLength = int64(body.Len())
	if body.Len() <= shortBodyBytes {
		short := bytes.Clone(body.Bytes())
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(short)), nil }
	} else {
		req.GetBody = func() (io.ReadCloser, error) { return body.NewReader(), nil }
	}
	req.Body, _ = req.GetBody()
}

// decoder is what the templates emit for every type of the document.
type decoder[T any] interface {
	*T
	DecodeJSON(d *codec.Decoder)
}

// decode reads the answer to a call that does not stream and closes it. ok tells a T from JSON that merely
// decodes as one.
func decode[T any, P decoder[T]](resp *http.Response, method string, call *call, ok func(*T) bool) (*T, error) {
	watcher := exchange.Claim(resp)
	v, err := read[T, P](resp, call, ok)
	if watcher != nil {
		watcher.End(v, err)
	}
	if _, refused := err.(*api.Error); err != nil && !refused { //nolint:errorlint // FromResponse returns it as it is
		err = &api.ResponseError{Status: resp.StatusCode, RequestID: api.RequestID(resp.Header), Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("chatspec: %s: %w", method, err)
	}
	return v, nil
}

// read is decode without what stands around it.
func read[T any, P decoder[T]](resp *http.Response, call *call, ok func(*T) bool) (*T, error) {
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, api.FromResponse(resp, api.DefaultMaxErrorBytes)
	}
	body, err := api.ReadBody(resp.Body, call.maxBodyBytes, resp.ContentLength)
	_ = resp.Body.Close() // what matters has been read
	if err != nil {
		return nil, api.Interrupted(exchange.ContextOf(resp), err)
	}
	if refused := api.FromBody(resp, body); refused != nil {
		return nil, refused
	}
	v := new(T)
	if err := codec.Unmarshal(body, v, func(v *T, d *codec.Decoder) { P(v).DecodeJSON(d) }); err != nil {
		mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
		if mediaType == "application/json" {
			mediaType = ""
		}
		return nil, &api.DecodeError{What: "response", MediaType: mediaType, Err: err}
	}
	if !ok(v) {
		return nil, &api.DecodeError{What: "response", Err: errors.New("the JSON is not what the operation answers")}
	}
	return v, nil
}

// page is one page of a list.
type page[T any] struct {
	items  []T
	lastID string // empty where the server leaves it out
	more   bool
}

// pages iterates over the items of all pages from the one behind after. id returns an item's ID.
func pages[T any](after *string, fetch func(after *string) (page[T], error), id func(*T) string) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for after := after; ; {
			p, err := fetch(after)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range p.items {
				if !yield(&p.items[i], nil) {
					return
				}
			}
			if !p.more {
				return
			}
			next := p.lastID
			if next == "" && len(p.items) > 0 {
				next = id(&p.items[len(p.items)-1])
			}
			if next == "" || after != nil && *after == next {
				yield(nil, errors.New("chatspec: the server says that the list goes on, but not from where"))
				return
			}
			after = &next
		}
	}
}
