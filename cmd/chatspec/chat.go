package main

import (
	"context"
	"flag"
	"math"
	"strconv"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/stream"
)

// defaultModel is the model that chat asks where neither -model nor OPENAI_MODEL says another.
const defaultModel = "gpt-5.4"

const chatHelp = `Sends a prompt and writes the answer to standard output as it arrives.

The prompt is the arguments; "-" among them stands for standard input, and
without arguments all of the prompt comes from there. On standard error it says
first where it will talk to, and at the end why the model stopped and how many
tokens that took. Calls of tools that the model wants are one line of JSON each.

  chatspec chat "Say hello"
  chatspec chat -model gpt-5.4-mini -system "Answer in French." How are you
  git diff | chatspec chat "Write a commit message for this diff:" -
  chatspec chat < prompt.txt > answer.txt
  chatspec chat -json "Say hello" | jq -j '.choices[0].delta.content // empty'
  chatspec chat -base-url http://127.0.0.1:11434/v1 -model llama3.2 "Say hello"

The limit of -max-tokens goes to OpenAI and Azure as max_completion_tokens, to
other servers as max_tokens, because many of them know only that.

The exit code is 0 only for a whole answer. If one breaks off, its text so far
is on standard output and the exit code is 1, or 130 after Ctrl-C; it is 1 for a
refusal of the model too, which is told on standard error.
`

func chatCommand() command {
	return command{
		name:    "chat",
		args:    "[prompt…]",
		summary: "stream an answer",
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
	f.target.declare(fs)
}

func (f *chatFlags) run(ctx context.Context, c *console, args []string) error {
	prompt, err := readPrompt(ctx, c, args)
	if err != nil {
		return err
	}
	model := f.model
	if model == "" {
		model = c.getenv(envModel)
	}
	if model == "" {
		model = defaultModel
	}
	t, err := f.target.open(c, "(model "+model+")")
	if err != nil {
		return err
	}
	defer t.stop()
	s, err := f.ask(ctx, t, f.request(t, model, prompt))
	if err != nil {
		return t.explain(err, "-model")
	}
	defer s.Close()
	return t.explain(f.show(c, s), "-model")
}

// request returns the request that the flags ask for.
func (f *chatFlags) request(t *target, model, prompt string) chat.CreateChatCompletionRequest {
	req := chat.CreateChatCompletionRequest{
		Model:       model,
		Temperature: f.temperature,
		Metadata:    f.metadata.metadata(),
	}
	if f.system != "" {
		req.Messages = append(req.Messages, chat.SystemMessage{Content: chat.Text(f.system)})
	}
	req.Messages = append(req.Messages, chat.UserMessage{Content: chat.Text(prompt)})
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

// show writes the answer to standard output, and on standard error how it ended.
func (f *chatFlags) show(c *console, s *stream.Stream) error {
	write := writeText
	if f.json {
		write = writeChunks
	}
	if err := write(c, s); err != nil {
		return err
	}
	res, err := s.Result()
	if err != nil {
		return err
	}
	c.note("%s", summary(res))
	if refusal := res.Message().Refusal; refusal != "" {
		return failure{text: "the model refused: " + refusal}
	}
	return nil
}
