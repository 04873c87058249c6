// Command sources counts the files that packages are generated from.
package main

import (
	"fmt"

	"github.com/chatspec/chatspec"
)

func main() {
	files, err := chatspec.Sources.ReadDir("api/templates")
	fmt.Println(len(files), err)
}
