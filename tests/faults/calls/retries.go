package calls

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/chatspec/chatspec/api"
)

// attempts is how many requests a client makes at most, by default.
const attempts = 3

// statusScenarios are those in which the status decides, and what the server says beside it.
func statusScenarios() (all []Scenario) {
	for _, status := range []int{408, 409, 429, 500, 502, 503, 504} {
		all = append(all, Scenario{
			Name: fmt.Sprintf("%d, then an answer", status), Answers: []Answer{fails(status), success},
			Want: Want{Requests: 2, Answer: true},
		})
	}
	for _, status := range []int{400, 401, 402, 403, 404, 413, 422} {
		all = append(all, Scenario{
			Name: strconv.Itoa(status), Answers: []Answer{fails(status), success},
			Want: Want{Requests: 1, Status: status},
		})
	}
	quota := says(http.StatusTooManyRequests, "insufficient_quota", "You exceeded your current quota.")
	return append(all,
		Scenario{
			Name: "503 twice, then an answer", Answers: []Answer{fails(503), fails(503), success},
			Want: Want{Requests: attempts, Answer: true},
		},
		Scenario{
			Name: "500 for ever", Answers: []Answer{fails(500)},
			Want: Want{Requests: attempts, Status: 500, Is: []error{api.ErrServer}},
		},
		Scenario{
			Name: "429, 500 and 503, then an answer", Answers: []Answer{fails(429), fails(500), fails(503), success},
			Want: Want{Requests: attempts, Status: 503},
		},
		Scenario{
			Name: "429, insufficient_quota", Answers: []Answer{quota},
			Want: Want{Requests: 1, Status: http.StatusTooManyRequests, Is: []error{api.ErrQuota}},
		},
		Scenario{
			Name: "400, x-should-retry: true, then an answer", Answers: []Answer{fails(400, "X-Should-Retry", "true"), success},
			Want: Want{Requests: 2, Answer: true},
		},
		Scenario{
			Name: "503, x-should-retry: false", Answers: []Answer{fails(503, "X-Should-Retry", "false"), success},
			Want: Want{Requests: 1, Status: 503},
		},
		Scenario{
			Name: "503, then a stream", Ask: Stream, Answers: []Answer{fails(503), success},
			Want: Want{Requests: 2, Answer: true},
		},
		Scenario{
			Name: "a stream that breaks after a chunk", Ask: Stream, Answers: []Answer{breaks, success},
			Want: Want{Requests: 1},
		},
		Scenario{
			Name: "an error in a stream", Ask: Stream,
			Answers: []Answer{streams(chunk + "data: {\"error\":{\"message\":\"Overloaded.\",\"type\":\"server_error\"}}\n\n"), success},
			Want:    Want{Requests: 1, Status: http.StatusOK, Is: []error{api.ErrServer}},
		},
		Scenario{
			Name: "503 to a list, then an answer", Ask: List, Answers: []Answer{fails(503), success},
			Want: Want{Requests: 2, Answer: true},
		},
	)
}

// waitScenarios are those in which the server says when to ask again.
func waitScenarios() (all []Scenario) {
	const second = time.Second
	for _, wait := range []struct {
		field, value string
		d            time.Duration
	}{
		{"Retry-After-Ms", "700", 700 * time.Millisecond},
		{"Retry-After", "1", second},
		{"Retry-After", "0.8", 800 * time.Millisecond},
		{"Retry-After", "0", 0},
		{"Retry-After", "-1", 0},
		{"Retry-After", "soon", 0},
		{"Retry-After", "NaN", 0},
		{"Retry-After", "", 0},
	} {
		all = append(all, Scenario{
			Name:    fmt.Sprintf("429, %s: %s, then an answer", wait.field, strconv.QuoteToASCII(wait.value)),
			Answers: []Answer{waits(wait.field, wait.value, wait.d), success}, Want: Want{Requests: 2, Answer: true},
		})
	}
	for _, wait := range [][2]string{
		{"Retry-After", "61"},
		{"Retry-After-Ms", "61000"},
		{"Retry-After", "99999999999999999999"},
		{"Retry-After", "1e999"},
		{"Retry-After", "Fri, 31 Dec 2199 23:59:59 GMT"},
	} {
		all = append(all, Scenario{
			Name:    fmt.Sprintf("429, %s: %s", wait[0], wait[1]),
			Answers: []Answer{waits(wait[0], wait[1], math.MaxInt64), success},
			Want:    Want{Requests: 1, Status: http.StatusTooManyRequests, Is: []error{api.ErrRateLimit}},
		})
	}
	both := func(s *Site, w http.ResponseWriter, r *http.Request) {
		s.wait(700 * time.Millisecond)
		fails(http.StatusTooManyRequests, "Retry-After-Ms", "700", "Retry-After", "61")(s, w, r)
	}
	return append(all,
		Scenario{
			Name: "429, Retry-After: a date, then an answer", Answers: []Answer{untilDate, success},
			Want: Want{Requests: 2, Answer: true},
		},
		Scenario{
			Name: "429, both forms, then an answer", Answers: []Answer{both, success},
			Want: Want{Requests: 2, Answer: true},
		},
		Scenario{
			Name: "cancelled during the wait", Cancel: true, Answers: []Answer{waits("Retry-After", "10", 10*second), success},
			Want: Want{Requests: 1, Is: []error{context.Canceled}},
		},
		Scenario{
			Name: "a deadline sooner than the wait", Deadline: 2 * second, Answers: []Answer{waits("Retry-After", "10", 10*second), success},
			Want: Want{Requests: 1, Status: http.StatusTooManyRequests, Is: []error{api.ErrRateLimit}},
		},
	)
}

// untilDate asks for a wait until a date of whole seconds.
func untilDate(s *Site, w http.ResponseWriter, r *http.Request) {
	date := time.Now().Add(2 * time.Second).Truncate(time.Second)
	s.wait(time.Until(date))
	fails(http.StatusTooManyRequests, "Retry-After", date.UTC().Format(http.TimeFormat))(s, w, r)
}

// connectionScenarios are those in which a connection breaks or never is, and what all attempts have in common.
func connectionScenarios() []Scenario {
	maybeBilled := Want{Requests: 1}
	return []Scenario{
		{Name: "a POST whose connection is reset after it was read", Answers: []Answer{resets, success}, Want: maybeBilled},
		{Name: "a POST whose connection is closed after it was read", Answers: []Answer{closes, success}, Want: maybeBilled},
		{Name: "the same, reset, on a connection kept open", Warm: true, Answers: []Answer{resets, success}, Want: maybeBilled},
		{Name: "the same, closed, on a connection kept open", Warm: true, Answers: []Answer{closes, success}, Want: maybeBilled},
		{Name: "the same, a stream", Ask: Stream, Answers: []Answer{resets, success}, Want: maybeBilled},
		{
			Name: "a GET whose connection is reset after it was read, then an answer", Ask: List, Answers: []Answer{resets, success},
			Want: Want{Requests: 2, Answer: true},
		},
		{
			Name: "nobody listens, then somebody does", Refused: 1, Answers: []Answer{success},
			Want: Want{Requests: 1, Answer: true, Attempts: 2},
		},
		{
			Name: "nobody listens", Refused: math.MaxInt, Answers: []Answer{success},
			Want: Want{Attempts: attempts, Dials: attempts, Is: []error{syscall.ECONNREFUSED}},
		},
		{
			Name: "a certificate that nobody has signed", TLS: true, Answers: []Answer{success},
			Want: Want{Attempts: 1, Dials: 1},
		},
		{
			Name: "a megabyte, 503 twice, then an answer", Large: true, Answers: []Answer{fails(503), fails(503), success},
			Want: Want{Requests: attempts, Answer: true},
		},
		{
			Name: "https, 503, then an answer", TLS: true, Certify: true, Answers: []Answer{fails(503), success},
			Want: Want{Requests: 2, Answer: true},
		},
	}
}
