package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	chat "github.com/chatspec/chatspec/generated"
)

// loadMessages reads a conversation: the messages of a request as a JSON array.
func loadMessages(file string) (chat.Messages, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, inputError{err}
	}
	var messages chat.Messages
	if err := json.Unmarshal(data, &messages); err != nil {
		return nil, inputError{fmt.Errorf("%s has no messages as a JSON array: %w", file, err)}
	}
	return messages, nil
}

// saveMessages writes a conversation in that form, for its owner only. The file is written as a whole or not at all.
func saveMessages(file string, messages chat.Messages) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(messages); err != nil {
		return err
	}
	if f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o600); err != nil { // which keeps what there is
		return err
	} else if err := f.Close(); err != nil {
		return err
	}
	return replaceFile(file, text.Bytes())
}
