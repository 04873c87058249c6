package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// library is one way to call a server. Each asks with its defaults.
type library struct {
	name string
	open func(baseURL string, client *http.Client) (caller, error)
}

// caller is a client of a library, for several goroutines at once.
type caller interface {
	// stream asks for a stream, adds it up if the library can, reads it to its end and returns the number of
	// chunks. It calls first after the first of them.
	stream(ctx context.Context, first func()) (chunks int, err error)
	// whole prepares a request and returns the call that asks it and reads the whole answer.
	whole(r request) func(ctx context.Context) error
}

// apiKey is as long as keys are: chatspec masks no shorter ones.
const apiKey = "key-of-the-benchmark-0123456789abcdef"

// Names of the contenders. Those of ours begin alike, which the picture goes by.
const (
	nameBare     = "bare net/http"
	nameOurs     = "chatspec"
	nameReusing  = "chatspec, ReuseChunk"
	nameOpenAI   = "openai-go"
	nameGoOpenAI = "go-openai"
)

// libraries are those that are compared; the bare one is the floor.
var libraries = []library{
	{nameBare, openBare},
	{nameOurs, openChatspec},
	{nameOpenAI, openOpenAIGo},
	{nameGoOpenAI, openGoOpenAI},
}

// bare sends and reads bytes with net/http and looks at none of them.
type bare struct {
	url     string
	client  *http.Client
	buffers *sync.Pool // of *[]byte
}

// bareBuffer is what a read loop takes as io.Copy does.
const bareBuffer = 32 << 10

func openBare(baseURL string, client *http.Client) (caller, error) {
	return newBare(baseURL, client, bareBuffer), nil
}

func newBare(baseURL string, client *http.Client, size int) bare {
	return bare{baseURL + "/chat/completions", client, &sync.Pool{New: func() any { return new(make([]byte, size)) }}}
}

func (b bare) stream(ctx context.Context, first func()) (int, error) {
	return 0, b.post(ctx, []byte(`{"model":"m","messages":[{"role":"user","content":"Say hello."}],"stream":true}`), first)
}

func (b bare) whole(r request) func(context.Context) error {
	messages := []map[string]string{}
	for _, m := range r.messages {
		messages = append(messages, map[string]string{"role": m.role, "content": m.text + r.image})
	}
	body, err := json.Marshal(map[string]any{"model": "m", "messages": messages})
	return func(ctx context.Context) error {
		if err != nil {
			return err
		}
		return b.post(ctx, body, func() {})
	}
}

func (b bare) post(ctx context.Context, body []byte, first func()) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+apiKey)
	resp, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	buffer := b.buffers.Get().(*[]byte)
	defer b.buffers.Put(buffer)
	for reads := 0; ; reads++ {
		_, err := resp.Body.Read(*buffer)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case reads == 0:
			first()
		}
	}
}
