module github.com/chatspec/chatspec/tests/ui

go 1.26.0
