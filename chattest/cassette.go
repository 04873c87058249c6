package chattest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/chatspec/chatspec/internal/exchange"
)

// MaxRecordedBytes is how long a body may be that [Record] and [Replay] take, of a request or of an answer: 16 MiB.
const MaxRecordedBytes = 16 << 20

const (
	cassetteVersion = 1
	folderMode      = 0o755
	cassetteMode    = 0o644
)

// cassette is a file of recorded exchanges.
type cassette struct {
	Version   int        `json:"version"`
	Exchanges []recorded `json:"exchanges"`
}

// recorded is one request and its answer, without secrets.
type recorded struct {
	Request  recordedRequest  `json:"request"`
	Response recordedResponse `json:"response"`
}

type recordedRequest struct {
	Method string      `json:"method"`
	Path   string      `json:"path"`
	Query  string      `json:"query,omitempty"`
	Header http.Header `json:"header,omitempty"` // those of comparedHeaders, and that there were credentials
	Body   content     `json:"body,omitzero"`
}

type recordedResponse struct {
	Status int         `json:"status"`
	Header http.Header `json:"header,omitempty"`
	Body   content     `json:"body,omitzero"`
	End    ending      `json:"end,omitempty"`
}

// ending is how a body ended, empty for well.
type ending string

const (
	endCut    ending = "cut"    // the connection broke
	endClosed ending = "closed" // its reader closed it before the end
)

// comparedHeaders are the headers of a request that are recorded as they are and compared.
var comparedHeaders = []string{"Accept", "Content-Type"}

// content is a body: JSON without white space, then texts, then other bytes, in the order of the fields. Each text is
// what came up to the end of an event or a line, and is one Read when it is played back.
type content struct {
	JSON   json.RawMessage `json:"json,omitempty"`
	Text   []string        `json:"text,omitempty"`
	Base64 []byte          `json:"base64,omitempty"`
}

// newContent returns a body in the form that reads best and yet gives the same bytes.
func newContent(data []byte) content {
	if !utf8.Valid(data) {
		return content{Base64: data}
	}
	line := bytes.TrimSuffix(data, []byte("\n"))
	var compact bytes.Buffer
	if json.Compact(&compact, line) != nil || !bytes.Equal(compact.Bytes(), line) {
		return content{Text: pieces(string(data))}
	}
	return content{JSON: slices.Clone(line), Text: pieces(string(data[len(line):]))}
}

// pieces splits a text after each event, and what has none after each line.
func pieces(text string) (list []string) {
	ends := []string{"\n\n", "\r\n\r\n", "\r\r"}
	if !slices.ContainsFunc(ends, func(end string) bool { return strings.Contains(text, end) }) {
		ends = []string{"\n"}
	}
	for text != "" {
		n := len(text)
		for _, end := range ends {
			if i := strings.Index(text, end); i >= 0 {
				n = min(n, i+len(end))
			}
		}
		list, text = append(list, text[:n]), text[n:]
	}
	return list
}

// pieces returns the body in pieces that are not empty.
func (c content) pieces() (list [][]byte) {
	if len(c.JSON) > 0 {
		var compact bytes.Buffer
		_ = json.Compact(&compact, c.JSON) // which the file's reader has checked
		list = append(list, compact.Bytes())
	}
	for _, text := range c.Text {
		list = append(list, []byte(text))
	}
	list = append(list, c.Base64)
	return slices.DeleteFunc(list, func(piece []byte) bool { return len(piece) == 0 })
}

func (c content) bytes() []byte { return bytes.Join(c.pieces(), nil) }

// load reads a cassette.
func load(path string) (*cassette, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: record it first, with Record", err)
	}
	var c cassette
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s is no cassette: %w", path, err)
	}
	if c.Version != cassetteVersion {
		return nil, fmt.Errorf("%s has version %d of cassettes, want %d: record it again", path, c.Version, cassetteVersion)
	}
	return &c, nil
}

// save writes a cassette, for people to read.
func (c *cassette) save(path string) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(c); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), folderMode); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), cassetteMode)
}

// masks returns what masks the secrets of a request, those that package chatspec knows of included: it adds some
// that a middleware does not see, and tells by the response.
func masks(req *http.Request, resp *http.Response) func(string) string {
	own := exchange.Masking(exchange.RequestSecrets(req, ""))
	var sent exchange.Masker
	if attempt := exchange.AttemptIn(req.Context()); attempt != nil {
		sent = attempt.Masker
	}
	return func(text string) string { return exchange.Masked(resp, sent.Mask(own.Mask(text))) }
}

// asciiEscape is an escape in JSON of a character that needs none, or an escaped backslash, which is none.
var asciiEscape = regexp.MustCompile(`\\(?:\\|u00(?:2[013-9a-fA-F]|[346][0-9a-fA-F]|5[0-9abd-fABD-F]|7[0-9a-eA-E]))`)

// maskedBody returns a body without secrets, also where they are escaped without need.
func maskedBody(body []byte, mask func(string) string) []byte {
	masked := mask(string(body))
	plain := asciiEscape.ReplaceAllStringFunc(masked, func(escape string) string {
		code, err := strconv.ParseUint(escape[2:], 16, 8)
		if err != nil {
			return escape
		}
		return string(rune(code))
	})
	if hidden := mask(plain); hidden != plain {
		return []byte(hidden)
	}
	return []byte(masked)
}

// recordRequest returns a request as it is recorded and compared.
func recordRequest(req *http.Request, body []byte, mask func(string) string) recordedRequest {
	query, _ := exchange.MaskedQuery(req.URL.RawQuery)
	r := recordedRequest{
		Method: req.Method,
		Path:   mask(req.URL.EscapedPath()),
		Query:  mask(query),
		Header: http.Header{},
		Body:   newContent(maskedBody(body, mask)),
	}
	if r.Method == "" {
		r.Method = http.MethodGet // as net/http has it
	}
	for name, values := range req.Header {
		switch {
		case len(values) == 0: // which is how a client says that it sends none
		case exchange.IsCredential(name):
			r.Header[name] = []string{exchange.Mask}
		case slices.Contains(comparedHeaders, name):
			r.Header[name] = slices.Clone(values)
		}
	}
	return r
}

// differences returns how a request differs from the one that was recorded.
func (r recordedRequest) differences(got recordedRequest) []string {
	var d differ
	d.compare("/method", r.Method, got.Method)
	d.compare("/path", r.Path, got.Path)
	d.compare("/query", parameters(r.Query), parameters(got.Query))
	for _, name := range comparedHeaders {
		d.compare("/"+name, strings.Join(r.Header[name], ", "), strings.Join(got.Header[name], ", "))
	}
	want, errWant := jsonOf(r.Body.bytes())
	have, errHave := jsonOf(got.Body.bytes())
	if errWant == nil && errHave == nil {
		d.compare("", want, have)
	} else {
		d.compare("/body", string(r.Body.bytes()), string(got.Body.bytes()))
	}
	return d.list
}

// parameters returns a query as the values of its parameters.
func parameters(query string) map[string]any {
	values, err := url.ParseQuery(query)
	if err != nil {
		return map[string]any{query: nil}
	}
	parameters := map[string]any{}
	for name, list := range values {
		all := make([]any, len(list))
		for i, value := range list {
			all[i] = value
		}
		parameters[name] = all
	}
	return parameters
}

// readRequest returns the body of a request and closes it, as every Doer does.
func readRequest(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(req.Body, MaxRecordedBytes+1))
	if err := errors.Join(err, req.Body.Close()); err != nil {
		return nil, err
	}
	if len(data) > MaxRecordedBytes {
		return nil, fmt.Errorf("chattest: the body of the request has more than %d bytes", MaxRecordedBytes)
	}
	return data, nil
}
