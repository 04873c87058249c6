// Command hello streams an answer. It is the first program of the README.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
)

func main() {
	client, err := chatspec.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	s, err := client.Stream(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "gpt-5.4",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	for text, err := range s.Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text)
	}
	fmt.Println()
}
