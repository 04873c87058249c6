// Package chatspec is a client for chat completions, generated from an OpenAPI document that its users own.
//
// [New] and [FromEnv] return a [Client], whose methods are the operations of the document: Create and Stream
// generate an answer, List, Get, Update, Delete and Messages work on stored ones. Types and the client that
// returns *http.Response are in package generated (called chat), event streams in package stream, errors in
// package api. [Client.Raw] hands out the generated client with this client's authentication and retries in
// place. A call is repeated where that can do no harm (see [WithMaxRetries]), waits as long as its context, and
// can be watched (see [Hooks]).
//
//	client, err := chatspec.FromEnv()
//	res, err := client.Create(ctx, chat.CreateChatCompletionRequest{
//		Model:    "gpt-5.4",
//		Messages: chat.Messages{chat.UserMessage{Content: chat.Text("Say hello.")}},
//	})
//
// Change openapi.yaml, run go generate, and the types follow.
package chatspec

import "embed"

// Spec is the OpenAPI 3.1 document that this module's types were generated from, as YAML.
//
//go:embed openapi.yaml
var Spec string

// Deviations is the list of what Spec has otherwise than the official document on purpose, with the reasons,
// as YAML.
//
//go:embed api/deviations.yaml
var Deviations string

// Sources is what turns a document into Go, by the paths of this repository: oapi-codegen.yaml, the templates in
// api/templates that it names, the vendors' overlays in api/overlays, and codec, which generated code calls.
// "chatspec generate" writes packages with it. A program that does not use it does not carry it.
//
//go:embed oapi-codegen.yaml api/templates api/overlays codec/*.go
var Sources embed.FS

// In a workspace the generator would be built with other versions of its dependencies, hence GOWORK=off. The last
// package is for tests alone, which compare the first with it.
//
//go:generate env GOWORK=off go tool oapi-codegen -config oapi-codegen.yaml openapi.yaml
//go:generate env GOWORK=off go tool oapi-codegen -config chattest/internal/oapi-codegen.yaml openapi.yaml
//go:generate env GOWORK=off go tool oapi-codegen -config tests/oracle/oapi-codegen.yaml openapi.yaml
