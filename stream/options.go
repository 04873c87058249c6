package stream

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/chatspec/chatspec/api"
)

// DefaultMaxEventBytes is the limit for one event where [MaxEventBytes] sets no other: 32 MiB.
const DefaultMaxEventBytes = 32 << 20

// noTotalLimit is the default of [MaxTotalBytes]: a stream that no connection can carry.
const noTotalLimit = math.MaxInt64

// Option changes how a stream is read. An option with a value that makes no sense returns an error,
// which the constructor reports, or the first [Decoder.Next] of a constructor that has no error result.
type Option func(*options) error

// MaxEventBytes limits one event to n bytes; the default is [DefaultMaxEventBytes]. A larger event ends
// the stream with an [api.TooLargeError] whose What is "event".
//
// Every line of the event counts except comments, unknown fields included, each with one byte for its
// end however that is written. So does a last event ID that was inherited from an earlier event, because
// it is held in memory with this one. The blank line that ends the event and a byte order mark do not
// count. n must be positive.
func MaxEventBytes(n int) Option {
	return func(o *options) error {
		if n <= 0 {
			return fmt.Errorf("stream: MaxEventBytes: %d is not positive", n)
		}
		o.maxEventBytes = n
		return nil
	}
}

// MaxTotalBytes limits the whole stream to n bytes, comments included; the default is no limit. Events
// that are complete within the first n bytes are delivered, then a longer stream ends with an
// [api.TooLargeError] whose What is "stream". n must be positive.
func MaxTotalBytes(n int64) Option {
	return func(o *options) error {
		if n <= 0 {
			return fmt.Errorf("stream: MaxTotalBytes: %d is not positive", n)
		}
		o.maxTotalBytes = n
		return nil
	}
}

// MaxErrorBytes limits what is read of the body of an answer that is not a success to n bytes; the default
// is [api.DefaultMaxErrorBytes]. The same limit holds for what is kept of an answer that may or may not
// turn out to be a stream. n must be positive.
func MaxErrorBytes(n int) Option {
	return func(o *options) error {
		if n <= 0 {
			return fmt.Errorf("stream: MaxErrorBytes: %d is not positive", n)
		}
		o.maxErrorBytes = n
		return nil
	}
}

// WithoutResult turns accumulating off, for readers that only pass chunks on: [Reader.Result] and
// [Reader.Partial] then return [ErrNoResult]. How a stream ended is told as before.
func WithoutResult() Option {
	return func(o *options) error {
		o.withoutResult = true
		return nil
	}
}

// ReuseChunk makes a chunk valid only until the next Next, and only for reading, so that Next need not make
// another. Strings of it stay valid, as do [Reader.Result] and [Reader.Partial].
func ReuseChunk() Option {
	return func(o *options) error {
		o.reuseChunk = true
		return nil
	}
}

// FirstEventTimeout limits how long Next waits, from the response headers on, until the first event is
// complete. A wait that is too long ends the stream with a [TimeoutError] whose phase is "first event". The
// default is no limit, because reasoning models can be silent for minutes. d must be positive.
func FirstEventTimeout(d time.Duration) Option {
	return func(o *options) error {
		if d <= 0 {
			return fmt.Errorf("stream: FirstEventTimeout: %v is not positive", d)
		}
		o.firstEventTimeout = d
		return nil
	}
}

// IdleTimeout limits how long Next waits without a sign of an event, once the first has begun. An event of any
// type is such a sign, and so are bytes of an unfinished one, but not comments, id and retry lines, which
// servers send to keep a connection open. Only waiting counts, not what the caller does between two calls of
// Next. A wait that is too long ends the stream with a [TimeoutError] whose phase is "idle". The default is no
// limit, because reasoning models can be silent for minutes. d must be positive.
func IdleTimeout(d time.Duration) Option {
	return func(o *options) error {
		if d <= 0 {
			return fmt.Errorf("stream: IdleTimeout: %v is not positive", d)
		}
		o.idleTimeout = d
		return nil
	}
}

// Expect says what was asked for, so that an answer without a [DONE] marker that lacks some of it is known to
// be truncated: the number of choices (n of the request; 0 if unknown) and whether the usage was requested
// (stream_options.include_usage). The client of package chatspec says so by itself.
func Expect(choices int, usage bool) Option {
	return func(o *options) error {
		if choices < 0 {
			return fmt.Errorf("stream: Expect: %d choices", choices)
		}
		o.choices, o.usage = choices, usage
		return nil
	}
}

// CheckOptions returns the error that [Open] would return for these options, for those who keep them until
// there is a response.
func CheckOptions(opts ...Option) error {
	return new(options).set(opts)
}

// options is what all options together say.
type options struct {
	maxEventBytes int
	maxTotalBytes int64
	maxErrorBytes int
	withoutResult bool
	reuseChunk    bool
	choices       int // expected, 0 for unknown
	usage         bool

	firstEventTimeout, idleTimeout time.Duration // 0 for none
}

// set applies opts in their order to the defaults and returns the first error.
func (o *options) set(opts []Option) error {
	*o = options{
		maxEventBytes: DefaultMaxEventBytes,
		maxTotalBytes: noTotalLimit,
		maxErrorBytes: api.DefaultMaxErrorBytes,
	}
	for _, opt := range opts {
		if opt == nil {
			return errors.New("stream: an option is nil")
		}
		if err := opt(o); err != nil {
			return err
		}
	}
	return nil
}
