package calls

import (
	"fmt"
	"net/http"
	"strings"
)

// redirectScenarios have a server that sends a POST somewhere else. It may be followed within its origin, as it
// is. Otherwise the redirect is the answer, and prompt and key stay here.
func redirectScenarios() (all []Scenario) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		keeps := status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect
		to := func(place string, to func(*Site) string) Scenario {
			return Scenario{
				Name: fmt.Sprintf("%d to %s", status, place), Answers: []Answer{redirects(status, to), success},
				Want: Want{Requests: 1, Status: status},
			}
		}
		same := to("the same server", func(s *Site) string { return s.here.URL + "/moved" })
		if keeps {
			same.Want = Want{Requests: 2, Answer: true, Attempts: 1}
		}
		down := to("http from https", func(s *Site) string { return s.elsewhere.URL + "/moved" })
		down.TLS, down.Certify = true, true
		all = append(all, same,
			to("another port", func(s *Site) string { return s.elsewhere.URL + "/moved" }),
			to("another host", func(s *Site) string { return strings.Replace(s.elsewhere.URL, "127.0.0.1", "localhost", 1) + "/moved" }),
			down,
		)
	}
	return append(all, Scenario{
		Name: "307 to the same server, for ever", Answers: []Answer{redirects(http.StatusTemporaryRedirect, func(s *Site) string { return s.here.URL + "/moved" })},
		Want: Want{Requests: maxRedirects, Status: http.StatusTemporaryRedirect, Attempts: 1},
	})
}

// maxRedirects is how many requests net/http makes of one, redirects and all.
const maxRedirects = 10

// redirects sends a client somewhere else.
func redirects(status int, to func(*Site) string) Answer {
	return func(s *Site, w http.ResponseWriter, _ *http.Request) {
		write(w, status, "text/html", "<a href=x>Moved</a>", "Location", to(s))
	}
}
