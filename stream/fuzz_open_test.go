package stream_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// FuzzOpen gives Open any answer. It never panics and never hangs, ends in exactly one of the outcomes, the
// same however the bytes arrive, and its result never changes.
func FuzzOpen(f *testing.F) {
	good := sse(say(0, "Hello", ""), say(0, "", "stop"), usage, "[DONE]")
	for _, body := range []string{
		good, good[:len(good)/2], sse(`{"error":{"message":"m"}}`), sse(`{"error":null,"choices":[]}`), "event: error\ndata: x\n\n",
		`{"choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}`, `{"error":"x"}`, `{}`, "<html>",
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":9,\"id\":\"a\",\"function\":{\"arguments\":\"{}\"}}]}}]}\r\n\r\n",
		sse(say(1<<40, "x", "stop")), "\ufeff:\r\rdata\r\rdata: [DONE]",
	} {
		for kind := range byte(4) {
			f.Add(false, kind, []byte(body))
		}
		f.Add(true, byte(0), []byte(body))
	}
	f.Fuzz(func(t *testing.T, refused bool, kind byte, body []byte) {
		status := http.StatusOK
		if refused {
			status = http.StatusTooManyRequests
		}
		contentType := []string{eventStream, "application/json", "", "text/plain"}[kind%4]
		end := func(one bool) (string, *chat.CreateChatCompletionResponse) {
			resp := answer(status, contentType, bytes.NewReader(body))
			if one {
				resp.Body = &closing{Reader: iotest.OneByteReader(bytes.NewReader(body))}
			}
			s, err := stream.Open(resp, stream.MaxEventBytes(1<<16), stream.MaxErrorBytes(1<<12))
			if err != nil {
				if c, ok := resp.Body.(*closing); !ok || !c.closed {
					t.Error("the body is open")
				}
				return outcomeOf(t, err), nil
			}
			result, err := s.Result()
			if again, err2 := s.Result(); again != result || err2 != err || err != s.Err() || result == nil || s.Next() {
				t.Errorf("the end changed: %v, %v, %v", err, err2, s.Err())
			}
			if err == nil && s.Streamed() && len(result.Choices) == 0 {
				t.Error("an empty success")
			}
			return outcomeOf(t, err), result
		}
		outcome, result := end(false)
		outcome1, result1 := end(true)
		if outcome != outcome1 || !reflect.DeepEqual(result, result1) {
			t.Errorf("whole: %s, %+v\nbyte by byte: %s, %+v", outcome, result, outcome1, result1)
		}
	})
}

// outcomeOf returns the only outcome that err is.
func outcomeOf(t *testing.T, err error) string {
	t.Helper()
	var found []string
	for name, is := range outcomes {
		if is(err) {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		t.Errorf("%v is %d outcomes: %q", err, len(found), found)
	}
	return strings.Join(found, " ")
}

// FuzzSplitResponse takes any response, tells it in chunks cut at random, sends these through Writer and
// reads them back: the result is the response.
func FuzzSplitResponse(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, a, b uint64) {
		rng := rand.New(rand.NewPCG(a, b))
		var response chat.CreateChatCompletionResponse
		fill(rng, reflect.ValueOf(&response).Elem())
		for i := range response.Choices {
			response.Choices[i].Index = i
		}
		response.Metadata = nil // chunks have none
		want := &response
		whole := chat.Codec{}.Chunk(want)

		w := httptest.NewRecorder()
		out := stream.NewWriter(w)
		for _, part := range scatter(rng, reflect.ValueOf(*whole)) {
			if err := out.Chunk(part.Interface()); err != nil {
				t.Fatal(err)
			}
		}
		if err := out.Done(); err != nil {
			t.Fatal(err)
		}
		s, err := stream.Open(w.Result())
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Result()
		if len(want.Choices) == 0 {
			checkOutcome(t, err, "truncated")
		} else if err != nil {
			t.Error(err)
		}
		if !reflect.DeepEqual(got, want) {
			g, _ := json.Marshal(got)
			w, _ := json.Marshal(want)
			t.Errorf("got\n%s\nwant\n%s", g, w)
		}
	})
}

// fill sets v and what is in it to random values, as a response has them: lists of one to three elements or
// nil, pointers set or nil. Of unions it knows the tool calls; others stay nil.
func fill(rng *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if constant, ok := reflect.TypeAssert[encoding.TextMarshaler](v); ok {
			text, _ := constant.MarshalText()
			v.SetString(string(text))
			return
		}
		words := []string{"", "a", "é", "\n\"<", "😀 long text", `{"x":1}`}
		v.SetString(words[rng.IntN(len(words))])
	case reflect.Int, reflect.Int64:
		v.SetInt(rng.Int64N(1000))
	case reflect.Float64:
		v.SetFloat(-rng.Float64())
	case reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case reflect.Pointer:
		if rng.IntN(2) == 0 && v.Type() != reflect.TypeFor[*chat.Moderation]() {
			v.Set(reflect.New(v.Type().Elem()))
			fill(rng, v.Elem())
		}
	case reflect.Slice:
		if n := rng.IntN(4); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				fill(rng, v.Index(i))
			}
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(rng, field)
		}
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[chat.ToolCall]() {
			variants := []any{new(chat.FunctionToolCall), new(chat.CustomToolCall)}
			call := reflect.ValueOf(variants[rng.IntN(2)]).Elem()
			fill(rng, call)
			call.FieldByName("ID").SetString("call_" + string(rune('a'+rng.IntN(26))))
			v.Set(call)
		}
	}
}

// wholeFields are strings and objects of which a delta has all or nothing.
var wholeFields = []string{"ID", "Model", "Name", "SystemFingerprint", "Usage", "Moderation"}

// scatter cuts a delta, a struct, into deltas that add up to it. Each says the index of the whole, if that has
// one. The order of what belongs to one field is kept, everything else is mixed.
func scatter(rng *rand.Rand, v reflect.Value) []reflect.Value {
	var queues [][]reflect.Value
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if v.Field(i).IsZero() || name == "Index" {
			continue
		}
		var queue []reflect.Value
		for _, piece := range cut(rng, name, v.Field(i)) {
			part := reflect.New(v.Type()).Elem()
			if index := v.FieldByName("Index"); index.IsValid() {
				part.FieldByName("Index").Set(index)
			}
			part.Field(i).Set(piece)
			queue = append(queue, part)
		}
		queues = append(queues, queue)
	}
	if len(queues) == 0 {
		return []reflect.Value{v}
	}
	var mixed []reflect.Value
	for len(queues) > 0 {
		i := rng.IntN(len(queues))
		mixed = append(mixed, queues[i][0])
		if queues[i] = queues[i][1:]; len(queues[i]) == 0 {
			queues = slices.Delete(queues, i, i+1)
		}
	}
	return mixed
}

// cut cuts the value of a field.
func cut(rng *rand.Rand, name string, v reflect.Value) (pieces []reflect.Value) {
	whole := []reflect.Value{v}
	switch {
	case slices.Contains(wholeFields, name):
		return whole
	case v.Type() == reflect.TypeFor[string]():
		runes := []rune(v.String())
		for len(runes) > 0 {
			n := 1 + rng.IntN(len(runes))
			pieces = append(pieces, reflect.ValueOf(string(runes[:n])))
			runes = runes[n:]
		}
		return pieces
	case v.Kind() == reflect.Struct:
		return scatter(rng, v)
	case v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct:
		for _, part := range scatter(rng, v.Elem()) {
			p := reflect.New(v.Type().Elem())
			p.Elem().Set(part)
			pieces = append(pieces, p)
		}
		return pieces
	case v.Kind() == reflect.Slice:
		_, indexed := v.Type().Elem().FieldByName("Index")
		for i := range v.Len() {
			elems := []reflect.Value{v.Index(i)}
			if indexed {
				elems = scatter(rng, v.Index(i))
			}
			for _, e := range elems {
				pieces = append(pieces, reflect.Append(reflect.MakeSlice(v.Type(), 0, 1), e))
			}
		}
		return pieces
	default:
		return whole
	}
}
