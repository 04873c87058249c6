package validate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/chatspec/chatspec"
)

const (
	// MaxBodyBytes is the largest body that is checked: 64 MiB. A larger one is an [Error] whose Rule is
	// [RuleSize].
	MaxBodyBytes = 64 << 20

	mediaJSON   = "application/json"
	mediaEvents = "text/event-stream"
)

// Validator checks against one document. It never changes and is safe for concurrent use. [New] makes one; the zero
// Validator is none.
type Validator struct {
	doc        *openapi3.T
	routes     []route
	operations map[string]*openapi3.Operation
	chunk      *openapi3.SchemaRef // of the events of a stream; nil if the document has none
}

// New returns a Validator for an OpenAPI document in YAML or JSON; nil means [chatspec.Spec], whose
// Validator is made once and then shared. References to other documents are not followed. The document
// itself is not checked further than that it loads.
func New(spec []byte) (*Validator, error) {
	if spec == nil {
		return own()
	}
	return load(spec)
}

// own is the Validator of this module's document. Loading takes 20 ms, which every test of a user would
// pay again.
var own = sync.OnceValues(func() (*Validator, error) { return load([]byte(chatspec.Spec)) })

func load(spec []byte) (*Validator, error) {
	doc, err := openapi3.NewLoader().LoadFromData(spec)
	if err != nil {
		return nil, fmt.Errorf("validate: load the document: %w", err)
	}
	if doc.Paths.Len() == 0 && doc.Components == nil {
		return nil, errors.New("validate: the document is empty")
	}
	v := &Validator{doc: doc, routes: newRoutes(doc), operations: map[string]*openapi3.Operation{}}
	for _, r := range v.routes {
		for _, op := range r.operations {
			v.operations[op.OperationID] = op
		}
	}
	for _, id := range slices.Sorted(maps.Keys(v.operations)) {
		if v.chunk == nil {
			v.chunk = eventSchema(v.operations[id])
		}
	}
	return v, nil
}

// Request checks the method, the path, the parameters and the body of a request, on the side of a client
// or of a server. It reads at most [MaxBodyBytes] of the body and puts back what it has read, so that the
// request can be sent or served afterwards; it does not close the body.
//
// The result is nil, an [*Error], or the error of reading the body. The path may have any prefix, see
// [Validator.Route]. A body without Content-Type is taken for JSON.
func (v *Validator) Request(r *http.Request) error {
	match, err := v.match(r)
	if err != nil {
		return err
	}
	if err := checkParameters(match, r); err != nil {
		return err
	}
	if match.operation.RequestBody == nil || match.operation.RequestBody.Value == nil {
		return nil
	}
	return checkBody(match.operation.RequestBody.Value, r)
}

// Response checks the body of an answer with the given status to the operation with the given ID. It is
// an [*Error] if the document has neither the status nor a default. Nothing is checked where the document
// has no JSON for the status.
func (v *Validator) Response(operationID string, status int, body []byte) error {
	op := v.operations[operationID]
	if op == nil {
		return fmt.Errorf("validate: the document has no operation %q", operationID)
	}
	return checkAnswer(op, status, body)
}

// Chunk checks the data of one event of a stream, which [DONE] is not. The schema is that of the first
// operation, by its ID, that answers with text/event-stream.
func (v *Validator) Chunk(data []byte) error {
	if v.chunk == nil {
		return errors.New("validate: the document has no " + mediaEvents)
	}
	return checkJSON(v.chunk, data)
}

// Body checks JSON against the schema with this name in the document's components.
func (v *Validator) Body(schema string, data []byte) error {
	if v.doc.Components == nil || v.doc.Components.Schemas[schema] == nil {
		return fmt.Errorf("validate: the document has no schema %q", schema)
	}
	return checkJSON(v.doc.Components.Schemas[schema], data)
}

// checkAnswer checks the body of an answer to an operation.
func checkAnswer(op *openapi3.Operation, status int, body []byte) error {
	response := op.Responses.Status(status)
	if response == nil {
		response = op.Responses.Default()
	}
	if response == nil || response.Value == nil {
		return &Error{In: InStatus, Rule: RuleStatus}
	}
	media := response.Value.Content.Get(mediaJSON)
	if media == nil {
		return nil
	}
	return checkJSON(media.Schema, body)
}

// checkJSON checks one JSON value. The verdict is that of kin-openapi, whose words hold values and are
// therefore not asked for; the explanation is that of fault.
func checkJSON(schema *openapi3.SchemaRef, data []byte) error {
	var value any
	if json.Unmarshal(data, &value) != nil {
		return &Error{In: InBody, Rule: RuleJSON}
	}
	if schema == nil || schema.Value == nil {
		return nil
	}
	if found := check(InBody, schema.Value, value); found != nil {
		return found
	}
	return nil
}

// check checks a decoded value.
func check(in Place, schema *openapi3.Schema, value any) *Error {
	if schema.VisitJSON(value, openapi3.FailFast()) == nil {
		return nil
	}
	found := fault(schema, value, nil)
	if found == nil {
		found = foreignFault(schema, value)
	}
	found.In = in
	return found
}

// foreignFault explains what breaks a rule that only kin-openapi knows.
func foreignFault(schema *openapi3.Schema, value any) *Error {
	detail, ok := errors.AsType[*openapi3.SchemaError](schema.VisitJSON(value))
	if !ok {
		return broken(nil, "schema")
	}
	var path []string
	for _, name := range detail.JSONPointer() {
		path = append(path, openName(name))
	}
	return broken(path, detail.SchemaField)
}

// eventSchema returns the schema of the events with which op answers, or nil.
func eventSchema(op *openapi3.Operation) *openapi3.SchemaRef {
	responses := op.Responses.Map()
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		if response := responses[status]; response.Value != nil {
			if media := response.Value.Content[mediaEvents]; media != nil {
				return media.Schema
			}
		}
	}
	return nil
}
