package chatspec_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
)

func TestWithResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := http.Header{"X-Request-Id": {"req_1"}, "X-Ratelimit-Limit-Tokens": {"9"}, "X-Ratelimit-Remaining-Tokens": {"7"}, "X-Ratelimit-Reset-Tokens": {"2s"}}
		tokens := api.Limit{Known: true, Limit: 9, Remaining: 7, Reset: 2 * time.Second}
		refusal := step{status: http.StatusForbidden, header: limits, body: `{"error":"no"}`}
		for name, test := range map[string]struct {
			step step
			ok   func(error) bool
		}{
			"success":          {step{status: 200, header: limits, body: hello}, func(err error) bool { return err == nil }},
			"refusal":          {refusal, is(api.ErrPermission)},
			"not a completion": {step{status: 200, header: limits, body: "{}"}, isDecodeError},
		} {
			meta := chatspec.Response{Attempts: 99}
			srv := &script{steps: []step{test.step}}
			_, err := srv.client(t).Create(t.Context(), question(), chatspec.WithResponse(&meta))
			if !test.ok(err) || meta.Status != test.step.status || meta.RequestID != "req_1" || meta.RateLimit.Tokens != tokens || meta.Attempts != 1 {
				t.Errorf("%s: %v, %+v", name, err, meta)
			}
			if refused, ok := errors.AsType[*api.Error](err); ok && (refused.RateLimit.Tokens != tokens || refused.RequestID != "req_1") {
				t.Errorf("%+v", refused)
			}
			if unusable, ok := errors.AsType[*api.ResponseError](err); ok && (unusable.RequestID != "req_1" || unusable.Status != 200 || !strings.Contains(err.Error(), "(request req_1)")) {
				t.Errorf("%v", err)
			}
		}
	})
	meta := chatspec.Response{Attempts: 99}
	if _, err := newClient(t, nil).Create(t.Context(), chat.CreateChatCompletionRequest{}, chatspec.WithResponse(&meta)); err == nil || meta.Attempts != 0 {
		t.Errorf("a request that is refused here: %v, %+v", err, meta)
	}
	if _, err := newClient(t, nil).Create(t.Context(), question(), chatspec.WithResponse(nil)); err == nil || !strings.Contains(err.Error(), "WithResponse: nil") {
		t.Error(err)
	}
}

// TestCloseIdleConnections counts connections of clients that are made one after the other.
func TestCloseIdleConnections(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 3)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(hello)) }))
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- struct{}{}
		}
	}
	srv.Start()
	defer srv.Close()
	for range cap(closed) {
		c, err := chatspec.New(chatspec.WithBaseURL(srv.URL))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Create(t.Context(), question()); err != nil {
			t.Fatal(err)
		}
		c.CloseIdleConnections()
		<-closed // or the test never ends
	}
	newClient(t, &server{}).CloseIdleConnections() // a Doer that keeps none
}
