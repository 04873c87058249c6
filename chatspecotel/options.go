package chatspecotel

import (
	"errors"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Option configures [Hooks], which reports the first error. Later options override earlier ones.
type Option func(*config) error

type config struct {
	tracers  trace.TracerProvider
	meters   metric.MeterProvider
	provider string // empty: by the base URL
}

// WithTracerProvider sets where spans go. The default is the global provider, otel.GetTracerProvider, also one
// that is set later.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(c *config) error {
		if provider == nil {
			return errors.New("chatspecotel: WithTracerProvider: nil")
		}
		c.tracers = provider
		return nil
	}
}

// WithMeterProvider sets where metrics go. The default is the global provider, otel.GetMeterProvider, also one
// that is set later.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(c *config) error {
		if provider == nil {
			return errors.New("chatspecotel: WithMeterProvider: nil")
		}
		c.meters = provider
		return nil
	}
}

// WithProviderName sets the gen_ai.provider.name, such as "vllm" or the name of a gateway. The default follows
// from the host of the base URL where the conventions have a name for it (openai, azure.ai.openai, deepseek,
// groq, mistral_ai and so on), and is [FallbackProvider] otherwise.
func WithProviderName(name string) Option {
	return func(c *config) error {
		if name == "" {
			return errors.New("chatspecotel: WithProviderName: the name is empty")
		}
		c.provider = name
		return nil
	}
}

// newConfig applies opts in their order.
func newConfig(opts []Option) (*config, error) {
	c := &config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("chatspecotel: an option is nil")
		}
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}
