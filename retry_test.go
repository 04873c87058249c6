package chatspec_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
)

// step is one answer of a script: a response, or an error where err is set.
type step struct {
	status int
	header http.Header
	body   string
	err    error
}

var success = step{status: http.StatusOK, body: hello}

// script is a Doer that answers with one step after the other and keeps what it was sent.
type script struct {
	steps []step
	sent  []*http.Request
	body  []string
	times []time.Time
	open  int
}

func (s *script) Do(req *http.Request) (*http.Response, error) {
	body := []byte{}
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		_ = req.Body.Close()
	}
	s.sent, s.body, s.times = append(s.sent, req), append(s.body, string(body)), append(s.times, time.Now())
	next := s.steps[min(len(s.sent), len(s.steps))-1]
	if next.err != nil {
		return nil, next.err
	}
	header := next.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	if strings.HasPrefix(next.body, "data:") {
		header.Set("Content-Type", "text/event-stream")
	}
	s.open++
	return &http.Response{StatusCode: next.status, Header: header, Body: &countedBody{strings.NewReader(next.body), &s.open}, Request: req}, nil
}

// waits returns the time between one request and the next.
func (s *script) waits() (all []time.Duration) {
	for i := range s.times[1:] {
		all = append(all, s.times[i+1].Sub(s.times[i]))
	}
	return all
}

func (s *script) client(t *testing.T, opts ...chatspec.Option) *chatspec.Client {
	t.Helper()
	t.Cleanup(func() {
		if s.open != 0 {
			t.Errorf("%d bodies were not closed once", s.open)
		}
	})
	c, err := chatspec.New(append([]chatspec.Option{chatspec.WithBaseURL("http://test.internal/v1"), chatspec.WithHTTPClient(s)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func status(code int, header ...string) step {
	s := step{status: code, header: http.Header{}, body: `{"error":{"message":"no","type":"t","code":"c"}}`}
	for i := 0; i < len(header); i += 2 {
		s.header.Set(header[i], header[i+1])
	}
	return s
}

func dialError(err error) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: err}
}

// TestRetryDecides has one failed attempt of each kind and how many requests it leads to, by POST and by GET.
func TestRetryDecides(t *testing.T) {
	t.Parallel()
	quota := step{status: http.StatusTooManyRequests, body: `{"error":{"message":"no","type":"insufficient_quota","code":"insufficient_quota"}}`}
	longQuota := quota
	longQuota.body = `{"pad":"` + strings.Repeat("x", 100_000) + `",` + quota.body[1:]
	tests := map[string]struct {
		step      step
		post, get int
	}{
		"408": {status(408), 3, 3}, "409": {status(409), 3, 3}, "429": {status(429), 3, 3},
		"500": {status(500), 3, 3}, "502": {status(502), 3, 3}, "503": {status(503), 3, 3}, "504": {status(504), 3, 3}, "529": {status(529), 3, 3},
		"300": {status(300), 1, 1}, "302": {status(302), 1, 1}, "304": {status(304), 1, 1},
		"400": {status(400), 1, 1}, "401": {status(401), 1, 1}, "402": {status(402), 1, 1}, "403": {status(403), 1, 1}, "404": {status(404), 1, 1},
		"405": {status(405), 1, 1}, "413": {status(413), 1, 1}, "422": {status(422), 1, 1}, "425": {status(425), 1, 1},
		"quota":                   {quota, 1, 1},
		"quota in a long body":    {longQuota, 1, 1},
		"quota, but should retry": {step{status: 429, header: http.Header{"X-Should-Retry": {"true"}}, body: quota.body}, 1, 1},
		"400, should retry":       {status(400, "x-should-retry", "true"), 3, 3},
		"500, should not retry":   {status(500, "x-should-retry", "false"), 1, 1},
		"500, unclear":            {status(500, "x-should-retry", "maybe"), 3, 3},
		"404, unclear":            {status(404, "x-should-retry", ""), 1, 1},
		"refused connection":      {step{err: dialError(syscall.ECONNREFUSED)}, 3, 3},
		"no route":                {step{err: dialError(syscall.EHOSTUNREACH)}, 3, 3},
		"refused by the proxy":    {step{err: &net.OpError{Op: "proxyconnect", Err: dialError(syscall.ECONNREFUSED)}}, 3, 3},
		"refused behind SOCKS":    {step{err: &net.OpError{Op: "socks connect", Err: errors.New("unknown error connection refused")}}, 3, 3},
		"no such host":            {step{err: dialError(&net.DNSError{IsNotFound: true})}, 1, 1},
		"name server is down":     {step{err: dialError(&net.DNSError{IsTemporary: true})}, 3, 3},
		"broken connection":       {step{err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}, 1, 3},
		"end of file":             {step{err: io.ErrUnexpectedEOF}, 1, 3},
		"certificate":             {step{err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, 1, 1},
		"alert":                   {step{err: &net.OpError{Op: "remote error", Err: tls.AlertError(40)}}, 1, 1},
		"no TLS":                  {step{err: tls.RecordHeaderError{}}, 1, 1},
		"scheme":                  {step{err: http.ErrSchemeMismatch}, 1, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				post, get := &script{steps: []step{test.step}}, &script{steps: []step{test.step}}
				_, err := post.client(t).Create(t.Context(), question())
				if err == nil || len(post.sent) != test.post {
					t.Errorf("POST: %d requests, want %d: %v", len(post.sent), test.post, err)
				}
				if refused, ok := errors.AsType[*api.Error](err); ok && refused.Attempts != test.post {
					t.Errorf("the error says %d attempts", refused.Attempts)
				}
				if test.step.err != nil && !errors.Is(err, test.step.err) && !strings.Contains(err.Error(), test.step.err.Error()) {
					t.Errorf("%v hides its cause", err)
				}
				if test.step.err != nil && strings.Contains(err.Error(), "after 3 attempts: ") != (test.post == 3) {
					t.Errorf("%v does not say how many attempts", err)
				}
				if _, err := get.client(t).Get(t.Context(), "c1"); err == nil || len(get.sent) != test.get {
					t.Errorf("GET: %d requests, want %d: %v", len(get.sent), test.get, err)
				}
			})
		})
	}
}

// TestRetrySucceeds looks at what the attempts of a call send, by every method and by Raw.
func TestRetrySucceeds(t *testing.T) {
	t.Parallel()
	events := step{status: 200, body: "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\n"}
	page := step{status: 200, body: listPage(false, "a", "a")}
	messages := step{status: 200, body: `{"data":[{"id":"m1"}],"has_more":false}`}
	ctx := t.Context()
	tests := map[string]struct {
		last step
		call func(c *chatspec.Client, opt chatspec.CallOption) error
	}{
		"Create": {success, func(c *chatspec.Client, opt chatspec.CallOption) error { return second(c.Create(ctx, question(), opt)) }},
		"Stream": {events, func(c *chatspec.Client, opt chatspec.CallOption) error {
			s, err := c.Stream(ctx, question(), opt)
			if err != nil {
				return err
			}
			defer s.Close()
			return second(s.Result())
		}},
		"Get": {success, func(c *chatspec.Client, opt chatspec.CallOption) error { return second(c.Get(ctx, "c1", opt)) }},
		"Update": {success, func(c *chatspec.Client, opt chatspec.CallOption) error {
			return second(c.Update(ctx, "c1", chat.ChatCompletionUpdate{Metadata: chat.Metadata{"k": "v"}}, opt))
		}},
		"Delete": {step{status: 200, body: `{"id":"c1","deleted":true}`}, func(c *chatspec.Client, opt chatspec.CallOption) error { return second(c.Delete(ctx, "c1", opt)) }},
		"List": {page, func(c *chatspec.Client, opt chatspec.CallOption) error {
			return last(c.List(ctx, chat.ListChatCompletionsParams{}, opt))
		}},
		"Messages": {messages, func(c *chatspec.Client, opt chatspec.CallOption) error {
			return last(c.Messages(ctx, "c1", chat.GetChatCompletionMessagesParams{}, opt))
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := &script{steps: []step{status(429, "retry-after-ms", "1"), status(503, "retry-after-ms", "1"), test.last}}
			srv.steps[2].header = http.Header{"X-Request-Id": {"req_3"}, "X-Ratelimit-Remaining-Requests": {"7"}}
			var meta chatspec.Response
			if err := test.call(srv.client(t, chatspec.WithAPIKey("k")), chatspec.WithResponse(&meta)); err != nil {
				t.Fatal(err)
			}
			if len(srv.sent) != 3 || srv.body[0] != srv.body[1] || srv.body[1] != srv.body[2] {
				t.Errorf("%d requests, bodies %q", len(srv.sent), srv.body)
			}
			for _, req := range srv.sent {
				if req.URL.String() != srv.sent[0].URL.String() || req.Header.Get("Authorization") != "Bearer k" || req.Header.Get("Idempotency-Key") != "" {
					t.Errorf("%s %v", req.URL, req.Header)
				}
			}
			if meta.Status != 200 || meta.Attempts != 3 || meta.RequestID != "req_3" || meta.RateLimit.Requests.Remaining != 7 || meta.Header.Get("X-Request-Id") != "req_3" {
				t.Errorf("%+v", meta)
			}
		})
	}
	t.Run("Raw", func(t *testing.T) {
		t.Parallel()
		srv := &script{steps: []step{status(500, "retry-after-ms", "1"), success}}
		resp, err := srv.client(t, chatspec.WithAPIKey("geheimnis")).Raw().CreateChatCompletion(ctx, question())
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(body) != hello || api.Attempts(resp) != 2 {
			t.Errorf("%s after %d attempts", body, api.Attempts(resp))
		}
		if text := fmt.Sprintf("%+v", resp.Request); strings.Contains(text, "geheimnis") {
			t.Error("the response's request has the key")
		}
	})
}

// TestRetryWaits looks at the waits between attempts, to the millisecond where the server has named them.
func TestRetryWaits(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	inHalfAMinute := func() string { return time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat) }
	tests := map[string]struct {
		header []string
		want   []time.Duration // nil where the error comes at once
		random bool            // whether the wait is that, less up to half of it
	}{
		"none":              {nil, []time.Duration{500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 8000 * ms, 8000 * ms}, true},
		"milliseconds":      {[]string{"retry-after-ms", "1500"}, []time.Duration{1500 * ms, 1500 * ms}, false},
		"both":              {[]string{"retry-after-ms", "20", "retry-after", "9"}, []time.Duration{20 * ms, 20 * ms}, false},
		"seconds":           {[]string{"Retry-After", "7"}, []time.Duration{7 * time.Second, 7 * time.Second}, false},
		"fraction":          {[]string{"Retry-After", "0.25"}, []time.Duration{250 * ms, 250 * ms}, false},
		"date":              {[]string{"Retry-After", "date"}, []time.Duration{30 * time.Second}, false},
		"the cap":           {[]string{"Retry-After", "60"}, []time.Duration{time.Minute, time.Minute}, false},
		"above the cap":     {[]string{"Retry-After", "60.001"}, nil, false},
		"overflow":          {[]string{"Retry-After", "1e300"}, nil, false},
		"too long a number": {[]string{"Retry-After", strings.Repeat("9", 400)}, nil, false},
		"zero":              {[]string{"Retry-After", "0"}, []time.Duration{500 * ms, 1000 * ms}, true},
		"negative":          {[]string{"Retry-After", "-3"}, []time.Duration{500 * ms, 1000 * ms}, true},
		"garbage":           {[]string{"Retry-After", "soon"}, []time.Duration{500 * ms, 1000 * ms}, true},
		"infinity":          {[]string{"Retry-After", "inf"}, []time.Duration{500 * ms, 1000 * ms}, true},
		"past date":         {[]string{"Retry-After", "Fri, 01 Jan 1999 00:00:00 GMT"}, []time.Duration{500 * ms, 1000 * ms}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for i, v := range test.header {
					if v == "date" {
						test.header[i] = inHalfAMinute()
					}
				}
				srv := &script{steps: []step{status(503, test.header...)}}
				start := time.Now()
				_, err := srv.client(t, chatspec.WithMaxRetries(max(1, len(test.want)))).Create(t.Context(), question())
				if !errors.Is(err, api.ErrServer) || len(srv.sent) != len(test.want)+1 {
					t.Fatalf("%d requests: %v", len(srv.sent), err)
				}
				if took := time.Since(start); test.want == nil && took > 0 {
					t.Errorf("it took %v", took)
				}
				for i, wait := range srv.waits() {
					most, least := test.want[i], test.want[i]
					if test.random {
						least /= 2
					}
					if wait > most || wait < least {
						t.Errorf("wait %d: %v, want %v to %v", i, wait, least, most)
					}
				}
			})
		})
	}
}

// TestRefusalSaysThatItIsFinal has waits that a server asks for and that are too long: the error says so, where a
// request that was repeated, or never would have been, is told without.
func TestRefusalSaysThatItIsFinal(t *testing.T) {
	t.Parallel()
	const said = "chatspec: Create: 429 Too Many Requests, t, c: no"
	const final = said + " (the server asks to wait 2m0s; the request was not sent again)"
	long, short := status(http.StatusTooManyRequests, "Retry-After", "120"), status(http.StatusTooManyRequests, "Retry-After", "1")
	for name, test := range map[string]struct {
		steps    []step
		retries  int
		want     string
		attempts int
	}{
		"long":              {[]step{long}, 2, final, 1},
		"long the next one": {[]step{short, long}, 2, final, 2},
		"short":             {[]step{short}, 2, said, 3},
		"no retries":        {[]step{long}, 0, said, 1},
		"asked not to":      {[]step{status(http.StatusTooManyRequests, "Retry-After", "120", "X-Should-Retry", "false")}, 2, said, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var told []string
				hook := chatspec.WithRetryHook(func(_ context.Context, failed chatspec.Attempt) { told = append(told, failed.Err.Error()) })
				s := &script{steps: test.steps}
				_, err := s.client(t, hook, chatspec.WithMaxRetries(test.retries)).Create(t.Context(), question())
				if err == nil || err.Error() != test.want || len(s.sent) != test.attempts {
					t.Errorf("%v after %d attempts, want %s after %d", err, len(s.sent), test.want, test.attempts)
				}
				for _, text := range told {
					if strings.Contains(text, "not sent again") {
						t.Errorf("a hook was told %s", text)
					}
				}
			})
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	_, err := (&script{steps: []step{status(http.StatusServiceUnavailable, "Retry-After", "60")}}).client(t).Create(ctx, question())
	if want := "chatspec: Create: 503 Service Unavailable, t, c: no (the server asks to wait 1m0s; the request was not sent again)"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestRetryBackoffVaries(t *testing.T) {
	t.Parallel()
	seen := map[time.Duration]bool{}
	for range 20 {
		wait, again := chatspec.DefaultRetryPolicy(chatspec.Attempt{Number: 1, Err: io.EOF})
		if !again {
			t.Fatal("no other attempt")
		}
		seen[wait] = true
	}
	if len(seen) < 2 {
		t.Error("clients that failed together come back together")
	}
	if wait, _ := chatspec.DefaultRetryPolicy(chatspec.Attempt{Number: 1 << 40, Err: io.EOF}); wait <= 0 || wait > 8*time.Second {
		t.Errorf("a late attempt waits %v", wait)
	}
}

// TestRetryEndsWithContext has contexts that end before, during and after a wait.
func TestRetryEndsWithContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := &script{steps: []step{status(503, "Retry-After", "10")}}
		c := srv.client(t)

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		start := time.Now()
		var meta chatspec.Response
		_, err := c.Create(ctx, question(), chatspec.WithResponse(&meta))
		if took := time.Since(start); !errors.Is(err, context.Canceled) || took != 3*time.Second || len(srv.sent) != 1 {
			t.Errorf("%d requests, %v after %v", len(srv.sent), err, took)
		}
		if meta.Attempts != 1 {
			t.Errorf("it counts %d attempts", meta.Attempts)
		}
		if _, isRefusal := errors.AsType[*api.Error](err); isRefusal {
			t.Error("a cancelled call is a refusal too")
		}

		deadline, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start = time.Now()
		_, err = c.Create(deadline, question())
		if took := time.Since(start); !errors.Is(err, api.ErrServer) || took > 0 {
			t.Errorf("a wait until the deadline: %v after %v", err, took)
		}

		ended, cancel := context.WithCancel(t.Context())
		cancel()
		srv.sent = nil
		if _, err := c.Get(ended, "c1"); err == nil || len(srv.sent) > 1 {
			t.Errorf("%d requests after the end: %v", len(srv.sent), err)
		}
	})
}

// TestHeaderTimeoutPerAttempt has a server that answers the third attempt in time.
func TestHeaderTimeoutPerAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		doer := doerFunc(func(req *http.Request) (*http.Response, error) {
			if sent++; sent < 3 {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(hello))}, nil
		})
		c, err := chatspec.New(chatspec.WithBaseURL("http://test.internal"), chatspec.WithHTTPClient(doer))
		if err != nil {
			t.Fatal(err)
		}
		var meta chatspec.Response
		if _, err := c.Get(t.Context(), "c1", chatspec.WithHeaderTimeout(time.Second), chatspec.WithResponse(&meta)); err != nil || meta.Attempts != 3 || meta.Latency != 0 {
			t.Errorf("%v, %+v", err, meta)
		}
		sent = 0
		_, err = c.Create(t.Context(), question(), chatspec.WithHeaderTimeout(time.Second), chatspec.WithResponse(&meta))
		if _, late := errors.AsType[*api.TimeoutError](err); !late || sent != 1 || meta.Attempts != 1 || meta.Status != 0 {
			t.Errorf("a POST that may have been processed: %d requests, %v, %+v", sent, err, meta)
		}
		sent = 0
		if _, err = c.Create(t.Context(), question(), chatspec.WithHeaderTimeout(time.Second), chatspec.WithRetryUnsafe()); err != nil || sent != 3 {
			t.Errorf("unsafe: %d requests, %v", sent, err)
		}
	})
}

func TestRetryUnsafe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := &script{steps: []step{{err: io.ErrUnexpectedEOF}, status(500), success, success}}
		c := srv.client(t, chatspec.WithRetryUnsafe())
		if _, err := c.Create(t.Context(), question()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Create(t.Context(), question(), chatspec.WithHeader("Idempotency-Key", "mine")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Get(t.Context(), "c1"); err != nil {
			t.Fatal(err)
		}
		keys := make([]string, len(srv.sent))
		for i, req := range srv.sent {
			keys[i] = req.Header.Get("Idempotency-Key")
		}
		if len(keys) != 5 || len(keys[0]) < 16 || keys[1] != keys[0] || keys[2] != keys[0] || keys[3] != "mine" || keys[4] != "" {
			t.Errorf("keys %q", keys)
		}
		if srv.body[0] == "" || srv.body[1] != srv.body[0] || srv.body[2] != srv.body[0] {
			t.Errorf("bodies %q", srv.body)
		}
		// Even so, what must never be repeated is not.
		for _, never := range []error{&tls.CertificateVerificationError{}, http.ErrSchemeMismatch} {
			srv = &script{steps: []step{{err: never}}}
			if _, err := srv.client(t, chatspec.WithRetryUnsafe()).Create(t.Context(), question()); err == nil || len(srv.sent) != 1 {
				t.Errorf("%d requests after %v", len(srv.sent), err)
			}
		}
	})
}

// TestRetryPolicy replaces the policy, and watches it with a hook.
func TestRetryPolicy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := &script{steps: []step{status(404), status(503, "X-Odd", "1"), {err: io.EOF}, success}}
		var hooked []string
		c := srv.client(t, chatspec.WithMaxRetries(5),
			chatspec.WithRetryPolicy(func(failed chatspec.Attempt) (time.Duration, bool) {
				if _, again := chatspec.DefaultRetryPolicy(failed); again {
					return time.Hour, true
				}
				return time.Minute, true
			}),
			chatspec.WithRetryHook(func(_ context.Context, failed chatspec.Attempt) {
				hooked = append(hooked, fmt.Sprint(failed.Number, " ", failed.Method, " ", failed.Err, " ", failed.Header.Get("X-Odd"), " ", failed.Wait))
			}))
		start := time.Now()
		if _, err := c.Get(t.Context(), "c1"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 2*time.Hour+time.Minute {
			t.Errorf("it took %v", took)
		}
		want := "1 GET 404 Not Found, t, c: no  1m0s|2 GET 503 Service Unavailable, t, c: no 1 1h0m0s|3 GET EOF  1h0m0s"
		if got := strings.Join(hooked, "|"); got != want {
			t.Errorf("the hook was told\n%s\nwant\n%s", got, want)
		}

		// A wait that lies in the past is none.
		srv, hooked = &script{steps: []step{status(503), success}}, nil
		c = srv.client(t, chatspec.WithRetryPolicy(func(chatspec.Attempt) (time.Duration, bool) { return -time.Hour, true }),
			chatspec.WithRetryHook(func(_ context.Context, failed chatspec.Attempt) { hooked = append(hooked, failed.Wait.String()) }))
		if _, err := c.Get(t.Context(), "c1"); err != nil || !slices.Equal(hooked, []string{"0s"}) {
			t.Errorf("%v, waits %q", err, hooked)
		}

		// A policy is not asked about what must not be repeated, and never about the last attempt.
		for _, final := range []step{{err: io.EOF}, {err: &tls.CertificateVerificationError{}}, {status: 402}} {
			srv = &script{steps: []step{final}}
			c = srv.client(t, chatspec.WithRetryPolicy(func(failed chatspec.Attempt) (time.Duration, bool) {
				t.Errorf("asked about %+v", failed)
				return 0, true
			}))
			if _, err := c.Create(t.Context(), question()); err == nil {
				t.Error("no error")
			}
			if _, err := c.Create(t.Context(), question(), chatspec.WithMaxRetries(0)); err == nil || len(srv.sent) != 2 {
				t.Error(err, len(srv.sent))
			}
		}
	})
}

// TestRefusalKeepsItsBody reads bodies of refusals that the retries have looked at.
func TestRefusalKeepsItsBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		short := `{"error":{"message":"no","code":"insufficient_quota"}}`
		for _, body := range []string{"", short, strings.Repeat("x", 3<<20)} {
			srv := &script{steps: []step{{status: 429, header: http.Header{"X-Should-Retry": {"false"}}, body: body}}}
			resp, err := srv.client(t).Raw().GetChatCompletion(t.Context(), "c1")
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			var tooLarge *api.TooLargeError
			if cut := len(body) > api.DefaultMaxErrorBytes; !bytes.HasPrefix([]byte(body), got) || !cut && len(got) != len(body) || cut != errors.As(err, &tooLarge) {
				t.Errorf("%d of %d bytes, %v", len(got), len(body), err)
			}
		}
	})
}

// TestRetryNeedsBody has a request whose body cannot be read twice.
func TestRetryNeedsBody(t *testing.T) {
	t.Parallel()
	srv := &script{steps: []step{status(503)}}
	resp, err := srv.client(t).Raw().CreateChatCompletionWithBody(t.Context(), "application/json", io.MultiReader(strings.NewReader("{}")))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if len(srv.sent) != 1 || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%d requests, %s", len(srv.sent), resp.Status)
	}
}

// TestAttemptsThatWereNotSent counts requests, not tries to make one.
func TestAttemptsThatWereNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := &script{steps: []step{status(503)}}
		keys := []string{"k"}
		rotating := chatspec.WithAPIKeyFunc(func(context.Context) (string, error) {
			if len(keys) == 0 {
				return "", errors.New("no key")
			}
			key := keys[0]
			keys = keys[1:]
			return key, nil
		})
		meta := chatspec.Response{Attempts: 99}
		if _, err := srv.client(t, rotating).Create(t.Context(), question(), chatspec.WithResponse(&meta)); err == nil || meta.Attempts != 1 {
			t.Errorf("%v, %d attempts", err, meta.Attempts)
		}
		var end chatspec.Call
		hooks := chatspec.WithHooks(chatspec.Hooks{End: func(_ context.Context, call chatspec.Call) { end = call }})
		doer, err := chatspec.NewDoer(chatspec.WithBaseURL("http://test.internal/v1"), chatspec.WithHTTPClient(srv), hooks)
		if err != nil {
			t.Fatal(err)
		}
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://test.internal/v1/x", strings.NewReader("{}"))
		req.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("no body") }
		resp, err := doer.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			t.Fatal("no error")
		}
		if end.Response.Attempts != 1 || end.Outcome() != chatspec.OutcomeTransport {
			t.Errorf("%v, %+v, %s", err, end.Response, end.Outcome())
		}
	})
}
