package chatspec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// greeting is a request as small as they come.
var greeting = chat.CreateChatCompletionRequest{
	Model:    "gpt-5.4",
	Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
}

// A client for a service: whose account pays, how long it waits, and how much it takes from a server.
func ExampleNew() {
	client, err := chatspec.New(
		chatspec.WithAPIKey("key"),
		chatspec.WithOrganization("org-shop"),
		chatspec.WithProject("proj-search"),
		chatspec.WithHeaderTimeout(2*time.Minute),
		chatspec.WithMaxBodyBytes(8<<20),
		chatspec.WithStreamOptions(
			stream.FirstEventTimeout(2*time.Minute),
			stream.IdleTimeout(30*time.Second),
			stream.MaxEventBytes(1<<20),
			stream.MaxTotalBytes(64<<20),
		),
	)
	fmt.Println(client != nil, err)
	// Output: true <nil>
}

// A server that never answers costs a millisecond; the wait of a program that talks to models is minutes.
func ExampleWithHeaderTimeout() {
	client := fake(chattest.Text("Hello!").WithDelay(time.Hour))
	_, err := client.Create(context.Background(), greeting,
		chatspec.WithHeaderTimeout(time.Millisecond), chatspec.WithMaxRetries(0))
	if late, ok := errors.AsType[*api.TimeoutError](err); ok {
		fmt.Println(late.Phase, late.Limit)
	}
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// headers 1ms
	// true
}

// A field of a vendor that the document lacks, and a header for one call.
func ExampleWithBodyField() {
	handler := chattest.NewHandler()
	client, err := chatspec.New(
		chatspec.WithBaseURL("http://fake.localhost/v1"),
		chatspec.WithHTTPClient(handlerDoer{handler}),
	)
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.Create(context.Background(), greeting,
		chatspec.WithBodyField("top_k", 40), chatspec.WithHeader("X-Trace", "abc"))
	if err != nil {
		log.Fatal(err)
	}
	sent := handler.Requests()[0]
	fmt.Println(sent.Header.Get("X-Trace"))
	fmt.Printf("%s\n", sent.Raw)
	// Output:
	// abc
	// {"model":"gpt-5.4","messages":[{"role":"user","content":"Say hello."}],"top_k":40}
}

// A key does not go over plain http to a public address, unless the way there is protected by other means.
func ExampleWithPlainHTTP() {
	address := chatspec.WithBaseURL("http://models.example.com/v1")
	_, err := chatspec.New(address, chatspec.WithAPIKey("key"))
	fmt.Println(err)
	_, err = chatspec.New(address, chatspec.WithAPIKey("key"), chatspec.WithPlainHTTP())
	fmt.Println(err)
	// Output:
	// chatspec: WithBaseURL: a key would go over plain http to models.example.com, for anyone to read: use https, or WithPlainHTTP
	// <nil>
}

// A hook is told of each attempt that is repeated.
func ExampleWithRetryHook() {
	handler := chattest.NewHandler(
		chattest.Error(http.StatusServiceUnavailable, chat.Error{Message: "Busy."}).WithHeader("Retry-After-Ms", "1"),
		chattest.Text("Hello!"),
	)
	client, err := chatspec.New(
		chatspec.WithBaseURL("http://fake.localhost/v1"),
		chatspec.WithHTTPClient(handlerDoer{handler}),
		chatspec.WithRetryHook(func(_ context.Context, failed chatspec.Attempt) {
			fmt.Println("attempt", failed.Number, "again in", failed.Wait, "after:", failed.Err)
		}),
	)
	if err != nil {
		log.Fatal(err)
	}
	res, err := client.Create(context.Background(), greeting)
	fmt.Println(res.Text(), err)
	// Output:
	// attempt 1 again in 1ms after: 503 Service Unavailable: Busy.
	// Hello! <nil>
}

// breaking is a connection that breaks after the first request has been sent.
type breaking struct {
	chatspec.Doer
	broke bool
}

func (b *breaking) Do(req *http.Request) (*http.Response, error) {
	if b.broke {
		return b.Doer.Do(req)
	}
	b.broke = true
	return nil, io.ErrUnexpectedEOF
}

// A request whose connection broke may have been worked on and billed. It is sent again only where that is allowed.
func ExampleWithRetryUnsafe() {
	atOnce := chatspec.RetryPolicy(func(chatspec.Attempt) (time.Duration, bool) { return 0, true })
	client, err := chatspec.New(
		chatspec.WithBaseURL("http://fake.localhost/v1"),
		chatspec.WithHTTPClient(&breaking{Doer: handlerDoer{chattest.NewHandler(chattest.Text("Hello!"))}}),
		chatspec.WithRetryPolicy(atOnce),
		chatspec.WithRetryUnsafe(),
	)
	if err != nil {
		log.Fatal(err)
	}
	var meta chatspec.Response
	res, err := client.Create(context.Background(), greeting, chatspec.WithResponse(&meta))
	fmt.Println(res.Text(), meta.Attempts, err)
	// Output: Hello! 2 <nil>
}

// A client that was generated from a document of one's own gets keys, retries and the origin lock from a Doer, and
// its streams are read with its Codec. Here it is the package of this module that plays the part.
func ExampleNewDoer() {
	doer, err := chatspec.NewDoer(
		chatspec.WithBaseURL("http://fake.localhost/v1"),
		chatspec.WithHTTPClient(handlerDoer{chattest.NewHandler(chattest.Text("Hello, ", "world!"))}),
	)
	if err != nil {
		log.Fatal(err)
	}
	client, err := chat.NewClient("http://fake.localhost/v1", chat.WithHTTPClient(doer))
	if err != nil {
		log.Fatal(err)
	}
	req := greeting
	req.Stream = true
	resp, err := client.CreateChatCompletion(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	s, err := stream.OpenWith(resp, chat.Codec{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	res, err := s.Result()
	fmt.Println(res.Text(), err)
	// Output: Hello, world! <nil>
}
