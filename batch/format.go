package batch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/chatspec/chatspec/codec"
)

// Request is a line of the input: a whole request, as OpenAI's batch files have it, or a prompt alone.
//
//	{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-5.4", "messages": […]}}
//	{"custom_id": "b", "prompt": "Say hello."}
type Request struct {
	CustomID string
	Method   string
	URL      string
	Body     []byte // JSON as it stands in the line; nil where there is a prompt
	Prompt   string
}

// ParseRequest reads a line. What is wrong with it is a Failure without a line number; the custom ID is there as
// far as it could be read. Members of the line that have other names are passed over.
func ParseRequest(text []byte) (Request, *Failure) {
	var r Request
	var d codec.Decoder
	prompt := false
	d.Reset(text)
	if d.Kind() != codec.KindObject {
		return r, &Failure{Code: CodeInvalidLine, Message: "the line is not a JSON object"}
	}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "custom_id":
			r.CustomID = d.ReadString()
		case "method":
			r.Method = d.ReadString()
		case "url":
			r.URL = d.ReadString()
		case "body":
			r.Body = d.ReadRaw()
		case "prompt":
			prompt = true
			r.Prompt = d.ReadString()
		default:
			d.Skip()
		}
	}
	if err := d.End(); err != nil {
		return r, &Failure{Code: CodeInvalidLine, Message: "the line is not a request: " + err.Error()}
	}
	return r, r.check(prompt)
}

// check says what is wrong with a line that could be read.
func (r *Request) check(prompt bool) *Failure {
	message := ""
	switch {
	case r.CustomID == "":
		message = "custom_id is missing"
	case prompt && r.Body != nil:
		message = "the line has a prompt and a body"
	case prompt && r.Prompt == "":
		message = "the prompt is empty"
	case !prompt && r.Body == nil:
		message = "the line has neither a body nor a prompt"
	case r.Body != nil && (r.Method == "" || r.URL == ""):
		message = "a line with a body needs method and url"
	}
	if message == "" {
		return nil
	}
	return &Failure{Code: CodeInvalidLine, Message: message}
}

// Answer is what became of a task: a line of the output file, or of the error file.
type Answer struct {
	ID       string    // that of the task
	CustomID string    // empty where the input line had none that could be read
	Response *Response // what the server answered; nil where it was not asked or nothing came
	Error    *Failure  // nil for an answer, and for a refusal that Response has
}

// Response is what a server answered.
type Response struct {
	StatusCode int
	RequestID  string // empty where the server gave none
	Body       []byte // JSON
}

// Failure says why there is no answer, or what is wrong with it.
type Failure struct {
	Code    string // one of the constants
	Message string // for people
	Line    int64  // of the input; 0 where it is not known
}

// The codes of a Failure.
const (
	CodeInvalidLine  = "invalid_line"   // the line is no request
	CodeDuplicateID  = "duplicate_id"   // an earlier line has the same custom_id
	CodeUnknownURL   = "unknown_url"    // there is no such operation, or it is not one for batches
	CodeInvalidBody  = "invalid_body"   // the body breaks the document
	CodeNoAnswer     = "no_answer"      // the connection broke, or the answer did not come in time
	CodeBrokenAnswer = "broken_answer"  // a success that is no completion
	CodeBreaksSchema = "breaks_schema"  // the answer is not what the schema asks for
	CodeTooLarge     = "line_too_large" // the line is longer than a line may be
)

// Failed says whether the answer goes to the error file: because there is an error, or a status other than 2xx.
func (a *Answer) Failed() bool {
	return a.Error != nil || a.Response == nil || a.Response.StatusCode < 200 || a.Response.StatusCode > 299
}

// Line returns the answer as a line of JSON with its line feed. It fails where the body is not JSON.
func (a *Answer) Line() ([]byte, error) {
	var e codec.Encoder
	e.BeginObject()
	e.Key("id").WriteString(a.ID)
	e.Key("custom_id").WriteString(a.CustomID)
	e.Key("response")
	if !e.Null(a.Response == nil) {
		e.BeginObject()
		e.Key("status_code").WriteInt(a.Response.StatusCode)
		e.Key("request_id").WriteString(a.Response.RequestID)
		e.Key("body").WriteRaw(a.Response.Body)
		e.EndObject()
	}
	e.Key("error")
	if !e.Null(a.Error == nil) {
		e.BeginObject()
		e.Key("code").WriteString(a.Error.Code)
		e.Key("message").WriteString(a.Error.Message)
		e.OptionalKey("line").WriteInt64(a.Error.Line)
		e.EndObject()
	}
	e.EndObject()
	if err := e.Err(); err != nil {
		return nil, err
	}
	return append(e.Bytes(), '\n'), nil
}

// Job names a run over one input with one set of options: a short hash of both. It is part of the ID of each
// answer, "batch_JOB_LINE", so that an answer line says by itself which line of which input it answers.
type Job string

// ID returns the ID of the task and of the answer that belong to a line of the input.
func (j Job) ID(line int64) string { return fmt.Sprintf("batch_%s_%d", string(j), line) }

// ParseID returns what an ID is made of.
func ParseID(id string) (job Job, line int64, ok bool) {
	rest, ok := strings.CutPrefix(id, "batch_")
	name, number, cut := strings.Cut(rest, "_")
	line, err := strconv.ParseInt(number, 10, 64)
	return Job(name), line, ok && cut && name != "" && err == nil && line > 0
}
