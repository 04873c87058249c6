package chatspec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// A conversation that was written down is read back with its types: whose turn it was, and what was said.
func Example_history() {
	var messages chat.Messages
	err := json.Unmarshal([]byte(`[
		{"role": "developer", "content": "Be brief."},
		{"role": "user", "content": "Open the door."},
		{"role": "assistant", "content": [{"type": "text", "text": "Well."}, {"type": "refusal", "refusal": "I have no hands."}]},
		{"role": "narrator", "content": "Nothing happened."}
	]`), &messages)
	if err != nil {
		log.Fatal(err)
	}
	for _, message := range messages {
		switch message := message.(type) {
		case chat.DeveloperMessage:
			fmt.Println("developer:", message.Content)
		case chat.UserMessage:
			fmt.Println("user:", message.Content)
		case chat.AssistantMessage:
			fmt.Println("assistant:", said(message.Content))
		case chat.Raw: // what the document does not know, as it was sent
			fmt.Printf("unknown: %s\n", message)
		}
	}
	// Output:
	// developer: Be brief.
	// user: Open the door.
	// assistant: Well. (I have no hands.)
	// unknown: {"role": "narrator", "content": "Nothing happened."}
}

// said is the text of what a model said, with its refusals in brackets.
func said(content chat.AssistantContent) (text string) {
	switch content := content.(type) {
	case chat.Text:
		return string(content)
	case chat.AssistantParts:
		for _, part := range content {
			switch part := part.(type) {
			case chat.TextPart:
				text += part.Text
			case chat.RefusalPart:
				text += " (" + part.Refusal + ")"
			}
		}
	}
	return text
}

// The messages of a stored completion, whose content may be in parts.
func ExampleClient_Messages() {
	client := fake(chattest.Text("A cat."))
	ctx := context.Background()
	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
		Model: "gpt-5.4",
		Store: new(true),
		Messages: chat.Messages{chat.UserMessage{Content: chat.UserParts{
			chat.TextPart{Text: "What is this?"},
			chat.ImagePart{ImageURL: chat.ImageURL{URL: "https://example.com/cat.png"}},
		}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for m, err := range client.Messages(ctx, res.ID, chat.GetChatCompletionMessagesParams{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.Role, m.Content)
		for _, part := range m.ContentParts {
			if part, ok := part.(chat.ImagePart); ok {
				fmt.Println("with", part.ImageURL.URL)
			}
		}
	}
	// Output:
	// user What is this?
	// with https://example.com/cat.png
}

// What moderation found in the answer, or why it found nothing.
func Example_moderation() {
	client := fake(chattest.Completion(chat.CreateChatCompletionResponse{
		Choices: []chat.Choice{{Message: chat.ResponseMessage{Content: "Ouch."}}},
		Moderation: &chat.Moderation{
			Input:  chat.ModerationError{Code: "unavailable", Message: "Try again later."},
			Output: chat.ModerationResults{Results: []chat.ModerationResult{{Flagged: true, Categories: chat.ModerationCategories{"violence": true}}}},
		},
	}))
	res, err := client.Create(context.Background(), greeting)
	if err != nil {
		log.Fatal(err)
	}
	for _, outcome := range []chat.ModerationOutcome{res.Moderation.Input, res.Moderation.Output} {
		switch outcome := outcome.(type) {
		case chat.ModerationResults:
			fmt.Println(outcome.Results[0].Flagged, outcome.Results[0].Categories)
		case chat.ModerationError:
			fmt.Println(outcome.Code)
		}
	}
	// Output:
	// unavailable
	// true map[violence:true]
}
