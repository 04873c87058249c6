package chatspec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/chattest"
	chat "github.com/chatspec/chatspec/generated"
)

// show prints what goes over the wire.
func show(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", data)
}

// A picture from a file goes along in the request.
func ExampleDataURL() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "dot.gif")
	if err := os.WriteFile(path, []byte("GIF89a"), 0o600); err != nil {
		log.Fatal(err)
	}

	url, err := chatspec.DataURL(path, 20<<20)
	if err != nil {
		log.Fatal(err)
	}
	show(chat.UserMessage{Content: chat.UserParts{
		chat.TextPart{Text: "What is this?"},
		chat.ImagePart{ImageURL: chat.ImageURL{URL: url, Detail: chat.ImageDetailLow}},
	}})
	// Output:
	// {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image_url","image_url":{"detail":"low","url":"data:image/gif;base64,R0lGODlh"}}]}
}

// What a user says may have pieces of every kind.
func Example_userParts() {
	parts := []chat.UserPart{
		chat.TextPart{Text: "Compare the minutes with the recording."},
		chat.FilePart{File: chat.FileInput{FileID: "file-minutes"}},
		chat.AudioPart{InputAudio: chat.AudioInput{Data: "UklGRg==", Format: chat.InputAudioFormatWav}},
	}
	for _, part := range parts {
		show(part)
	}
	show(chat.UserMessage{Content: chat.UserParts(parts[:1])})
	// Output:
	// {"type":"text","text":"Compare the minutes with the recording."}
	// {"type":"file","file":{"file_id":"file-minutes"}}
	// {"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}
	// {"role":"user","content":[{"type":"text","text":"Compare the minutes with the recording."}]}
}

// A text at which the answer ends, or several.
func Example_stop() {
	for _, stop := range []chat.Stop{chat.StopSequence("\n"), chat.StopSequences{"END", "\n\n"}} {
		req := greeting
		req.Stop = stop
		show(req)
	}
	// Output:
	// {"model":"gpt-5.4","messages":[{"role":"user","content":"Say hello."}],"stop":"\n"}
	// {"model":"gpt-5.4","messages":[{"role":"user","content":"Say hello."}],"stop":["END","\n\n"]}
}

// A tool that must be called, any tool that must be, and some of them that may be.
func Example_toolChoice() {
	req := greeting
	req.Tools = chat.Tools{
		chat.FunctionTool{Function: chat.FunctionDefinition{Name: "weather"}},
		chat.CustomTool{Custom: chat.CustomDefinition{Name: "shell", Format: chat.TextFormat{}}},
	}
	for _, choice := range []chat.ToolChoice{
		chat.FunctionToolChoice{Function: chat.ToolName{Name: "weather"}},
		chat.ToolChoiceModeRequired,
		chat.AllowedToolsChoice{AllowedTools: chat.AllowedTools{
			Mode:  chat.AllowedToolsModeRequired,
			Tools: []chat.AllowedTool{{"type": "custom", "custom": map[string]any{"name": "shell"}}},
		}},
	} {
		req.ToolChoice = choice
		res, err := fake(chattest.BuiltIn()).Create(context.Background(), req)
		if err != nil {
			log.Fatal(err)
		}
		for _, call := range res.ToolCalls() {
			switch call := call.(type) {
			case chat.FunctionToolCall:
				fmt.Println("function", call.Function.Name)
			case chat.CustomToolCall:
				fmt.Println("custom", call.Custom.Name)
			}
		}
	}
	// Output:
	// function weather
	// function weather
	// custom shell
}

// An answer in a form: JSON by a schema, any JSON, or text.
func Example_responseFormat() {
	schema := map[string]any{
		"type":       "object",
		"properties": map[string]any{"city": map[string]any{"type": "string"}},
		"required":   []string{"city"},
	}
	for _, format := range []chat.ResponseFormat{
		chat.JSONSchemaResponse{JSONSchema: chat.NamedSchema{Name: "place", Schema: schema}},
		chat.JSONObjectResponse{},
		chat.TextResponse{},
	} {
		show(format)
	}
	// Output:
	// {"type":"json_schema","json_schema":{"name":"place","schema":{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"}}}
	// {"type":"json_object"}
	// {"type":"text"}
}

// A spoken answer: in a built-in voice, or in one of the customer's own.
func Example_voice() {
	for _, voice := range []chat.Voice{chat.VoiceName("marin"), chat.CustomVoice{ID: "voice_1"}} {
		show(chat.AudioOutput{Voice: voice, Format: chat.AudioFormatMP3})
	}
	// Output:
	// {"format":"mp3","voice":"marin"}
	// {"format":"mp3","voice":{"id":"voice_1"}}
}
