// Command own streams an answer from the server whose address is its argument, with fields of its own typed.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/stream"

	"example.com/own/chat"
)

//go:generate go run github.com/chatspec/chatspec/cmd/chatspec@vX.Y.Z generate -o chat -overlay overlay.yaml

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, server string) error {
	doer, err := chatspec.NewDoer(chatspec.WithBaseURL(server), chatspec.WithAPIKey("own-key"))
	if err != nil {
		return err
	}
	client, err := chat.NewClient(server, chat.WithHTTPClient(doer))
	if err != nil {
		return err
	}
	resp, err := client.CreateChatCompletion(ctx, chat.CreateChatCompletionRequest{
		Model:    "m",
		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Why?")}},
		Mood:     chat.MoodCalm,
		Stream:   true,
	})
	if err != nil {
		return err
	}
	s, err := stream.OpenWith(resp, chat.Codec{})
	if err != nil {
		return err
	}
	defer s.Close()
	for chunk, err := range s.All() {
		if err != nil {
			return err
		}
		for _, choice := range chunk.Choices {
			fmt.Printf("%q ", choice.Delta.Thoughts)
		}
	}
	res, err := s.Result()
	if err != nil {
		return err
	}
	fmt.Printf("%q %q %q\n", res.Text(), res.Choices[0].Message.Thoughts, res.Message().Thoughts)
	return nil
}
