package calls_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chatspec/chatspec/tests/faults/calls"
)

// hung is when a test stops waiting. Nothing here takes as long.
const hung = 20 * time.Second

// TestScenarios holds chatspec against all scenarios, at once: most of the time clients wait.
//
//nolint:paralleltest // subtests run beside each other, whatever -parallel says
func TestScenarios(t *testing.T) {
	t.Parallel()
	var running sync.WaitGroup
	defer running.Wait()
	for _, sc := range calls.Scenarios() {
		running.Go(func() {
			t.Run(sc.Name, func(t *testing.T) {
				s, err := calls.Start(sc)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				ctx, cancel := context.WithTimeout(t.Context(), hung)
				defer cancel()
				got, seen := s.Run(ctx, calls.Chatspec)
				v := s.JudgeStrictly(ctx, got, seen)
				for _, wrong := range v.Wrong {
					t.Errorf("%s (%s; error: %v)", wrong, v.Text, got.Err)
				}
			})
		})
	}
}

// TestNames keeps the names of the scenarios apart.
func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, sc := range calls.Scenarios() {
		if sc.Name == "" || sc.Group == "" || seen[sc.Name] || len(sc.Answers) == 0 {
			t.Errorf("%q in %q: no name, a name twice, or no answer", sc.Name, sc.Group)
		}
		seen[sc.Name] = true
	}
}

// TestJudge has what clients can make of scenarios.
func TestJudge(t *testing.T) {
	t.Parallel()
	post := calls.Seen{Method: http.MethodPost, Body: calls.Prompt, Header: http.Header{"Authorization": {"Bearer " + calls.Key}}}
	get, other, elsewhere, bare := post, post, post, post
	get.Method, other.Body, elsewhere.Elsewhere, bare.Header = http.MethodGet, "?", true, nil
	failed := errors.New("no")
	leaking := fmt.Errorf("sent %x", calls.Key)
	for _, test := range []struct {
		scenario string
		got      calls.Got
		seen     []calls.Seen
		want     string
	}{
		{"503, then an answer", calls.Got{Text: "Hello"}, []calls.Seen{post, post}, ""},
		{"503, then an answer", calls.Got{Err: failed}, []calls.Seen{post}, ""},
		{"503, then an answer", calls.Got{Text: "Hallo"}, []calls.Seen{post, post}, "another answer"},
		{"503, then an answer", calls.Got{Text: "Hello"}, []calls.Seen{post, other}, "another body"},
		{"503, then an answer", calls.Got{Text: "Hello"}, []calls.Seen{post, bare}, "no key"},
		{"503, then an answer", calls.Got{Err: failed}, []calls.Seen{post, post, post}, "asks too often"},
		{"400", calls.Got{}, []calls.Seen{post}, "success without an answer"},
		{"302 to another port", calls.Got{}, []calls.Seen{post, elsewhere}, "the key goes to another server; the prompt goes to another server; asks too often"},
		{"302 to the same server", calls.Got{}, []calls.Seen{post, get}, "POST becomes GET; asks too often"},
		{"the key in the message", calls.Got{Err: leaking}, []calls.Seen{post}, "the key in %v"},
		{"the key in the message", calls.Got{Err: failed, Client: leaking}, []calls.Seen{post}, ""},
		{"the client", calls.Got{Text: "Hello", Client: leaking}, []calls.Seen{post}, "the key in %v"},
	} {
		s := start(t, test.scenario)
		if got := strings.Join(s.Judge(t.Context(), test.got, test.seen).Wrong, "; "); got != test.want {
			t.Errorf("%s: %q, want %q", test.scenario, got, test.want)
		}
	}
}

// TestJudgeTime has a client that asks again at once.
func TestJudgeTime(t *testing.T) {
	t.Parallel()
	s := start(t, `429, Retry-After: "1", then an answer`)
	got, seen := s.Run(t.Context(), func(ctx context.Context, s *calls.Site, _ calls.Ask) calls.Got {
		for range 2 {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, http.NoBody)
			if err != nil {
				return calls.Got{Err: err}
			}
			req.Header.Set("Authorization", "Bearer "+calls.Key)
			resp, err := s.HTTP.Do(req)
			if err != nil {
				return calls.Got{Err: err}
			}
			_ = resp.Body.Close()
		}
		return calls.Got{Text: "Hello"}
	})
	if v := s.Judge(t.Context(), got, seen); !slices.Equal(v.Wrong, []string{"asks too soon"}) {
		t.Errorf("%+v", v)
	}
}

// start serves the scenario with this name until the end of the test.
func start(t *testing.T, name string) *calls.Site {
	t.Helper()
	i := slices.IndexFunc(calls.Scenarios(), func(sc calls.Scenario) bool { return sc.Name == name })
	if i < 0 {
		t.Fatalf("there is no scenario %q", name)
	}
	s, err := calls.Start(calls.Scenarios()[i])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestFind has a secret in the forms in which it gets printed.
func TestFind(t *testing.T) {
	t.Parallel()
	const secret = "geheim & more"
	encoded, _ := json.Marshal(struct{ A, B, C []byte }{[]byte(secret + "!"), []byte("x" + secret + "!"), []byte("xy" + secret + "!")})
	var forms struct{ A, B, C string }
	if err := json.Unmarshal(encoded, &forms); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		secret, url.QueryEscape(secret), fmt.Sprintf("%x", secret+"."), fmt.Sprintf("%X", "."+secret), fmt.Sprintf("%v", []byte(secret+".")),
		fmt.Sprintf("%#v", []byte("."+secret)), forms.A, forms.B, forms.C,
	} {
		if calls.Find(secret, []calls.Output{{Way: "other", Text: "-"}, {Way: "this", Text: text}}) != "this" {
			t.Errorf("it is not found in %s", text)
		}
	}
	if way := calls.Find(secret, calls.Printed(errors.New("geheim"))); way != "" {
		t.Errorf("it is found in %s", way)
	}
}
