// Package tool lets a model call Go functions, and answer with Go values.
//
//	type Place struct {
//		City string `json:"city" jsonschema:"the name of the city, in English"`
//		Unit string `json:"unit,omitempty" enum:"celsius,fahrenheit"`
//	}
//	weather := tool.New("get_weather", "Get the weather in a city.", lookUp) // func(context.Context, Place) (Weather, error)
//
//	result, err := tool.Run(ctx, client, req, weather)   // asks, calls, asks again, until the model has answered
//	answer, err := tool.Parse[Weather](ctx, client, req) // one answer, as a value of the type
//
// [New] makes a function a tool; [NewCustom] is for tools that take free text, and [NewRaw] for schemas that no Go
// type has. [Runner] is [Run] with everything that can be set: bounds, streaming, hooks, approval of each call, and
// what an error of a function means. [ParseStream] shows a value while it grows.
//
// Schemas follow from Go types, see [Format]. They are in the strict form that makes a server hold the model to them,
// and what comes back is checked against them all the same, because many servers know no strict form.
//
// Everything is built on the types and the client of this module and knows no field of the document that it does not
// use. Who does not import this package links nothing of it.
package tool
