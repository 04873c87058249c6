package validate_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
	"github.com/chatspec/chatspec/validate"
)

// chunk returns the data of a chunk with one choice.
func chunk(choice string) string {
	return `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[` + choice + `]}`
}

var (
	goodChunk   = chunk(`{"index":0,"delta":{"content":"` + planted + `"},"finish_reason":null}`)
	lastChunk   = chunk(`{"index":0,"delta":{},"finish_reason":"stop"}`)
	brokenChunk = chunk(`{"index":0,"delta":{"role":"` + planted + `"},"finish_reason":null}`)
)

// oddStream is a valid stream in every way that the standard allows. Data that is not a chunk is in what is
// no event: comments, other fields, and a field that a byte order mark turns into another one.
var oddStream = strings.Join([]string{
	"\uFEFFdata: " + goodChunk + "\n\n",
	": data: " + planted + "\n",
	":\r\n\r\n",
	"id: 7\rdata:" + goodChunk + "\r\r",
	"event: message\r\ndata: " + strings.Replace(goodChunk, ",", ",\r\ndata: ", 3) + "\r\n: between\r\n\r\n",
	"\n\r\n\r",
	"data\n\nretry: 5\n\n",
	"\uFEFFdata: " + brokenChunk + "\n\n",
	"other: " + brokenChunk + "\ndata: " + lastChunk + "\nid\n\n",
	"event: ping\ndata: \n\n",
	"data: [DONE]\r\n\r\n",
	"data: " + brokenChunk + "\n\n",
}, "")

// reply is what a server sends.
type reply struct {
	status int
	header http.Header
	body   io.Reader
}

// events is an answer that streams body.
func events(body io.Reader) reply {
	return reply{200, http.Header{"Content-Type": {"text/event-stream; charset=utf-8"}}, body}
}

// watched returns the body of the reply as the middleware hands it out.
func watched(t testing.TB, v *validate.Validator, r reply) io.ReadCloser {
	t.Helper()
	next := doerFunc(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: r.status, Header: r.header, Body: io.NopCloser(r.body), Request: req}, nil
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/v1/chat/completions", strings.NewReader(with(`"n":1`)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := v.Middleware(validate.Answers())(next).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Body
}

func TestAnswersWhole(t *testing.T) {
	t.Parallel()
	jsonHeader := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	brokenCompletion := strings.Replace(completion, `"stop"`, `"`+planted+`"`, 1)
	for name, c := range map[string]struct {
		status  int
		header  http.Header
		body    string
		pointer string // of the violation
		rule    string // empty for none
	}{
		"fine":                {200, jsonHeader, completion, "", ""},
		"broken":              {200, jsonHeader, brokenCompletion, "/choices/0/finish_reason", "enum"},
		"no JSON":             {200, jsonHeader, planted, "", validate.RuleJSON},
		"empty":               {200, jsonHeader, "", "", validate.RuleJSON},
		"another success":     {202, jsonHeader, completion, "/error", "required"},
		"untyped":             {200, http.Header{}, brokenCompletion, "/choices/0/finish_reason", "enum"},
		"untyped, empty":      {200, http.Header{}, "", "", ""},
		"plain text":          {200, http.Header{"Content-Type": {"text/plain"}}, brokenCompletion, "/choices/0/finish_reason", "enum"},
		"an untyped stream":   {200, http.Header{}, "data: " + brokenChunk + "\n\n", "/choices/0/delta/role", "enum"},
		"a login page":        {200, http.Header{"Content-Type": {"text/html"}}, "<html>\n\ndata: x\n\n", "", ""},
		"still compressed":    {200, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"br"}}, "\x1b", "", ""},
		"refused":             {400, jsonHeader, planted, "", ""},
		"refused as a stream": {500, http.Header{"Content-Type": {"text/event-stream"}}, "data: " + brokenChunk + "\n\n", "", ""},
		"an error object":     {200, jsonHeader, `{"error":"` + planted + `"}`, "", ""},
		"redirected":          {302, jsonHeader, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := watched(t, newValidator(t), reply{c.status, c.header, iotest.OneByteReader(strings.NewReader(c.body))})
			got, err := io.ReadAll(body)
			if c.rule == "" {
				if string(got) != c.body || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			if found := asError(t, err); found.In != validate.InBody || found.Pointer != c.pointer || found.Rule != c.rule || len(got) > 0 {
				t.Errorf("got %q, %v", got, err)
			}
			checkForms(t, err)
		})
	}
}

func TestAnswersTooLarge(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	whole := io.MultiReader(strings.NewReader("{"), spaces{})
	_, err := io.ReadAll(watched(t, v, reply{200, http.Header{"Content-Type": {"application/json"}}, whole}))
	if got := asError(t, err); got.Rule != validate.RuleSize {
		t.Error(err)
	}
	const begin = "data: [DONE" // with a "]", the stream would be over
	got, err := io.ReadAll(watched(t, v, events(io.MultiReader(strings.NewReader(":\n\n"+begin), spaces{}))))
	if tooLarge, ok := errors.AsType[*api.TooLargeError](err); !ok || tooLarge.What != "event" || tooLarge.Limit != stream.DefaultMaxEventBytes {
		t.Error(err)
	}
	if string(got) != ":\n\n" {
		t.Errorf("%d bytes before an event that is too large", len(got))
	}
	// A comment may be endless, and so may a stream whose end has been told.
	for _, begin := range []string{":", "data: [DONE]\n\n"} {
		const more = stream.DefaultMaxEventBytes + 1
		endless := io.MultiReader(strings.NewReader(begin), io.LimitReader(spaces{}, more))
		if n, err := io.Copy(io.Discard, watched(t, v, events(endless))); n != more+int64(len(begin)) || err != nil {
			t.Errorf("%q: %d bytes, %v", begin, n, err)
		}
	}
}

// pieces is a body that arrives in pieces: a Read in which nothing arrives returns nothing.
type pieces struct {
	left []string
	err  error // with the last piece, if that is short enough for the Read, or else after it
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, p.err
	}
	n := copy(b, p.left[0])
	if p.left[0] = p.left[0][n:]; p.left[0] == "" {
		p.left = p.left[1:]
	}
	if len(p.left) == 0 {
		return n, p.err
	}
	return n, nil
}

// inPieces cuts text into pieces of size bytes.
func inPieces(text string, size int) []string {
	var list []string
	for chunk := range slices.Chunk([]byte(text), size) {
		list = append(list, string(chunk))
	}
	return list
}

// TestAnswersAreExact cuts a stream everywhere, with and without an error, and hands it out in pieces of
// every size.
func TestAnswersAreExact(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	broken := errors.New("connection broken")
	for cut := range len(oddStream) + 1 {
		for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, broken} {
			got, err := readAll(watched(t, v, events(&pieces{[]string{oddStream[:cut/2], oddStream[cut/2 : cut]}, end})))
			if got != oddStream[:cut] || err != end {
				t.Fatalf("cut at %d with %v: got %d bytes, %v", cut, end, len(got), err)
			}
		}
	}
	for size := 1; size < len(oddStream); size++ {
		if got, err := readAll(watched(t, v, events(&pieces{inPieces(oddStream, size), io.EOF}))); got != oddStream || err != io.EOF {
			t.Fatalf("pieces of %d: got %d bytes, %v", size, len(got), err)
		}
	}
	whole := completion[:len(completion)-1]
	got, err := readAll(watched(t, v, reply{200, http.Header{"Content-Type": {"application/json"}}, &pieces{[]string{whole}, broken}}))
	if got != whole || err != broken {
		t.Errorf("a whole answer that is cut: %q, %v", got, err)
	}
}

// readAll reads to the end and returns the error as it is.
func readAll(r io.Reader) (string, error) {
	var b strings.Builder
	buf := make([]byte, 100)
	for {
		n, err := r.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return b.String(), err
		}
	}
}

// TestAnswersAreNotHeldBack sends one byte at a time and reads on as soon as it has arrived: what is complete has
// been handed out before the next byte comes.
func TestAnswersAreNotHeldBack(t *testing.T) {
	t.Parallel()
	var sent bytes.Buffer
	dry := readerFunc(func(p []byte) (int, error) {
		n, _ := sent.Read(p)
		return n, nil
	})
	body := watched(t, newValidator(t), events(dry))
	got, buf := 0, make([]byte, 100)
	for i := range len(oddStream) {
		sent.WriteByte(oddStream[i])
		for {
			n, err := body.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			if got += n; n == 0 {
				break
			}
		}
		decoder := stream.NewDecoder(strings.NewReader(oddStream[:i+1]))
		for _, err := decoder.Next(); err == nil; _, err = decoder.Next() {
		}
		if complete := int(decoder.InputOffset()); got < complete || got > i+1 {
			t.Fatalf("after %d bytes with %d of complete events, %d were handed out", i+1, complete, got)
		}
	}
	sent.WriteString(": a comment")
	if n, err := body.Read(buf); n != len(": a comment") || err != nil {
		t.Errorf("of an unfinished comment came %d bytes, %v", n, err)
	}
}

// TestAnswersEndBeforeTheViolation finds the same end in pieces of every size: nothing of an event that breaks the
// document is handed out.
func TestAnswersEndBeforeTheViolation(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	const kept = ":\r\n\r\n: before\r"
	before := "data: " + goodChunk + "\r\n\r\n" + kept
	text := before + "event: message\ndata: " + brokenChunk + "\n: between\n\ndata: [DONE]\n\n"
	for size := 1; size < len(text); size++ {
		got, err := readAll(watched(t, v, events(&pieces{inPieces(text, size), io.EOF})))
		if found := asError(t, err); got != before || found.Pointer != "/choices/0/delta/role" {
			t.Fatalf("pieces of %d: got %q, %v", size, got, err)
		}
	}
}

// TestAnswersThroughClient asks a server whose answers break the document.
func TestAnswersThroughClient(t *testing.T) {
	t.Parallel()
	jsonHeader := http.Header{"Content-Type": {"application/json"}}
	eventHeader := http.Header{"Content-Type": {"text/event-stream"}}
	data := func(list ...string) []byte { return []byte("data: " + strings.Join(list, "\n\ndata: ") + "\n\n") }
	srv := chattest.NewSocketServer(t,
		chattest.Raw(200, jsonHeader, []byte(strings.Replace(completion, `"stop"`, `"`+planted+`"`, 1))),
		chattest.Raw(200, eventHeader, data(goodChunk, goodChunk, brokenChunk, lastChunk, "[DONE]")),
		chattest.Raw(200, eventHeader, data(goodChunk, `{"error":{"message":"overloaded"}}`, brokenChunk)),
		chattest.Raw(500, jsonHeader, []byte("down")),
		chattest.Text("Hi"),
		chattest.Text("Hi"),
	)
	client := newClient(t, srv, newValidator(t), validate.Answers())

	_, err := client.Create(t.Context(), question())
	if got := asError(t, err); got.Pointer != "/choices/0/finish_reason" {
		t.Error(err)
	}
	checkForms(t, err)

	chunks, result, err := streamed(t, client)
	if got := asError(t, err); chunks != 2 || result.Text() != planted+planted || got.Pointer != "/choices/0/delta/role" {
		t.Errorf("%d chunks, %q, %v", chunks, result.Text(), err)
	}
	if text := fmt.Sprint(err); strings.Contains(text, planted) {
		t.Error(text)
	}

	var refused *api.Error
	if chunks, _, err = streamed(t, client); chunks != 1 || !errors.As(err, &refused) || refused.Message != "overloaded" {
		t.Errorf("%d chunks, %v", chunks, err)
	}
	if _, err = client.Create(t.Context(), question(), chatspec.WithMaxRetries(0)); !errors.As(err, &refused) || refused.Status != 500 {
		t.Error(err)
	}
	if res, err := client.Create(t.Context(), question()); err != nil || res.Text() != "Hi" {
		t.Errorf("%v, %v", res, err)
	}
	if _, result, err := streamed(t, client); err != nil || result.Text() != "Hi" {
		t.Errorf("%v, %v", result, err)
	}
}

// streamed returns the number of chunks, what they add up to, and how the stream ended.
func streamed(t *testing.T, client *chatspec.Client) (int, *chat.CreateChatCompletionResponse, error) {
	t.Helper()
	s, err := client.Stream(t.Context(), question())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 0
	for s.Next() {
		n++
	}
	result, err := s.Partial()
	if err != nil {
		t.Fatal(err)
	}
	return n, result, s.Err()
}

// TestAnswersStored checks the answers of every other operation.
func TestAnswersStored(t *testing.T) {
	t.Parallel()
	srv := chattest.NewServer(t, chattest.Text("Hi"))
	client := newClient(t, srv, newValidator(t), validate.Answers())
	req := question()
	req.Store = new(true)
	res, err := client.Create(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	_, getErr := client.Get(t.Context(), res.ID)
	_, updateErr := client.Update(t.Context(), res.ID, chat.ChatCompletionUpdate{Metadata: chat.Metadata{"k": "v"}})
	errs := []error{getErr, updateErr}
	for _, err := range client.List(t.Context(), chat.ListChatCompletionsParams{}) {
		errs = append(errs, err)
	}
	for _, err := range client.Messages(t.Context(), res.ID, chat.GetChatCompletionMessagesParams{}) {
		errs = append(errs, err)
	}
	_, err = client.Delete(t.Context(), res.ID)
	if err := errors.Join(append(errs, err)...); err != nil || len(errs) < 4 {
		t.Errorf("%d answers, %v", len(errs), err)
	}
}

// TestAnswersCompressed gets a stream that the transport has decompressed.
func TestAnswersCompressed(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Error("the transport did not ask for gzip")
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "data: "+goodChunk+"\n\ndata: "+brokenChunk+"\n\n")
		_ = z.Close()
	}))
	defer srv.Close()
	client, err := chatspec.New(chatspec.WithBaseURL(srv.URL), chatspec.WithMiddleware(newValidator(t).Middleware(validate.Answers())))
	if err != nil {
		t.Fatal(err)
	}
	chunks, _, err := streamed(t, client)
	if got := asError(t, err); chunks != 1 || got.Pointer != "/choices/0/delta/role" {
		t.Errorf("%d chunks, %v", chunks, err)
	}
}

// TestAnswersClose closes a stream whose server has gone silent, from another goroutine. A goroutine that is left
// behind would fail the bubble.
func TestAnswersClose(t *testing.T) {
	t.Parallel()
	v := newValidator(t)
	synctest.Test(t, func(t *testing.T) {
		srv := chattest.NewServer(t, chattest.Text("Hi, "+planted).WithPace(time.Hour))
		s, err := newClient(t, srv, v, validate.Answers()).Stream(t.Context(), question())
		if err != nil {
			t.Fatal(err)
		}
		if !s.Next() {
			t.Fatal(s.Err())
		}
		start, ended := time.Now(), make(chan bool)
		go func() { ended <- s.Next() }()
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if <-ended || !errors.Is(s.Err(), context.Canceled) || time.Since(start) > 0 {
			t.Errorf("%v after %v", s.Err(), time.Since(start))
		}
	})
}

// TestAnswersCloseSocket is TestAnswersClose with a real connection, and a body that nobody reads in between.
func TestAnswersCloseSocket(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, ":\n\ndata: "+goodChunk+"\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	defer srv.Close()
	resp, err := newValidator(t).Middleware(validate.Answers())(srv.Client()).Do(func() *http.Request {
		r := post(t, with(`"stream":true`))
		r.URL.Host = srv.Listener.Addr().String()
		return r
	}())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, len(":\n\n"))); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := resp.Body.Read(make([]byte, 100))
		for err == nil { // what is left of the event is handed out at the end
			_, err = resp.Body.Read(make([]byte, 1000))
		}
		ended <- err
	}()
	for range 2 {
		go func() { _ = resp.Body.Close() }()
	}
	if err := <-ended; err == nil || errors.Is(err, io.EOF) {
		t.Errorf("reading a closed body: %v", err)
	}
	<-gone
}
