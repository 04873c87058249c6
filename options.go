package chatspec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/internal/exchange"
	"github.com/chatspec/chatspec/stream"
)

// Defaults of the options.
const (
	// DefaultBaseURL is the server of the document; see [WithBaseURL].
	DefaultBaseURL = "https://api.openai.com/v1"
	// DefaultMaxBodyBytes is the default of [WithMaxBodyBytes]: 64 MiB.
	DefaultMaxBodyBytes = 64 << 20
)

// The environment variables that [FromEnv] reads.
const (
	envAPIKey       = "OPENAI_API_KEY"
	envBaseURL      = "OPENAI_BASE_URL"
	envOrganization = "OPENAI_ORG_ID"
	envProject      = "OPENAI_PROJECT_ID"
)

// Option configures a [Client]. Later options override earlier ones. [New] reports the first error.
type Option interface{ applyClient(*config) error }

// CallOption configures one call of a [Client]'s method.
type CallOption interface{ applyCall(*call) error }

// SharedOption is an [Option] for all calls of a client and a [CallOption] for one.
type SharedOption interface {
	Option
	CallOption
}

// config is what all options of a client together say.
type config struct {
	key          string
	keyFunc      func(context.Context) (string, error) // in place of key, nil for none
	keyHeader    string
	plainHTTP    bool
	base         *url.URL // nil until set
	organization string
	project      string
	doer         Doer
	middleware   []func(Doer) Doer
	policy       RetryPolicy
	hooks        []Hooks
	observe      func(c *config, next Doer) Doer // calls hooks, nil where there are none; see WithHooks
	call         call

	header http.Header // of every request that does not set it itself; follows from the options
}

// call is what the options of one call together say, on top of those of the client.
type call struct {
	header       http.Header
	fields       []bodyField
	stream       []stream.Option
	maxBodyBytes int64
	response     *Response // where to write what the call learns of its answer, or nil
	sending

	body codec.Encoder // empty for calls without one
}

// sending is what the Doers of a client go by.
type sending struct {
	headerTimeout time.Duration // 0 for none
	retry         retry
	request       *chat.CreateChatCompletionRequest // for hooks; nil for other operations
}

type bodyField struct {
	name  string
	value any
}

type clientOption func(*config) error

func (f clientOption) applyClient(c *config) error { return f(c) }

type callOption func(*call) error

func (f callOption) applyCall(c *call) error { return f(c) }

type sharedOption func(*call) error

func (f sharedOption) applyClient(c *config) error { return f(&c.call) }
func (f sharedOption) applyCall(c *call) error     { return f(c) }

// WithAPIKey sets the key that is sent, as a bearer token unless [WithKeyHeader] says otherwise. Without one no
// Authorization header is sent, which is an error only where no base URL was set either.
func WithAPIKey(key string) Option {
	return clientOption(func(c *config) error {
		if err := checkHeaderValue("WithAPIKey", key); err != nil {
			return err
		}
		c.key, c.keyFunc = key, nil
		return nil
	})
}

// WithAPIKeyFunc sets a function that returns the key, for keys that rotate and tokens that expire. It is
// called before every attempt, with the context of the call, from several goroutines at once, and should keep
// what it fetches. An error ends the call; an empty key sends none.
func WithAPIKeyFunc(key func(ctx context.Context) (string, error)) Option {
	return clientOption(func(c *config) error {
		if key == nil {
			return errors.New("chatspec: WithAPIKeyFunc: nil")
		}
		c.key, c.keyFunc = "", key
		return nil
	})
}

// WithKeyHeader sets the header that carries the key as it is, such as "api-key". The default is
// "Authorization", which carries it as a bearer token.
func WithKeyHeader(name string) Option {
	return clientOption(func(c *config) error {
		if !isHeaderName(name) {
			return fmt.Errorf("chatspec: WithKeyHeader: %q is not the name of a header", name)
		}
		c.keyHeader = http.CanonicalHeaderKey(name)
		return nil
	})
}

// WithBaseURL sets the address that the paths of the document are appended to, with or without a trailing
// slash; the default is [DefaultBaseURL]. It must be http or https with a host, have no user or fragment, and not end
// in /chat/completions, which is one of those paths. A query is sent with every request; what its parameters say whose
// names end in key, token, secret, password, signature or sig is masked as a key is.
//
// A key goes over plain http only to this machine and to private networks: loopback, private and link-local
// addresses, names without a dot, and names that end in .localhost, .local, .internal, .lan, .svc or
// .svc.cluster.local. See [WithPlainHTTP].
func WithBaseURL(address string) Option {
	return clientOption(func(c *config) error {
		address = strings.TrimSpace(address)
		u, err := url.Parse(address)
		switch {
		case err != nil, u.Scheme != "http" && u.Scheme != "https":
			return errors.New("chatspec: WithBaseURL: want http:// or https:// and a host, such as http://127.0.0.1:8080/v1")
		case u.Hostname() == "":
			return errors.New("chatspec: WithBaseURL: the URL has no host")
		case u.User != nil:
			return errors.New("chatspec: WithBaseURL: the URL has a user; use WithAPIKey or WithHeader")
		case strings.Contains(address, "#"):
			return errors.New("chatspec: WithBaseURL: the URL has a fragment")
		case strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/chat/completions"):
			return errors.New("chatspec: WithBaseURL: leave out /chat/completions, which is added")
		}
		if _, err := url.ParseQuery(u.RawQuery); err != nil {
			return errors.New("chatspec: WithBaseURL: the query of the URL is malformed")
		}
		c.base = u
		return nil
	})
}

// WithPlainHTTP lets keys go over plain http to a public address too, where anyone on the way can read them.
// It is for networks that are protected in another way.
func WithPlainHTTP() Option {
	return clientOption(func(c *config) error {
		c.plainHTTP = true
		return nil
	})
}

// WithOrganization sets the OpenAI-Organization header.
func WithOrganization(id string) Option {
	return clientOption(func(c *config) error {
		c.organization = id
		return checkHeaderValue("WithOrganization", id)
	})
}

// WithProject sets the OpenAI-Project header.
func WithProject(id string) Option {
	return clientOption(func(c *config) error {
		c.project = id
		return checkHeaderValue("WithProject", id)
	})
}

// WithHTTPClient sets what sends the requests, for example an *http.Client with a proxy, a unix socket or
// certificates of its own. A Timeout of an *http.Client counts the body too and so cuts long streams; prefer
// contexts. The default is a client with a transport of its own; see [Client.CloseIdleConnections].
//
// Of an *http.Client a copy is used that follows redirects within the same scheme, host and port only, and
// only without a change of method; others are returned as the error ([api.Error]) that their status is. Of
// another Doer a response is refused that came from elsewhere or by way of it, which is too late to keep the
// request here: it has to see to that itself.
func WithHTTPClient(doer Doer) Option {
	return clientOption(func(c *config) error {
		if client, ok := doer.(*http.Client); doer == nil || ok && client == nil {
			return errors.New("chatspec: WithHTTPClient: nil")
		}
		c.doer = doer
		return nil
	})
}

// WithMiddleware wraps what sends the requests; the middleware given first is the outermost. It sees each call
// once, however often it is repeated, and before the request is authenticated, so that it can be logged or
// recorded without the key. A middleware that sets a body sets GetBody too, or the call is not repeated.
func WithMiddleware(middleware func(Doer) Doer) Option {
	return clientOption(func(c *config) error {
		if middleware == nil {
			return errors.New("chatspec: WithMiddleware: nil")
		}
		c.middleware = append(c.middleware, middleware)
		return nil
	})
}

// WithHooks adds functions that watch calls. It may be given more than once; all of them are called, in this
// order.
func WithHooks(hooks Hooks) Option {
	return clientOption(func(c *config) error {
		c.hooks = append(c.hooks, hooks)
		c.observe = (*config).observed // by itself it would bring decoders of requests and chunks into every program
		return nil
	})
}

// WithRetryHook adds a function that is told of each attempt that is repeated, before the wait, as
// [Hooks].Retry is.
func WithRetryHook(hook func(ctx context.Context, failed Attempt)) Option {
	return WithHooks(Hooks{Retry: hook})
}

// WithRetryPolicy sets what decides about retries; the default is [DefaultRetryPolicy], which a policy of one's
// own may call.
func WithRetryPolicy(policy RetryPolicy) Option {
	return clientOption(func(c *config) error {
		if policy == nil {
			return errors.New("chatspec: WithRetryPolicy: nil")
		}
		c.policy = policy
		return nil
	})
}

// WithMaxRetries sets how often a call is repeated at most, 0 for never; the default is [DefaultMaxRetries].
// A call is repeated only until the headers of a success have come, never within an answer. See [RetryPolicy]
// for what is never repeated, and [DefaultRetryPolicy] for when and after which waits. Waiting ends with the
// context; where its deadline would come first, the call returns its error at once.
func WithMaxRetries(n int) SharedOption {
	return sharedOption(func(c *call) error {
		if n < 0 {
			return fmt.Errorf("chatspec: WithMaxRetries: %d is negative", n)
		}
		c.retry.max = n
		return nil
	})
}

// WithRetryUnsafe lets a POST be repeated whose connection broke, or whose headers did not come in time, so
// that nobody knows whether the server has processed it: it may be billed twice. All attempts carry the same
// Idempotency-Key, for servers that know that header.
//
// That header makes net/http repeat such a POST by itself too, once and uncounted, when a connection that was
// kept open breaks. Without this option the header is not sent, and an attempt is one request.
func WithRetryUnsafe() SharedOption {
	return sharedOption(func(c *call) error {
		c.retry.unsafe = true
		return nil
	})
}

// WithHeaderTimeout limits how long the response headers of each attempt may take, from the start of sending
// the request. A wait that is too long is an [*api.TimeoutError] with the phase "headers"; the body may take as
// long as it likes. The default is no limit, because a server may think for minutes before it answers a request
// that is not streamed. d must be positive.
func WithHeaderTimeout(d time.Duration) SharedOption {
	return sharedOption(func(c *call) error {
		if d <= 0 {
			return fmt.Errorf("chatspec: WithHeaderTimeout: %v is not positive", d)
		}
		c.headerTimeout = d
		return nil
	})
}

// WithHeader sets a request header, of all calls or of one. A header set by a call wins over the client's,
// and over those that the client sets itself. An empty value removes the header. Where the name ends in
// Authorization, Cookie, Api-Key, Subscription-Key or Token, the value is a secret as a key is: it is masked, and
// goes over plain http to private networks only.
func WithHeader(name, value string) SharedOption {
	return sharedOption(func(c *call) error {
		if !isHeaderName(name) {
			return fmt.Errorf("chatspec: WithHeader: %q is not the name of a header", name)
		}
		if strings.EqualFold(name, "Host") {
			return errors.New("chatspec: WithHeader: Host follows from WithBaseURL") // net/http would not send it
		}
		if err := checkHeaderValue("WithHeader", value); err != nil {
			return err
		}
		if c.header = maps.Clone(c.header); c.header == nil {
			c.header = http.Header{}
		}
		name = http.CanonicalHeaderKey(name)
		if c.header[name] = []string{value}; value == "" {
			c.header[name] = nil // known and without a value, so that nobody sets or sends it
		}
		return nil
	})
}

// WithStreamOptions sets how streams are read; see package stream.
func WithStreamOptions(opts ...stream.Option) SharedOption {
	return sharedOption(func(c *call) error {
		if err := stream.CheckOptions(opts...); err != nil {
			return fmt.Errorf("chatspec: WithStreamOptions: %w", err)
		}
		c.stream = append(c.stream, opts...)
		return nil
	})
}

// WithMaxBodyBytes limits an answer that is not streamed to n decompressed bytes; the default is
// [DefaultMaxBodyBytes]. A larger one is an [*api.TooLargeError]. n must be positive.
func WithMaxBodyBytes(n int64) SharedOption {
	return sharedOption(func(c *call) error {
		if n <= 0 {
			return fmt.Errorf("chatspec: WithMaxBodyBytes: %d is not positive", n)
		}
		c.maxBodyBytes = n
		return nil
	})
}

// WithBodyField adds a field to the JSON body of one call that the document lacks, such as one of a vendor.
// value is anything that encoding/json can write. A field that the document has is refused: it is set on
// the request. Calls without a body refuse the option.
func WithBodyField(name string, value any) CallOption {
	return callOption(func(c *call) error {
		if name == "" {
			return errors.New("chatspec: WithBodyField: the name is empty")
		}
		c.fields = slices.DeleteFunc(slices.Clone(c.fields), func(f bodyField) bool { return f.name == name })
		c.fields = append(c.fields, bodyField{name, value})
		return nil
	})
}

// newConfig applies opts in their order.
func newConfig(opts []Option) (*config, error) {
	c := &config{
		keyHeader: authorization,
		policy:    DefaultRetryPolicy,
		call:      call{maxBodyBytes: DefaultMaxBodyBytes, sending: sending{retry: retry{max: DefaultMaxRetries}}},
	}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("chatspec: an option is nil")
		}
		if err := opt.applyClient(c); err != nil {
			return nil, err
		}
	}
	if c.key == "" && c.keyFunc == nil && c.base == nil {
		return nil, fmt.Errorf("chatspec: no API key: use WithAPIKey or %s, or WithBaseURL or %s for a server that needs none", envAPIKey, envBaseURL)
	}
	if c.base == nil {
		c.base, _ = url.Parse(DefaultBaseURL) // a constant, which parses
	}
	switch doer := c.doer.(type) {
	case nil:
		c.doer = sameOrigin(&http.Client{Transport: newTransport()})
	case *http.Client:
		c.doer = sameOrigin(doer)
	}
	c.header = c.ownHeader()
	return c, c.checkPlain()
}

// checkPlain refuses a key for a server that it would reach in plain sight.
func (c *config) checkPlain() error {
	header := c.header
	if c.keyFunc != nil {
		header = http.Header{c.keyHeader: {"key"}} // whatever it will be
	}
	if err := c.checkHeader(header); err != nil {
		return fmt.Errorf("chatspec: WithBaseURL: %w", err)
	}
	return nil
}

// callContext is the context of the requests of a call, which tells the Doers of its client what the call asks for.
// It lives as long as the answer is read, and so keeps nothing else of the call.
type callContext struct {
	exchange.Context
	sending
	key callKey
}

type callKey struct{ client *config }

// in returns a context for the requests of the call.
func (c *call) in(ctx context.Context, client *config) context.Context {
	return &callContext{Context: exchange.Context{Context: ctx}, sending: c.sending, key: callKey{client}}
}

// Value returns the context itself for its own key, and else what the context has that it was made from.
func (c *callContext) Value(key any) any {
	if key == c.key {
		return c
	}
	return c.Context.Value(key)
}

// Format prints nothing of the call: contexts are printed where its prompt must not be.
func (c *callContext) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "chatspec.call") }

// callIn returns the context of the call of this client that ctx is for, or nil.
func (c *config) callIn(ctx context.Context) *callContext {
	call, _ := ctx.Value(callKey{c}).(*callContext)
	return call
}

// sendingIn returns what the Doers go by for a call, or where ctx is for none what holds for all calls of the client.
func (c *config) sendingIn(ctx context.Context) *sending {
	if call := c.callIn(ctx); call != nil {
		return &call.sending
	}
	return &c.call.sending
}

// with returns the call with opts on top.
func (c *call) with(opts []CallOption) (*call, error) {
	c = new(*c)
	c.stream = slices.Clip(c.stream)
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("chatspec: an option is nil")
		}
		if err := opt.applyCall(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// environment returns the options that the environment variables set.
func environment() []Option {
	var opts []Option
	for _, v := range []struct {
		name   string
		option func(string) Option
	}{
		{envAPIKey, WithAPIKey},
		{envBaseURL, WithBaseURL},
		{envOrganization, WithOrganization},
		{envProject, WithProject},
	} {
		if value := strings.TrimSpace(os.Getenv(v.name)); value != "" {
			opts = append(opts, v.option(value))
		}
	}
	return opts
}
