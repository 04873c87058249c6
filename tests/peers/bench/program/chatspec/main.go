// The command chatspec asks for one answer.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/chatspec/chatspec"
	chat "github.com/chatspec/chatspec/generated"
)

func main() {
	client, err := chatspec.New(chatspec.WithBaseURL(os.Getenv("BASE_URL")), chatspec.WithAPIKey("key"))
	if err != nil {
		log.Fatal(err)
	}
	res, err := client.Create(context.Background(), chat.CreateChatCompletionRequest{
		Model:    "m",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Text())
}
