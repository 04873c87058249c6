module github.com/chatspec/chatspec/tests/oracle

go 1.26.0

replace github.com/chatspec/chatspec => ../..

require (
	github.com/chatspec/chatspec v0.1.0
	github.com/go-json-experiment/json v1.27.2
)

require (
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/oapi-codegen/runtime v1.8.0 // indirect
)
