package main

import (
	"reflect"

	"github.com/chatspec/chatspec/codec"
	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tests/oracle/plain"
)

// document is JSON that is no event.
type document struct {
	name  string
	plain reflect.Type
	// difference decodes data by both sides and says in what they differ.
	difference func(data []byte) string
}

// documents are the bodies of the operations.
var documents = []document{
	documentOf[chat.CreateChatCompletionResponse, plain.CreateChatCompletionResponse]("response"),
	documentOf[chat.CreateChatCompletionRequest, plain.CreateChatCompletionRequest]("request"),
	documentOf[chat.ChatCompletionList, plain.ChatCompletionList]("list"),
	documentOf[chat.ChatCompletionMessageList, plain.ChatCompletionMessageList]("messages"),
}

func documentOf[C, P any, D interface {
	*C
	DecodeJSON(d *codec.Decoder)
}](name string) document {
	return document{name, reflect.TypeFor[P](), func(data []byte) string {
		want, wantErr := expect[P](data)
		got := new(C)
		err := codec.Unmarshal(data, got, func(v *C, d *codec.Decoder) { D(v).DecodeJSON(d) })
		return decodedDifference(got, err, want, wantErr)
	}}
}
