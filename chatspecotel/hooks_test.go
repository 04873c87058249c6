package chatspecotel_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chatspecotel"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

const (
	duration   = "gen_ai.client.operation.duration"
	firstChunk = "gen_ai.client.operation.time_to_first_chunk"
	tokens     = "gen_ai.client.token.usage"
)

func requestID(id string) attribute.KeyValue { return attribute.String("chatspec.request_id", id) }

var answeredBy = semconv.GenAIResponseModel("answered")

// answerAttributes are those of reply's answer.
func answerAttributes(attrs ...attribute.KeyValue) []attribute.KeyValue {
	return append(append(common(), attrs...),
		semconv.GenAIResponseID("c1"), answeredBy, semconv.GenAIResponseFinishReasons("stop"),
		semconv.GenAIUsageInputTokens(7), semconv.GenAIUsageOutputTokens(2),
		semconv.GenAIUsageCacheReadInputTokens(3), semconv.GenAIUsageCacheCreationInputTokens(4), semconv.GenAIUsageReasoningOutputTokens(1),
		semconv.HTTPResponseStatusCode(200), requestID("req-1"))
}

func TestCreate(t *testing.T) {
	t.Parallel()
	o := recorded(t, create, reply())
	span := o.onlySpan(t)
	if span.Name != "chat asked" || span.SpanKind != trace.SpanKindClient || span.Status.Code != codes.Unset || len(span.Events) != 0 {
		t.Errorf("got %+v", span)
	}
	if took := span.EndTime.Sub(span.StartTime); took != 2*time.Second {
		t.Errorf("the span took %v, want 2s", took)
	}
	if scope := span.InstrumentationScope; scope.Name != "github.com/chatspec/chatspec/chatspecotel" || scope.SchemaURL != semconv.SchemaURL || scope.Version != chatspec.Version {
		t.Errorf("scope %+v", scope)
	}
	checkAttributes(t, span.Attributes, answerAttributes()...)
	checkPoints(t, o,
		point(duration, 1, 2, answeredBy),
		point(tokens, 1, 7, answeredBy, semconv.GenAITokenTypeInput),
		point(tokens, 1, 2, answeredBy, semconv.GenAITokenTypeOutput))
}

func TestStream(t *testing.T) {
	t.Parallel()
	o := recorded(t, readAll, reply())
	span := o.onlySpan(t)
	if took := span.EndTime.Sub(span.StartTime); took != 6*time.Second {
		t.Errorf("the span took %v, want 6s: two to the first of five chunks, a second between them", took)
	}
	if len(span.Events) != 1 || span.Events[0].Name != "chatspec.first_chunk" || span.Events[0].Time.Sub(span.StartTime) != 2*time.Second {
		t.Errorf("events %+v", span.Events)
	}
	checkAttributes(t, span.Attributes, answerAttributes(semconv.GenAIRequestStream(true), semconv.GenAIResponseTimeToFirstChunk(2))...)
	checkPoints(t, o,
		point(duration, 1, 6, answeredBy),
		point(firstChunk, 1, 2, answeredBy),
		point(tokens, 1, 7, answeredBy, semconv.GenAITokenTypeInput),
		point(tokens, 1, 2, answeredBy, semconv.GenAITokenTypeOutput))
}

// The generated client and package stream by themselves are recorded as the method Stream is.
func TestRaw(t *testing.T) {
	t.Parallel()
	o := recorded(t, func(t *testing.T, client *chatspec.Client) {
		t.Helper()
		req := request()
		req.Stream, req.StreamOptions = true, &chat.StreamOptions{IncludeUsage: true}
		resp, err := client.Raw().CreateChatCompletion(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		s, err := stream.Open(resp)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, _ = s.Result()
	}, reply())
	checkAttributes(t, o.onlySpan(t).Attributes, answerAttributes(semconv.GenAIRequestStream(true), semconv.GenAIResponseTimeToFirstChunk(2))...)
	if got := len(o.points(t)); got != 4 {
		t.Errorf("%d metrics, want 4", got)
	}
}

// An answer that was not asked for as a stream has no first chunk, even if package stream reads it.
func TestRawNotStreamed(t *testing.T) {
	t.Parallel()
	o := recorded(t, func(t *testing.T, client *chatspec.Client) {
		t.Helper()
		resp, err := client.Raw().CreateChatCompletion(t.Context(), request())
		if err != nil {
			t.Fatal(err)
		}
		s, err := stream.Open(resp)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, _ = s.Result()
	}, reply())
	checkAttributes(t, o.onlySpan(t).Attributes, answerAttributes()...)
	checkPoints(t, o,
		point(duration, 1, 2, answeredBy),
		point(tokens, 1, 7, answeredBy, semconv.GenAITokenTypeInput),
		point(tokens, 1, 2, answeredBy, semconv.GenAITokenTypeOutput))
}

// By any clock a span is exactly as long as the metric says.
func TestSpanAndMetricAgree(t *testing.T) {
	t.Parallel()
	o := newTelemetry()
	create(t, newClient(t, chattest.NewServer(t, chattest.Text("Hello")), o.hooks(t)))
	span := o.onlySpan(t)
	want := point(duration, 1, span.EndTime.Sub(span.StartTime).Seconds(), semconv.GenAIResponseModel("asked"))
	if got := o.points(t); !slices.Contains(got, want) {
		t.Errorf("measured %s, want %s", got, want)
	}
}

func TestStreamClosedEarly(t *testing.T) {
	t.Parallel()
	o := recorded(t, func(t *testing.T, client *chatspec.Client) {
		t.Helper()
		s, err := client.Stream(t.Context(), request())
		if err != nil || !s.Next() || !s.Next() {
			t.Fatal("no second chunk:", err)
		}
		_, _ = s.Close(), s.Close()
		if s.Next() {
			t.Error("a chunk after Close")
		}
	}, reply())
	span := o.onlySpan(t)
	if span.Status.Code != codes.Unset {
		t.Errorf("status %+v, but closing is no failure", span.Status)
	}
	checkAttributes(t, span.Attributes, append(common(),
		semconv.GenAIRequestStream(true), semconv.GenAIResponseTimeToFirstChunk(2), semconv.GenAIResponseID("c1"), answeredBy,
		semconv.HTTPResponseStatusCode(200), requestID("req-1"), semconv.ErrorTypeKey.String("cancelled"))...)
	checkPoints(t, o,
		point(duration, 1, 3, answeredBy, semconv.ErrorTypeKey.String("cancelled")),
		point(firstChunk, 1, 2, answeredBy))
}

func TestStreamTruncated(t *testing.T) {
	t.Parallel()
	o := recorded(t, readAll, chattest.Raw(http.StatusOK, http.Header{"Content-Type": {"text/event-stream"}},
		[]byte(`data: {"id":"c1","model":"answered","choices":[{"index":0,"delta":{"content":"`+answer+`"}}]}`+"\n\ndata: {\""+answer)).
		WithHeader("X-Request-Id", "req-1"))
	span := o.onlySpan(t)
	if want := (sdktrace.Status{Code: codes.Error, Description: "truncated"}); span.Status != want {
		t.Errorf("status %+v, want %+v", span.Status, want)
	}
	checkAttributes(t, span.Attributes, append(common(),
		semconv.GenAIRequestStream(true), semconv.GenAIResponseTimeToFirstChunk(0), semconv.GenAIResponseID("c1"), answeredBy,
		semconv.HTTPResponseStatusCode(200), requestID("req-1"), semconv.ErrorTypeKey.String("truncated"))...)
	checkPoints(t, o,
		point(duration, 1, 0, answeredBy, semconv.ErrorTypeKey.String("truncated")),
		point(firstChunk, 1, 0, answeredBy))
}

// A refusal has the prompt and the key in its text, in its request ID, and in what ought to be a word.
func TestRefused(t *testing.T) {
	t.Parallel()
	said := "The key " + key + " may not say " + prompt
	for _, test := range []struct {
		name  string
		error chat.Error
		want  string
	}{
		{"code", chat.Error{Message: said, Type: "invalid_request_error", Code: "context_length_exceeded"}, "context_length_exceeded"},
		{"type", chat.Error{Message: said, Type: "invalid_request_error", Code: said}, "invalid_request_error"},
		{"status", chat.Error{Message: said, Type: said, Code: said, Param: said}, "400"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := recorded(t, create, chattest.Error(http.StatusBadRequest, test.error).WithHeader("X-Request-Id", "req-"+key))
			span := o.onlySpan(t)
			if want := (sdktrace.Status{Code: codes.Error, Description: "refused"}); span.Status != want {
				t.Errorf("status %+v, want %+v", span.Status, want)
			}
			checkAttributes(t, span.Attributes, append(common(),
				semconv.HTTPResponseStatusCode(400), requestID("req-[masked]"), semconv.ErrorTypeKey.String(test.want))...)
			checkPoints(t, o, point(duration, 1, 0, semconv.ErrorTypeKey.String(test.want)))
		})
	}
}

func TestRetriedThenSuccess(t *testing.T) {
	t.Parallel()
	o := recorded(t, create, chattest.Error(http.StatusTooManyRequests, chat.Error{Message: prompt, Code: "rate_limit_exceeded"}), reply())
	span := o.onlySpan(t)
	if span.Status.Code != codes.Unset || len(span.Events) != 1 || span.Events[0].Name != "chatspec.retry" {
		t.Fatalf("got %+v", span)
	}
	checkAttributes(t, span.Events[0].Attributes,
		semconv.HTTPRequestResendCount(1), semconv.ErrorTypeKey.String("rate_limit_exceeded"), semconv.HTTPResponseStatusCode(429),
		attribute.Float64("chatspec.retry.wait", 1))
	checkAttributes(t, span.Attributes, answerAttributes(semconv.HTTPRequestResendCount(1))...)
	checkPoints(t, o,
		point(duration, 1, 3, answeredBy),
		point(tokens, 1, 7, answeredBy, semconv.GenAITokenTypeInput),
		point(tokens, 1, 2, answeredBy, semconv.GenAITokenTypeOutput))
}

func TestCancelledWhileRetrying(t *testing.T) {
	t.Parallel()
	o := recorded(t, cancelled, chattest.Error(http.StatusServiceUnavailable, chat.Error{Message: prompt}))
	span := o.onlySpan(t)
	if span.Status.Code != codes.Unset || len(span.Events) != 1 || span.EndTime.Sub(span.StartTime) != 500*time.Millisecond {
		t.Errorf("got %+v", span)
	}
	checkAttributes(t, span.Events[0].Attributes,
		semconv.HTTPRequestResendCount(1), semconv.ErrorTypeKey.String("503"), semconv.HTTPResponseStatusCode(503),
		attribute.Float64("chatspec.retry.wait", 1))
	checkAttributes(t, span.Attributes, append(common(), semconv.ErrorTypeKey.String("cancelled"))...)
	checkPoints(t, o, point(duration, 1, 0.5, semconv.ErrorTypeKey.String("cancelled")))
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	o := recorded(t, func(t *testing.T, client *chatspec.Client) {
		t.Helper()
		_, _ = client.Create(t.Context(), request(), chatspec.WithHeaderTimeout(time.Second), chatspec.WithMaxRetries(0))
	}, reply())
	if want := (sdktrace.Status{Code: codes.Error, Description: "timeout: headers"}); o.onlySpan(t).Status != want {
		t.Errorf("status %+v, want %+v", o.onlySpan(t).Status, want)
	}
	checkPoints(t, o, point(duration, 1, 1, semconv.ErrorTypeKey.String("timeout")))
}

func TestOtherOperationsArePassedOver(t *testing.T) {
	t.Parallel()
	o := recorded(t, func(t *testing.T, client *chatspec.Client) {
		t.Helper()
		_, _ = client.Get(t.Context(), "c1")
		for _, err := range client.List(t.Context(), chat.ListChatCompletionsParams{}) {
			t.Error("an item of an empty list:", err)
		}
	})
	if spans := o.exporter.GetSpans(); len(spans) != 0 {
		t.Errorf("spans %+v", spans)
	}
	checkPoints(t, o)
}

// A hundred calls side by side, each of which ends once.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	const calls = 100
	o := newTelemetry()
	client := newClient(t, chattest.NewServer(t, chattest.Text("a", "b").Repeated()), o.hooks(t))
	var running sync.WaitGroup
	for i := range calls {
		running.Go(func() {
			if i%2 == 0 {
				create(t, client)
			} else {
				readAll(t, client)
			}
		})
	}
	running.Wait()
	if got := len(o.exporter.GetSpans()); got != calls {
		t.Errorf("%d spans, want %d", got, calls)
	}
	ids := map[trace.SpanID]bool{}
	for _, span := range o.exporter.GetSpans() {
		ids[span.SpanContext.SpanID()] = true
		if span.Status.Code != codes.Unset {
			t.Errorf("span %+v", span)
		}
	}
	if len(ids) != calls {
		t.Errorf("%d different spans, want %d", len(ids), calls)
	}
	for _, m := range o.metrics(t) {
		want := map[string]uint64{duration: calls, firstChunk: calls / 2, tokens: 2 * calls}[m.Name]
		if got := count(m); got != want {
			t.Errorf("%s has %d values, want %d", m.Name, got, want)
		}
	}
}

// Spans of the transport are children of ours, which is one of the caller's.
func TestContext(t *testing.T) {
	t.Parallel()
	o := newTelemetry()
	srv := chattest.NewServer(t, chattest.Text("Hello"))
	inject := func(next chatspec.Doer) chatspec.Doer {
		return doer(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			propagation.TraceContext{}.Inject(req.Context(), propagation.HeaderCarrier(req.Header))
			return next.Do(req)
		})
	}
	client, err := chatspec.New(chatspec.WithBaseURL(srv.URL), chatspec.WithHTTPClient(inject(srv.Client())),
		chatspec.WithHooks(o.hooks(t)), chatspec.WithHooks(chatspec.Hooks{}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, parent := o.tracers.Tracer("test").Start(t.Context(), "parent")
	if _, err := client.Create(ctx, request()); err != nil {
		t.Fatal(err)
	}
	span := o.onlySpan(t)
	if span.Parent.SpanID() != parent.SpanContext().SpanID() {
		t.Errorf("the parent is %v, want %v", span.Parent.SpanID(), parent.SpanContext().SpanID())
	}
	want := "00-" + span.SpanContext.TraceID().String() + "-" + span.SpanContext.SpanID().String() + "-01"
	if got := srv.Requests()[0].Header.Get("Traceparent"); got != want {
		t.Errorf("traceparent %q, want %q", got, want)
	}
}

// doer is a function as a Doer.
type doer func(*http.Request) (*http.Response, error)

func (f doer) Do(req *http.Request) (*http.Response, error) { return f(req) }

// Two recorders of one call do not mix up their spans.
func TestTwoRecorders(t *testing.T) {
	t.Parallel()
	o, other := newTelemetry(), newTelemetry()
	client := newClient(t, chattest.NewServer(t, chattest.Text("Hello")), o.hooks(t), other.hooks(t, chatspecotel.WithProviderName("mine")))
	create(t, client)
	outer, inner := o.onlySpan(t), other.onlySpan(t)
	if inner.Parent.SpanID() != outer.SpanContext.SpanID() || !hasAttribute(inner.Attributes, semconv.GenAIProviderNameKey.String("mine")) ||
		!hasAttribute(outer.Attributes, semconv.GenAIProviderNameKey.String(chatspecotel.FallbackProvider)) {
		t.Errorf("got %+v\nand %+v", outer, inner)
	}
}

// What is not sampled is measured all the same.
func TestNotSampled(t *testing.T) {
	t.Parallel()
	o := newTelemetry(sdktrace.WithSampler(sdktrace.NeverSample()))
	create(t, newClient(t, chattest.NewServer(t, chattest.Text("Hello")), o.hooks(t)))
	if spans := o.exporter.GetSpans(); len(spans) != 0 {
		t.Errorf("spans %+v", spans)
	}
	if points := o.points(t); len(points) != 3 {
		t.Errorf("measured %v, want the duration and both numbers of tokens", points)
	}
}

// The global providers are the default, also if they are set after the hooks were made.
//
//nolint:paralleltest // there is only one of each
func TestGlobalProviders(t *testing.T) {
	hooks, err := chatspecotel.Hooks()
	if err != nil {
		t.Fatal(err)
	}
	o := newTelemetry()
	otel.SetTracerProvider(o.tracers)
	otel.SetMeterProvider(o.meters)
	create(t, newClient(t, chattest.NewServer(t, chattest.Text("Hello")), hooks))
	o.onlySpan(t)
	if len(o.points(t)) != 3 {
		t.Errorf("measured %v", o.points(t))
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for want, opt := range map[string]chatspecotel.Option{
		"chatspecotel: WithTracerProvider: nil":             chatspecotel.WithTracerProvider(nil),
		"chatspecotel: WithMeterProvider: nil":              chatspecotel.WithMeterProvider(nil),
		"chatspecotel: WithProviderName: the name is empty": chatspecotel.WithProviderName(""),
		"chatspecotel: an option is nil":                    nil,
	} {
		if _, err := chatspecotel.Hooks(opt); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
