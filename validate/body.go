package validate

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// checkBody checks the body of a request.
func checkBody(want *openapi3.RequestBody, r *http.Request) error {
	body, err := readBody(r)
	switch {
	case err != nil:
		return err
	case len(body) == 0 && want.Required:
		return &Error{In: InBody, Rule: "required"}
	case len(body) == 0:
		return nil
	}
	name := r.Header.Get("Content-Type")
	if name == "" {
		name = mediaJSON
	}
	name, _, err = mime.ParseMediaType(name)
	media := want.Content.Get(name)
	if err != nil || media == nil {
		return &Error{In: InHeader, Pointer: "Content-Type", Rule: RuleContentType, Allowed: slices.Sorted(maps.Keys(want.Content))}
	}
	return checkJSON(media.Schema, body)
}

// readBody returns the body of r and puts it back.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > MaxBodyBytes {
		return nil, tooLarge()
	}
	original := r.Body
	var body bytes.Buffer
	_, err := body.ReadFrom(io.LimitReader(original, MaxBodyBytes+1))
	r.Body = putBack(body.Bytes(), original, err)
	if err != nil {
		return nil, fmt.Errorf("validate: read the body: %w", err)
	}
	if body.Len() > MaxBodyBytes {
		return nil, tooLarge()
	}
	return body.Bytes(), nil
}

func tooLarge() *Error {
	return &Error{In: InBody, Rule: RuleSize, Allowed: []string{fmt.Sprintf("%d bytes", MaxBodyBytes)}}
}

// putBack returns a body that reads as the original would have: first what has been read of it, then
// what is left, or the error.
func putBack(read []byte, original io.ReadCloser, err error) io.ReadCloser {
	rest := io.Reader(original)
	if err != nil {
		rest = failed{err}
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), rest), original}
}

// failed is a reader that fails.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
