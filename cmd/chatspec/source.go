package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// fetchTimeout is how long a document may take to arrive over the network.
const fetchTimeout = 30 * time.Second

// The names of the files that are built in, as reports show them.
const (
	specName       = "openapi.yaml"
	deviationsName = "api/deviations.yaml"
)

// inputError says that a document cannot be read or used.
type inputError struct{ err error }

func (e inputError) Error() string { return e.err.Error() }
func (e inputError) Unwrap() error { return e.err }

// specFlags say which document is ours, and where it differs on purpose.
type specFlags struct {
	spec       string
	deviations string
}

// document reads our document.
func (f *specFlags) document(ctx context.Context, c *console) (*drift.Document, error) {
	if f.spec == "" {
		return drift.Parse(specName, []byte(chatspec.Spec))
	}
	return readDocument(ctx, c, f.spec)
}

// list returns the deviations.
func (f *specFlags) list(ctx context.Context, c *console) ([]drift.Deviation, error) {
	if f.deviations == "" {
		return drift.ParseDeviations(deviationsName, []byte(chatspec.Deviations))
	}
	data, err := readSource(ctx, c, f.deviations)
	if err != nil {
		return nil, err
	}
	out, err := drift.ParseDeviations(f.deviations, data)
	if err != nil {
		return nil, inputError{err}
	}
	return out, nil
}

// readDocument reads an OpenAPI document.
func readDocument(ctx context.Context, c *console, source string) (*drift.Document, error) {
	data, err := readSource(ctx, c, source)
	if err != nil {
		return nil, err
	}
	doc, err := drift.Parse(sourceName(source), data)
	if err != nil {
		return nil, inputError{err}
	}
	return doc, nil
}

// sourceName is what reports call a source.
func sourceName(source string) string {
	if source == "-" {
		return "standard input"
	}
	if u, err := url.Parse(source); isURL(source) && err == nil {
		u.RawQuery, u.User = "", nil
		return u.String()
	}
	return source
}

func isURL(source string) bool {
	return strings.HasPrefix(source, "https://") || strings.HasPrefix(source, "http://")
}

// readSource reads a file, a URL, or standard input where the source is "-", up to the size that documents may
// have.
func readSource(ctx context.Context, c *console, source string) ([]byte, error) {
	var data []byte
	var err error
	switch {
	case source == "-":
		data, err = readAll(ctx, c.stdin)
	case isURL(source):
		data, err = fetch(ctx, source)
	default:
		var f *os.File
		if f, err = os.Open(source); err == nil { //nolint:gosec // whoever types the name may read the file
			defer f.Close()
			data, err = readAll(ctx, f)
		}
		if failed, ok := errors.AsType[*os.PathError](err); ok {
			err = failed.Err // the name is said anyway
		}
	}
	if err != nil {
		return nil, inputError{fmt.Errorf("%s: %w", sourceName(source), err)}
	}
	return data, nil
}

// readAll reads to the end. It gives up when ctx ends, although the read goes on.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	read := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(r, drift.MaxBytes+1))
		read <- result{data, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-read:
		if r.err == nil && len(r.data) > drift.MaxBytes {
			r.err = fmt.Errorf("larger than %d MiB", drift.MaxBytes>>20)
		}
		return r.data, r.err
	}
}

// fetch reads what a URL leads to.
func fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, fetchTimeout, fmt.Errorf("no answer within %v", fetchTimeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody) //nolint:gosec // whoever types the URL wants it read
	if err != nil {
		return nil, errors.New("not a URL")
	}
	req.Header.Set("User-Agent", "chatspec/"+chatspec.Version)
	client := &http.Client{CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) >= 5 || via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
			return errors.New("the server sends elsewhere, too often or to plain http")
		}
		return nil
	}}
	resp, err := client.Do(req) //nolint:gosec // see above
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // without the URL, which may have a key in its query
		}
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	return readAll(ctx, resp.Body)
}
