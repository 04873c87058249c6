package chatspec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/internal/exchange"
)

// authenticated sets the headers that say who is calling, as far as the call has not set them itself, and sees
// to it that they go nowhere else than to the server of the base URL.
func (c *config) authenticated(next Doer) Doer {
	return doerFunc(func(req *http.Request) (*http.Response, error) {
		signed, err := c.sign(req)
		if err != nil {
			if req.Body != nil {
				_ = req.Body.Close() // as every Doer does
			}
			return nil, &finalError{err: err}
		}
		masker := exchange.Masking(exchange.RequestSecrets(signed, c.keyHeader))
		attempt := exchange.AttemptIn(req.Context())
		attempt.Masker = masker
		start := time.Now()
		resp, err := next.Do(signed)
		attempt.Latency = time.Since(start)
		if err != nil {
			return nil, masked(err, masker.Mask)
		}
		if c.wandered(resp, req.Method) {
			_ = resp.Body.Close()
			return nil, &finalError{errors.New("the Doer of WithHTTPClient followed a redirect to another server or with another method"), true}
		}
		if len(masker) > 0 {
			resp.Header = exchange.MaskedHeader(resp.Header, masker.Mask)
			resp.Body = &maskedBody{resp.Body, masker}
		}
		return resp, nil
	})
}

// wandered says whether one of the requests that led to resp went to another server, or had another method.
func (c *config) wandered(resp *http.Response, method string) bool {
	for resp != nil && resp.Request != nil {
		if !sameServer(resp.Request.URL, c.base) || resp.Request.Method != method {
			return true
		}
		resp = resp.Request.Response // the redirect that led to the request, or nil
	}
	return false
}

// sign returns a copy of req with everything that the server is told about the caller, or why it must not be
// sent.
func (c *config) sign(req *http.Request) (*http.Request, error) {
	if !sameServer(req.URL, c.base) {
		return nil, errors.New("the request is for another server than that of WithBaseURL")
	}
	req = copied(req.Context(), req) // a Doer must not change the caller's request
	if c.base.RawQuery != "" {
		req.URL.RawQuery = strings.TrimSuffix(c.base.RawQuery+"&"+req.URL.RawQuery, "&")
	}
	for name, values := range c.header {
		if _, known := req.Header[name]; !known {
			req.Header[name] = values
		}
	}
	if _, known := req.Header[c.keyHeader]; c.keyFunc != nil && !known {
		key, err := c.keyFunc(req.Context())
		if ctx := req.Context(); err != nil && ctx.Err() != nil {
			err = api.Interrupted(ctx, err)
		}
		if err != nil {
			return nil, fmt.Errorf("WithAPIKeyFunc: %w", err)
		}
		req.Header[c.keyHeader] = []string{c.credentials(key)}
	}
	return req, c.checkHeader(req.Header)
}

// ownHeader returns what the options say of the header of every request.
func (c *config) ownHeader() http.Header {
	h := http.Header{}
	maps.Copy(h, c.call.header)
	set := func(name, value string) {
		if _, known := h[name]; !known && value != "" {
			h[name] = []string{value}
		}
	}
	set(c.keyHeader, c.credentials(c.key))
	set("Openai-Organization", c.organization)
	set("Openai-Project", c.project)
	set("User-Agent", "chatspec/"+Version)
	return h
}

// credentials returns the value of the header that carries a key.
func (c *config) credentials(key string) string {
	if c.keyHeader == authorization && key != "" {
		return "Bearer " + key
	}
	return key
}

// copied returns a copy of req with another context. Its URL and its header can be changed; lists of values in
// the header can be replaced.
func copied(ctx context.Context, req *http.Request) *http.Request {
	req = req.WithContext(ctx)
	req.URL, req.Header = new(*req.URL), maps.Clone(req.Header)
	return req
}

// checkHeader refuses headers that net/http would refuse in words of its own, and credentials that anyone
// between here and the server could read.
func (c *config) checkHeader(h http.Header) error {
	for name, values := range h {
		if !isHeaderName(name) || slices.ContainsFunc(values, hasControls) {
			return fmt.Errorf("the header %q has characters that no header may have", name)
		}
	}
	if !c.plainHTTP && c.base.Scheme == "http" && !isPrivate(c.base.Hostname()) && len(exchange.Secrets(h, c.keyHeader)) > 0 {
		return fmt.Errorf("a key would go over plain http to %s, for anyone to read: use https, or WithPlainHTTP", c.base.Hostname())
	}
	return nil
}

// authorization is the header that a key goes into unless WithKeyHeader names another.
const authorization = "Authorization"

// masked returns err, or one like it if its text has a secret.
func masked(err error, mask func(string) string) error {
	if text := mask(err.Error()); text != err.Error() {
		return &maskedError{text: text, cause: func() error { return err }}
	}
	return err
}

// maskedBody is a body whose errors may quote what the server has sent, such as a malformed trailer.
type maskedBody struct {
	io.ReadCloser
	masker exchange.Masker
}

func (b *maskedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // as io.Reader has it
		err = masked(err, b.masker.Mask)
	}
	return n, err
}

// maskedError is an error whose text has a secret. It keeps the error in a function, so that it cannot be
// printed.
type maskedError struct {
	text  string
	cause func() error
}

func (e *maskedError) Error() string { return e.text }
func (e *maskedError) Unwrap() error { return e.cause() }

// sameServer says whether two URLs have the same scheme, host and port.
func sameServer(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// isPrivate says whether a host is this machine or one of a private network, as far as its name or address
// tells: nothing is looked up.
func isPrivate(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if address, err := netip.ParseAddr(host); err == nil {
		address = address.Unmap()
		return address.IsLoopback() || address.IsPrivate() || address.IsLinkLocalUnicast() || address.IsUnspecified()
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if _, err := strconv.ParseUint(last, 0, 64); err == nil {
		return false // an address in another form, such as 134744072 for 8.8.8.8
	}
	if last == host {
		return host != "" && !strings.ContainsFunc(host, notASCII) // which may stand for a dot
	}
	return slices.Contains(privateDomains, last) || strings.HasSuffix(host, ".svc.cluster.local")
}

func notASCII(r rune) bool { return r >= utf8.RuneSelf }

// privateDomains are top-level domains that the public name system does not have; a name without any dot is
// private too. (Kubernetes names its services NAME.NAMESPACE.svc, with the domain cluster.local or without.)
var privateDomains = []string{"localhost", "local", "internal", "lan", "svc"}

// checkHeaderValue refuses what net/http would refuse only when it sends.
func checkHeaderValue(option, value string) error {
	if hasControls(value) {
		return fmt.Errorf("chatspec: %s: the value has control characters", option)
	}
	return nil
}

func hasControls(value string) bool {
	return strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// isHeaderName says whether name is a token (RFC 9110, section 5.6.2).
func isHeaderName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}
