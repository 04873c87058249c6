module github.com/chatspec/chatspec/cmd/chatspec

go 1.26.0

require github.com/chatspec/chatspec v0.1.0
