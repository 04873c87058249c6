package chatspecotel_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chatspecotel"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// served is what answers in place of an *http.Client.
type served struct{ http.Handler }

func (s served) Do(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return w.Result(), nil
}

// Spans and metrics of a server of one's own, under the name of what runs there.
func ExampleHooks() {
	spans, reader := tracetest.NewSpanRecorder(), metric.NewManualReader() // a program has exporters
	hooks, err := chatspecotel.Hooks(
		chatspecotel.WithTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans))),
		chatspecotel.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))),
		chatspecotel.WithProviderName("vllm"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := chatspec.New(
		chatspec.WithBaseURL("http://fake.localhost/v1"),
		chatspec.WithHTTPClient(served{chattest.NewHandler(chattest.Text("Hello!"))}),
		chatspec.WithHooks(hooks),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	_, err = client.Create(ctx, chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, span := range spans.Ended() {
		fmt.Println(span.Name())
	}
	var measured metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &measured); err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range measured.ScopeMetrics[0].Metrics {
		fmt.Println(m.Name)
	}
	// Output:
	// chat gpt-5.4
	// gen_ai.client.operation.duration
	// gen_ai.client.token.usage
}
