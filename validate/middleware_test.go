package validate_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/validate"
)

// plantedKey stands for the key of a client.
const plantedKey = "sk-" + planted

// doerFunc is a function as a Doer.
type doerFunc func(*http.Request) (*http.Response, error)

func (f doerFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

// newClient returns a client for srv whose requests, and with opts answers, v checks.
func newClient(t *testing.T, srv *chattest.Server, v *validate.Validator, opts ...validate.Option) *chatspec.Client {
	t.Helper()
	client, err := chatspec.New(chatspec.WithAPIKey(plantedKey), chatspec.WithBaseURL(srv.URL), chatspec.WithHTTPClient(srv.Client()),
		chatspec.WithMiddleware(v.Middleware(opts...)))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// question returns a valid request.
func question() chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{Model: "m", Messages: chat.Messages{chat.UserMessage{Content: chat.Text(planted)}}}
}

// checkForms checks that err shows no value of the request, in whatever way it is printed.
func checkForms(t *testing.T, err error) {
	t.Helper()
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Error("failed", "err", err)
	forms := []string{logged.String()}
	for _, e := range []error{err, asError(t, err)} {
		marshaled, _ := json.Marshal(e)
		forms = append(forms, string(marshaled))
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
			forms = append(forms, fmt.Sprintf(verb, e))
		}
	}
	coded := hex.EncodeToString([]byte(planted))
	for _, form := range forms {
		if strings.Contains(form, planted) || strings.Contains(strings.ToLower(form), coded) {
			t.Errorf("the error shows what was sent: %q", form)
		}
	}
}

func TestMiddlewareRefusesBeforeSending(t *testing.T) {
	t.Parallel()
	srv := chattest.NewSocketServer(t)
	client := newClient(t, srv, newValidator(t))
	with := func(change func(*chat.CreateChatCompletionRequest)) chat.CreateChatCompletionRequest {
		req := question()
		change(&req)
		return req
	}
	for want, send := range map[string]func() error{
		"chatspec: Create: validate: body /temperature: maximum (allowed: 2)": func() error {
			_, err := client.Create(t.Context(), with(func(r *chat.CreateChatCompletionRequest) { r.Temperature = new(2.5) }))
			return err
		},
		"chatspec: Stream: validate: body /n: minimum (allowed: 1)": func() error {
			_, err := client.Stream(t.Context(), with(func(r *chat.CreateChatCompletionRequest) { r.N = new(0) }))
			return err
		},
		"chatspec: Create: validate: body /stop: maxItems (allowed: 4)": func() error {
			_, err := client.Create(t.Context(), with(func(r *chat.CreateChatCompletionRequest) {
				r.Stop = chat.StopSequences{planted, planted, planted, planted, planted}
			}))
			return err
		},
		"chatspec: Create: validate: body /service_tier: enum": func() error {
			_, err := client.Create(t.Context(), with(func(r *chat.CreateChatCompletionRequest) { r.ServiceTier = planted }))
			return err
		},
		"chatspec: List: validate: query parameter order: enum (allowed: asc, desc)": func() error {
			for _, err := range client.List(t.Context(), chat.ListChatCompletionsParams{Order: new(chat.Order(planted))}) {
				return err
			}
			return nil
		},
		"chatspec: Update: validate: body /metadata: required": func() error {
			_, err := client.Raw().UpdateChatCompletionWithBody(t.Context(), planted, "application/json", strings.NewReader(`{"`+planted+`":1}`))
			return fmt.Errorf("chatspec: Update: %w", err)
		},
		"Raw: validate: header Content-Type: content type (allowed: application/json)": func() error {
			_, err := client.Raw().CreateChatCompletionWithBody(t.Context(), "text/"+planted, strings.NewReader(planted))
			return fmt.Errorf("Raw: %w", err)
		},
	} {
		err := send()
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
			continue
		}
		checkForms(t, err)
	}
	if got := srv.Requests(); len(got) > 0 {
		t.Errorf("the server got %d requests", len(got))
	}
}

// TestMiddlewareNamesDiscriminators breaks every discriminator of a request that uses every union.
func TestMiddlewareNamesDiscriminators(t *testing.T) {
	t.Parallel()
	srv := chattest.NewSocketServer(t)
	client := newClient(t, srv, newValidator(t))
	var tree any
	if err := json.Unmarshal([]byte(largeRequest), &tree); err != nil {
		t.Fatal(err)
	}
	broken := 0
	eachTag(tree, "", func(place, value string) {
		// Schemas of functions and the tools of allowed_tools are open.
		if strings.Contains(place, "/parameters/") || strings.Contains(place, "/allowed_tools/tools/") {
			return
		}
		body, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		broken++
		_, err = client.Raw().CreateChatCompletionWithBody(t.Context(), "application/json", bytes.NewReader(body))
		got := asError(t, err)
		if got.Pointer != place || !slices.Contains([]string{"discriminator", "const"}, got.Rule) || !slices.Contains(got.Allowed, value) {
			t.Errorf("%s: %v, want %q to be allowed", place, err, value)
		}
		checkForms(t, err)
	})
	if broken < 20 || len(srv.Requests()) > 0 {
		t.Errorf("%d discriminators, of which %d reached the server", broken, len(srv.Requests()))
	}
}

// eachTag replaces every role and type, one at a time, and calls f with its place and former value.
func eachTag(v any, place string, f func(place, value string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, old := range v {
			if value, ok := old.(string); ok && (key == "role" || key == "type") {
				v[key] = planted
				f(place+"/"+key, value)
				v[key] = old
			}
			eachTag(old, place+"/"+key, f)
		}
	case []any:
		for i, item := range v {
			eachTag(item, fmt.Sprint(place, "/", i), f)
		}
	}
}

// TestMiddlewarePassesRequestsOn looks at what the Doer behind it gets, and at what it leaves of the caller's.
func TestMiddlewarePassesRequestsOn(t *testing.T) {
	t.Parallel()
	body := with(`"n":1`)
	unknown := post(t, "")
	unknown.Body, unknown.ContentLength = io.NopCloser(strings.NewReader(body)), -1
	for name, r := range map[string]*http.Request{
		"known length":   post(t, body),
		"unknown length": unknown,
		"no body":        request(t, http.MethodGet, "/v1/chat/completions", ""),
	} {
		before := *r
		var sent *http.Request
		answer := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}
		next := doerFunc(func(req *http.Request) (*http.Response, error) { sent = req; return answer, nil })
		resp, err := newValidator(t).Middleware()(next).Do(r)
		if err != nil || resp != answer || resp.Body != http.NoBody {
			t.Fatalf("%s: %v, %v", name, resp, err)
		}
		if r.Body != before.Body || r.ContentLength != before.ContentLength {
			t.Errorf("%s: the caller's request has been changed", name)
		}
		if sent.ContentLength != before.ContentLength || (sent.GetBody == nil) != (before.GetBody == nil) || (sent.Body == nil) != (before.Body == nil) {
			t.Errorf("%s: sent with length %d", name, sent.ContentLength)
		}
		if before.Body == nil || before.Body == http.NoBody {
			continue
		}
		if got, err := io.ReadAll(sent.Body); string(got) != body || err != nil {
			t.Errorf("%s: sent %q, %v", name, got, err)
		}
	}
}

// TestMiddlewareRepeats sends a request that net/http has to send twice.
func TestMiddlewareRepeats(t *testing.T) {
	t.Parallel()
	var bodies []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		if r.ContentLength != int64(len(body)) || len(r.TransferEncoding) > 0 {
			t.Errorf("length %d, transfer encoding %q", r.ContentLength, r.TransferEncoding)
		}
		if len(bodies) == 1 {
			http.Redirect(w, r, "/again/chat/completions", http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, completion)
	}))
	defer srv.Close()
	client, err := chatspec.New(chatspec.WithBaseURL(srv.URL), chatspec.WithMiddleware(newValidator(t).Middleware(validate.Answers())))
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Create(t.Context(), question())
	if err != nil || res.Text() != planted || len(bodies) != 2 || bodies[0] != bodies[1] || !strings.Contains(bodies[0], planted) {
		t.Errorf("%v, %v, the server got %q", res, err, bodies)
	}
}

func TestMiddlewareClosesBodies(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	unsent := doerFunc(func(*http.Request) (*http.Response, error) {
		t.Error("a request that breaks the document was sent")
		return nil, errors.New("sent")
	})
	failing := errors.New("the file is gone")
	for want, body := range map[error]io.Reader{
		nil:     strings.NewReader(with(`"n":0`)),
		failing: readerFunc(func([]byte) (int, error) { return 0, failing }),
	} {
		sent := &closing{Reader: body}
		r := post(t, "")
		r.Body, r.ContentLength = sent, -1
		_, err := v.Middleware()(unsent).Do(r)
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if !sent.closed {
			t.Errorf("the body was not closed after %v", err)
		}
	}
}

// A body that is still being written when the context ends does not hold the call.
func TestMiddlewareCancelledBody(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	body, w := io.Pipe()
	r := post(t, "").WithContext(ctx)
	r.Body, r.ContentLength = body, -1
	go func() {
		_, _ = io.WriteString(w, `{"model":`)
		cancel()
	}()
	_, err := newValidator(t).Middleware()(nil).Do(r)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Azure has the model in the path and a version in the query, and other gateways have other paths.
func TestMiddlewareBaseURLs(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("Hi").Repeated())
	for _, path := range []string{"", "/", "/openai/deployments/gpt%2D5.4", "/openai/v1/", "/accounts/a%20b/chat"} {
		client, err := chatspec.New(chatspec.WithBaseURL(strings.TrimSuffix(srv.URL, "/v1")+path+"?api-version=2024-10-21"), chatspec.WithHTTPClient(srv.Client()),
			chatspec.WithMiddleware(newValidator(t).Middleware(validate.Answers())))
		if err != nil {
			t.Fatal(err)
		}
		if res, err := client.Create(t.Context(), question()); err != nil || res.Text() != "Hi" {
			t.Errorf("%q: %v, %v", path, res, err)
		}
	}
	for _, r := range srv.Requests() {
		if r.Query.Get("api-version") == "" {
			t.Errorf("%s has lost its query", r.Path)
		}
	}
}

func TestMiddlewareUnknownOperation(t *testing.T) {
	t.Parallel()
	unsent := doerFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New("sent") })
	_, err := newValidator(t).Middleware(nil)(unsent).Do(request(t, http.MethodGet, "/v1/"+url.PathEscape(planted), ""))
	if got := asError(t, err); got.In != validate.InPath || got.Rule != validate.RuleOperation {
		t.Error(err)
	}
	checkForms(t, err)
}

// A document of the user's own, with a field of their servers that is required.
func TestMiddlewareOwnDocument(t *testing.T) {
	t.Parallel()
	const required = "required: [model, messages]\n"
	if strings.Count(chatspec.Spec, required) != 1 {
		t.Fatal("the request has other required fields")
	}
	spec := strings.Replace(chatspec.Spec, required, "required: [model, messages, tenant]\n", 1)
	spec = strings.Replace(spec, "        model:\n          type: string\n", "        tenant: {type: string, enum: [blue, green]}\n        model:\n          type: string\n", 1)
	v, err := validate.New([]byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	srv := chattest.NewServer(t, chattest.Text("Hi"))
	client := newClient(t, srv, v)
	_, err = client.Create(t.Context(), question())
	if got := asError(t, err); got.Pointer != "/tenant" || got.Rule != "required" || !slices.Equal(got.Allowed, []string{"blue", "green"}) {
		t.Error(err)
	}
	_, err = client.Create(t.Context(), question(), chatspec.WithBodyField("tenant", planted))
	if got := asError(t, err); got.Pointer != "/tenant" || got.Rule != "enum" {
		t.Error(err)
	}
	checkForms(t, err)
	if _, err = client.Create(t.Context(), question(), chatspec.WithBodyField("tenant", "blue")); err != nil {
		t.Error(err)
	}
	if got := srv.Requests(); len(got) != 1 || !strings.Contains(string(got[0].Raw), `"tenant":"blue"`) {
		t.Errorf("the server got %d requests", len(got))
	}
}
