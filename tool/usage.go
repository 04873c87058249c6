package tool

import (
	"reflect"

	chat "github.com/chatspec/chatspec/generated"
)

// addUsage adds the counts of an answer, if it has any, to sum.
func addUsage(sum, usage *chat.CompletionUsage) {
	if usage != nil {
		add(reflect.ValueOf(sum).Elem(), reflect.ValueOf(usage).Elem())
	}
}

// add adds every number in v to that in sum, whatever the document counts.
func add(sum, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			add(sum.Field(i), v.Field(i))
		}
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		if sum.IsNil() {
			sum.Set(reflect.New(v.Type().Elem()))
		}
		add(sum.Elem(), v.Elem())
	default:
		if v.CanInt() {
			sum.SetInt(sum.Int() + v.Int())
		}
	}
}
