package chatspec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
)

// web is servers that a client finds under any names: by http and https, on any port. It keeps what they get.
type web struct {
	plain, secure *httptest.Server

	mu     sync.Mutex
	answer answerFunc
	got    []string // method, scheme, host and path, key and body of each request
}

// answerFunc answers the request with the number n, from 1.
type answerFunc func(rw http.ResponseWriter, r *http.Request, n int)

// newWeb answers on all addresses.
func newWeb(t *testing.T, answer answerFunc) *web {
	t.Helper()
	w := &web{answer: answer}
	w.plain, w.secure = httptest.NewServer(w), httptest.NewTLSServer(w)
	t.Cleanup(w.plain.Close)
	t.Cleanup(w.secure.Close)
	return w
}

func (w *web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	w.mu.Lock()
	w.got = append(w.got, fmt.Sprintf("%s %s://%s%s %s %d", r.Method, scheme, r.Host, r.URL.Path, r.Header.Get("Authorization"), len(body)))
	n, answer := len(w.got), w.answer
	w.mu.Unlock()
	answer(rw, r, n)
}

// restart forgets what came and answers otherwise from now on.
func (w *web) restart(answer answerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer, w.got = answer, nil
}

// requests returns what the servers got.
func (w *web) requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.got)
}

// httpClient returns a client that finds them.
func (w *web) httpClient(t *testing.T) *http.Client {
	t.Helper()
	transport := w.secure.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.ServerName = "example.com" // whose certificate it has
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		to := w.plain
		if strings.HasSuffix(addr, "443") {
			to = w.secure
		}
		return new(net.Dialer).DialContext(ctx, network, to.Listener.Addr().String())
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// TestRedirectMatrix sends a POST, a GET and a DELETE from http and from https to all kinds of places. They are
// followed within their origin and with their method; else the redirect is the answer, and nobody elsewhere
// hears of the request.
func TestRedirectMatrix(t *testing.T) {
	t.Parallel()
	places := map[string]bool{ // by Location, S and X being this scheme and the other, and whether it is the same server
		"/new": true, "new": true, "?a=b": true, "//H.internal/new": true, "S://h.internal/new": true, "S://H.INTERNAL/new": true, "S://h.internal:P/new": true,
		"X://h.internal/new": false, "X://h.internal:P/new": false, "S://h.internal:8443/new": false, "S://h.internal:Q/new": false,
		"S://other.internal/new": false, "S://sub.h.internal/new": false, "S://internal/new": false, "S://h.internal.other/new": false,
		"S://h.internal@other.internal/new": false, "S://127.0.0.1/new": false, "//other.internal": false, "ftp://h.internal/new": false,
	}
	for _, scheme := range []string{"http", "https"} {
		fill := strings.NewReplacer("S:", "http:", "X:", "https:", "P", "80", "Q", "443")
		if scheme == "https" {
			fill = strings.NewReplacer("S:", "https:", "X:", "http:", "P", "443", "Q", "80")
		}
		for location, same := range places {
			location = fill.Replace(location)
			t.Run(scheme+" to "+location, func(t *testing.T) {
				t.Parallel()
				w := newWeb(t, nil)
				client := w.httpClient(t)
				for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
					for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
						keeps := status == 307 || status == 308 || method == http.MethodGet && (status == 301 || status == 302 || status == 303)
						redirect(t, w, client, scheme, location, status, method, same && keeps)
					}
				}
			})
		}
	}
}

// redirect makes a call that is sent to another place, and checks what comes of it.
func redirect(t *testing.T, w *web, client *http.Client, scheme, location string, status int, method string, follow bool) {
	t.Helper()
	w.restart(func(rw http.ResponseWriter, r *http.Request, n int) {
		if n > 1 {
			_, _ = io.WriteString(rw, answerTo(r.Method))
			return
		}
		rw.Header().Set("Location", location)
		rw.WriteHeader(status)
	})
	err := call(t, client, scheme+"://h.internal/v1", method)
	refused, isRefusal := errors.AsType[*api.Error](err)
	requests := w.requests()
	switch {
	case !follow && (len(requests) != 1 || !isRefusal || refused.Status != status || refused.Attempts != 1):
		t.Errorf("%s, %d: %q, %v", method, status, requests, err)
	case follow && (len(requests) != 2 || err != nil):
		t.Errorf("%s, %d: %q, %v", method, status, requests, err)
	case follow && afterPath(requests[0]) != afterPath(requests[1]):
		t.Errorf("%s, %d: key and body are others: %q", method, status, requests)
	}
	for _, got := range requests {
		if !strings.HasPrefix(strings.ToLower(got), strings.ToLower(method+" "+scheme+"://h.internal")) {
			t.Errorf("%s, %d: another server got %s", method, status, got)
		}
	}
}

// afterPath is the key and the length of the body of a request in [web].
func afterPath(got string) string {
	_, rest, _ := strings.Cut(got, " Bearer")
	return rest
}

func answerTo(method string) string {
	if method == http.MethodDelete {
		return `{"id":"c1","object":"chat.completion.deleted","deleted":true}`
	}
	return hello
}

// call makes a call by a method, with a key.
func call(t *testing.T, doer chatspec.Doer, base, method string) error {
	t.Helper()
	c, err := chatspec.New(chatspec.WithBaseURL(base), chatspec.WithAPIKey("sk-geheim-1234"), chatspec.WithHTTPClient(doer))
	if err != nil {
		t.Fatal(err)
	}
	switch method {
	case http.MethodGet:
		return second(c.Get(t.Context(), "c1"))
	case http.MethodDelete:
		return second(c.Delete(t.Context(), "c1"))
	}
	return second(c.Create(t.Context(), question()))
}

// TestRedirectChains has several redirects in a row.
func TestRedirectChains(t *testing.T) {
	t.Parallel()
	const here, other = "http://h.internal", "http://other.internal"
	long := slices.Repeat([]string{here}, 9)
	tests := map[string]struct {
		to     []string // servers, one after the other
		got    int      // requests
		status int      // of the error, 0 for none
	}{
		"two":            {[]string{here, here}, 3, 0},
		"nine":           {long, 10, 0},
		"ten":            {append(slices.Clone(long), here), 10, 307},
		"then elsewhere": {[]string{here, other, here}, 2, 307},
		"elsewhere":      {[]string{other, here}, 1, 307},
	}
	for name, test := range tests {
		w := newWeb(t, func(rw http.ResponseWriter, r *http.Request, n int) {
			if n <= len(test.to) {
				http.Redirect(rw, r, fmt.Sprintf("%s/%d", test.to[n-1], n), http.StatusTemporaryRedirect)
				return
			}
			_, _ = io.WriteString(rw, hello)
		})
		err := call(t, w.httpClient(t), here+"/v1", http.MethodPost)
		status := 0
		if refused, ok := errors.AsType[*api.Error](err); ok {
			status = refused.Status
		}
		requests := w.requests()
		if len(requests) != test.got || status != test.status || (err == nil) != (test.status == 0) {
			t.Errorf("%s: %q, %v", name, requests, err)
		}
		for _, got := range requests {
			if strings.Contains(got, "other.internal") {
				t.Errorf("%s: another server got %s", name, got)
			}
		}
	}
}

// TestRedirectsOfOthers has a Doer that follows redirects by itself, as far as net/http does. What comes from
// elsewhere is no answer, nor what a request for another method has brought, nor what the request has gone
// elsewhere for and come back.
func TestRedirectsOfOthers(t *testing.T) {
	t.Parallel()
	const here, other = "http://h.internal", "http://other.internal"
	tests := map[string]struct {
		status int
		to     []string
		ok     bool
	}{
		"the same server":         {307, []string{here}, true},
		"the same server, twice":  {308, []string{here, "http://H.internal:80"}, true},
		"another host":            {307, []string{other}, false},
		"another port":            {307, []string{here + ":8080"}, false},
		"another scheme":          {307, []string{"https://h.internal"}, false},
		"another method":          {302, []string{here}, false},
		"another host and back":   {307, []string{other, here}, false},
		"another scheme and back": {307, []string{"https://h.internal", here}, false},
	}
	for name, test := range tests {
		w := newWeb(t, func(rw http.ResponseWriter, r *http.Request, n int) {
			if n <= len(test.to) {
				http.Redirect(rw, r, fmt.Sprintf("%s/%d", test.to[n-1], n), test.status)
				return
			}
			_, _ = io.WriteString(rw, hello)
		})
		err := call(t, doerFunc(w.httpClient(t).Do), here+"/v1", http.MethodPost)
		if requests := w.requests(); (err == nil) != test.ok || len(requests) != len(test.to)+1 {
			t.Errorf("%s: %q, %v", name, requests, err)
		}
		if _, isRefusal := errors.AsType[*api.Error](err); isRefusal || err != nil && !strings.Contains(err.Error(), "redirect") {
			t.Errorf("%s: %v does not say why", name, err)
		}
	}
}

// TestRedirectPolicyIsOurs has an *http.Client whose own policy follows everything. It stays as it is.
func TestRedirectPolicyIsOurs(t *testing.T) {
	t.Parallel()
	w := newWeb(t, func(rw http.ResponseWriter, r *http.Request, _ int) {
		http.Redirect(rw, r, "http://other.internal/", http.StatusTemporaryRedirect)
	})
	asked := 0
	client := w.httpClient(t)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { asked++; return nil }
	if err := call(t, client, "http://h.internal/v1", http.MethodPost); err == nil || asked > 0 || len(w.requests()) != 1 {
		t.Errorf("%q, %v; the client's own policy was asked %d times", w.requests(), err, asked)
	}
	if err := client.CheckRedirect(nil, nil); err != nil || asked != 1 {
		t.Error("the client's policy was replaced")
	}
}

// TestRedirectsByDefault has the client that is used where none is given.
func TestRedirectsByDefault(t *testing.T) {
	t.Parallel()
	w := newWeb(t, func(rw http.ResponseWriter, r *http.Request, n int) {
		if n == 1 {
			http.Redirect(rw, r, "/new", http.StatusPermanentRedirect)
			return
		}
		_, _ = io.WriteString(rw, hello)
	})
	c, err := chatspec.New(chatspec.WithBaseURL(w.plain.URL), chatspec.WithAPIKey("k"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	if _, err := c.Create(t.Context(), question()); err != nil || len(w.requests()) != 2 {
		t.Errorf("%q, %v", w.requests(), err)
	}
	w.restart(func(rw http.ResponseWriter, r *http.Request, _ int) {
		http.Redirect(rw, r, w.secure.URL, http.StatusPermanentRedirect)
	})
	_, err = c.Create(t.Context(), question())
	if refused, ok := errors.AsType[*api.Error](err); !ok || refused.Status != http.StatusPermanentRedirect || len(w.requests()) != 1 {
		t.Errorf("%q, %v", w.requests(), err)
	}
}
