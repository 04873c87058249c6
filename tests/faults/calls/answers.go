package calls

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

const completion = `{"id":"c1","object":"chat.completion","created":1700000000,"model":"m","choices":[{"index":0,` +
	`"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop","logprobs":null}],` +
	`"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}`

const chunk = `data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"m",` +
	`"choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":null}]}` + "\n\n"

const lastChunk = `data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"m",` +
	`"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"

// success answers as it was asked: with a list, a stream or a completion.
func success(s *Site, w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // which is in memory
	switch {
	case s.Scenario.Ask == List:
		write(w, http.StatusOK, "application/json", `{"object":"list","data":[],"has_more":false}`)
	case bytes.Contains(body, []byte(`"stream":true`)):
		write(w, http.StatusOK, "text/event-stream", chunk+lastChunk)
	default:
		write(w, http.StatusOK, "application/json", completion)
	}
}

// write sends an answer, with header fields as name, value, name, value.
func write(w http.ResponseWriter, status int, contentType, body string, fields ...string) {
	w.Header().Set("Content-Type", contentType)
	for i := 0; i+1 < len(fields); i += 2 {
		w.Header().Set(fields[i], fields[i+1])
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // the client may have left
}

// says is an error in the form of the document.
func says(status int, code, message string, fields ...string) Answer {
	return func(_ *Site, w http.ResponseWriter, _ *http.Request) {
		write(w, status, "application/json", fmt.Sprintf(`{"error":{"message":%q,"type":"an_error","param":null,"code":%q}}`, message, code), fields...)
	}
}

// fails is [says] without more to say than the status.
func fails(status int, fields ...string) Answer {
	return says(status, "no", "No.", fields...)
}

// waits is an error whose field asks for a wait, by value, which is d.
func waits(field, value string, d time.Duration) Answer {
	return func(s *Site, w http.ResponseWriter, r *http.Request) {
		s.wait(d)
		fails(http.StatusTooManyRequests, field, value)(s, w, r)
	}
}

// page is a page of HTML with text.
func page(status int, text string) Answer {
	return func(_ *Site, w http.ResponseWriter, _ *http.Request) {
		write(w, status, "text/html; charset=utf-8", "<!DOCTYPE html><html><body><p>"+text+"</p></body></html>")
	}
}

// answers is a body of JSON with status 200.
func answers(body string) Answer {
	return func(_ *Site, w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, "application/json", body)
	}
}

// streams is a stream of text.
func streams(text string) Answer {
	return func(_ *Site, w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, "text/event-stream", text)
	}
}

// breaks is a stream that breaks after its first chunk.
func breaks(_ *Site, w http.ResponseWriter, _ *http.Request) {
	write(w, http.StatusOK, "text/event-stream", chunk)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler) // closes the connection without an end of the body
}

// resets resets the connection before anything is answered.
func resets(_ *Site, w http.ResponseWriter, _ *http.Request) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// closes closes the connection before anything is answered.
func closes(*Site, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
