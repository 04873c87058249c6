package chattest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	"github.com/chatspec/chatspec"
)

// errClosedThere is the error of reading on where a recording has nothing more.
var errClosedThere = errors.New("chattest: the recording has no more of this answer, because its reader closed it here")

// codeNotRecorded is the code of an answer to a request that was not recorded.
const codeNotRecorded = "not_recorded"

// ReplayOption changes how [Replay] compares.
type ReplayOption func(*replayOptions)

type replayOptions struct{ anyOrder bool }

// AnyOrder lets requests come in another order than that in which they were recorded, for programs that send
// several at once. The default is the order of the recording.
func AnyOrder() ReplayOption { return func(o *replayOptions) { o.anyOrder = true } }

// Replay returns a Doer that answers from the file that [Record] has written, without a network. The Doer may be
// used by several goroutines at once, and works in a testing/synctest bubble. Without such a file the test ends.
//
//	client, err := chatspec.New(chatspec.WithBaseURL(url), chatspec.WithHTTPClient(chattest.Replay(t, path)))
//
// It is strict: a request fails the test that differs from the recorded one in method, path, query, Accept,
// Content-Type or body, with a line for each difference as [Diff] has them, and so do requests beyond those that
// were recorded, and recorded ones that have not come when the test ends. Host, keys and all other headers are not
// compared. What fails is answered with status 400.
//
// An answer has the status, headers and bytes that were recorded; reading it gives an event at a time. Where the
// connection broke, the answer ends in io.ErrUnexpectedEOF. There are no waits.
func Replay(t TB, path string, opts ...ReplayOption) chatspec.Doer {
	t.Helper()
	p := &player{t: t, path: path}
	for _, opt := range opts {
		opt(&p.options)
	}
	c, err := load(path)
	if err != nil {
		t.Fatalf("chattest: Replay: %v", err)
		return p
	}
	p.left, p.total = c.Exchanges, len(c.Exchanges)
	t.Cleanup(p.finish)
	return p
}

// player is the Doer of Replay.
type player struct {
	t       TB
	path    string
	options replayOptions
	total   int

	mu    sync.Mutex
	left  []recorded // in the order in which they were recorded
	asked int
}

// Do answers a request as it was answered before.
func (p *player) Do(req *http.Request) (*http.Response, error) {
	body, err := readRequest(req)
	if err != nil {
		return nil, err
	}
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	answer := p.take(recordRequest(req, body, masks(req, nil)))
	if answer == nil {
		refusal := refuse(http.StatusBadRequest, codeNotRecorded, "", "This request was not recorded. The test says what is different.")
		return refusal.response(req)
	}
	return answer.Response.replay(req), nil
}

// take returns the recorded exchange of a request, or fails the test and returns nil.
func (p *player) take(got recordedRequest) *recorded {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if len(p.left) == 0 {
		p.t.Errorf("chattest: request %d, %s %s, is one more than the %d recorded in %s", p.asked, got.Method, got.Path, p.total, p.path)
		return nil
	}
	candidates, what := p.left[:1], "the recorded one"
	if p.options.anyOrder {
		candidates, what = p.left, "the closest of those left"
	}
	var closest []string
	for i, candidate := range candidates {
		diff := candidate.Request.differences(got)
		if len(diff) == 0 {
			p.left = slices.Delete(p.left, i, i+1)
			return &candidate
		}
		if closest == nil || len(diff) < len(closest) {
			closest = diff
		}
	}
	if !p.options.anyOrder {
		p.left = p.left[1:] // so that the next one is compared with its own
	}
	p.t.Errorf("chattest: request %d, %s %s, differs from %s in %s:\n%s", p.asked, got.Method, got.Path, what, p.path, listed(closest))
	return nil
}

// finish fails the test if recorded requests have not come.
func (p *player) finish() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.left) > 0 {
		first := p.left[0].Request
		p.t.Errorf("chattest: %d of the %d requests recorded in %s have not come; the first is %s %s", len(p.left), p.total, p.path, first.Method, first.Path)
	}
}

// replay returns the answer to req.
func (r *recordedResponse) replay(req *http.Request) *http.Response {
	header := r.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status)),
		StatusCode:    r.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          &replayedBody{pieces: r.Body.pieces(), end: r.End, req: req},
		ContentLength: -1,
		Request:       req,
	}
}

// response returns a refusal as the answer to req.
func (f failure) response(req *http.Request) (*http.Response, error) {
	body, err := encode(f.object())
	if err != nil {
		return nil, err
	}
	r := recordedResponse{Status: f.status, Header: http.Header{"Content-Type": {jsonType}}, Body: newContent(body)}
	return r.replay(req), nil
}

// replayedBody is a body that is read piece by piece.
type replayedBody struct {
	mu     sync.Mutex
	pieces [][]byte
	end    ending
	req    *http.Request
	closed bool
}

func (b *replayedBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if err := b.req.Context().Err(); err != nil {
		return 0, err
	}
	if len(b.pieces) > 0 {
		n := copy(p, b.pieces[0])
		if b.pieces[0] = b.pieces[0][n:]; len(b.pieces[0]) == 0 {
			b.pieces = b.pieces[1:]
		}
		return n, nil
	}
	switch b.end {
	case endCut:
		return 0, io.ErrUnexpectedEOF
	case endClosed:
		return 0, errClosedThere
	default:
		return 0, io.EOF
	}
}

func (b *replayedBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}
