package main

//go:generate env GOWORK=off go -C ../.. tool oapi-codegen -config tests/oracle/oapi-codegen.yaml openapi.yaml
