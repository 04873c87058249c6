module github.com/chatspec/chatspec/tests/contract

go 1.26.0

replace (
	github.com/chatspec/chatspec => ../..
	github.com/chatspec/chatspec/batch => ../../batch
	github.com/chatspec/chatspec/cmd/chatspec => ../../cmd/chatspec
)

require (
	github.com/chatspec/chatspec v0.1.0
	github.com/chatspec/chatspec/cmd/chatspec v0.0.0-00010101000000-000000000000
	github.com/getkin/kin-openapi v0.142.0
)

require (
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/go-openapi/jsonpointer v0.23.1 // indirect
	github.com/go-openapi/swag/jsonname v0.26.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/kr/pretty v0.3.1 // indirect
	github.com/oapi-codegen/runtime v1.8.0 // indirect
	github.com/oasdiff/yaml v0.1.1 // indirect
	github.com/oasdiff/yaml3 v0.0.14 // indirect
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.2 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/text v0.43.0 // indirect
)
