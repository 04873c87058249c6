// Package chatspecslog logs the calls of a client with log/slog: how they began, went and ended, and nothing of
// what was said.
//
//	client, err := chatspec.New(chatspec.WithHooks(chatspecslog.Hooks(logger)))
//
// A record has no prompt and no answer, no header but the request ID, no query of a URL, and no text of an
// error, because what a server says may quote the prompt. What went wrong is the outcome, see
// [chatspec.Outcome], with the status, and the type, code and param of a refusal where they are plain words.
//
// The records and their levels:
//
//	call started, headers received, first event    debug
//	attempt failed                                 warn, before each repetition
//	call finished, call cancelled                  info; cancelling is up to the caller and no failure
//	call failed                                    error
//
// Attributes are flat and have the names of OpenTelemetry's GenAI and HTTP conventions, where there is one.
// Times are in seconds.
package chatspecslog

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
)

// Hooks returns hooks that log each call to logger, for [chatspec.WithHooks]; nil means slog.Default, as it is
// now. They keep nothing between calls, and may serve several clients at once. Records are logged with the
// context of the call, so that handlers can add what is in it, such as the IDs of a trace.
func Hooks(logger *slog.Logger) chatspec.Hooks {
	if logger == nil {
		logger = slog.Default()
	}
	return chatspec.Hooks{
		Start: func(ctx context.Context, call chatspec.Call) context.Context {
			log(ctx, logger, slog.LevelDebug, "call started", func() []slog.Attr { return started(call) })
			return context.WithValue(ctx, callKey{}, call)
		},
		Retry: func(ctx context.Context, failed chatspec.Attempt) {
			log(ctx, logger, slog.LevelWarn, "attempt failed", func() []slog.Attr {
				call, _ := ctx.Value(callKey{}).(chatspec.Call)
				return append(started(call), repeated(failed)...)
			})
		},
		Headers: func(ctx context.Context, call chatspec.Call) {
			log(ctx, logger, slog.LevelDebug, "headers received", func() []slog.Attr {
				return append(append(started(call), answered(call.Response)...), seconds("latency", call.Response.Latency))
			})
		},
		FirstEvent: func(ctx context.Context, call chatspec.Call) {
			log(ctx, logger, slog.LevelDebug, "first event", func() []slog.Attr {
				return append(started(call), seconds("gen_ai.response.time_to_first_chunk", call.FirstEvent))
			})
		},
		End: func(ctx context.Context, call chatspec.Call) {
			level, message := ending(call.Outcome())
			log(ctx, logger, level, message, func() []slog.Attr { return ended(call) })
		},
	}
}

// callKey is the key of a context under which Retry, which sees an attempt alone, finds the call.
type callKey struct{}

// log makes the attributes only where somebody wants them.
func log(ctx context.Context, logger *slog.Logger, level slog.Level, message string, attrs func() []slog.Attr) {
	if logger.Enabled(ctx, level) {
		logger.LogAttrs(ctx, level, message, attrs()...)
	}
}

func ending(outcome chatspec.Outcome) (slog.Level, string) {
	switch outcome {
	case chatspec.OutcomeFinished:
		return slog.LevelInfo, "call finished"
	case chatspec.OutcomeCancelled:
		return slog.LevelInfo, "call cancelled"
	default:
		return slog.LevelError, "call failed"
	}
}

// started says what is known from the start on.
func started(call chatspec.Call) []slog.Attr {
	attrs := []slog.Attr{slog.String("http.request.method", call.Method), slog.String("url.full", call.URL)}
	if call.Request != nil {
		attrs = append(attrs,
			slog.String("gen_ai.operation.name", "chat"),
			slog.String("gen_ai.request.model", call.Request.Model),
			slog.Bool("gen_ai.request.stream", call.Request.Stream),
		)
	}
	return attrs
}

// answered says what is known once the headers have come.
func answered(r chatspec.Response) (attrs []slog.Attr) {
	if r.Status != 0 {
		attrs = append(attrs, slog.Int("http.response.status_code", r.Status))
	}
	attrs = addText(attrs, "request_id", r.RequestID)
	return append(attrs, slog.Int("attempts", r.Attempts))
}

// ended says how a call ended.
func ended(call chatspec.Call) []slog.Attr {
	attrs := append(started(call), slog.String("outcome", string(call.Outcome())))
	attrs = append(attrs, failure(call.Err)...)
	attrs = append(attrs, answered(call.Response)...)
	attrs = append(attrs, seconds("gen_ai.client.operation.duration", call.Elapsed))
	if call.Chunks > 0 {
		attrs = append(attrs, seconds("gen_ai.response.time_to_first_chunk", call.FirstEvent), slog.Int("chunks", call.Chunks))
	}
	attrs = addText(attrs, "gen_ai.response.id", call.ID)
	attrs = addText(attrs, "gen_ai.response.model", call.Model)
	if len(call.FinishReasons) > 0 {
		attrs = append(attrs, slog.Any("gen_ai.response.finish_reasons", call.FinishReasons))
	}
	if u := call.Usage; u != nil {
		attrs = append(attrs, slog.Int("gen_ai.usage.input_tokens", u.PromptTokens), slog.Int("gen_ai.usage.output_tokens", u.CompletionTokens))
	}
	return attrs
}

// repeated says what is known of an attempt that failed and is going to be repeated.
func repeated(failed chatspec.Attempt) []slog.Attr {
	attrs := []slog.Attr{slog.Int("attempt", failed.Number), slog.String("outcome", string(chatspec.OutcomeOf(failed.Err)))}
	attrs = append(attrs, failure(failed.Err)...)
	if refused, ok := errors.AsType[*api.Error](failed.Err); ok {
		attrs = append(attrs, slog.Int("http.response.status_code", refused.Status))
		attrs = addText(attrs, "request_id", refused.RequestID)
	}
	return append(attrs, seconds("wait", failed.Wait))
}

// failure says of an error what its outcome leaves open.
func failure(err error) (attrs []slog.Attr) {
	if refused, ok := errors.AsType[*api.Error](err); ok {
		attrs = addText(attrs, "refusal.type", plain(refused.Type))
		attrs = addText(attrs, "refusal.code", plain(refused.Code))
		return addText(attrs, "refusal.param", plain(refused.Param))
	}
	if timeout, ok := errors.AsType[*api.TimeoutError](err); ok {
		return addText(attrs, "timeout.phase", string(timeout.Phase))
	}
	if broken, ok := errors.AsType[*net.OpError](err); ok {
		return addText(attrs, "network.operation", broken.Op) // dial, read and so on
	}
	return nil
}

// maxPlain is how long a word of a server may be to be logged.
const maxPlain = 64

// plain returns a word of the server if it is one, such as "rate_limit_exceeded" or "messages[0].content", and
// nothing where it is a sentence, which may quote the prompt.
func plain(word string) string {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-[]", r)
	}
	if len(word) > maxPlain || strings.ContainsFunc(word, odd) {
		return ""
	}
	return word
}

func addText(attrs []slog.Attr, key, value string) []slog.Attr {
	if value == "" {
		return attrs
	}
	return append(attrs, slog.String(key, value))
}

func seconds(key string, d time.Duration) slog.Attr { return slog.Float64(key, d.Seconds()) }
