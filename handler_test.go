package chatspec_test

import (
	"net/http"
	"net/http/httptest"
)

// handlerDoer answers requests with a handler, without a network.
type handlerDoer struct{ http.Handler }

func (d handlerDoer) Do(req *http.Request) (*http.Response, error) {
	in := req.Clone(req.Context())
	if in.Body == nil { // a server's requests have one
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, in)
	resp := w.Result()
	resp.Request = req
	return resp, nil
}
