// Write writes the page of openapi.yaml to standard output. It is what "make docs" runs.
package main

import (
	"fmt"
	"os"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/internal/reference"
)

func main() {
	page, err := reference.Page(chatspec.Spec)
	if err == nil {
		_, err = os.Stdout.Write(page)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "writing the page:", err)
		os.Exit(1)
	}
}
