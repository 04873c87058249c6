package chattest_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

func TestRequests(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("x").Repeated())
	srv.SetClock(func() time.Time { return time.Unix(7, 0) })
	if got := srv.Requests(); len(got) != 0 {
		t.Errorf("%d requests before the first", len(got))
	}
	body := with(`"temperature":0,"unknown":true`)
	send(t, srv, "POST", "/chat/completions?api-version=1", body, "Authorization", "Bearer sk-key")
	send(t, srv, "GET", "/chat/completions/a%2Fb", "")
	send(t, srv, "POST", "/chat/completions", `{"model":"cut`)
	send(t, srv, "GET", "/other", "")
	got := srv.Requests()
	if len(got) != 4 {
		t.Fatalf("%d requests", len(got))
	}
	first := got[0]
	if first.Operation != "createChatCompletion" || first.Method != http.MethodPost || first.Path != "/v1/chat/completions" ||
		first.Query.Get("api-version") != "1" || first.Header.Get("Authorization") != "Bearer sk-key" ||
		string(first.Raw) != body || !first.Time.Equal(time.Unix(7, 0)) {
		t.Errorf("%+v", first)
	}
	message, ok := first.Body.Messages[0].(chat.UserMessage)
	if !ok || message.Content != chat.Text("hello") || first.Body.Model != "m" || *first.Body.Temperature != 0 {
		t.Errorf("%+v", first.Body)
	}
	if r := got[1]; r.Operation != "getChatCompletion" || r.Path != "/v1/chat/completions/a%2Fb" || len(r.Raw) != 0 {
		t.Errorf("%+v", r)
	}
	if r := got[2]; string(r.Raw) != `{"model":"cut` {
		t.Errorf("%+v", r)
	}
	if r := got[3]; r.Operation != "" || r.Path != "/v1/other" {
		t.Errorf("%+v", r)
	}
	got[0] = chattest.Request{}
	if srv.Requests()[0].Method == "" {
		t.Error("the slice does not belong to the caller")
	}
}

func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	const most, more = 10_000, 7
	h := chattest.NewHandler()
	for i := range most + more {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/"+strconv.Itoa(i), nil))
	}
	if got := h.Requests(); len(got) != most || got[0].Path != "/"+strconv.Itoa(more) {
		t.Errorf("%d requests, the first is %s", len(got), got[0].Path)
	}
}
