// This program streams an answer and prints the spans of the call on standard output, as JSON. The answer goes
// to standard error. It comes from the server of OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL where one of
// the first two is set, and otherwise from one in memory.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"

	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chatspecotel"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

func main() {
	exporter, err := stdouttrace.New(stdouttrace.WithPrettyPrint())
	check(err)
	provider := trace.NewTracerProvider(trace.WithSyncer(exporter))
	hooks, err := chatspecotel.Hooks(chatspecotel.WithTracerProvider(provider))
	check(err)
	client, err := chatspec.FromEnv(append(server(), chatspec.WithHooks(hooks))...)
	check(err)
	s, err := client.Stream(context.Background(), chat.CreateChatCompletionRequest{
		Model:         cmp.Or(os.Getenv("OPENAI_MODEL"), "gpt-5.4"),
		Messages:      chat.Messages{chat.UserMessage{Content: chat.Text("Say hello in five languages.")}},
		StreamOptions: &chat.StreamOptions{IncludeUsage: true},
	})
	check(err)
	defer s.Close()
	for text, err := range s.Text() {
		check(err)
		fmt.Fprint(os.Stderr, text)
	}
	fmt.Fprintln(os.Stderr)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// server returns options for a server in memory where the environment names none.
func server() []chatspec.Option {
	if os.Getenv("OPENAI_API_KEY") != "" || os.Getenv("OPENAI_BASE_URL") != "" {
		return nil
	}
	srv := chattest.NewServer(program{})
	return []chatspec.Option{chatspec.WithBaseURL(srv.URL), chatspec.WithHTTPClient(srv.Client())}
}

// program stands in for the test that a chattest server belongs to; the server ends with the program.
type program struct{}

func (program) Helper()                           {}
func (program) Cleanup(func())                    {}
func (program) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (program) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
