package chattest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// fill stores completions with the IDs chatcmpl-1 to chatcmpl-n.
func fill(t *testing.T, srv *chattest.Server, n int) {
	t.Helper()
	for i := range n {
		create(t, srv, fmt.Sprintf(`{"model":"model-%d","messages":[%s],"store":true,"metadata":{"parity":"%d","n":"%d"}}`, i%3, userHello, i%2, i))
	}
}

// list fetches one page.
func list(t *testing.T, srv *chattest.Server, query string) *chat.ChatCompletionList {
	t.Helper()
	a := send(t, srv, "GET", "/chat/completions?"+query, "")
	if a.status != http.StatusOK {
		t.Fatalf("%s: %d %s", query, a.status, a.body)
	}
	return decode[chat.ChatCompletionList](t, a)
}

func ids(l *chat.ChatCompletionList) []string {
	var list []string
	for _, c := range l.Data {
		list = append(list, c.ID)
	}
	return list
}

// numbered returns the IDs of the completions with these numbers.
func numbered(numbers ...int) []string {
	var list []string
	for _, n := range numbers {
		list = append(list, fmt.Sprintf("chatcmpl-%d", n))
	}
	return list
}

func TestListPages(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("x").Repeated())
	fill(t, srv, 45)
	var all []int
	for n := range 45 {
		all = append(all, n+1)
	}
	for _, c := range []struct {
		query string
		sizes []int
	}{
		{"", []int{20, 20, 5}},
		{"order=asc", []int{20, 20, 5}},
		{"order=desc", []int{20, 20, 5}},
		{"limit=15", []int{15, 15, 15}},
		{"limit=44&order=desc", []int{44, 1}},
		{"limit=45", []int{45}},
		{"limit=1000", []int{45}},
	} {
		want := numbered(all...)
		if strings.Contains(c.query, "desc") {
			slices.Reverse(want)
		}
		var got []string
		var sizes []int
		for after, more := "", true; more; {
			query := c.query
			if after != "" {
				query += "&after=" + after
			}
			page := list(t, srv, query)
			got, sizes = append(got, ids(page)...), append(sizes, len(page.Data))
			if page.FirstID != page.Data[0].ID || page.LastID != page.Data[len(page.Data)-1].ID {
				t.Errorf("%s: first_id %q, last_id %q", query, page.FirstID, page.LastID)
			}
			after, more = page.LastID, page.HasMore
		}
		if !slices.Equal(got, want) || !slices.Equal(sizes, c.sizes) {
			t.Errorf("%q: pages of %v with %v", c.query, sizes, got)
		}
	}
}

func TestListLargestPage(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("x").Repeated())
	fill(t, srv, 101)
	if page := list(t, srv, "limit=1000"); len(page.Data) != 100 || !page.HasMore {
		t.Errorf("%d completions, more %v", len(page.Data), page.HasMore)
	}
}

func TestListEmpty(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("x").Repeated())
	create(t, srv, hello)
	create(t, srv, with(`"store":false`))
	create(t, srv, with(`"store":null`))
	a := send(t, srv, "GET", "/chat/completions", "")
	if want := `{"object":"list","first_id":"","last_id":"","has_more":false,"data":[]}`; !sameJSON(t, a.body, want) {
		t.Errorf("%s", a.body)
	}
	fill(t, srv, 1)
	if page := list(t, srv, "after=chatcmpl-4"); len(page.Data) != 0 || page.HasMore {
		t.Errorf("after the last: %+v", page)
	}
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("x").Repeated())
	fill(t, srv, 12) // of models 0, 1, 2 in turn, with parities 0, 1 in turn
	for query, want := range map[string][]string{
		"model=model-1":                                      numbered(2, 5, 8, 11),
		"model=model-1&order=desc&limit=2":                   numbered(11, 8),
		"metadata[parity]=1":                                 numbered(2, 4, 6, 8, 10, 12),
		"metadata[parity]=1&metadata[n]=3":                   numbered(4),
		"metadata%5Bparity%5D=0&model=model-2":               numbered(3, 9),
		"metadata[parity]=1&after=chatcmpl-6":                numbered(8, 10, 12),
		"metadata[parity]=1&after=chatcmpl-7":                numbered(8, 10, 12), // the item itself need not pass the filter
		"metadata[parity]=1&after=chatcmpl-7&order=desc":     numbered(6, 4, 2),
		"metadata[parity]=2":                                 nil,
		"metadata[other]=1":                                  nil,
		"model=" + url.QueryEscape("model-1 or model-2"):     nil,
		"metadata[parity]=1&model=model-1&order=asc&limit=1": numbered(2),
	} {
		page := list(t, srv, query)
		if got := ids(page); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
		if wantMore := strings.Contains(query, "limit="); page.HasMore != wantMore {
			t.Errorf("%s: has_more %v", query, page.HasMore)
		}
	}
}

// The generated client writes the filter as the server reads it.
func TestListWithGeneratedClient(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("x").Repeated())
	create(t, srv, with(`"store":true,"metadata":{"a key & more":"a=b, ü","x":"1"}`))
	create(t, srv, with(`"store":true,"metadata":{"x":"1"}`))
	resp, err := newClient(t, srv).ListChatCompletions(t.Context(), &chat.ListChatCompletionsParams{
		Metadata: &chat.Metadata{"a key & more": "a=b, ü"}, Order: new(chat.OrderDesc), Limit: new(5), Model: new("m"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got chat.ChatCompletionList
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || !slices.Equal(ids(&got), numbered(1)) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestStoredCompletion(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("answer").Repeated())
	srv.SetClock(func() time.Time { return time.Unix(1234, 0) })
	created := create(t, srv, with(`"store":true,"stream":true,"metadata":{"a":"1","b":"2"}`)).completion(t)
	path := "/chat/completions/" + created.ID
	got := send(t, srv, "GET", path, "").completion(t)
	if got.Text() != "answer" || got.Created != 1234 || got.Model != "m" || got.Usage == nil || !maps.Equal(got.Metadata, chat.Metadata{"a": "1", "b": "2"}) {
		t.Errorf("%+v", got)
	}
	got = send(t, srv, "POST", path, `{"metadata":{"c":"3"}}`).completion(t)
	if got.ID != created.ID || got.Text() != "answer" || !maps.Equal(got.Metadata, chat.Metadata{"c": "3"}) {
		t.Errorf("after the update: %+v", got)
	}
	if got = send(t, srv, "GET", path, "").completion(t); !maps.Equal(got.Metadata, chat.Metadata{"c": "3"}) {
		t.Errorf("after the update: %+v", got)
	}
	if page := list(t, srv, "metadata[a]=1"); len(page.Data) > 0 {
		t.Error("the old metadata is still found")
	}
	if got = send(t, srv, "POST", path, `{"metadata":null}`).completion(t); len(got.Metadata) > 0 {
		t.Errorf("after taking the metadata away: %+v", got)
	}
	deleted := send(t, srv, "DELETE", path, "")
	if want := `{"id":"` + created.ID + `","object":"chat.completion.deleted","deleted":true}`; !sameJSON(t, deleted.body, want) {
		t.Errorf("%s", deleted.body)
	}
	send(t, srv, "GET", path, "").refused(t, http.StatusNotFound)
	if page := list(t, srv, ""); len(page.Data) > 0 {
		t.Error("a deleted completion is listed")
	}
}

func TestUnknownIDs(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("x"))
	create(t, srv, with(`"store":true`))
	for _, c := range []struct{ method, path, body, param string }{
		{"GET", "/chat/completions/" + planted, "", "completion_id"},
		{"GET", "/chat/completions/%2E%2E", "", "completion_id"},
		{"GET", "/chat/completions/a%2Fb", "", "completion_id"},
		{"POST", "/chat/completions/" + planted, `{"metadata":{}}`, "completion_id"},
		{"DELETE", "/chat/completions/" + planted, "", "completion_id"},
		{"GET", "/chat/completions/" + planted + "/messages", "", "completion_id"},
		{"GET", "/chat/completions?after=" + planted, "", "after"},
		{"GET", "/chat/completions/chatcmpl-1/messages?after=" + planted, "", "after"},
	} {
		e := send(t, srv, c.method, c.path, c.body).refused(t, http.StatusNotFound)
		if e.Type != "invalid_request_error" || e.Code != "not_found" || e.Param != c.param {
			t.Errorf("%s %s: %+v", c.method, c.path, e)
		}
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("x"))
	create(t, srv, `{"model":"m","store":true,"messages":[
		{"role":"system","content":"be brief"},
		{"role":"user","name":"ann","content":[{"type":"text","text":"what is "},{"type":"image_url","image_url":{"url":"data:"}},{"type":"text","text":"this?"},{"type":"file","file":{"file_id":"f"}}]},
		{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
		{"role":"tool","tool_call_id":"c","content":"42"}]}`)
	const path = "/chat/completions/chatcmpl-1/messages"
	all := decode[chat.ChatCompletionMessageList](t, send(t, srv, "GET", path, ""))
	if len(all.Data) != 4 || all.HasMore || all.FirstID != "chatcmpl-1-0" || all.LastID != "chatcmpl-1-3" {
		t.Fatalf("%+v", all)
	}
	for i, want := range []struct {
		role  chat.Role
		text  string
		parts int
		calls int
	}{{"system", "be brief", 0, 0}, {"user", "what is this?", 3, 0}, {"assistant", "", 0, 1}, {"tool", "42", 0, 0}} {
		m := all.Data[i]
		if m.Role != want.role || m.Content != want.text || len(m.ContentParts) != want.parts || len(m.ToolCalls) != want.calls {
			t.Errorf("message %d: %+v", i, m)
		}
	}
	page := decode[chat.ChatCompletionMessageList](t, send(t, srv, "GET", path+"?order=desc&limit=2&after=chatcmpl-1-3", ""))
	if len(page.Data) != 2 || page.FirstID != "chatcmpl-1-2" || page.LastID != "chatcmpl-1-1" || !page.HasMore {
		t.Errorf("%+v", page)
	}
	page = decode[chat.ChatCompletionMessageList](t, send(t, srv, "GET", path+"?after=chatcmpl-1-3", ""))
	if page.Data == nil || len(page.Data) != 0 || page.HasMore {
		t.Errorf("%+v", page)
	}
}

// A reply with an ID that is stored already takes the place of the older completion.
func TestStoreSameID(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t,
		chattest.Completion(chat.CreateChatCompletionResponse{ID: "same", Choices: []chat.Choice{{Message: chat.ResponseMessage{Content: "old"}}}}),
		chattest.Completion(chat.CreateChatCompletionResponse{ID: "same", Choices: []chat.Choice{{Message: chat.ResponseMessage{Content: "new"}}}}),
		chattest.Error(http.StatusBadGateway, chat.Error{}))
	for range 3 {
		create(t, srv, with(`"store":true`))
	}
	if page := list(t, srv, ""); len(page.Data) != 1 || page.Data[0].Text() != "new" {
		t.Errorf("%+v", page)
	}
}
