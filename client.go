package chatspec

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"reflect"
	"slices"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// Client calls the operations of the document. It may be used by several goroutines at once. [New] and [FromEnv]
// make one; the zero Client is none.
//
// What a server refuses is an [*api.Error]. Input that cannot be right, such as
// a request without messages, is an error before anything is sent.
type Client struct {
	raw      *chat.Client
	whole    *http.Request  // for a completion, as the generated code makes it, without a body
	streamed *http.Request  // the same for a stream
	config   func() *config // a function, so that printing a client shows no headers
}

// New returns a client. Without options there must at least be a key; see [WithAPIKey] and [WithBaseURL].
// It reads no environment variables and sends nothing.
func New(opts ...Option) (*Client, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	doer, err := c.chain()
	if err != nil {
		return nil, err
	}
	server := *c.base
	server.RawQuery, server.ForceQuery = "", false // requests get it when they are authenticated
	raw, err := chat.NewClient(server.String(), chat.WithHTTPClient(doer))
	if err != nil {
		return nil, fmt.Errorf("chatspec: %w", err)
	}
	whole, err := chat.NewCreateChatCompletionRequestWithBody(raw.Server, "application/json", nil)
	if err != nil {
		return nil, fmt.Errorf("chatspec: %w", err)
	}
	streamed := copied(whole.Context(), whole)
	streamed.Header.Set("Accept", "text/event-stream")
	return &Client{raw: raw, whole: whole, streamed: streamed, config: func() *config { return c }}, nil
}

// FromEnv is [New] with the environment variables OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_ORG_ID and
// OPENAI_PROJECT_ID, as far as they are set, under opts.
func FromEnv(opts ...Option) (*Client, error) {
	return New(append(environment(), opts...)...)
}

// Raw returns the generated client, which returns *http.Response and has this client's base URL,
// headers, authentication, retries, hooks and transport. It has every operation of the document, also those
// that this package knows nothing of. IDs go into its paths escaped, but "." and ".." lead elsewhere on the
// same server. It is the caller's own: what is changed in it does not change this client.
func (c *Client) Raw() *chat.Client { return new(*c.raw) }

// CloseIdleConnections closes the connections that are kept for further calls, as that of http.Client does.
// Calls under way go on. A program that makes many clients calls it for those that it is done with.
func (c *Client) CloseIdleConnections() {
	if client, ok := c.config().doer.(interface{ CloseIdleConnections() }); ok {
		client.CloseIdleConnections()
	}
}

// Create returns the whole answer to req. A request with Stream set is refused; see [Client.Stream]. StreamOptions are
// not sent, because the document allows them in streams only: so one request may go to both methods.
func (c *Client) Create(ctx context.Context, req chat.CreateChatCompletionRequest, opts ...CallOption) (*chat.CreateChatCompletionResponse, error) {
	if req.Stream {
		return nil, errors.New("chatspec: Create: Stream is set; use the method Stream")
	}
	call, err := c.config().call.with(opts)
	if err != nil {
		return nil, err
	}
	req.StreamOptions = nil
	resp, err := c.create(ctx, "Create", c.whole, &req, call)
	if err != nil {
		return nil, err
	}
	return decode(resp, "Create", call, isCompletion)
}

// Stream returns the answer to req as a stream of chunks, which the caller closes. It sets req.Stream. The
// context governs the whole stream. With n above 1 or with the usage asked for, a stream that ends without
// all of it is truncated.
func (c *Client) Stream(ctx context.Context, req chat.CreateChatCompletionRequest, opts ...CallOption) (*stream.Stream, error) {
	call, err := c.config().call.with(opts)
	if err != nil {
		return nil, err
	}
	req.Stream = true
	resp, err := c.create(ctx, "Stream", c.streamed, &req, call)
	if err != nil {
		return nil, err
	}
	st, err := stream.Open(resp, append(expected(&req), call.stream...)...)
	if err != nil {
		return nil, fmt.Errorf("chatspec: Stream: %w", err)
	}
	return st, nil
}

// expected returns what a stream must bring beyond the one choice that every stream must.
func expected(req *chat.CreateChatCompletionRequest) []stream.Option {
	usage := req.StreamOptions != nil && req.StreamOptions.IncludeUsage
	switch {
	case req.N != nil && *req.N > 1:
		return []stream.Option{stream.Expect(*req.N, usage)}
	case usage:
		return []stream.Option{stream.Expect(1, usage)}
	}
	return nil
}

// List iterates over stored completions, oldest first unless params say otherwise. It fetches pages of
// params.Limit completions (20 where it is nil) as the loop goes on. The last pair, and only the last, has an
// error if a page could not be fetched. params is not changed.
func (c *Client) List(ctx context.Context, params chat.ListChatCompletionsParams, opts ...CallOption) iter.Seq2[*chat.CreateChatCompletionResponse, error] {
	return pages(params.After, func(after *string) (page[chat.CreateChatCompletionResponse], error) {
		params := params
		params.After = after
		list, err := fetch(ctx, c, "List", opts, func(ctx context.Context, call *call) (*http.Response, error) {
			return c.raw.ListChatCompletions(ctx, &params, call.edit)
		}, func(l *chat.ChatCompletionList) bool { return l.Data != nil })
		if err != nil {
			return page[chat.CreateChatCompletionResponse]{}, err
		}
		return page[chat.CreateChatCompletionResponse]{list.Data, list.LastID, list.HasMore}, nil
	}, func(item *chat.CreateChatCompletionResponse) string { return item.ID })
}

// Get returns a stored completion.
func (c *Client) Get(ctx context.Context, id string, opts ...CallOption) (*chat.CreateChatCompletionResponse, error) {
	if err := checkID("Get", id); err != nil {
		return nil, err
	}
	return fetch(ctx, c, "Get", opts, func(ctx context.Context, call *call) (*http.Response, error) {
		return c.raw.GetChatCompletion(ctx, id, call.edit)
	}, isCompletion)
}

// Update replaces the metadata of a stored completion and returns the completion.
func (c *Client) Update(ctx context.Context, id string, update chat.ChatCompletionUpdate, opts ...CallOption) (*chat.CreateChatCompletionResponse, error) {
	if err := checkID("Update", id); err != nil {
		return nil, err
	}
	call, err := c.config().call.with(opts)
	if err != nil {
		return nil, err
	}
	update.EncodeJSON(&call.body)
	if err := finish[chat.ChatCompletionUpdate](call); err != nil {
		return nil, fmt.Errorf("chatspec: Update: %w", err)
	}
	resp, err := c.send(ctx, "Update", call, func(ctx context.Context) (*http.Response, error) {
		return c.raw.UpdateChatCompletionWithBody(ctx, id, "application/json", nil, call.edit)
	})
	if err != nil {
		return nil, err
	}
	return decode(resp, "Update", call, isCompletion)
}

// Delete deletes a stored completion.
func (c *Client) Delete(ctx context.Context, id string, opts ...CallOption) (*chat.ChatCompletionDeleted, error) {
	if err := checkID("Delete", id); err != nil {
		return nil, err
	}
	return fetch(ctx, c, "Delete", opts, func(ctx context.Context, call *call) (*http.Response, error) {
		return c.raw.DeleteChatCompletion(ctx, id, call.edit)
	}, func(d *chat.ChatCompletionDeleted) bool { return d.ID != "" })
}

// Messages iterates over the messages of a stored completion, as [Client.List] does over completions.
func (c *Client) Messages(ctx context.Context, id string, params chat.GetChatCompletionMessagesParams, opts ...CallOption) iter.Seq2[*chat.StoredMessage, error] {
	if err := checkID("Messages", id); err != nil {
		return func(yield func(*chat.StoredMessage, error) bool) { yield(nil, err) }
	}
	return pages(params.After, func(after *string) (page[chat.StoredMessage], error) {
		params := params
		params.After = after
		list, err := fetch(ctx, c, "Messages", opts, func(ctx context.Context, call *call) (*http.Response, error) {
			return c.raw.GetChatCompletionMessages(ctx, id, &params, call.edit)
		}, func(l *chat.ChatCompletionMessageList) bool { return l.Data != nil })
		if err != nil {
			return page[chat.StoredMessage]{}, err
		}
		return page[chat.StoredMessage]{list.Data, list.LastID, list.HasMore}, nil
	}, func(item *chat.StoredMessage) string { return item.ID })
}

// create sends a copy of bare, with req in it. The generated method would make the request anew for each call. Its URL
// and its header are those of bare, unless somebody may change them.
func (c *Client) create(ctx context.Context, method string, bare *http.Request, req *chat.CreateChatCompletionRequest, call *call) (*http.Response, error) {
	if len(req.Messages) == 0 {
		return nil, fmt.Errorf("chatspec: %s: the request has no messages", method)
	}
	if i := slices.Index(req.Messages, nil); i >= 0 {
		return nil, fmt.Errorf("chatspec: %s: messages[%d] is nil", method, i)
	}
	req.EncodeJSON(&call.body)
	if err := finish[chat.CreateChatCompletionRequest](call); err != nil {
		return nil, fmt.Errorf("chatspec: %s: %w", method, err)
	}
	if len(c.config().hooks) > 0 {
		call.request = new(*req)
	}
	return c.send(ctx, method, call, func(ctx context.Context) (*http.Response, error) {
		r := bare.WithContext(ctx)
		if len(c.config().middleware) > 0 || len(call.header) > 0 {
			r = copied(ctx, bare)
		}
		if err := call.edit(ctx, r); err != nil {
			return nil, err
		}
		return c.raw.Client.Do(r)
	})
}

// sender makes the call of an operation, and has call.edit complete its request.
type sender = func(ctx context.Context, call *call) (*http.Response, error)

// fetch makes a call without a body.
func fetch[T any, P decoder[T]](ctx context.Context, c *Client, method string, opts []CallOption, do sender, ok func(*T) bool) (*T, error) {
	call, err := c.config().call.with(opts)
	if err != nil {
		return nil, err
	}
	if len(call.fields) > 0 {
		return nil, fmt.Errorf("chatspec: %s: WithBodyField: the call has no body", method)
	}
	resp, err := c.send(ctx, method, call, func(ctx context.Context) (*http.Response, error) { return do(ctx, call) })
	if err != nil {
		return nil, err
	}
	return decode[T, P](resp, method, call, ok)
}

// send makes a call with what its options ask for.
func (c *Client) send(ctx context.Context, method string, call *call, do func(context.Context) (*http.Response, error)) (*http.Response, error) {
	resp, err := do(call.in(ctx, c.config()))
	if call.response != nil {
		*call.response = responseOf(resp, err)
	}
	if err != nil {
		return nil, fmt.Errorf("chatspec: %s: %w", method, err)
	}
	return resp, nil
}

// edit sets the headers and the body of the call on its request.
func (c *call) edit(_ context.Context, req *http.Request) error {
	maps.Copy(req.Header, c.header)
	if c.body.Len() > 0 {
		attach(req, &c.body)
	}
	return nil
}

// isCompletion tells a completion from other JSON objects, such as an empty one or a chunk.
func isCompletion(r *chat.CreateChatCompletionResponse) bool {
	empty := func(c chat.Choice) bool { return c.FinishReason == "" && reflect.ValueOf(c.Message).IsZero() }
	named := r.Object == "" || r.Object == chat.CompletionObjectChatCompletion
	return named && len(r.Choices) > 0 && !slices.ContainsFunc(r.Choices, empty)
}

// checkID refuses IDs that would name another path than that of one completion.
func checkID(method, id string) error {
	switch id {
	case "":
		return fmt.Errorf("chatspec: %s: the completion ID is empty", method)
	case ".", "..":
		return fmt.Errorf("chatspec: %s: %q is not a completion ID", method, id)
	}
	return nil
}
