package calls

import (
	"math"
	"net/http"
)

// leakScenarios have servers that repeat what they were told, in places from which it could get into a log.
func leakScenarios() []Scenario {
	key := []Secret{theKey}
	all := []Scenario{
		{
			Name: "the key in the message", Answers: []Answer{says(http.StatusUnauthorized, "invalid_api_key", "Incorrect API key provided: "+Key+".")},
			Want: Want{Status: http.StatusUnauthorized, Secrets: key},
		},
		{
			Name: "the key as type and code", Answers: []Answer{says(http.StatusForbidden, Key, "No.")},
			Want: Want{Status: http.StatusForbidden, Secrets: key},
		},
		{
			Name: "the key and the prompt on a page", Answers: []Answer{page(http.StatusForbidden, "Authorization: Bearer "+Key+", "+Prompt)},
			Want: Want{Status: http.StatusForbidden, Secrets: []Secret{theKey, thePrompt}},
		},
		{
			Name: "the key and the prompt on a page with status 200", Answers: []Answer{page(http.StatusOK, "Bearer "+Key+", "+Prompt)},
			Want: Want{Secrets: []Secret{theKey, thePrompt}},
		},
		{
			Name: "the same in answer to a stream", Ask: Stream, Answers: []Answer{page(http.StatusOK, "Bearer "+Key+", "+Prompt)},
			Want: Want{Secrets: []Secret{theKey, thePrompt}},
		},
		{
			Name: "the key in X-Request-Id", Answers: []Answer{says(http.StatusBadRequest, "no", "No.", "X-Request-Id", Key)},
			Want: Want{Status: http.StatusBadRequest, Secrets: key},
		},
		{
			Name: "the key in the Location of a redirect", Answers: []Answer{redirects(http.StatusFound, func(s *Site) string { return s.elsewhere.URL + "/?key=" + Key })},
			Want: Want{Status: http.StatusFound, Secrets: key},
		},
		{
			Name: "the key in an error in a 200", Answers: []Answer{answers(`{"error":"the key ` + Key + ` is not known"}`)},
			Want: Want{Status: http.StatusOK, Secrets: key},
		},
		{
			Name: "the key in an error in a stream", Ask: Stream, Answers: []Answer{streams(chunk + `data: {"error":{"message":"the key ` + Key + ` has expired"}}` + "\n\n")},
			Want: Want{Status: http.StatusOK, Secrets: key},
		},
		{
			Name: "the prompt in a chunk that is no JSON", Ask: Stream, Answers: []Answer{streams(chunk + "data: " + Prompt + "\n\n")},
			Want: Want{Secrets: []Secret{theKey, thePrompt}},
		},
		{
			Name: "the key in the query of the base URL, nobody listens", Query: "?key=" + Key, Refused: math.MaxInt, Answers: []Answer{success},
			Want: Want{Attempts: attempts, Secrets: key},
		},
		{
			Name: "nobody listens, printed", Refused: math.MaxInt, Answers: []Answer{success},
			Want: Want{Attempts: attempts, Secrets: []Secret{theKey, thePrompt}},
		},
		{
			Name: "a list, nobody listens", Ask: List, Refused: math.MaxInt, Answers: []Answer{success},
			Want: Want{Attempts: attempts, Secrets: []Secret{theKey, theFilter}},
		},
		{
			Name: "a list, 400", Ask: List, Answers: []Answer{fails(http.StatusBadRequest)},
			Want: Want{Status: http.StatusBadRequest, Secrets: []Secret{theKey, theFilter}},
		},
		{
			Name: "the client", Answers: []Answer{success},
			Want: Want{Answer: true, Client: true, Secrets: key},
		},
	}
	for i := range all {
		if all[i].Refused == 0 {
			all[i].Want.Requests = 1
		}
	}
	return all
}
