package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chatspec/chatspec/stream"
)

// readRecorded reads the recorded streams of a folder, *.sse, each as the data of its events.
func readRecorded(dir string) (streams [][][]byte, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.sse"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var list [][]byte
		d := stream.NewDecoder(bytes.NewReader(data))
		for event, err := d.Next(); err == nil; event, err = d.Next() {
			list = append(list, bytes.Clone(event.Data))
		}
		streams = append(streams, list)
	}
	if len(streams) == 0 {
		return nil, fmt.Errorf("no recorded streams in %s: %w", dir, errors.ErrUnsupported)
	}
	return streams, nil
}
