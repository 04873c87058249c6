package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const request = `{"model":"gpt-5.4","stream":true,"messages":[{"role":"user","content":"Say hello."}]}`

// read has all streams at once, and returns how many ms passed to the first chunk of each. One that lacks a chunk is
// an error.
func (l load) read(ctx context.Context, address string) ([]float64, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: l.streams}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	firsts, errs := make([]float64, l.streams), make([]error, l.streams)
	var streams sync.WaitGroup
	for i := range l.streams {
		streams.Go(func() { firsts[i], errs[i] = l.readOne(ctx, client, address) })
	}
	streams.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return firsts, nil
}

func (l load) readOne(ctx context.Context, client *http.Client, address string) (first float64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(request))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+callerKey)
	begin := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	events := 0
	lines := bufio.NewReader(resp.Body)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == io.EOF && events == l.chunks+1: // [DONE] is one, too
			return first, nil
		case err != nil:
			return 0, fmt.Errorf("status %d, %d events of %d: %w", resp.StatusCode, events, l.chunks+1, err)
		case bytes.HasPrefix(line, []byte("data: ")):
			if events++; events == 1 {
				first = float64(time.Since(begin).Microseconds()) / 1000
			}
		}
	}
}
