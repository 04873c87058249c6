package chatspecotel_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chatspecotel"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// What must be in no telemetry, wherever it was.
const (
	key    = "sk-planted-0123456789"
	prompt = "planted-prompt"
	answer = "planted-answer"
)

// request asks with the prompt in every field that takes a text of the user's.
func request() chat.CreateChatCompletionRequest {
	return chat.CreateChatCompletionRequest{
		Model:            "asked",
		Messages:         chat.Messages{chat.SystemMessage{Content: chat.Text(prompt)}, chat.UserMessage{Content: chat.Text(prompt)}},
		Stop:             chat.StopSequence(prompt),
		Metadata:         chat.Metadata{"note": prompt},
		SafetyIdentifier: prompt,
		Tools:            chat.Tools{chat.FunctionTool{Function: chat.FunctionDefinition{Name: prompt, Description: prompt}}},
	}
}

// reply answers as another model, with a usage.
func reply() chattest.Reply {
	return chattest.Completion(chat.CreateChatCompletionResponse{
		ID:          "c1",
		Model:       "answered",
		ServiceTier: chat.ServiceTierFlex,
		Choices:     []chat.Choice{{Message: chat.ResponseMessage{Content: answer + " " + answer}}},
	}).WithUsage(chat.CompletionUsage{
		PromptTokens: 7, CompletionTokens: 2, TotalTokens: 9,
		PromptTokensDetails:     &chat.PromptTokensDetails{CachedTokens: 3, CacheWriteTokens: 4},
		CompletionTokensDetails: &chat.CompletionTokensDetails{ReasoningTokens: 1},
	}).WithHeader("X-Request-Id", "req-1").WithDelay(2 * time.Second).WithPace(time.Second)
}

// telemetry is an SDK that exports to memory.
type telemetry struct {
	exporter *tracetest.InMemoryExporter
	tracers  *sdktrace.TracerProvider
	reader   *metric.ManualReader
	meters   *metric.MeterProvider
}

func newTelemetry(opts ...sdktrace.TracerProviderOption) *telemetry {
	o := &telemetry{exporter: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader()}
	o.tracers = sdktrace.NewTracerProvider(append(opts, sdktrace.WithSyncer(o.exporter))...)
	o.meters = metric.NewMeterProvider(metric.WithReader(o.reader))
	return o
}

// hooks returns hooks that record here.
func (o *telemetry) hooks(t *testing.T, opts ...chatspecotel.Option) chatspec.Hooks {
	t.Helper()
	hooks, err := chatspecotel.Hooks(append([]chatspecotel.Option{chatspecotel.WithTracerProvider(o.tracers), chatspecotel.WithMeterProvider(o.meters)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return hooks
}

// metrics returns what was measured.
func (o *telemetry) metrics(t *testing.T) []metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := o.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	switch len(all.ScopeMetrics) {
	case 0:
		return nil
	case 1:
		return all.ScopeMetrics[0].Metrics
	}
	t.Fatalf("%d scopes", len(all.ScopeMetrics))
	return nil
}

// points returns what was measured, one line each: name, attributes, number of values and their sum.
func (o *telemetry) points(t *testing.T) (lines []string) {
	t.Helper()
	for _, m := range o.metrics(t) {
		switch data := m.Data.(type) {
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				lines = append(lines, fmt.Sprintf("%s{%s} %d %v", m.Name, encode(p.Attributes), p.Count, p.Sum))
			}
		case metricdata.Histogram[int64]:
			for _, p := range data.DataPoints {
				lines = append(lines, fmt.Sprintf("%s{%s} %d %v", m.Name, encode(p.Attributes), p.Count, p.Sum))
			}
		default:
			t.Errorf("%s is a %T", m.Name, data)
		}
	}
	slices.Sort(lines)
	return lines
}

func encode(set attribute.Set) string { return set.Encoded(attribute.DefaultEncoder()) }

// point is a line of points with these attributes beside those that all have.
func point(name string, count int, sum float64, attrs ...attribute.KeyValue) string {
	return fmt.Sprintf("%s{%s} %d %v", name, encode(attribute.NewSet(append(common(), attrs...)...)), count, sum)
}

// common are the attributes of all spans and metrics of calls to a chattest server.
func common() []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.GenAIOperationNameChat, semconv.GenAIProviderNameKey.String("openai_compatible"), semconv.GenAIRequestModel("asked"),
		semconv.ServerAddress("chattest.localhost"), semconv.ServerPort(80),
	}
}

// recorded makes calls in a bubble, where time is exact, and returns what was recorded of them.
func recorded(t *testing.T, calls func(t *testing.T, client *chatspec.Client), replies ...chattest.Reply) *telemetry {
	t.Helper()
	o := newTelemetry()
	synctest.Test(t, func(t *testing.T) {
		srv := chattest.NewServer(t, replies...)
		calls(t, newClient(t, srv, o.hooks(t)))
	})
	all := fmt.Sprintf("%+v %+v", o.exporter.GetSpans(), o.metrics(t))
	for _, secret := range []string{key, prompt, answer} {
		if strings.Contains(all, secret) {
			t.Errorf("%q was recorded:\n%s", secret, all)
		}
	}
	if len(o.exporter.GetSpans()) > 0 && !strings.Contains(all, "asked") {
		t.Errorf("the search for secrets sees nothing: %s", all)
	}
	return o
}

func newClient(t *testing.T, srv *chattest.Server, hooks ...chatspec.Hooks) *chatspec.Client {
	t.Helper()
	opts := []chatspec.Option{
		chatspec.WithBaseURL(srv.URL + "?query=" + prompt),
		chatspec.WithAPIKey(key),
		chatspec.WithHeader("X-Planted", prompt),
		chatspec.WithHTTPClient(srv.Client()),
		chatspec.WithRetryPolicy(afterASecond),
	}
	for _, h := range hooks {
		opts = append(opts, chatspec.WithHooks(h))
	}
	client, err := chatspec.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// afterASecond is the default policy without chance.
func afterASecond(failed chatspec.Attempt) (time.Duration, bool) {
	_, again := chatspec.DefaultRetryPolicy(failed)
	return time.Second, again
}

// memory is a Doer that a handler answers, whatever the scheme and host.
type memory struct{ http.Handler }

func (m memory) Do(req *http.Request) (*http.Response, error) {
	in := req.Clone(req.Context())
	w := httptest.NewRecorder()
	m.ServeHTTP(w, in)
	resp := w.Result()
	resp.Request = req
	return resp, nil
}

// onlySpan returns the span that was exported.
func (o *telemetry) onlySpan(t *testing.T) tracetest.SpanStub {
	t.Helper()
	spans := o.exporter.GetSpans()
	if len(spans) != 1 {
		t.Fatalf("%d spans have ended, want 1", len(spans))
	}
	return spans[0]
}

// checkAttributes compares attributes, in any order; none may be there twice.
func checkAttributes(t *testing.T, got []attribute.KeyValue, want ...attribute.KeyValue) {
	t.Helper()
	g, w := attribute.NewSet(got...), attribute.NewSet(want...)
	if !g.Equals(&w) || len(got) != g.Len() {
		t.Errorf("%d attributes\n%s\nwant\n%s", len(got), strings.ReplaceAll(encode(g), ",", "\n"), strings.ReplaceAll(encode(w), ",", "\n"))
	}
}

// checkPoints compares what was measured.
func checkPoints(t *testing.T, o *telemetry, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := o.points(t); !slices.Equal(got, want) {
		t.Errorf("measured\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// create asks for a whole answer.
func create(t *testing.T, client *chatspec.Client) {
	t.Helper()
	_, _ = client.Create(t.Context(), request())
}

// readAll streams to the end.
func readAll(t *testing.T, client *chatspec.Client) {
	t.Helper()
	req := request()
	req.StreamOptions = &chat.StreamOptions{IncludeUsage: true}
	s, err := client.Stream(t.Context(), req)
	if err != nil {
		return
	}
	defer s.Close()
	_, _ = s.Result()
}

// cancelled asks for a whole answer for half a second.
func cancelled(t *testing.T, client *chatspec.Client) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(500*time.Millisecond, cancel)
	_, _ = client.Create(ctx, request())
}
