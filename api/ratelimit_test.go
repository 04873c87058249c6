package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chatspec/chatspec/api"
)

func TestParseRateLimit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const second, minute = time.Second, time.Minute
	full := api.Limit{Known: true, Limit: 100, Remaining: 99, Reset: second}
	tests := map[string]struct {
		header map[string]string
		want   api.RateLimit
	}{
		"nothing": {nil, api.RateLimit{}},
		"OpenAI": {map[string]string{
			"x-ratelimit-limit-requests": "100", "x-ratelimit-remaining-requests": "99", "x-ratelimit-reset-requests": "1s",
			"x-ratelimit-limit-tokens": "40000", "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0.5s",
		}, api.RateLimit{Requests: full, Tokens: api.Limit{Known: true, Limit: 40000, Reset: 6*minute + second/2}}},
		"remaining only": {map[string]string{"x-ratelimit-remaining-tokens": "5"}, api.RateLimit{Tokens: api.Limit{Known: true, Remaining: 5}}},
		"short names":    {map[string]string{"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "99", "X-RateLimit-Reset": "1"}, api.RateLimit{Requests: full}},
		"long names win": {map[string]string{"X-RateLimit-Remaining": "1", "X-RateLimit-Remaining-Requests": "2"}, api.RateLimit{Requests: api.Limit{Known: true, Remaining: 2}}},
		"fractions":      {map[string]string{"x-ratelimit-remaining-tokens": "5.9", "x-ratelimit-reset-tokens": "0.25"}, api.RateLimit{Tokens: api.Limit{Known: true, Remaining: 5, Reset: second / 4}}},
		"garbage": {map[string]string{
			"x-ratelimit-limit-requests": "many", "x-ratelimit-remaining-requests": "-1", "x-ratelimit-reset-requests": "soon",
			"x-ratelimit-limit-tokens": "1e300", "x-ratelimit-remaining-tokens": "NaN", "x-ratelimit-reset-tokens": "-5s",
		}, api.RateLimit{}},
		"milliseconds":         {map[string]string{"x-ratelimit-reset-requests": "17ms"}, api.RateLimit{Requests: api.Limit{Reset: 17 * time.Millisecond}}},
		"a point in seconds":   {map[string]string{"X-RateLimit-Reset": "1767323055"}, api.RateLimit{Requests: api.Limit{Reset: 10 * second}}},
		"a point in ms":        {map[string]string{"X-RateLimit-Reset": "1767323055500"}, api.RateLimit{Requests: api.Limit{Reset: 10*second + second/2}}},
		"a point in the past":  {map[string]string{"X-RateLimit-Reset": "1700000000"}, api.RateLimit{}},
		"a date":               {map[string]string{"X-RateLimit-Reset": "2026-01-02T03:05:05Z"}, api.RateLimit{Requests: api.Limit{Reset: minute}}},
		"a date in the past":   {map[string]string{"X-RateLimit-Reset": "2020-01-02T03:05:05Z"}, api.RateLimit{}},
		"a point in the ether": {map[string]string{"X-RateLimit-Reset": "1e300"}, api.RateLimit{Requests: api.Limit{Reset: 1<<63 - 1 - time.Duration(now.UnixNano())}}},
	}
	for name, test := range tests {
		h := http.Header{}
		for key, value := range test.header {
			h.Set(key, value)
		}
		if got := api.ParseRateLimit(h, now); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}
