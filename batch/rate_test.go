package batch_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/batch"
)

// meter counts against one limit, as a provider does.
type meter interface {
	// take uses n, if that is allowed now.
	take(now time.Time, n float64) bool
	// left is what may be used, and reset how long it is until everything may be.
	left(now time.Time) (n float64, reset time.Duration)
}

// bucket is refilled as time goes by.
type bucket struct {
	limit, used float64
	at          time.Time
}

func (b *bucket) refill(now time.Time) {
	b.used = max(0, b.used-now.Sub(b.at).Minutes()*b.limit)
	b.at = now
}

func (b *bucket) take(now time.Time, n float64) bool {
	b.refill(now)
	if b.used+n > b.limit {
		return false
	}
	b.used += n
	return true
}

func (b *bucket) left(now time.Time) (float64, time.Duration) {
	b.refill(now)
	return b.limit - b.used, time.Duration(b.used / b.limit * float64(time.Minute))
}

// window begins anew every minute.
type window struct {
	limit, used float64
	began       time.Time
}

func (w *window) roll(now time.Time) {
	if now.Sub(w.began) >= time.Minute {
		w.used, w.began = 0, now.Truncate(time.Minute)
	}
}

func (w *window) take(now time.Time, n float64) bool {
	w.roll(now)
	if w.used+n > w.limit {
		return false
	}
	w.used += n
	return true
}

func (w *window) left(now time.Time) (float64, time.Duration) {
	w.roll(now)
	return w.limit - w.used, time.Minute - now.Sub(w.began)
}

// provider is a server with limits, as a Doer: requests take a second, and honest headers come with each answer.
type provider struct {
	requests, tokens meter
	cost             func(n int) int // tokens of request n
	latency          time.Duration
	silent           bool // sends no headers

	mu            sync.Mutex
	served        int
	spent         int
	refused       int
	under, atOnce int
}

func (p *provider) Do(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	status, body, header := p.serve()
	time.Sleep(p.latency)
	p.mu.Lock()
	p.under--
	p.mu.Unlock()
	header.Set("Content-Type", "application/json")
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

func (p *provider) serve() (status int, body string, header http.Header) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.under++
	p.atOnce = max(p.atOnce, p.under)
	now, tokens := time.Now(), p.cost(p.served+p.refused)
	status = http.StatusTooManyRequests
	body = `{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`
	if left, _ := p.tokens.left(now); left >= float64(tokens) && p.requests.take(now, 1) && p.tokens.take(now, float64(tokens)) {
		p.served++
		p.spent += tokens
		status = http.StatusOK
		body = fmt.Sprintf(`{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"yes","refusal":null}}],"usage":{"prompt_tokens":1,"completion_tokens":%d,"total_tokens":%d}}`, tokens-1, tokens)
	} else {
		p.refused++
	}
	header = http.Header{}
	if !p.silent {
		for name, m := range map[string]meter{"Requests": p.requests, "Tokens": p.tokens} {
			left, reset := m.left(now)
			header.Set("X-Ratelimit-Limit-"+name, strconv.Itoa(map[string]int{"Requests": 600, "Tokens": 100_000}[name]))
			header.Set("X-Ratelimit-Remaining-"+name, strconv.Itoa(int(left)))
			header.Set("X-Ratelimit-Reset-"+name, reset.String())
		}
	}
	return status, body, header
}

// TestRate lets a scheduler loose on a provider that allows 600 requests and 100,000 tokens a minute, for ten
// minutes of a clock that costs nothing, and looks at how much of that was used, and how often it was told to slow
// down.
func TestRate(t *testing.T) {
	t.Parallel()
	buckets := func() (meter, meter) {
		return &bucket{limit: 600, at: time.Now()}, &bucket{limit: 100_000, at: time.Now()}
	}
	windows := func() (meter, meter) {
		return &window{limit: 600, began: time.Now()}, &window{limit: 100_000, began: time.Now()}
	}
	for _, tc := range []struct {
		name   string
		meters func() (requests, tokens meter)
		cost   func(n int) int
	}{
		{"requests, in buckets", buckets, func(int) int { return 100 }},
		{"requests, in windows", windows, func(int) int { return 100 }},
		{"tokens, in buckets", buckets, func(int) int { return 400 }},
		{"tokens, in windows", windows, func(int) int { return 400 }},
		{"tokens of all sizes, in buckets", buckets, func(n int) int { return 100 + n*7919%900 }},
		{"tokens of all sizes, in windows", windows, func(n int) int { return 100 + n*7919%900 }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const minutes = 10
				p := &provider{cost: tc.cost, latency: time.Second}
				p.requests, p.tokens = tc.meters()
				s := newSchedulerFor(t, p, batch.Config{})
				ctx, cancel := context.WithTimeout(t.Context(), minutes*time.Minute)
				defer cancel()
				_ = s.Run(ctx, newQueue(prompts(700*minutes)...)) // ends with the time
				used := max(float64(p.served)/600, float64(p.spent)/100_000) / minutes
				refused := float64(p.refused) / float64(p.served+p.refused)
				t.Logf("%.1f %% of the limit used, %.2f %% refused", 100*used, 100*refused)
				if used < 0.95 || refused >= 0.01 {
					t.Errorf("%.1f %% of the limit used, %.2f %% refused (%d of %d)", 100*used, 100*refused, p.refused, p.served+p.refused)
				}
			})
		})
	}
}

// newSchedulerFor returns a scheduler whose requests doer answers.
func newSchedulerFor(t *testing.T, doer chatspec.Doer, config batch.Config) *batch.Scheduler {
	t.Helper()
	config.Model = "m"
	s, err := batch.New(config, chatspec.WithBaseURL("http://provider.test/v1"), chatspec.WithHTTPClient(doer))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLimiter asks a limiter alone for more than it may give.
func TestLimiter(t *testing.T) {
	t.Parallel()
	said := func(requests, tokens int64) api.RateLimit {
		return api.RateLimit{
			Requests: api.Limit{Known: true, Limit: requests, Remaining: requests},
			Tokens:   api.Limit{Known: true, Limit: tokens, Remaining: tokens},
		}
	}
	for _, tc := range []struct {
		name    string
		allowed batch.Limits
		learned batch.Observation
		tokens  int64 // of each request
		want    int   // requests in ten minutes
	}{
		{"requests", batch.Limits{Requests: 60}, batch.Observation{}, 10, 600},
		{"tokens", batch.Limits{Tokens: 6000}, batch.Observation{}, 100, 600},
		{"both", batch.Limits{Requests: 600, Tokens: 6000}, batch.Observation{}, 100, 600},
		{"what the server says", batch.Limits{}, batch.Observation{Limits: said(60, 1e6)}, 10, 600},
		{"less than the server says", batch.Limits{Requests: 60}, batch.Observation{Limits: said(600, 1e6)}, 10, 600},
		{"less than is allowed, which only the first answer says", batch.Limits{Requests: 600}, batch.Observation{Limits: said(60, 1e6)}, 10, 601},
		{"tokens that were guessed too low", batch.Limits{Tokens: 6000}, batch.Observation{Used: 200}, 100, 300},
		{"tokens that were guessed too high", batch.Limits{Tokens: 6000}, batch.Observation{Used: 50}, 100, 1200},
		{"requests of more tokens than a second has", batch.Limits{Tokens: 600}, batch.Observation{}, 100, 60},
		{"a limit of a day is not spread", batch.Limits{Requests: 60}, batch.Observation{Limits: api.RateLimit{
			Requests: api.Limit{Known: true, Limit: 14_400, Remaining: 14_000, Reset: 40 * time.Minute},
		}}, 10, 600},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := batch.NewLimiter(tc.allowed)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute-time.Millisecond)
				defer cancel()
				n := 0
				for ; l.Acquire(ctx, tc.tokens) == nil; n++ {
					l.Release(tc.tokens, tc.learned)
				}
				if n != tc.want {
					t.Errorf("%d requests in ten minutes, want %d", n, tc.want)
				}
			})
		})
	}
}
