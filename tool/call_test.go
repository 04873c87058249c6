package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chatspec/chatspec/api"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tool"
)

type wait struct {
	Seconds int `json:"seconds"`
}

// waits returns calls of the tool "wait".
func waits(seconds ...int) chattest.Reply {
	calls := make(chat.ToolCalls, len(seconds))
	for i, s := range seconds {
		calls[i] = call(fmt.Sprint("id", i), "wait", fmt.Sprintf(`{"seconds":%d}`, s))
	}
	return chattest.ToolCalls(calls...)
}

// waiter is the tool "wait", which counts how many of its calls are under way.
type waiter struct {
	mu            sync.Mutex
	running, most int
}

func (w *waiter) tool() tool.Tool {
	return tool.New("wait", "", func(ctx context.Context, in wait) (string, error) {
		w.add(1)
		defer w.add(-1)
		select {
		case <-time.After(time.Duration(in.Seconds) * time.Second):
			return strconv.Itoa(in.Seconds), nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	})
}

func (w *waiter) add(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running += n
	w.most = max(w.most, w.running)
}

// TestCallsInParallel shows that calls are made at once, as far as that is allowed, and are answered in their order.
func TestCallsInParallel(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		parallel int
		elapsed  time.Duration
	}{{1, 15 * time.Second}, {2, 8 * time.Second}, {5, 5 * time.Second}, {0, 5 * time.Second}} {
		t.Run(strconv.Itoa(test.parallel), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, _ := newClient(t, waits(5, 4, 3, 2, 1), chattest.Text("done"))
				begin := time.Now()
				var counted waiter
				var ended []string
				runner := tool.Runner{Client: client, Parallel: test.parallel, OnResult: func(_ context.Context, call tool.Call) {
					ended = append(ended, call.Output)
					if want, _ := time.ParseDuration(call.Output + "s"); call.Elapsed != want {
						t.Errorf("the call took %v, want %v", call.Elapsed, want)
					}
				}}
				result, err := runner.Run(t.Context(), question(), counted.tool())
				if err != nil {
					t.Fatal(err)
				}
				_, texts := said(result.Messages)
				if want := []string{"5", "4", "3", "2", "1"}; !slices.Equal(texts, want) {
					t.Errorf("the calls were answered by %v, want %v", texts, want)
				}
				if elapsed := time.Since(begin); elapsed != test.elapsed {
					t.Errorf("the run took %v, want %v", elapsed, test.elapsed)
				}
				if test.parallel > 0 && counted.most != test.parallel {
					t.Errorf("%d calls were made at once, want %d", counted.most, test.parallel)
				}
				if test.parallel == 5 && !slices.Equal(ended, []string{"1", "2", "3", "4", "5"}) {
					t.Errorf("the calls ended in the order %v", ended)
				}
			})
		})
	}
}

// TestCallLimit shows that calls beyond the limit are answered, and not made.
func TestCallLimit(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{2: 2, 0: tool.DefaultMaxCalls} {
		client, _ := newClient(t, waits(make([]int, 150)...).Repeated())
		made := 0
		runner := tool.Runner{Client: client, MaxCalls: limit, MaxRounds: 2, OnCall: func(context.Context, tool.Call) { made++ }}
		result, err := runner.Run(t.Context(), question(), new(waiter).tool())
		if !errors.Is(err, tool.ErrRounds) || made != want {
			t.Errorf("%d calls were made, want %d; the error is %v", made, want, err)
		}
		_, texts := said(result.Messages)
		if got := fmt.Sprintf("error: the answer has too many calls: only the first %d are made", want); texts[want-1] != "0" || texts[want] != got {
			t.Errorf("the calls are answered by %q", texts)
		}
		runner.Fatal = func(err error) bool { return errors.Is(err, tool.ErrCallLimit) }
		if _, err := runner.Run(t.Context(), question(), new(waiter).tool()); !errors.Is(err, tool.ErrCallLimit) || made != want {
			t.Errorf("%d calls were made, want %d; the error is %v", made, want, err)
		}
	}
}

// TestRunTimeout shows that a run ends in time even where a function takes no notice, and what is said of its calls.
func TestRunTimeout(t *testing.T) {
	t.Parallel()
	for name, deaf := range map[string]bool{"a function that listens": false, "a deaf function": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, _ := newClient(t, waits(1, 100, 1))
				sleeper := tool.New("wait", "", func(ctx context.Context, in wait) (string, error) {
					if deaf {
						ctx = context.WithoutCancel(ctx)
					}
					select {
					case <-time.After(time.Duration(in.Seconds) * time.Second):
						return "slept", nil
					case <-ctx.Done():
						return "", ctx.Err()
					}
				})
				begin := time.Now()
				result, err := tool.Runner{Client: client, Timeout: 10 * time.Second, Parallel: 1}.Run(t.Context(), question(), sleeper)
				timeout, ok := errors.AsType[*api.TimeoutError](err)
				if !ok || timeout.Phase != tool.PhaseRun || timeout.Limit != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("the error is %v, want a timeout of the run", err)
				}
				if errors.Is(err, tool.ErrRounds) { // which looks at all that the error wraps
					t.Errorf("the error is %v, and says that it is another", err)
				}
				if want := "tool: Run: timeout (run) after 10s"; err.Error() != want {
					t.Errorf("the error is %q, want %q", err, want)
				}
				if elapsed := time.Since(begin); elapsed != 10*time.Second {
					t.Errorf("the run took %v, want 10s", elapsed)
				}
				_, texts := said(result.Messages)
				if len(texts) != 3 || texts[0] != "slept" || !strings.HasPrefix(texts[1], "error: ") || !strings.Contains(texts[2], "not made") {
					t.Errorf("the calls were answered by %q", texts)
				}
				if deaf && !strings.Contains(texts[1], "not known") {
					t.Errorf("the call under way was answered by %q", texts[1])
				}
				time.Sleep(time.Hour) // until the deaf function has slept enough
			})
		})
	}
}

// TestRunTimeoutInAnswer shows that the time of the whole run counts, not that of each request.
func TestRunTimeoutInAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := newClient(t, waits(1).WithDelay(6*time.Second).Repeated())
		result, err := tool.Runner{Client: client, Timeout: 10 * time.Second}.Run(t.Context(), question(), new(waiter).tool())
		if timeout, ok := errors.AsType[*api.TimeoutError](err); !ok || timeout.Phase != tool.PhaseRun {
			t.Fatalf("the error is %v, want a timeout of the run", err)
		}
		if result.Rounds != 1 || len(result.Messages) != 3 {
			t.Errorf("%d rounds and %d messages, want 1 and 3", result.Rounds, len(result.Messages))
		}
	})
}

// TestRunContext shows that the caller's context ends a run, and how that is told apart from the timeout.
func TestRunContext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		context func(context.Context) (context.Context, context.CancelFunc)
		want    error
	}{
		{"deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 5*time.Second)
		}, context.DeadlineExceeded},
		{"cancelled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(5*time.Second, func() { cancel(errors.New("the user left")) })
			return ctx, func() { cancel(nil) }
		}, context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, _ := newClient(t, waits(100))
				ctx, cancel := test.context(t.Context())
				defer cancel()
				_, err := tool.Runner{Client: client, Timeout: -1}.Run(ctx, question(), new(waiter).tool())
				if !errors.Is(err, test.want) {
					t.Fatalf("the error is %v, want %v", err, test.want)
				}
				if timeout, ok := errors.AsType[*api.TimeoutError](err); ok && timeout.Phase != api.PhaseTotal {
					t.Errorf("the phase is %v, want %v", timeout.Phase, api.PhaseTotal)
				}
			})
		})
	}
}

// TestContextEnds shows that the context of a function ends with the run.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t, chattest.ToolCalls(call("a", "keep", `{}`)), chattest.Text("done"))
	var kept context.Context
	keep := tool.New("keep", "", func(ctx context.Context, _ struct{}) (string, error) {
		kept = ctx
		return "", ctx.Err()
	})
	if _, err := tool.Run(t.Context(), client, question(), keep); err != nil {
		t.Fatal(err)
	}
	<-kept.Done()
}

var errTool = errors.New("no such city")

// failing returns a tool that fails in the way its argument says.
func failing() tool.Tool {
	type how struct {
		How string `json:"how" enum:"error,panic,exit,json"`
	}
	return tool.New("fail", "", func(_ context.Context, in how) (any, error) {
		switch in.How {
		case "panic":
			panic("a secret")
		case "exit":
			runtime.Goexit()
		case "json":
			return func() {}, nil
		}
		return "something", errTool
	})
}

// failures are calls that fail, each with what the model is told and what Fatal is asked.
var failures = []struct {
	name  string
	call  chat.ToolCall
	told  string
	fatal func(error) bool
}{
	{"an error", call("a", "fail", `{"how":"error"}`), "error: no such city", func(err error) bool { return errors.Is(err, errTool) }},
	{"a panic", call("a", "fail", `{"how":"panic"}`), "error: the tool panicked", func(err error) bool {
		p, ok := errors.AsType[*tool.PanicError](err)
		return ok && p.Value == "a secret" && strings.Contains(string(p.Stack), "call_test.go")
	}},
	{"no return", call("a", "fail", `{"how":"exit"}`), "error: the tool did not return", func(error) bool { return true }},
	{"a result that is no JSON", call("a", "fail", `{"how":"json"}`), "error: the result cannot be written as JSON: json: unsupported type: func()", func(error) bool { return true }},
	{"an unknown tool", call("a", "get_time", `{}`), `error: there is no such tool: "get_time"`, func(err error) bool { return errors.Is(err, tool.ErrUnknownTool) }},
	{"a function called as custom", chat.CustomToolCall{ID: "a", Custom: chat.CustomCall{Name: "fail", Input: "x"}}, `error: there is no such tool: "fail"`, func(err error) bool {
		return errors.Is(err, tool.ErrUnknownTool)
	}},
	{"arguments that are no JSON", call("a", "fail", `{"how":`), "error: the arguments are invalid: not valid JSON: unexpected end of JSON input", isArguments},
	{"an enum", call("a", "fail", `{"how":"slowly"}`), "error: the arguments are invalid: /properties/how: enum: slowly does not equal any of: [error panic exit json]", isArguments},
	{"no arguments", call("a", "fail", ``), `error: the arguments are invalid: required: missing properties: ["how"]`, isArguments},
	{"one argument twice", call("a", "fail", `{"how":"slowly","how":"exit"}`), `error: the arguments are invalid: an object has the name "how" twice`, isArguments},
	{"one argument too many", call("a", "fail", `{"how":"error","why":1}`), `error: the arguments are invalid: unexpected additional properties ["why"]`, isArguments},
}

func isArguments(err error) bool {
	_, ok := errors.AsType[*tool.ArgumentsError](err)
	return ok
}

func TestCallFails(t *testing.T) {
	t.Parallel()
	for _, test := range failures {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, _ := newClient(t, chattest.ToolCalls(test.call), chattest.Text("I see."))
			var seen error
			runner := tool.Runner{Client: client, OnResult: func(_ context.Context, call tool.Call) {
				seen = call.Err
				if call.Output != "" {
					t.Errorf("the output is %q, want none", call.Output)
				}
			}}
			result, err := runner.Run(t.Context(), question(), failing())
			if err != nil {
				t.Fatal(err)
			}
			if _, texts := said(result.Messages); len(texts) != 1 || texts[0] != test.told {
				t.Errorf("the model was told %q, want %q", texts, test.told)
			}
			if !test.fatal(seen) {
				t.Errorf("OnResult saw %v", seen)
			}
		})
	}
}

func TestCallFatal(t *testing.T) {
	t.Parallel()
	for _, test := range failures {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, srv := newClient(t, chattest.ToolCalls(test.call, call("b", "get_weather", `{"city":"Paris"}`)))
			result, err := tool.Runner{Client: client, Parallel: 1, Fatal: test.fatal}.Run(t.Context(), question(), failing(), warm())
			failed, ok := errors.AsType[*tool.CallError](err)
			if !ok || !test.fatal(err) || failed.Call.ID != "a" || failed.Call.Err == nil {
				t.Fatalf("the error is %v", err)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "slowly") {
				t.Errorf("the error quotes: %v", err)
			}
			ids, texts := said(result.Messages)
			if want := []string{"a", "b"}; !reflect.DeepEqual(ids, want) || texts[0] != test.told || !strings.Contains(texts[1], "not made") {
				t.Errorf("calls %v are answered by %q, want %v", ids, texts, want)
			}
			if n := len(srv.Requests()); n != 1 {
				t.Errorf("%d requests were sent, want 1", n)
			}
		})
	}
}

// TestCallFatalWaits shows that calls under way are waited for when another one ends the run, and that the first
// error is the one that counts.
func TestCallFatalWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := newClient(t, waits(2, 1, 3, 4))
		sleeper := tool.New("wait", "", func(_ context.Context, in wait) (string, error) {
			time.Sleep(time.Duration(in.Seconds) * time.Second)
			return "", fmt.Errorf("failed after %d", in.Seconds)
		})
		result, err := tool.Runner{Client: client, Parallel: 3, Fatal: func(error) bool { return true }}.Run(t.Context(), question(), sleeper)
		if want := `tool: Run: tool "wait": failed after 1`; err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
		_, texts := said(result.Messages)
		if want := []string{"error: failed after 2", "error: failed after 1", "error: failed after 3"}; !slices.Equal(texts[:3], want) || !strings.Contains(texts[3], "not made") {
			t.Errorf("the calls are answered by %q, want %q", texts, want)
		}
	})
}

// TestApprove allows, denies and aborts, all before the first call is made.
func TestApprove(t *testing.T) {
	t.Parallel()
	errUser := errors.New("the user left")
	reply := chattest.ToolCalls(
		call("a", "get_weather", `{"city":"Paris"}`), call("b", "get_weather", `{"city":5}`),
		call("c", "get_weather", `{"city":"Rome"}`), call("d", "get_weather", `{"city":"Oslo"}`))
	for _, test := range []struct {
		name   string
		last   error
		asked  []string
		told   []string
		called []string
	}{
		{"allow", nil, []string{"a", "c", "d"}, []string{
			`{"city":"Paris","degrees":5}`, "error: the arguments are invalid: ", "error: the call was not allowed: no romans", `{"city":"Oslo","degrees":4}`,
		}, []string{"a", "d"}},
		{"deny without a reason", tool.Deny(""), []string{"a", "c", "d"}, []string{
			`{"city":"Paris","degrees":5}`, "error: the arguments are invalid: ", "error: the call was not allowed: no romans", "error: the call was not allowed",
		}, []string{"a"}},
		{"abort", errUser, []string{"a", "c", "d"}, []string{
			"error: the call was not made", "error: the arguments are invalid: ", "error: the call was not allowed: no romans", "error: the call was not made",
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, _ := newClient(t, reply, chattest.Text("done"))
			var asked, called []string
			runner := tool.Runner{
				Client: client,
				Approve: func(_ context.Context, call tool.Call) error {
					asked = append(asked, call.ID)
					if len(called) > 0 {
						t.Error("a call was made before the last one was approved")
					}
					switch call.ID {
					case "c":
						return tool.Deny("no romans")
					case "d":
						return test.last
					}
					return nil
				},
				OnCall: func(_ context.Context, call tool.Call) { called = append(called, call.ID) },
				Fatal:  func(err error) bool { return !isArguments(err) }, // is not asked for what is denied
			}
			result, err := runner.Run(t.Context(), question(), warm())
			if errors.Is(test.last, errUser) != (err != nil) || err != nil && !errors.Is(err, errUser) {
				t.Fatalf("the error is %v", err)
			}
			_, texts := said(result.Messages)
			if len(texts) != len(test.told) {
				t.Fatalf("%d calls are answered, want %d", len(texts), len(test.told))
			}
			for i, want := range test.told {
				if !strings.HasPrefix(texts[i], want) {
					t.Errorf("call %d is answered by %q, want %q", i, texts[i], want)
				}
			}
			if !slices.Equal(asked, test.asked) || !slices.Equal(called, test.called) {
				t.Errorf("asked for %v and called %v, want %v and %v", asked, called, test.asked, test.called)
			}
		})
	}
}

// TestCallFrom shows what a function knows of its call, and a hook of its end.
func TestCallFrom(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t,
		chattest.ToolCalls(call("a", "who", `{}`)),
		chattest.ToolCalls(call("b", "who", ``), call("c", "who", `{}`)), chattest.Text("done"))
	who := tool.New("who", "", func(ctx context.Context, _ struct{}) (string, error) {
		c, ok := tool.CallFrom(ctx)
		return fmt.Sprint(c.ID, c.Name, c.Round, c.Index, ok), nil
	})
	result, err := tool.Run(t.Context(), client, question(), who)
	if err != nil {
		t.Fatal(err)
	}
	if _, texts := said(result.Messages); !slices.Equal(texts, []string{"awho1 0 true", "bwho2 0 true", "cwho2 1 true"}) {
		t.Errorf("the function knows %q", texts)
	}
	if _, ok := tool.CallFrom(t.Context()); ok {
		t.Error("a context without a call has one")
	}
}

// TestOutputs shows what a model reads of what a function returns.
func TestOutputs(t *testing.T) {
	t.Parallel()
	type name string
	for _, test := range []struct {
		name string
		out  any
		want string
	}{
		{"a string", "plain \"text\"", "plain \"text\""},
		{"a type made of one", name("x"), "x"},
		{"nothing", nil, "null"},
		{"a number", 5, "5"},
		{"raw JSON", json.RawMessage(`{"a":1}`), `{"a":1}`},
		{"a struct", weather{City: "<Paris>"}, `{"city":"<Paris>","degrees":0}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client, _ := newClient(t, chattest.ToolCalls(call("a", "f", `{}`)), chattest.Text("done"))
			f := tool.New("f", "", func(context.Context, struct{}) (any, error) { return test.out, nil })
			result, err := tool.Run(t.Context(), client, question(), f)
			if err != nil {
				t.Fatal(err)
			}
			if _, texts := said(result.Messages); texts[0] != test.want {
				t.Errorf("the model reads %q, want %q", texts[0], test.want)
			}
		})
	}
}

// TestCustom calls a tool with free text.
func TestCustom(t *testing.T) {
	t.Parallel()
	grammar := chat.GrammarFormat{Grammar: chat.Grammar{Syntax: chat.GrammarSyntaxRegex, Definition: "[a-z]+"}}
	client, srv := newClient(t,
		chattest.ToolCalls(chat.CustomToolCall{ID: "a", Custom: chat.CustomCall{Name: "shout", Input: "hello"}}, call("b", "shout", `{}`)),
		chattest.Text("done"))
	shout := tool.NewCustom(chat.CustomDefinition{Name: "shout", Description: "Shout.", Format: grammar},
		func(_ context.Context, input string) (string, error) { return strings.ToUpper(input), nil })
	result, err := tool.Run(t.Context(), client, question(), shout)
	if err != nil {
		t.Fatal(err)
	}
	if _, texts := said(result.Messages); !slices.Equal(texts, []string{"HELLO", `error: there is no such tool: "shout"`}) {
		t.Errorf("the calls are answered by %q", texts)
	}
	sameValue(t, "the definition", srv.Requests()[0].Body.Tools, chat.Tools{
		chat.CustomTool{Custom: chat.CustomDefinition{Name: "shout", Description: "Shout.", Format: grammar}},
	})
}

// TestRaw calls a tool with a schema that somebody wrote.
func TestRaw(t *testing.T) {
	t.Parallel()
	echo := func(_ context.Context, arguments json.RawMessage) (string, error) { return string(arguments), nil }
	schema := map[string]any{"type": "object", "properties": map[string]any{"n": map[string]any{"type": "integer", "multipleOf": 2}}}
	client, _ := newClient(t,
		chattest.ToolCalls(
			call("a", "even", `{"n":2}`), call("b", "even", `{"n":3}`), call("c", "any", `{"x":[]}`), call("d", "any", `[]`), call("e", "any", ``)),
		chattest.Text("done"))
	result, err := tool.Run(t.Context(), client, question(),
		tool.NewRaw(chat.FunctionDefinition{Name: "even", Parameters: schema}, echo),
		tool.NewRaw(chat.FunctionDefinition{Name: "any"}, echo).Loose())
	if err != nil {
		t.Fatal(err)
	}
	_, texts := said(result.Messages)
	for i, want := range []string{`{"n":2}`, "error: the arguments are invalid: ", `{"x":[]}`, "error: the arguments are invalid: ", `{}`} {
		if !strings.HasPrefix(texts[i], want) {
			t.Errorf("call %d is answered by %q, want %q", i, texts[i], want)
		}
	}
	for _, bad := range []any{func() {}, "a string", json.RawMessage(`{"type":5}`), json.RawMessage(`{"$ref":"#/nowhere"}`)} {
		if _, err := tool.NewRaw(chat.FunctionDefinition{Name: "f", Parameters: bad}, echo).Definition(); err == nil {
			t.Errorf("%v is a schema", bad)
		}
	}
}

// panicking is an argument that panics when it is read.
type panicking struct{}

func (*panicking) UnmarshalText([]byte) error { panic("bad text") }

func TestArgumentPanics(t *testing.T) {
	t.Parallel()
	type arguments struct {
		Bad panicking `json:"bad"`
	}
	client, _ := newClient(t, chattest.ToolCalls(call("a", "f", `{"bad":"x"}`)), chattest.Text("done"))
	f := tool.New("f", "", func(context.Context, arguments) (string, error) { return "", nil })
	result, err := tool.Run(t.Context(), client, question(), f)
	if err != nil {
		t.Fatal(err)
	}
	if _, texts := said(result.Messages); texts[0] != "error: the tool panicked" {
		t.Errorf("the model was told %q", texts[0])
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"f": true, "get_Weather-2": true, strings.Repeat("x", 64): true,
		"": false, "get weather": false, "f.g": false, "é": false, strings.Repeat("x", 65): false,
	} {
		f := tool.New(name, "", func(context.Context, struct{}) (string, error) { return "", nil })
		if _, err := f.Definition(); (err == nil) != good {
			t.Errorf("%q: the error is %v", name, err)
		}
		if f.Name() != name {
			t.Errorf("the name is %q, want %q", f.Name(), name)
		}
	}
}

// TestReasonIsBounded shows that a model is not told all of what it wrote.
func TestReasonIsBounded(t *testing.T) {
	t.Parallel()
	client, _ := newClient(t, chattest.ToolCalls(call("a", "get_weather", `{"city":["`+strings.Repeat("é", 5000)+`"]}`)), chattest.Text("done"))
	result, err := tool.Run(t.Context(), client, question(), warm())
	if err != nil {
		t.Fatal(err)
	}
	if _, texts := said(result.Messages); len(texts[0]) > 1200 || !strings.HasSuffix(texts[0], " …") {
		t.Errorf("the model is told %d bytes", len(texts[0]))
	}
}

// TestErrorsWithoutACause prints what a program has made by hand, such as for a test of its own.
func TestErrorsWithoutACause(t *testing.T) {
	t.Parallel()
	for _, err := range []error{new(tool.AnswerError), new(tool.CallError), new(tool.ArgumentsError), new(tool.PanicError)} {
		if err.Error() == "" {
			t.Errorf("%T has no text", err)
		}
	}
}
