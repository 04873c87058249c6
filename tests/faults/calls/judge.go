package calls

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chatspec/chatspec/api"
)

// Verdict is what a client made of a scenario.
type Verdict struct {
	Text  string   // how often it asked, and what came of it
	Wrong []string // what is not right, a few words each
}

// Right returns in a few words what is right.
func (w Want) Right() string { return outcome(w.Requests, w.Answer) }

func outcome(requests int, answer bool) string {
	end := "error"
	if answer {
		end = "answer"
	}
	if requests == 1 {
		return "1 request, " + end
	}
	return fmt.Sprintf("%d requests, %s", requests, end)
}

// Judge holds what a client made of the scenario against what nobody may do: ask more often than is right or
// sooner than the server wants to be asked, send another body, another method or to another server, report
// what is no answer as one, and wait without having been told to. Asking less often, and so failing where an
// answer was to be had, is not wrong here: a program can ask again by itself. Where the scenario is about what
// is printed, nothing else counts.
func (s *Site) Judge(ctx context.Context, got Got, seen []Seen) Verdict {
	want := s.Scenario.Want
	v := Verdict{Text: outcome(len(seen), got.Err == nil)}
	wrong := func(is bool, format string, args ...any) {
		if is {
			v.Wrong = append(v.Wrong, fmt.Sprintf(format, args...))
		}
	}
	dials, notBefore := s.counted()
	if ctx.Err() != nil {
		v.Text = strings.Replace(v.Text, "error", "waits", 1)
		wrong(time.Now().After(notBefore), "hangs")
	}
	for _, secret := range want.Secrets {
		var printed any = got.Err
		if want.Client {
			printed = got.Client
		}
		way := Find(secret.Text, Printed(printed))
		wrong(way != "", "%s in %s", secret.Name, way)
	}
	if len(want.Secrets) > 0 {
		return v
	}
	for i, r := range seen {
		first := seen[0]
		wrong(r.Elsewhere && contains(r, Key), "the key goes to another server")
		wrong(r.Elsewhere && contains(r, Prompt), "the prompt goes to another server")
		wrong(r.Method != first.Method, "%s becomes %s", first.Method, r.Method)
		wrong(r.Method == first.Method && r.Body != first.Body, "another body")
		wrong(!r.Elsewhere && r.Header.Get("Authorization") != "Bearer "+Key, "no key")
		wrong(i > 0 && r.At.Before(notBefore), "asks too soon")
	}
	wrong(len(seen) > want.Requests, "asks too often")
	wrong(want.Dials > 0 && dials > want.Dials, "%d connections", dials)
	wrong(got.Err == nil && !want.Answer && len(seen) <= want.Requests, "success without an answer")
	wrong(got.Err == nil && want.Answer && s.Scenario.Ask != List && got.Text != "Hello", "another answer")
	return v
}

// JudgeStrictly is [Site.Judge], and holds the errors of chatspec against everything that is wanted.
func (s *Site) JudgeStrictly(ctx context.Context, got Got, seen []Seen) Verdict {
	want := s.Scenario.Want
	v := s.Judge(ctx, got, seen)
	wrong := func(is bool, format string, args ...any) {
		if is {
			v.Wrong = append(v.Wrong, fmt.Sprintf(format, args...))
		}
	}
	wrong(len(seen) != want.Requests, "%d requests, not %d", len(seen), want.Requests)
	wrong(want.Answer == (got.Err != nil), "the call ends with %v", got.Err)
	dials, _ := s.counted()
	wrong(s.Scenario.Warm && dials != 1, "the connection was not kept open")
	attempts := want.Attempts
	if attempts == 0 {
		attempts = want.Requests
	}
	wrong(got.Attempts != attempts, "it counts %d attempts, not %d", got.Attempts, attempts)
	refused, ok := errors.AsType[*api.Error](got.Err)
	wrong(ok != (want.Status > 0), "%v is an *api.Error: %v", got.Err, ok)
	if ok {
		wrong(refused.Status != want.Status, "status %d, not %d", refused.Status, want.Status)
		wrong(refused.Attempts != attempts, "the error counts %d attempts, not %d", refused.Attempts, attempts)
	}
	for _, target := range want.Is {
		wrong(!errors.Is(got.Err, target), "%v is not %v", got.Err, target)
	}
	return v
}

func contains(r Seen, secret string) bool {
	for _, values := range r.Header {
		if strings.Contains(strings.Join(values, " "), secret) {
			return true
		}
	}
	return strings.Contains(r.URL, secret) || strings.Contains(r.Body, secret)
}
