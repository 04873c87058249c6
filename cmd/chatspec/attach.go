package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/api"
	chat "github.com/chatspec/chatspec/generated"
)

// maxAttachment is how large an image or a file may be: 32 MiB, about what servers take in a request.
const maxAttachment = 32 << 20

// attach returns images and files as parts of a message.
func attach(images, files []string) (parts chat.UserParts, err error) {
	for _, image := range images {
		part, err := imagePart(image)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	for _, file := range files {
		part, err := filePart(file)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// imagePart returns an image: a URL as it is, a file with its content.
func imagePart(image string) (chat.UserPart, error) {
	for _, scheme := range []string{"https://", "http://", "data:"} {
		if strings.HasPrefix(image, scheme) {
			return chat.ImagePart{ImageURL: chat.ImageURL{URL: image}}, nil
		}
	}
	url, err := chatspec.DataURL(image, maxAttachment)
	if err != nil {
		return nil, inputError{err}
	}
	if !strings.HasPrefix(url, "data:image/") {
		return nil, inputError{fmt.Errorf("%s is not an image; /file or -file sends other files", image)}
	}
	return chat.ImagePart{ImageURL: chat.ImageURL{URL: url}}, nil
}

// filePart returns a file. Text goes into the prompt under the name of the file, which every server understands; other
// files go as documents.
func filePart(file string) (chat.UserPart, error) {
	text, isText, err := readText(file)
	if err != nil {
		return nil, inputError{err}
	}
	name := filepath.Base(file)
	if isText {
		return chat.TextPart{Text: name + ":\n\n" + text}, nil
	}
	url, err := chatspec.DataURL(file, maxAttachment)
	if err != nil {
		return nil, inputError{err}
	}
	return chat.FilePart{File: chat.FileInput{Filename: name, FileData: url}}, nil
}

// readText returns the text in a file, and whether it has nothing else.
func readText(file string) (text string, isText bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	data, err := api.ReadBody(f, maxAttachment, 0)
	if err != nil {
		return "", false, fmt.Errorf("%s: %w", file, err)
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 || bytes.HasPrefix(data, []byte("%PDF-")) {
		return "", false, nil
	}
	return string(data), true, nil
}
