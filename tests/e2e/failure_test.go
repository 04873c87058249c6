package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// testCutStreams reads streams whose connection the server destroys under way.
func testCutStreams(t *testing.T, server aimock) {
	client := server.client(t, "/v1")
	for text, whole := range map[string]string{
		"drop the line": "This answer never comes to its end.",
		"truncate":      "This answer stops in the middle.",
	} {
		s, err := client.Stream(t.Context(), ask(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		defer s.Close()
		res, err := s.Result()
		if !errors.Is(err, stream.ErrTruncated) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: error %v", text, err)
		}
		if got := res.Text(); got == "" || got == whole || !strings.HasPrefix(whole, got) {
			t.Errorf("%s: the partial result has the text %q", text, got)
		}
		if again, errAgain := s.Result(); again != res || errAgain != err || s.Err() != err {
			t.Errorf("%s: a second Result differs: %v, %v", text, again, errAgain)
		}
		if s.Done() || s.Next() {
			t.Errorf("%s: Done %t, or another chunk", text, s.Done())
		}
	}
}

// testMalformed gets broken JSON in an answer that says it is a success.
func testMalformed(t *testing.T, server aimock) {
	client := server.client(t, "/v1")
	res, err := client.Create(t.Context(), ask("malformed"))
	if decode := (*api.DecodeError)(nil); res != nil || !errors.As(err, &decode) {
		t.Errorf("Create: %v, error %v", res, err)
	}
	s, err := client.Stream(t.Context(), ask("malformed"))
	notStream := (*stream.NotStreamError)(nil)
	if !errors.As(err, &notStream) {
		t.Fatalf("Stream: %v, error %v", s, err)
	}
	if notStream.MediaType != "application/json" || !bytes.Contains(notStream.Snippet, []byte("<<<chaos>>>")) || notStream.RequestID == "" {
		t.Errorf("Stream: %+v", notStream)
	}
}

// testMalformedChunk breaks one chunk of aimock's stream on its way.
func testMalformedChunk(t *testing.T, server aimock) {
	damage := func(next chatspec.Doer) chatspec.Doer {
		return doerFunc(func(req *http.Request) (*http.Response, error) {
			resp, err := next.Do(req)
			if err != nil {
				return nil, err
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			resp.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, []byte(`{"content":"morni"}`), []byte(`{"content":"morni}`), 1)))
			return resp, err
		})
	}
	s, err := server.client(t, "/v1", chatspec.WithMiddleware(damage)).Stream(t.Context(), ask("Say hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	res, err := s.Result()
	decode, where := (*api.DecodeError)(nil), (*stream.Error)(nil)
	if !errors.As(err, &decode) || !errors.As(err, &where) {
		t.Fatalf("error %v", err)
	}
	if res.Text() != "Good " || s.Done() || where.Events != 3 || where.RequestID == "" {
		t.Errorf("text %q, Done %t, error %+v", res.Text(), s.Done(), where)
	}
}

// testHungUp asks a server that closes the connection without an answer.
func testHungUp(t *testing.T, server aimock) {
	client := server.client(t, "/v1")
	refused := (*api.Error)(nil) // which says that a server answered
	if res, err := client.Create(t.Context(), ask("disconnect")); err == nil || errors.As(err, &refused) {
		t.Errorf("Create: %v, error %v", res, err)
	}
	if s, err := client.Stream(t.Context(), ask("disconnect")); err == nil || errors.As(err, &refused) {
		t.Errorf("Stream: %v, error %v", s, err)
	}
}

// testCancel ends streams that would go on for minutes.
func testCancel(t *testing.T, server aimock) {
	client := server.client(t, "/v1")
	for name, end := range map[string]func(context.CancelFunc, *stream.Stream){
		"context": func(cancel context.CancelFunc, _ *stream.Stream) { cancel() },
		"Close":   func(_ context.CancelFunc, s *stream.Stream) { _ = s.Close() },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s, err := client.Stream(ctx, ask("take your time"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for range 2 { // the role and the first piece of text come at once
			if !s.Next() {
				t.Fatalf("%s: %v", name, s.Err())
			}
		}
		go end(cancel, s) // while Next waits, or before it does
		if s.Next() || !errors.Is(s.Err(), context.Canceled) {
			t.Errorf("%s: error %v", name, s.Err())
		}
		if res, err := s.Result(); res.Text() != "This " || err != s.Err() {
			t.Errorf("%s: the partial result has the text %q, error %v", name, res.Text(), err)
		}
	}
}

func testErrors(t *testing.T, server aimock) {
	client := server.client(t, "/v1")
	openRouter := server.client(t, "/api/v1") // whose codes are numbers
	stranger := server.client(t, "/v1", chatspec.WithAPIKey("sk-wrong"))
	all := []error{
		api.ErrRateLimit, api.ErrQuota, api.ErrAuthentication, api.ErrPermission, api.ErrNotFound,
		api.ErrInvalidRequest, api.ErrContextLength, api.ErrContentFilter, api.ErrServer,
	}
	for _, test := range []struct {
		text   string
		client *chatspec.Client
		want   api.Error
		is     []error
	}{
		{"too fast", client, api.Error{Status: 429, Type: "requests", Code: "rate_limit_exceeded", Message: "Slow down."}, []error{api.ErrRateLimit}},
		{"out of money", client, api.Error{Status: 429, Type: "insufficient_quota", Code: "insufficient_quota", Message: "You used up your quota."}, []error{api.ErrQuota}},
		{"too long", client, api.Error{Status: 400, Type: "invalid_request_error", Code: "context_length_exceeded", Param: "messages", Message: "The prompt is too long."}, []error{api.ErrContextLength, api.ErrInvalidRequest}},
		{"server trouble", client, api.Error{Status: 503, Type: "server_error", Message: "Try again later."}, []error{api.ErrServer}},
		{"too fast", openRouter, api.Error{Status: 429, Code: "429", Message: "Slow down."}, []error{api.ErrRateLimit}},
		{"Say hello", stranger, api.Error{Status: 401, Type: "authentication_error", Code: "invalid_api_key", Message: "Invalid API key"}, []error{api.ErrAuthentication}},
	} {
		_, errCreate := test.client.Create(t.Context(), ask(test.text))
		_, errStream := test.client.Stream(t.Context(), ask(test.text))
		for name, err := range map[string]error{"Create": errCreate, "Stream": errStream} {
			got := (*api.Error)(nil)
			if !errors.As(err, &got) {
				t.Errorf("%s: %s: error %v", test.text, name, err)
				continue
			}
			if got.Status != test.want.Status || got.Type != test.want.Type || got.Code != test.want.Code ||
				got.Param != test.want.Param || got.Message != test.want.Message || got.RequestID == "" || got.Attempts < 1 {
				t.Errorf("%s: %s: %+v", test.text, name, got)
			}
			if limited := got.Status == http.StatusTooManyRequests; (got.RetryAfter > 0) != limited {
				t.Errorf("%s: %s: RetryAfter %v", test.text, name, got.RetryAfter)
			}
			if !bytes.Contains(got.Raw, []byte(test.want.Message)) {
				t.Errorf("%s: %s: Raw %q", test.text, name, got.Raw)
			}
			for _, sentinel := range all {
				want := false
				for _, s := range test.is {
					want = want || s == sentinel
				}
				if errors.Is(err, sentinel) != want {
					t.Errorf("%s: %s: errors.Is %q is %t", test.text, name, sentinel, !want)
				}
			}
			if strings.Contains(err.Error(), "sk-") {
				t.Errorf("%s: %s: the error has the key: %v", test.text, name, err)
			}
		}
	}
}

// testUnknownOperation calls operations that aimock does not have, as many compatible servers do not.
func testUnknownOperation(t *testing.T, server aimock) {
	client := server.client(t, "/v1")
	if res, err := client.Get(t.Context(), "chatcmpl-hello"); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("Get: %v, error %v", res, err)
	}
	if res, err := client.Delete(t.Context(), "chatcmpl-hello"); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("Delete: %v, error %v", res, err)
	}
	n := 0
	for item, err := range client.List(t.Context(), chat.ListChatCompletionsParams{}) {
		if n++; item != nil || !errors.Is(err, api.ErrNotFound) {
			t.Errorf("List: %v, error %v", item, err)
		}
	}
	if n != 1 {
		t.Errorf("List: %d pairs", n)
	}
}
