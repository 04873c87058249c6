package tool

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
)

// Answer is a value that a model answered with.
type Answer[T any] struct {
	_ struct{} // keyed literals only

	Value      T
	Completion *chat.CreateChatCompletionResponse // what it was read from, with the usage
}

// Parse asks for an answer to req that is a T, which is a struct; see [Format]. The answer is checked and decoded as
// by [Decode]. Where req has a ResponseFormat with a schema, that one is asked for and checked, and T only says
// what is decoded: it may be a json.RawMessage.
//
// A request with Stream set is refused, see [ParseStream], and so is one for several choices. Errors are the
// client's, or an [AnswerError].
func Parse[T any](ctx context.Context, client Client, req chat.CreateChatCompletionRequest, opts ...chatspec.CallOption) (*Answer[T], error) {
	if req.Stream {
		return nil, errors.New("tool: Parse: Stream is set; use ParseStream")
	}
	if err := formatted[T](client, &req); err != nil {
		return nil, fmt.Errorf("tool: Parse: %w", err)
	}
	completion, err := client.Create(ctx, req, opts...)
	if err != nil {
		return nil, fmt.Errorf("tool: Parse: %w", err)
	}
	return answerOf[T]("Parse", completion, req.ResponseFormat)
}

// Format returns the response_format that makes a model answer with a T, which is a struct, in strict form.
//
// Fields are those that encoding/json knows, under the same names. The tag jsonschema:"…" describes a field to the
// model, and enum:"a,b" lists the values that it, or an item of it, may have. Numbers have the bounds of
// their type, an array the length; a []byte is base64, a time.Time a date-time of RFC 3339, and what reads text by a
// method of its own is a string. Types may contain themselves.
//
// In strict form a server holds the model to the schema. All properties are then required and there are no others;
// a field that is a pointer or has omitempty or omitzero may be null. What cannot be said that way is an error: maps,
// any, json.RawMessage. Other interfaces, functions, channels, and types that read JSON by a method of their own
// are always one.
func Format[T any]() (chat.JSONSchemaResponse, error) {
	format, err := formatOf[T]()
	if err != nil {
		return format, fmt.Errorf("tool: Format: %w", err)
	}
	return format, nil
}

// Decode reads the first choice of a completion as a T and checks it against the schema of the format, which is that
// of the request: what [Format] returns, or one with a schema that somebody wrote, as far as draft 2020-12 and
// draft 7 of JSON Schema go, which do not check formats. Fields that [Format] calls optional may also be absent,
// as not every server knows the strict form.
//
// Everything that is not such an answer is an [AnswerError].
func Decode[T any](completion *chat.CreateChatCompletionResponse, format chat.ResponseFormat) (T, error) {
	value, err := decode[T](completion, format)
	if err != nil {
		return value, fmt.Errorf("tool: Decode: %w", err)
	}
	return value, nil
}

// answerOf is Decode for the function called name.
func answerOf[T any](name string, completion *chat.CreateChatCompletionResponse, format chat.ResponseFormat) (*Answer[T], error) {
	value, err := decode[T](completion, format)
	if err != nil {
		return nil, fmt.Errorf("tool: %s: %w", name, err)
	}
	return &Answer[T]{Value: value, Completion: completion}, nil
}

func decode[T any](completion *chat.CreateChatCompletionResponse, format chat.ResponseFormat) (T, error) {
	var value T
	s, err := schemaIn(format)
	if err != nil {
		return value, err
	}
	if err := unanswered(completion); err != nil {
		return value, newAnswerError(completion, err, nil)
	}
	if err := s.decode(completion.Text(), &value); err != nil {
		return *new(T), newAnswerError(completion, ErrInvalid, err)
	}
	return value, nil
}

// unanswered says why a completion is not an answer.
func unanswered(completion *chat.CreateChatCompletionResponse) error {
	switch {
	case len(completion.Choices) == 0:
		return ErrEmpty
	case completion.Choices[0].Message.Refusal != "":
		return ErrRefusal
	case cut(completion) != nil:
		return cut(completion)
	case len(completion.ToolCalls()) > 0:
		return ErrCalls
	case strings.TrimSpace(completion.Text()) == "":
		return ErrEmpty
	}
	return nil
}

// formatted makes req one for a T.
func formatted[T any](client Client, req *chat.CreateChatCompletionRequest) error {
	if client == nil {
		return errNoClient
	}
	if err := oneChoice(*req); err != nil {
		return err
	}
	if _, ok := req.ResponseFormat.(chat.JSONSchemaResponse); ok {
		_, err := schemaIn(req.ResponseFormat)
		return err
	}
	if req.ResponseFormat != nil {
		return errors.New("the request has a response_format without a schema; leave it empty")
	}
	format, err := formatOf[T]()
	if err != nil {
		return err
	}
	req.ResponseFormat = format
	return nil
}

func formatOf[T any]() (chat.JSONSchemaResponse, error) {
	t := reflect.TypeFor[T]()
	s, err := schemaOf(t, strict)
	if err != nil {
		return chat.JSONSchemaResponse{}, err
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := identifier(t.Name())
	if name == "" {
		name = "answer"
	}
	return chat.JSONSchemaResponse{JSONSchema: chat.NamedSchema{Name: name, Schema: s, Strict: true}}, nil
}

// schemaIn returns the schema of a format.
func schemaIn(format chat.ResponseFormat) (*schema, error) {
	f, ok := format.(chat.JSONSchemaResponse)
	if !ok || f.JSONSchema.Schema == nil {
		return nil, errors.New("the response_format has no schema")
	}
	return schemaFrom(f.JSONSchema.Schema)
}
