package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/stream"
)

// failure is an error in words for the one who typed the command, with what to do about it.
type failure struct {
	text string
	err  error
}

func (f failure) Error() string { return f.text }
func (f failure) Unwrap() error { return f.err }

// explain returns err in words that say what to do. what is the argument at fault when the server knows it
// not, such as "-model" or "the ID".
func (t *target) explain(err error, what string) error {
	var output outputError
	var explained failure
	if err == nil || errors.As(err, &output) || errors.As(err, &explained) {
		return err
	}
	if refused, ok := errors.AsType[*api.Error](err); ok {
		return failure{withAdvice(t.host+": "+tried(refused)+refused.Error(), t.advice(refused, what)), err}
	}
	if text := t.answerText(err); text != "" {
		return failure{text, err}
	}
	return failure{t.networkText(err), err}
}

// tried says how often a request was sent, if more than once.
func tried(e *api.Error) string {
	if e.Attempts < 2 {
		return ""
	}
	return fmt.Sprintf("after %d attempts: ", e.Attempts)
}

// withAdvice joins what happened and what to do about it.
func withAdvice(text, advice string) string {
	if advice == "" {
		return text
	}
	return strings.TrimRight(text, ".") + "; " + advice
}

// advice says what to do about a refusal.
func (t *target) advice(e *api.Error, what string) string {
	switch {
	case errors.Is(e, api.ErrAuthentication) && t.keyed:
		return "check " + envAPIKey
	case errors.Is(e, api.ErrAuthentication):
		return "set " + envAPIKey
	case errors.Is(e, api.ErrPermission):
		return "the key is known but may not do this"
	case errors.Is(e, api.ErrQuota):
		return "the account needs credit or a higher limit"
	case errors.Is(e, api.ErrRateLimit) && e.RetryAfter > 0:
		return fmt.Sprintf("try again in %v", e.RetryAfter.Round(time.Second/10))
	case errors.Is(e, api.ErrRateLimit):
		return "try again later"
	case errors.Is(e, api.ErrNotFound) && e.Type == "" && e.Code == "":
		return t.checkAddress() + ", which often ends in /v1" // not the words of such a server
	case errors.Is(e, api.ErrNotFound):
		return "check " + what
	case e.Status == http.StatusMethodNotAllowed, e.Status == http.StatusNotImplemented:
		return "the server has no such operation"
	case errors.Is(e, api.ErrContextLength):
		return "shorten the prompt"
	case errors.Is(e, api.ErrServer):
		return "this is the server's fault, try again later"
	case e.Status >= 300 && e.Status < 400:
		return t.checkAddress() + ", the server sends elsewhere"
	}
	return ""
}

// checkAddress says where the address of the server was set.
func (t *target) checkAddress() string {
	if t.source == "" {
		return "check what stands between here and " + t.host
	}
	return "check " + t.source
}

// checkNetwork says where to look when a host is unknown.
func (t *target) checkNetwork() string {
	if t.source == "" {
		return "check the network"
	}
	return "check " + t.source + " and the network"
}

// answerText explains an answer that was no good; empty for other errors.
func (t *target) answerText(err error) string {
	var none *stream.NotStreamError
	var malformed *api.DecodeError
	var broken *stream.Error
	switch {
	case errors.As(err, &none):
		return withAdvice(fmt.Sprintf("%s answers with %s, not with a completion", t.host, mediaType(none)), t.checkAddress())
	case errors.As(err, &malformed) && malformed.What == "response":
		return withAdvice(t.host+": "+err.Error(), t.checkAddress())
	case errors.Is(err, stream.ErrTruncated):
		return "the answer was truncated: " + strings.TrimPrefix(err.Error(), stream.ErrTruncated.Error()+": ")
	case errors.As(err, &broken):
		return "the answer broke off: " + err.Error()
	}
	return ""
}

func mediaType(e *stream.NotStreamError) string {
	if e.MediaType == "" {
		return "something without a media type"
	}
	return e.MediaType
}

// networkText explains why a server could not be asked.
func (t *target) networkText(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var op *net.OpError
	var request *url.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return t.dialed(err) + " refused the connection: is the server running?"
	case errors.As(err, &dns):
		return withAdvice("there is no address for "+dns.Name, t.checkNetwork())
	case errors.Is(err, http.ErrSchemeMismatch):
		return t.host + " does not speak https: is it http?"
	case errors.As(err, &certificate):
		return fmt.Sprintf("the certificate of %s is not trusted: %v", t.host, certificate.Err)
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Sprintf("cannot reach %s: %v", t.dialed(err), op.Err)
	case errors.As(err, &request):
		return fmt.Sprintf("%s: %v", t.host, request.Err) // without the URL, which is long
	}
	return err.Error()
}

// dialed returns the address that could not be reached, which may be that of a proxy.
func (t *target) dialed(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		return "the proxy for " + t.host
	}
	return t.host
}
