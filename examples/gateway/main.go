// The command gateway is an OpenAI-compatible proxy for chat completions before two or more servers. A request goes
// to the first of them, and to the next where one fails before its answer has begun. What vendors add passes through.
// Tokens are counted for each caller: GET /usage tells the sums.
//
//	export GATEWAY_CALLERS="alice=secret1 bob=secret2"       # who may call, with which key
//	export GATEWAY_KEY_1=sk-first GATEWAY_KEY_2=sk-second    # the gateway's own keys, one for each server
//	go run ./examples/gateway 127.0.0.1:8080 https://api.openai.com/v1 https://gpu.example.com/v1
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

func main() {
	g := &gateway{callers: map[string]string{}}
	for caller := range strings.FieldsSeq(os.Getenv("GATEWAY_CALLERS")) {
		name, key, _ := strings.Cut(caller, "=")
		g.callers["Bearer "+key] = name // no header ends in a blank, so nobody is let in by an empty key
	}
	if len(os.Args) < 3 || len(g.callers) == 0 {
		log.Fatal("usage: gateway ADDRESS URL…, with callers in GATEWAY_CALLERS, and keys in GATEWAY_KEY_1 and so on")
	}
	for i, server := range os.Args[2:] {
		if err := g.add(chatspec.WithBaseURL(server), chatspec.WithAPIKey(os.Getenv(fmt.Sprintf("GATEWAY_KEY_%d", i+1)))); err != nil {
			log.Fatal(err)
		}
	}
	log.Fatal(http.ListenAndServe(os.Args[1], g)) //nolint:gosec // set timeouts as your callers need them
}

type gateway struct {
	callers map[string]string // names by what they send as Authorization
	servers []*chat.Client
	used    expvar.Map // tokens by names
}

// add lets requests go to a server, once each: the next server takes the place of retries.
func (g *gateway) add(options ...chatspec.Option) error {
	client, err := chatspec.New(append(options, chatspec.WithMaxRetries(0), chatspec.WithHooks(chatspec.Hooks{End: g.count}))...)
	if err == nil {
		g.servers = append(g.servers, client.Raw())
	}
	return err
}

// callerName is the key of the caller's name in the context of a request.
type callerName struct{}

// count adds what an answer used, when it has ended.
func (g *gateway) count(ctx context.Context, call chatspec.Call) {
	if name, ok := ctx.Value(callerName{}).(string); ok && call.Usage != nil {
		g.used.Add(name+" prompt", int64(call.Usage.PromptTokens))
		g.used.Add(name+" completion", int64(call.Usage.CompletionTokens))
	}
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, known := g.callers[r.Header.Get("Authorization")]
	switch operation := r.Method + " " + r.URL.Path; {
	case !known:
		refuse(w, &api.Error{Status: http.StatusUnauthorized, Message: "unknown key"})
	case operation == "GET /usage":
		_, _ = io.WriteString(w, g.used.String())
	case operation == "POST /v1/chat/completions":
		g.complete(context.WithValue(r.Context(), callerName{}, name), w, r.Body)
	default:
		refuse(w, &api.Error{Status: http.StatusNotFound, Message: "no such operation"})
	}
}

// complete has the first server answer that begins to. What the caller did wrong no other server would like better.
func (g *gateway) complete(ctx context.Context, w http.ResponseWriter, r io.ReadCloser) {
	body, usage, err := withUsage(http.MaxBytesReader(w, r, 32<<20))
	if err != nil {
		refuse(w, &api.Error{Status: http.StatusBadRequest, Message: err.Error()})
		return
	}
	for _, server := range g.servers {
		if err = relay(ctx, w, server, body, usage); err == nil {
			return
		}
		log.Print(err) // which has no key in it, and no prompt but what the server repeats
		if errors.Is(err, api.ErrInvalidRequest) || ctx.Err() != nil {
			break
		}
	}
	refuse(w, err)
}

// withUsage reads a request and has its stream end with the usage, which is counted; usage is whether the caller
// asks for it too.
func withUsage(r io.Reader) (body []byte, usage bool, err error) {
	var request, options map[string]json.RawMessage
	if err := json.NewDecoder(r).Decode(&request); err != nil {
		return nil, false, err
	}
	if string(request["stream"]) == "true" {
		if json.Unmarshal(request["stream_options"], &options) != nil || options == nil {
			options = map[string]json.RawMessage{}
		}
		usage = string(options["include_usage"]) == "true"
		options["include_usage"] = json.RawMessage("true")
		request["stream_options"], _ = json.Marshal(options) // of raw JSON cannot fail
	}
	body, err = json.Marshal(request)
	return body, usage, err
}

// relay sends the answer of a server on as it arrives, and returns an error where none has begun. What breaks off
// later ends with an error in place of [DONE].
func relay(ctx context.Context, w http.ResponseWriter, server *chat.Client, body []byte, usage bool) error {
	resp, err := server.CreateChatCompletionWithBody(ctx, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	s, err := stream.Open(resp, stream.ReuseChunk(), stream.WithoutResult())
	if err != nil {
		return err
	}
	defer s.Close()
	if !s.Next() {
		return s.Err()
	}
	if !s.Streamed() {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(s.Raw())
		return nil
	}
	out := stream.NewWriter(w)
	for more := true; more; more = s.Next() {
		hidden := !usage && s.Chunk().Usage != nil && len(s.Chunk().Choices) == 0
		if !hidden && out.Event(stream.Event{Data: s.Raw()}) != nil {
			return nil // the caller is gone
		}
	}
	if err = s.Err(); err != nil {
		_ = out.Error(errorBody(refusal(err)))
		return nil
	}
	_ = out.Done()
	return nil
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, err error) {
	e := refusal(err)
	w.Header().Set("Content-Type", "application/json")
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds()+0.5)))
	}
	w.WriteHeader(max(e.Status, http.StatusBadRequest)) // an error inside a 200 is one, too
	_ = json.NewEncoder(w).Encode(errorBody(e))
}

// refusal is what a server said, or that no answer is to be had, without details of ours.
func refusal(err error) *api.Error {
	refused := &api.Error{Status: http.StatusBadGateway, Type: "server_error", Message: "no answer: " + string(chatspec.OutcomeOf(err))}
	errors.As(err, &refused)
	return refused
}

func errorBody(e *api.Error) chat.ErrorResponse {
	return chat.ErrorResponse{Error: chat.Error{Message: e.Message, Type: e.Type, Code: e.Code, Param: e.Param}}
}
