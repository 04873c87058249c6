package main

import (
	"cmp"
	"context"
	"flag"
	"math"
	"strconv"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// defaultModel is the model that chat asks where neither -model nor OPENAI_MODEL says another.
const defaultModel = "gpt-5.4"

const chatHelp = `Sends a prompt and shows the answer as it arrives.

  chatspec chat                        (a conversation, with /help for commands)
  chatspec chat "Say hello"
  chatspec chat -model gpt-5.4-mini -system "Answer in French." How are you
  git diff | chatspec chat "Write a commit message for this diff:" -
  chatspec chat < prompt.txt > answer.txt
  chatspec chat -image cat.png -file report.pdf "What do these show?"
  chatspec chat -save talk.json "Is it warm in Oslo in July?"
  chatspec chat -load talk.json -save talk.json "And in winter?"
  chatspec chat -schema person.json "Ann is 41." | jq .age
  chatspec chat -tool ./weather "How is the weather in Oslo?"
  chatspec chat -json "Say hello" | jq -j '.choices[0].delta.content // empty'
  chatspec chat -base-url http://127.0.0.1:11434/v1 -model llama3.2 "Say hello"

The prompt is the arguments; "-" among them stands for standard input, which is
all of the prompt where there are no arguments. At a terminal chat without
arguments is a conversation that goes on until Ctrl-D: Alt-Enter, or a backslash
before Enter, begins a new line, and the key up brings back what was typed
before. Ctrl-C stops an answer; its text so far is kept, followed by
[interrupted], so that the model knows. $CHATSPEC_HISTORY or -history names the
file that keeps what was typed, or off; the default is
~/.local/state/chatspec/history.

At a terminal Markdown is rendered, reasoning is shown dimmed, and a line below
tells how fast the answer comes. NO_COLOR=1 turns colors off, TERM=dumb all of
that, and a prompt is then a line. What goes to a file or a pipe is the answer
as it was sent.

A -tool is a program of yours that the model may call. With the argument
--describe it prints its description and its parameters as JSON. For a call it
gets the arguments as JSON on standard input, and what it prints is the result;
if it fails, the model is told what it says on standard error. Each call is
shown first, and you are asked. The calls of others are printed as JSON.

  #!/bin/sh
  if [ "$1" = --describe ]; then
    echo '{"description": "Tells the weather.", "parameters": {"type": "object",
      "properties": {"city": {"type": "string"}}, "required": ["city"]}}'
  else
    curl -s "https://wttr.in/$(jq -r .city)?format=3"
  fi

-save writes the messages as a JSON array, as a request has them. The limit of
-max-tokens goes to OpenAI and Azure as max_completion_tokens, to other servers
as max_tokens, because many of them know only that.

Exit codes: 0 only for a whole answer; 1 it failed, or the model refused; 2
wrong usage; 3 the answer broke off, with its text so far on standard output; 4
the limit of tokens or a filter of the server cut it; 5 it does not fit -schema;
130 interrupted with Ctrl-C.
`

func chatCommand() command {
	return command{
		name:    "chat",
		args:    "[prompt…]",
		summary: "stream an answer, or talk",
		help:    chatHelp,
		flags: func(fs *flag.FlagSet) action {
			f := new(chatFlags)
			f.declare(fs)
			return f.run
		},
	}
}

// chatFlags are the flags of chat.
type chatFlags struct {
	target      targetFlags
	model       string
	system      string
	json        bool
	noStream    bool
	maxTokens   *int
	temperature *float64
	store       bool
	metadata    pairs

	interactive bool
	history     string
	images      words
	files       words
	schema      string
	tools       words
	yes         bool
	load        string
	save        string
	markdown    when
	reasoning   when
}

func (f *chatFlags) declare(fs *flag.FlagSet) {
	fs.StringVar(&f.model, "model", "", "the `MODEL` that answers; default $"+envModel+" or "+defaultModel)
	fs.StringVar(&f.system, "system", "", "send the `TEXT` as a system message before the prompt")
	fs.BoolVar(&f.json, "json", false, "write the chunks as they were sent, one line of JSON each")
	fs.BoolVar(&f.noStream, "no-stream", false, "ask for the whole answer at once")
	fs.Func("max-tokens", "end the answer after `N` tokens, reasoning included", func(s string) (err error) {
		f.maxTokens, err = positive(s)
		return err
	})
	fs.Func("temperature", "how freely the model chooses words: `T` from 0, least, to 2", func(s string) error {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return errNumber
		}
		f.temperature = &n
		return nil
	})
	fs.BoolVar(&f.store, "store", false, "have the server keep the answer, for list and get")
	fs.Var(&f.metadata, "metadata", "keep `KEY=VALUE` with a stored answer; may be repeated")
	fs.BoolVar(&f.interactive, "i", false, "go on with a conversation after the prompt")
	fs.StringVar(&f.history, "history", "", "keep what is typed in `FILE`, or off for nowhere")
	fs.Var(&f.images, "image", "send the image `FILE` or URL too; may be repeated")
	fs.Var(&f.files, "file", "send the text or document `FILE` too; may be repeated")
	fs.StringVar(&f.schema, "schema", "", "have the answer be JSON that fits the JSON Schema in `FILE`")
	fs.Var(&f.tools, "tool", "let the model call the program `CMD`; may be repeated")
	fs.BoolVar(&f.yes, "yes", false, "run the programs of -tool without asking")
	fs.StringVar(&f.load, "load", "", "go on with the messages in `FILE`")
	fs.StringVar(&f.save, "save", "", "write the messages to `FILE`, the answer included")
	fs.Var(f.markdown.flag(), "markdown", "render Markdown: `WHEN` is auto (at a terminal), on or off")
	fs.Var(f.reasoning.flag(), "reasoning", "show reasoning: `WHEN` is auto (at a terminal), on or off")
	f.target.declare(fs)
}

func (f *chatFlags) run(ctx context.Context, c *console, args []string) error {
	if f.metadata != nil && !f.store {
		return usageError{text: "-metadata is kept with a stored answer only: add -store"}
	}
	interactive := f.interactive || len(args) == 0 && !f.json && c.interactive()
	k := &talk{console: c, flags: f, model: f.modelName(c)}
	if err := k.prepare(ctx, interactive); err != nil {
		return err
	}
	prompt := ""
	if !interactive || len(args) > 0 {
		var err error
		if prompt, err = readPrompt(ctx, c, args); err != nil {
			return err
		}
	}
	t, err := f.target.open(c, "(model "+k.model+")")
	if err != nil {
		return err
	}
	defer t.stop()
	k.target = t
	if interactive {
		return newSession(k, prompt).run(ctx)
	}
	return k.once(ctx, prompt)
}

// modelName returns the model that is asked at first.
func (f *chatFlags) modelName(c *console) string {
	return cmp.Or(f.model, c.getenv(envModel), defaultModel)
}

// request returns the request that the flags ask for, without what a conversation adds.
func (f *chatFlags) request(t *target) chat.CreateChatCompletionRequest {
	req := chat.CreateChatCompletionRequest{
		Temperature: f.temperature,
		Metadata:    f.metadata.metadata(),
	}
	if f.store {
		req.Store = &f.store
	}
	// OpenAI refuses the old name for its newer models, with a message that says so; Ollama and others pass
	// over the new one in silence, and the answer has no limit.
	if t.isOpenAI() {
		req.MaxCompletionTokens = f.maxTokens
	} else {
		req.MaxTokens = f.maxTokens
	}
	return req
}

// ask sends the request. An answer that is not streamed is read as a stream of one chunk too, because only that
// keeps its JSON as it was sent.
func (f *chatFlags) ask(ctx context.Context, t *target, req chat.CreateChatCompletionRequest) (*stream.Stream, error) {
	if !f.noStream {
		req.StreamOptions = &chat.StreamOptions{IncludeUsage: true}
		return t.client.Stream(ctx, req)
	}
	resp, err := t.client.Raw().CreateChatCompletion(ctx, req) //nolint:bodyclose // the stream closes it
	if err != nil {
		return nil, err
	}
	return stream.Open(resp)
}
