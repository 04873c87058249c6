package chattest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/internal/exchange"
)

// Record returns a Doer that sends requests with next, such as an *http.Client, and writes them with their answers
// to a file when the test ends, for [Replay]. The file is JSON for people to read, in place of what was there; its
// folder is made where there is none. The Doer may be used by several goroutines at once.
//
//	client, err := chatspec.New(chatspec.WithAPIKey(key), chatspec.WithHTTPClient(chattest.Record(t, path, new(http.Client))))
//
// No key gets into the file. Of the headers of a request Accept and Content-Type are kept, and that there were
// credentials; parameters of the query are masked whose names end in key, token, secret, password, signature or sig. Keys
// of eight bytes and more are masked wherever else they are, also where the server repeats them. What the prompts
// and answers say is kept as it is, and so are the headers of answers, but for cookies.
//
// An answer is kept as its caller has read it: events as they came, the broken end of a broken connection, and no
// more than what had been read where it was closed early. A request that got no answer is not kept. A body of more
// than [MaxRecordedBytes] fails the test, and nothing is written then. Where next is an *http.Client, it is copied and
// follows no redirects: prompts and keys stay with the server that they are meant for.
func Record(t TB, path string, next chatspec.Doer) chatspec.Doer {
	t.Helper()
	switch client := next.(type) {
	case nil:
		t.Fatalf("chattest: Record: there is no Doer to record")
	case *http.Client:
		stays := *client
		stays.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		next = &stays
	}
	r := &recorder{t: t, next: next}
	t.Cleanup(func() { r.save(path) })
	return r
}

// recorder is the Doer of Record.
type recorder struct {
	t    TB
	next chatspec.Doer

	mu    sync.Mutex
	tapes []*tape // in the order of the requests
	spilt bool    // something was too large
}

// tape is an exchange that is being recorded.
type tape struct {
	recorded

	read []byte // of the body
	over bool   // the body has ended or is closed
	mask func(string) string
}

// Do sends a request and records it.
func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	body, err := readRequest(req)
	if err != nil {
		return nil, err
	}
	sent := req.WithContext(req.Context()) // a Doer must not change the caller's request
	if req.Body != nil {
		sent.Body = http.NoBody // it has been read
	}
	if len(body) > 0 {
		sent.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		sent.Body, _ = sent.GetBody()
		sent.ContentLength = int64(len(body))
	}
	at := new(tape)
	r.mu.Lock()
	r.tapes = append(r.tapes, at) // at its place, however long the answer takes
	r.mu.Unlock()
	resp, err := r.next.Do(sent)
	if err != nil || resp == nil {
		r.forget(at)
		return resp, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	at.mask = masks(req, resp)
	at.Request = recordRequest(req, body, at.mask)
	at.Response = recordedResponse{Status: resp.StatusCode, Header: answerHeader(resp.Header, at.mask)}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	resp.Body = &recordedBody{resp.Body, r, at, req}
	return resp, nil
}

// answerHeader returns the header of an answer as it is recorded.
func answerHeader(h http.Header, mask func(string) string) http.Header {
	h = maps.Clone(exchange.MaskedHeader(h, mask))
	for name := range h {
		if exchange.IsCredential(name) {
			h[name] = []string{exchange.Mask}
		}
	}
	delete(h, "Content-Length") // the body says so itself, and masking changes it
	return h
}

func (r *recorder) forget(at *tape) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tapes = slices.DeleteFunc(r.tapes, func(other *tape) bool { return other == at })
}

// save writes what was recorded.
func (r *recorder) save(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.spilt {
		return
	}
	c := cassette{Version: cassetteVersion, Exchanges: []recorded{}}
	for _, at := range r.tapes {
		if at.mask == nil {
			continue // no answer has come
		}
		if !at.over {
			at.Response.End = endClosed
		}
		at.Response.Body = newContent(maskedBody(at.read, at.mask))
		c.Exchanges = append(c.Exchanges, at.recorded)
	}
	if err := c.save(path); err != nil {
		r.t.Errorf("chattest: %v", err)
	}
}

// recordedBody is a body that is recorded as it is read.
type recordedBody struct {
	io.ReadCloser

	recorder *recorder
	tape     *tape
	req      *http.Request
}

func (b *recordedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.recorder.mu.Lock()
	defer b.recorder.mu.Unlock()
	if b.tape.over {
		return n, err
	}
	b.tape.read = append(b.tape.read, p[:n]...)
	if len(b.tape.read) > MaxRecordedBytes {
		b.tape.read, b.tape.over, b.recorder.spilt = nil, true, true
		b.recorder.t.Errorf("chattest: nothing is recorded, because an answer has more than %d bytes", MaxRecordedBytes)
		return n, err
	}
	switch {
	case err == io.EOF:
		b.tape.over = true
	case err != nil && b.req.Context().Err() != nil:
		b.end(endClosed)
	case err != nil:
		b.end(endCut)
	}
	return n, err
}

func (b *recordedBody) Close() error {
	err := b.ReadCloser.Close()
	b.recorder.mu.Lock()
	defer b.recorder.mu.Unlock()
	b.end(endClosed)
	return err
}

// end says how the body ended, unless it had ended before. The caller has the lock.
func (b *recordedBody) end(how ending) {
	if !b.tape.over {
		b.tape.over, b.tape.Response.End = true, how
	}
}
