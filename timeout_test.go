package chatspec_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
)

// slow answers after a time, or when the request ends.
type slow struct {
	server
	after time.Duration
}

func (s *slow) Do(req *http.Request) (*http.Response, error) {
	select {
	case <-time.After(s.after):
		return s.server.Do(req)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

func TestHeaderTimeout(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		after, deadline time.Duration
		opts            []chatspec.Option
		phase           api.Phase // of the timeout, empty for none
		took            time.Duration
	}{
		"in time":      {time.Second, time.Hour, []chatspec.Option{chatspec.WithHeaderTimeout(2 * time.Second)}, "", time.Second},
		"too late":     {3 * time.Second, time.Hour, []chatspec.Option{chatspec.WithHeaderTimeout(2 * time.Second)}, api.PhaseHeaders, 2 * time.Second},
		"no limit":     {59 * time.Minute, time.Hour, nil, "", 59 * time.Minute},
		"deadline":     {2 * time.Second, time.Second, nil, api.PhaseTotal, time.Second},
		"deadline too": {3 * time.Second, time.Second, []chatspec.Option{chatspec.WithHeaderTimeout(2 * time.Second)}, api.PhaseTotal, time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, err := chatspec.New(append(test.opts, chatspec.WithBaseURL("http://test.internal"),
					chatspec.WithHTTPClient(&slow{server{answers: []string{hello}}, test.after}))...)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				start := time.Now()
				_, err = c.Create(ctx, question())
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
				timeout, ok := errors.AsType[*api.TimeoutError](err)
				if ok != (test.phase != "") || ok && (timeout.Phase != test.phase || !errors.Is(err, context.DeadlineExceeded)) {
					t.Errorf("%v, want a timeout in phase %q", err, test.phase)
				}
			})
		})
	}
	if _, err := chatspec.New(chatspec.WithHeaderTimeout(0)); err == nil || !strings.Contains(err.Error(), "WithHeaderTimeout") {
		t.Error(err)
	}
}

// TestHeaderTimeoutSparesBodies reads a body for longer than the headers may take.
func TestHeaderTimeoutSparesBodies(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := &server{answers: []string{hello}}
		var ctx context.Context
		c := newClient(t, srv, chatspec.WithHeaderTimeout(time.Second), chatspec.WithHTTPClient(doerFunc(func(req *http.Request) (*http.Response, error) {
			ctx = req.Context()
			return srv.Do(req)
		})))
		resp, err := c.Raw().GetChatCompletion(t.Context(), "c1")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if ctx.Err() != nil {
			t.Error("the body's context was cancelled")
		}
		_ = resp.Body.Close()
		if ctx.Err() == nil {
			t.Error("closing the body does not free the context")
		}
	})
}
