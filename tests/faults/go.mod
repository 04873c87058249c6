module github.com/chatspec/chatspec/tests/faults

go 1.26.0

replace github.com/chatspec/chatspec => ../..

require (
	github.com/chatspec/chatspec v0.1.0
	golang.org/x/net v0.62.0
)

require (
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/oapi-codegen/runtime v1.8.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
