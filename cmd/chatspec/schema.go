package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tool"
)

// answerSchema is the JSON Schema that an answer must fit.
type answerSchema struct {
	format chat.JSONSchemaResponse // what asks for such an answer
}

// readSchema reads a JSON Schema from a file.
func readSchema(file string) (*answerSchema, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, inputError{err}
	}
	schema := chat.NamedSchema{Name: apiName(file), Schema: json.RawMessage(data), Strict: true}
	s := &answerSchema{chat.JSONSchemaResponse{JSONSchema: schema}}
	// The schema is looked at first, and of an empty answer everything is said that is wrong with it.
	_, err = tool.Decode[any](new(chat.CreateChatCompletionResponse), s.format)
	if _, good := errors.AsType[*tool.AnswerError](err); !good {
		return nil, inputError{fmt.Errorf("%s is no JSON Schema: %w", file, err)}
	}
	return s, nil
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
