package codec_test

import (
	"encoding/json"
	"testing"

	"github.com/chatspec/chatspec/codec"
)

// The types and decoders below are what the templates generate for a streamed event, with the
// fields that a text event has.

type event struct {
	ID          string        `json:"id"`
	Object      string        `json:"object"`
	Created     int64         `json:"created"`
	Model       string        `json:"model"`
	ServiceTier string        `json:"service_tier"`
	Fingerprint string        `json:"system_fingerprint"`
	Choices     []eventChoice `json:"choices"`
	Usage       *eventUsage   `json:"usage"`
}

type eventChoice struct {
	Index        int            `json:"index"`
	Delta        eventDelta     `json:"delta"`
	Logprobs     *eventLogprobs `json:"logprobs"`
	FinishReason string         `json:"finish_reason"`
}

type eventLogprobs struct {
	Content []eventToken `json:"content"`
}

type eventToken struct {
	Token       string       `json:"token"`
	Logprob     float64      `json:"logprob"`
	Bytes       []int        `json:"bytes"`
	TopLogprobs []eventToken `json:"top_logprobs"`
}

type eventDelta struct {
	Role      string      `json:"role"`
	Content   *string     `json:"content"`
	ToolCalls []eventCall `json:"tool_calls"`
}

type eventCall struct {
	Index    int           `json:"index"`
	ID       string        `json:"id"`
	Function eventFunction `json:"function"`
}

type eventFunction struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type eventUsage struct {
	TotalTokens int `json:"total_tokens"`
}

func (t *event) DecodeJSON(d *codec.Decoder) {
	*t = event{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "id":
			d.StringTo(&t.ID)
		case "object":
			d.StringTo(&t.Object)
		case "created":
			d.Int64To(&t.Created)
		case "model":
			d.StringTo(&t.Model)
		case "service_tier":
			d.StringTo(&t.ServiceTier)
		case "system_fingerprint":
			d.StringTo(&t.Fingerprint)
		case "choices":
			codec.DeltasTo(d, &t.Choices, (*eventChoice).DecodeJSON)
		case "usage":
			codec.PointerTo(d, &t.Usage, (*eventUsage).DecodeJSON)
		default:
			d.Skip()
		}
	}
}

func (t *eventChoice) DecodeJSON(d *codec.Decoder) {
	*t = eventChoice{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "index":
			d.IntTo(&t.Index)
		case "delta":
			t.Delta.DecodeJSON(d)
		case "logprobs":
			codec.PointerTo(d, &t.Logprobs, (*eventLogprobs).DecodeJSON)
		case "finish_reason":
			d.StringTo(&t.FinishReason)
		default:
			d.Skip()
		}
	}
}

func (t *eventLogprobs) DecodeJSON(d *codec.Decoder) {
	*t = eventLogprobs{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "content":
			codec.SliceTo(d, &t.Content, (*eventToken).DecodeJSON)
		default:
			d.Skip()
		}
	}
}

func (t *eventToken) DecodeJSON(d *codec.Decoder) {
	*t = eventToken{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "token":
			d.StringTo(&t.Token)
		case "logprob":
			t.Logprob = d.ReadFloat()
		case "bytes":
			codec.SliceTo(d, &t.Bytes, readInt)
		case "top_logprobs":
			codec.SliceTo(d, &t.TopLogprobs, (*eventToken).DecodeJSON)
		default:
			d.Skip()
		}
	}
}

func (t *eventDelta) DecodeJSON(d *codec.Decoder) {
	*t = eventDelta{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "role":
			d.StringTo(&t.Role)
		case "content":
			codec.PointerTo(d, &t.Content, readString)
		case "tool_calls":
			codec.DeltasTo(d, &t.ToolCalls, (*eventCall).DecodeJSON)
		default:
			d.Skip()
		}
	}
}

func (t *eventCall) DecodeJSON(d *codec.Decoder) {
	*t = eventCall{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "index":
			d.IntTo(&t.Index)
		case "id":
			d.StringTo(&t.ID)
		case "function":
			t.Function.DecodeJSON(d)
		default:
			d.Skip()
		}
	}
}

func (t *eventFunction) DecodeJSON(d *codec.Decoder) {
	*t = eventFunction{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "name":
			d.StringTo(&t.Name)
		case "arguments":
			d.StringTo(&t.Arguments)
		default:
			d.Skip()
		}
	}
}

func (t *eventUsage) DecodeJSON(d *codec.Decoder) {
	*t = eventUsage{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "total_tokens":
			d.IntTo(&t.TotalTokens)
		default:
			d.Skip()
		}
	}
}

func readInt(v *int, d *codec.Decoder)       { d.IntTo(v) }
func readString(v *string, d *codec.Decoder) { d.StringTo(v) }

const textEvent = `{"id":"chatcmpl-BkZ0v7pXWcJQ1hZ2mKq8sT4uYw3Rn","object":"chat.completion.chunk",` +
	`"created":1750000000,"model":"gpt-5.4-2026-03-05","service_tier":"default",` +
	`"system_fingerprint":"fp_34a54ae93c","choices":[{"index":0,"delta":{"content":" world"},` +
	`"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"x7Kq0pVbN2mZr"}`

const toolEvent = `{"id":"chatcmpl-BkZ0v7pXWcJQ1hZ2mKq8sT4uYw3Rn","object":"chat.completion.chunk",` +
	`"created":1750000000,"model":"gpt-5.4-2026-03-05","service_tier":"default",` +
	`"system_fingerprint":"fp_34a54ae93c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,` +
	`"function":{"arguments":"{\"location\":\"Zürich\",\n\"unit\":"}}]},"logprobs":null,"finish_reason":null}]}`

const logprobsEvent = `{"id":"chatcmpl-BkZ0v7pXWcJQ1hZ2mKq8sT4uYw3Rn","object":"chat.completion.chunk",` +
	`"created":1750000000,"model":"gpt-5.4-2026-03-05","choices":[{"index":0,"delta":{"content":" a"},` +
	`"logprobs":{"content":[{"token":" a","logprob":-0.31725305318832397,"bytes":[32,97],"top_logprobs":[` +
	`{"token":" a","logprob":-0.31725305,"bytes":[32,97]},{"token":" b","logprob":-1.9361264e-07,"bytes":[32,98]},` +
	`{"token":" c","logprob":-12.25,"bytes":[32,99]},{"token":" d","logprob":-17.125,"bytes":[32,100]}]}]}}]}`

func BenchmarkEvent(b *testing.B) {
	for _, c := range []struct{ name, json string }{
		{"text", textEvent}, {"tool", toolEvent}, {"logprobs", logprobsEvent},
	} {
		data := []byte(c.json)
		run := func(name string, f func() bool) {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					if !f() {
						b.Fatal("refused")
					}
				}
			})
		}
		var d codec.Decoder
		var v event
		run("decoder", func() bool {
			d.Reset(data)
			v.DecodeJSON(&d)
			return d.End() == nil
		})
		run("unmarshal", func() bool { return codec.Unmarshal(data, &v, (*event).DecodeJSON) == nil })
		run("skip", func() bool {
			d.Reset(data)
			d.Skip()
			return d.End() == nil
		})
		run("json.Valid", func() bool { return json.Valid(data) })
		run("encoding/json", func() bool { return json.Unmarshal(data, (*plainEvent)(&v)) == nil })
	}
}

// plainEvent is event without a method that encoding/json would call.
type plainEvent event
