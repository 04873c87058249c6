package chatspecotel

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/chatspec/chatspec"
)

// Hooks returns hooks that record each chat completion as a span and in metrics, for [chatspec.WithHooks]. They
// may serve several clients and many calls at once. It fails where an option does or the meter provider refuses
// an instrument.
func Hooks(opts ...Option) (chatspec.Hooks, error) {
	c, err := newConfig(opts)
	if err != nil {
		return chatspec.Hooks{}, err
	}
	r, err := newRecorder(c)
	if err != nil {
		return chatspec.Hooks{}, fmt.Errorf("chatspecotel: %w", err)
	}
	return chatspec.Hooks{Start: r.start, Retry: r.retry, FirstEvent: r.firstEvent, End: r.end}, nil
}

// recorder makes spans and metrics of calls. It keeps nothing of them: that is in their contexts.
type recorder struct {
	provider   string // empty: by the URL
	tracer     trace.Tracer
	duration   metric.Float64Histogram
	firstChunk metric.Float64Histogram
	tokens     metric.Int64Histogram
}

func newRecorder(c *config) (r *recorder, err error) {
	meter := c.meters.Meter(scopeName, metric.WithInstrumentationVersion(chatspec.Version), metric.WithSchemaURL(schemaURL))
	r = &recorder{
		provider: c.provider,
		tracer:   c.tracers.Tracer(scopeName, trace.WithInstrumentationVersion(chatspec.Version), trace.WithSchemaURL(schemaURL)),
	}
	seconds := func(name, about string) (metric.Float64Histogram, error) {
		return meter.Float64Histogram(name, metric.WithDescription(about), metric.WithUnit(unitSeconds), metric.WithExplicitBucketBoundaries(bucketsSeconds...))
	}
	if r.duration, err = seconds(metricDuration, aboutDuration); err != nil {
		return nil, err
	}
	if r.firstChunk, err = seconds(metricFirstChunk, aboutFirstChunk); err != nil {
		return nil, err
	}
	r.tokens, err = meter.Int64Histogram(metricTokens, metric.WithDescription(aboutTokens), metric.WithUnit(unitTokens), metric.WithExplicitBucketBoundaries(bucketsTokens...))
	return r, err
}

// record is what is kept of a call while it goes on.
type record struct {
	span     trace.Span
	provider string
	common   []attribute.KeyValue // of the span and of all metrics; not to be appended to in place
}

type recordKey struct{ recorder *recorder }

// recordIn returns the record of the call that ctx belongs to, nil where it is no completion.
func (r *recorder) recordIn(ctx context.Context) *record {
	rec, _ := ctx.Value(recordKey{r}).(*record)
	return rec
}

func (r *recorder) start(ctx context.Context, call chatspec.Call) context.Context {
	if call.Request == nil {
		return ctx
	}
	rec := &record{}
	rec.provider, rec.common = commonAttributes(call, r.provider)
	name := operationChat
	if call.Request.Model != "" {
		name += " " + call.Request.Model
	}
	ctx, rec.span = r.tracer.Start(ctx, name,
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(call.Start),
		trace.WithAttributes(rec.common...),
		trace.WithAttributes(requestAttributes(call.Request, rec.provider)...))
	return context.WithValue(ctx, recordKey{r}, rec)
}

func (r *recorder) retry(ctx context.Context, failed chatspec.Attempt) {
	if rec := r.recordIn(ctx); rec != nil {
		rec.span.AddEvent(eventRetry, trace.WithAttributes(retryAttributes(failed)...))
	}
}

func (r *recorder) firstEvent(ctx context.Context, call chatspec.Call) {
	rec := r.recordIn(ctx)
	if rec == nil || !call.Request.Stream {
		return
	}
	rec.span.AddEvent(eventFirstChunk, trace.WithTimestamp(call.Start.Add(call.FirstEvent)))
	r.firstChunk.Record(ctx, call.FirstEvent.Seconds(), metric.WithAttributes(rec.with(call)...))
}

func (r *recorder) end(ctx context.Context, call chatspec.Call) {
	rec := r.recordIn(ctx)
	if rec == nil {
		return
	}
	attrs := rec.with(call)
	if u := call.Usage; u != nil {
		r.tokens.Record(ctx, int64(u.PromptTokens), metric.WithAttributes(attrs...), metric.WithAttributes(keyTokenType.String(tokenTypeInput)))
		r.tokens.Record(ctx, int64(u.CompletionTokens), metric.WithAttributes(attrs...), metric.WithAttributes(keyTokenType.String(tokenTypeOutput)))
	}
	if call.Err != nil {
		failed := keyErrorType.String(errorType(call.Err, call.Outcome()))
		attrs = append(attrs, failed)
		rec.span.SetAttributes(failed)
		if call.Outcome() != chatspec.OutcomeCancelled {
			rec.span.SetStatus(codes.Error, describe(call))
		}
	}
	r.duration.Record(ctx, call.Elapsed.Seconds(), metric.WithAttributes(attrs...))
	rec.span.SetAttributes(responseAttributes(call, rec.provider)...)
	rec.span.End(trace.WithTimestamp(call.Start.Add(call.Elapsed))) // as long as the metric says
}

// with returns the attributes of a metric of the call.
func (rec *record) with(call chatspec.Call) []attribute.KeyValue {
	attrs := append(make([]attribute.KeyValue, 0, len(rec.common)+2), rec.common...)
	if call.Model != "" {
		attrs = append(attrs, keyResponseModel.String(call.Model))
	}
	return attrs
}
