package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/internal/schemas"
	"github.com/chatspec/chatspec/tool"
)

// answerSchema is the JSON Schema that an answer must fit.
type answerSchema struct {
	format chat.JSONSchemaResponse // what asks for such an answer
}

// readSchema reads the JSON Schema of a file.
func readSchema(file string) (*answerSchema, error) {
	data, err := schemaIn(file)
	if err != nil {
		return nil, err
	}
	schema := chat.NamedSchema{Name: apiName(file), Schema: data, Strict: true}
	return &answerSchema{chat.JSONSchemaResponse{JSONSchema: schema}}, nil
}

// schemaIn returns the JSON of a file, which is a JSON Schema.
func schemaIn(file string) (json.RawMessage, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, inputError{err}
	}
	_, err = schemas.Read(data)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, inputError{fmt.Errorf("%s is not JSON: %w", file, syntax)}
	}
	if err != nil {
		return nil, inputError{fmt.Errorf("%s is no JSON Schema: %w", file, err)}
	}
	return data, nil
}

// check says what of an answer does not fit.
func (s *answerSchema) check(res *chat.CreateChatCompletionResponse) error {
	_, err := tool.Decode[any](res, s.format)
	if err == nil {
		return nil
	}
	if answer, ok := errors.AsType[*tool.AnswerError](err); ok && answer.Reason != nil {
		err = answer.Reason
	}
	return exitError{exitMisfit, "the answer does not fit -schema: " + err.Error()}
}

// maxNameBytes is how long the API lets names of schemas and functions be.
const maxNameBytes = 64

// apiName returns the name of a file as the API lets schemas and functions be called: letters, digits, underscores and
// hyphens.
func apiName(file string) string {
	name := filepath.Base(file)
	if base := strings.TrimSuffix(name, filepath.Ext(name)); base != "" {
		name = base
	}
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, name)
	return name[:min(len(name), maxNameBytes)]
}
