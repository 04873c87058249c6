package terminal

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// maxHistory is how many prompts are kept.
const maxHistory = 1000

// History is what was typed before, the oldest first. The zero History is empty and keeps nothing beyond the program.
type History struct {
	file   string
	typed  []string
	stored int // lines in the file
}

// OpenHistory reads the history in a file, which need not exist: a line of JSON for each prompt. Lines that are none are
// left out.
func OpenHistory(file string) (*History, error) {
	h := &History{file: file}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		h.stored++
		var text string
		if json.Unmarshal(lines.Bytes(), &text) == nil {
			h.remember(text)
		}
	}
	return h, nil // a line that is too long ends the reading
}

// maxLine is what a line of a history stays below, in bytes: a longer one would hide all that follow it.
const maxLine = 1 << 20

// Typed returns what was typed. The slice is valid until the next Add, and not to be changed.
func (h *History) Typed() []string { return h.typed }

// Add remembers a prompt, and writes it to the file, which only its owner may read, unless it is longer than a line of
// the file may be: 1 MiB.
func (h *History) Add(text string) error {
	if !h.remember(text) || h.file == "" || len(line(text)) >= maxLine {
		return nil
	}
	if h.stored >= 2*maxHistory {
		return h.rewrite()
	}
	if err := os.MkdirAll(filepath.Dir(h.file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	h.stored++
	_, err = f.Write(line(text))
	return errors.Join(err, f.Close())
}

// remember puts a prompt at the end, unless it is there already, and says whether it did.
func (h *History) remember(text string) bool {
	if len(h.typed) > 0 && h.typed[len(h.typed)-1] == text {
		return false
	}
	h.typed = append(h.typed, text)
	h.typed = slices.Delete(h.typed, 0, max(len(h.typed)-maxHistory, 0))
	return true
}

// rewrite writes the file anew without what is too old.
func (h *History) rewrite() error {
	temp := h.file + ".new"
	var data []byte
	for _, text := range h.typed {
		if line := line(text); len(line) < maxLine {
			data = append(data, line...)
		}
	}
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return err
	}
	h.stored = len(h.typed)
	return os.Rename(temp, h.file)
}

// line is a prompt as a line of the file.
func line(text string) []byte {
	data, _ := json.Marshal(text) //nolint:errchkjson // every string marshals
	return append(data, '\n')
}
