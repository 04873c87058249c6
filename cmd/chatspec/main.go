// Chatspec talks to chat completions servers from a terminal, and serves a fake one to try clients with.
//
//	chatspec chat                        talk with a model
//	chatspec chat "Say hello"            stream an answer to standard output
//	git diff | chatspec chat "Review:" - the prompt from arguments and standard input
//	chatspec list                        stored completions; also get, update, delete, messages
//	chatspec serve                       a fake server on loopback, for trying clients
//	chatspec drift upstream.yaml         what another OpenAPI document has otherwise; also apply
//	chatspec generate -o chat -overlay vllm
//	                                     a Go package with a vendor's fields, or your own
//	chatspec batch run in.jsonl out.jsonl
//	                                     a file of prompts becomes a file of answers
//	chatspec help chat                   what a command does, with its flags and examples
//
// It talks to the server that OPENAI_BASE_URL (or the flag -base-url) names, with the key in OPENAI_API_KEY;
// with a key alone to api.openai.com; with neither to a server of its own that is built in and costs nothing.
// OPENAI_MODEL, OPENAI_ORG_ID and OPENAI_PROJECT_ID are read too. There is no flag for that key, because other
// users of a machine can see arguments.
//
// Standard output has nothing but the answer or the data. Where it will talk to, how an answer ended, what it
// cost and what went wrong is said on standard error, one line each.
//
// Exit codes: 0 done; 1 failed, also when an answer was a refusal, or when documents differ; 2 wrong usage, or a
// document that cannot be used; 3 an answer broke off; 4 an answer was cut by the limit of tokens or a filter; 5 an
// answer does not fit its schema; 130 interrupted with Ctrl-C (143 terminated). The text so far is on standard output.
package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

func main() {
	c := newConsole(os.Stdin, os.Stdout, os.Stderr, os.Getenv)
	ctx := untilSignal(context.Background(), &c.interrupt)
	os.Exit(run(ctx, os.Args[1:], c))
}

// untilSignal returns a context that Ctrl-C or SIGTERM ends. The next signal ends the program as if it had not
// been caught, so that a command that hangs on its way out can still be stopped. Where instead is set, Ctrl-C calls
// that.
func untilSignal(parent context.Context, instead *atomic.Pointer[func()]) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for s := range signals {
			if interrupt := instead.Load(); interrupt != nil && s == os.Interrupt {
				(*interrupt)()
				continue
			}
			signal.Stop(signals)
			cancel(signalError{s})
			return
		}
	}()
	return ctx
}

// signalError is the cause of a context that a signal ended.
type signalError struct{ os.Signal }

func (e signalError) Error() string { return e.String() }
