package api

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// RateLimit is what a server says of the caller's rate limits, in the headers X-RateLimit-Limit-Requests,
// X-RateLimit-Remaining-Requests, X-RateLimit-Reset-Requests and the same for tokens
// (https://platform.openai.com/docs/guides/rate-limits; Azure and Groq send them too). The shorter
// X-RateLimit-Limit, -Remaining and -Reset of other servers are those of requests.
type RateLimit struct {
	Requests Limit // of requests
	Tokens   Limit // of tokens
}

// Limit is one rate limit. It is zero where the server says nothing of it.
type Limit struct {
	// Known says whether the server sent how much is left. Remaining means nothing otherwise.
	Known bool
	// Limit is how much is allowed in a period, 0 where the server does not say.
	Limit int64
	// Remaining is how much of that is left.
	Remaining int64
	// Reset is how long it takes, from the answer on, until all of it is there again; 0 where the server does
	// not say.
	Reset time.Duration
}

// ParseRateLimit returns the rate limits in the header of a response that came at the time now. Values that
// are no numbers, or negative, count as absent. A reset may be a duration ("1m0.5s"), a number of seconds, a
// time in seconds or milliseconds since 1970, or a date of RFC 3339.
func ParseRateLimit(h http.Header, now time.Time) RateLimit {
	l := RateLimit{Requests: parseLimit(h, "-Requests", now), Tokens: parseLimit(h, "-Tokens", now)}
	if l.Requests == (Limit{}) {
		l.Requests = parseLimit(h, "", now)
	}
	return l
}

// parseLimit reads the three headers whose names end in suffix.
func parseLimit(h http.Header, suffix string, now time.Time) (l Limit) {
	l.Limit, _ = count(h.Get("X-Ratelimit-Limit" + suffix))
	l.Remaining, l.Known = count(h.Get("X-Ratelimit-Remaining" + suffix))
	l.Reset = reset(h.Get("X-Ratelimit-Reset"+suffix), now)
	return l
}

// count reads a number that is not negative; some servers write it with a fraction.
func count(s string) (n int64, ok bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(f >= 0) || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}

// Numbers from here on are points in time, in seconds and in milliseconds since 1970, and not durations: as a
// duration even the first would be 31 years.
const (
	firstUnixSecond      = 1e9
	firstUnixMillisecond = 1e12
)

// reset reads how long it takes until a limit is full again.
func reset(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		switch {
		case f >= firstUnixMillisecond:
			return max(0, duration(s, time.Millisecond)-time.Duration(now.UnixNano()))
		case f >= firstUnixSecond:
			return max(0, duration(s, time.Second)-time.Duration(now.UnixNano()))
		default:
			return duration(s, time.Second)
		}
	}
	if d, err := time.ParseDuration(s); err == nil {
		return max(0, d)
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
