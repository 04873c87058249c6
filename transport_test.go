package chatspec_test

import (
	"compress/gzip"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/chatspec/chatspec"
)

// TestOtherRoads reaches a server through a unix socket and through a proxy, with a key, and reads a compressed
// answer.
func TestOtherRoads(t *testing.T) {
	t.Parallel()
	var seen *http.Request
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		if r.Header.Get("Accept-Encoding") != "gzip" {
			_, _ = w.Write([]byte(hello))
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		_, _ = zip.Write([]byte(hello))
		_ = zip.Close()
	})
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	overSocket := httptest.NewUnstartedServer(handler)
	overSocket.Listener = listener
	overSocket.Start()
	t.Cleanup(overSocket.Close)
	proxy := httptest.NewServer(handler) // a proxy that answers itself
	t.Cleanup(proxy.Close)
	proxyURL, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		base, host string
		transport  *http.Transport
	}{
		"unix socket": {"http://localhost/v1", "localhost", &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}}},
		"proxy": {"http://llm.internal/v1", "llm.internal", &http.Transport{Proxy: http.ProxyURL(proxyURL)}},
	}
	for name, test := range tests {
		c, err := chatspec.New(chatspec.WithBaseURL(test.base), chatspec.WithAPIKey("k"), chatspec.WithHTTPClient(&http.Client{Transport: test.transport}))
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Create(t.Context(), question())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c.CloseIdleConnections()
		if res.Text() != "Hello" || seen.Host != test.host || seen.Header.Get("Authorization") != "Bearer k" || seen.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("%s: %q from %s, %v", name, res.Text(), seen.Host, seen.Header)
		}
	}
}
