package tool

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	chat "github.com/chatspec/chatspec/generated"
)

// Tool is a function that a model may call, and what the model is told of it. [New], [NewRaw] and [NewCustom] make
// one. It is a value that does not change, and may be used by several runs and goroutines at once, as far as its
// function may be.
type Tool struct {
	definition chat.Tool
	name       string
	custom     bool
	prepare    func(input string) (prepared, error)
	loose      func() Tool // what Loose returns, or nil
	err        error       // why it cannot be used
}

// prepared is a function with its arguments.
type prepared func(ctx context.Context) (string, error)

// New makes a function a tool. Its name has at most 64 letters, digits, underscores and hyphens; the description
// tells the model when to call it.
//
// In is a struct; its schema follows from its fields, see [Format], and is strict, see [Tool.Loose]. Arguments are
// checked against it before fn is called, and a model that wrote others is told what is wrong with them. No
// arguments at all are an empty object.
//
// Out is what the model reads: a string, or a type made from one, as it is, and everything else as JSON.
//
// The context of fn ends with the run; see [CallFrom] for what it knows of the call. A function may be called by
// several goroutines at once. What it returns as an error, and that it panicked, is told to the model unless
// [Runner.Fatal] says otherwise. It returns soon after its context ends: a run does not wait for it, and what it
// does after that nobody learns.
//
// What is wrong with the name or with In is an error of [Tool.Definition], and of [Run] before anything is sent.
func New[In, Out any](name, description string, fn func(context.Context, In) (Out, error)) Tool {
	t := newTyped(name, description, strict, fn)
	t.loose = func() Tool { return newTyped(name, description, loose, fn) }
	return t
}

// NewRaw makes a tool of a function that reads its arguments by itself, and of a definition with any schema, or none.
// Arguments are checked against the schema, as far as draft 2020-12 and draft 7 of JSON Schema go, which do not
// check formats.
func NewRaw(definition chat.FunctionDefinition, fn func(ctx context.Context, arguments json.RawMessage) (string, error)) Tool {
	s, err := schemaFrom(definition.Parameters)
	if err != nil {
		return Tool{name: definition.Name, err: err}
	}
	return newFunction(definition, fn == nil, func(input string) (prepared, error) {
		var arguments json.RawMessage
		if err := s.decode(input, &arguments); err != nil {
			return nil, err
		}
		return func(ctx context.Context) (string, error) { return fn(ctx, arguments) }, nil
	})
}

// NewCustom makes a tool of a function that takes free text. A format in the definition, such as a grammar, holds the
// model to a form, as far as the server knows it; the text is not checked here.
func NewCustom(definition chat.CustomDefinition, fn func(ctx context.Context, input string) (string, error)) Tool {
	t := Tool{definition: chat.CustomTool{Custom: definition}, name: definition.Name, custom: true}
	t.prepare = func(input string) (prepared, error) {
		return func(ctx context.Context) (string, error) { return fn(ctx, input) }, nil
	}
	t.err = checkTool(definition.Name, fn == nil)
	return t
}

// Loose returns the tool that [New] made with a schema that is not strict: optional fields may be absent instead of
// null, and maps and fields of any type are allowed. A server does not hold the model to it. Tools that come from
// elsewhere stay as they are.
func (t Tool) Loose() Tool {
	if t.loose == nil {
		return t
	}
	return t.loose()
}

// Name returns the name by which a model calls the tool.
func (t Tool) Name() string { return t.name }

// Definition returns what a request tells the model of the tool, for programs that call tools by themselves. The
// error says why the tool cannot be used.
func (t Tool) Definition() (chat.Tool, error) {
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("tool: Definition: %w", err)
	}
	return t.definition, nil
}

// check says why the tool cannot be used.
func (t Tool) check() error {
	switch {
	case t.err != nil:
		return fmt.Errorf("the tool %q: %w", t.name, t.err)
	case t.definition == nil:
		return errors.New("the zero Tool is none; use New, NewRaw or NewCustom")
	}
	return nil
}

// newTyped is New with a schema of that form.
func newTyped[In, Out any](name, description string, f form, fn func(context.Context, In) (Out, error)) Tool {
	s, err := schemaOf(reflect.TypeFor[In](), f)
	if err != nil {
		return Tool{name: name, err: err}
	}
	definition := chat.FunctionDefinition{Name: name, Description: description, Parameters: s.sent, Strict: f == strict}
	return newFunction(definition, fn == nil, func(input string) (prepared, error) {
		var in In
		if err := s.decode(input, &in); err != nil {
			return nil, err
		}
		return func(ctx context.Context) (string, error) {
			out, err := fn(ctx, in)
			if err != nil {
				return "", err
			}
			return written(out)
		}, nil
	})
}

// newFunction makes a tool that takes JSON. Some models write no arguments where a function needs none.
func newFunction(definition chat.FunctionDefinition, noFunction bool, prepare func(input string) (prepared, error)) Tool {
	t := Tool{definition: chat.FunctionTool{Function: definition}, name: definition.Name, err: checkTool(definition.Name, noFunction)}
	t.prepare = func(input string) (prepared, error) {
		if strings.TrimSpace(input) == "" {
			input = "{}"
		}
		ready, err := prepare(input)
		if err != nil {
			return nil, &ArgumentsError{Err: err}
		}
		return ready, nil
	}
	return t
}

// written returns what a model reads of a function's result.
func written(out any) (string, error) {
	if v := reflect.ValueOf(out); v.Kind() == reflect.String {
		return v.String(), nil
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out); err != nil {
		return "", fmt.Errorf("the result cannot be written as JSON: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// checkTool says what is wrong with a tool beside its schema.
func checkTool(name string, noFunction bool) error {
	switch {
	case name == "" || identifier(name) != name:
		return fmt.Errorf("%q is not the name of a tool: it has 1 to %d letters, digits, underscores and hyphens", name, maxNameBytes)
	case noFunction:
		return errors.New("there is no function")
	}
	return nil
}
