package validate

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// unionFault explains why a value is none of the branches of a oneOf or anyOf: with the fault within the
// branch that was meant. That is the one that the discriminator names; or else the only one that has the
// value's type; or else the only one whose constant properties, which tell such branches apart, are the
// value's. If that leaves several, it is the one in which the fault is deepest.
func unionFault(branches openapi3.SchemaRefs, discriminator *openapi3.Discriminator, value any, path []string) *Error {
	if len(branches) == 0 {
		return nil
	}
	candidates, e := mapped(branches, discriminator, value, path)
	if e == nil && len(candidates) > 1 {
		candidates, e = typed(candidates, value, path)
	}
	if object, ok := value.(map[string]any); ok && e == nil && len(candidates) > 1 {
		candidates, e = tagged(candidates, object, path)
	}
	if e != nil {
		return e
	}
	var deepest *Error
	for _, ref := range candidates {
		e := fault(ref.Value, value, path)
		if e == nil {
			return nil
		}
		if deepest == nil || strings.Count(e.Pointer, "/") > strings.Count(deepest.Pointer, "/") {
			deepest = e
		}
	}
	return deepest
}

// mapped returns the branch that the discriminator picks, or all if there is none.
func mapped(branches openapi3.SchemaRefs, d *openapi3.Discriminator, value any, path []string) (openapi3.SchemaRefs, *Error) {
	object, ok := value.(map[string]any)
	if d == nil || len(d.Mapping) == 0 || !ok {
		return branches, nil
	}
	at := append(path, d.PropertyName)
	got, ok := object[d.PropertyName]
	if !ok {
		return nil, broken(at, "required", mappedNames(branches, d)...)
	}
	name, ok := got.(string)
	if !ok {
		return nil, broken(at, "type", openapi3.TypeString)
	}
	ref, ok := d.Mapping[name]
	if !ok {
		return nil, broken(at, "discriminator", mappedNames(branches, d)...)
	}
	return keep(branches, func(branch *openapi3.SchemaRef) bool { return branch.Ref == ref.Ref }), nil
}

// mappedNames returns the values of a discriminator in the order of the branches.
func mappedNames(branches openapi3.SchemaRefs, d *openapi3.Discriminator) []string {
	var names []string
	for _, branch := range branches {
		for _, name := range slices.Sorted(maps.Keys(d.Mapping)) {
			if d.Mapping[name].Ref == branch.Ref {
				names = append(names, name)
			}
		}
	}
	return names
}

// typed returns the branches that allow the type of the value.
func typed(branches openapi3.SchemaRefs, value any, path []string) (openapi3.SchemaRefs, *Error) {
	var all []string
	fitting := keep(branches, func(branch *openapi3.SchemaRef) bool {
		types := typesOf(branch.Value)
		all = append(all, types...)
		return types == nil || permits(types, value)
	})
	if len(fitting) > 0 {
		return fitting, nil
	}
	slices.Sort(all)
	return nil, broken(path, "type", slices.Compact(all)...)
}

// typesOf returns the types that a schema allows, nil for any.
func typesOf(schema *openapi3.Schema) []string {
	if schema == nil {
		return nil
	}
	types := slices.Clone(schema.Type.Slice())
	if types != nil && schema.Nullable {
		types = append(types, openapi3.TypeNull)
	}
	if types != nil {
		return types
	}
	for _, branch := range slices.Concat(schema.OneOf, schema.AnyOf) {
		of := typesOf(branch.Value)
		if of == nil {
			return nil
		}
		types = append(types, of...)
	}
	return types
}

// tagged returns the branches whose constants the object has. It looks at the first property, by name,
// that is a required constant in all of them.
func tagged(branches openapi3.SchemaRefs, object map[string]any, path []string) (openapi3.SchemaRefs, *Error) {
	tag, ok := commonTag(branches)
	if !ok {
		return branches, nil
	}
	var names []string
	fitting := keep(branches, func(branch *openapi3.SchemaRef) bool {
		name := constant(branch.Value.Properties[tag])[0]
		names = append(names, name)
		return equal(name, object[tag])
	})
	switch _, present := object[tag]; {
	case len(fitting) > 0:
		return fitting, nil
	case !present:
		return nil, broken(append(path, tag), "required", names...)
	default:
		return nil, broken(append(path, tag), "discriminator", names...)
	}
}

// commonTag returns the name of a property that each branch requires to have one value.
func commonTag(branches openapi3.SchemaRefs) (string, bool) {
	if branches[0].Value == nil {
		return "", false
	}
	for _, name := range slices.Sorted(maps.Keys(branches[0].Value.Properties)) {
		tells := func(branch *openapi3.SchemaRef) bool {
			return branch.Value != nil && slices.Contains(branch.Value.Required, name) &&
				len(constant(branch.Value.Properties[name])) == 1
		}
		if !slices.ContainsFunc(branches, func(branch *openapi3.SchemaRef) bool { return !tells(branch) }) {
			return name, true
		}
	}
	return "", false
}

func keep(branches openapi3.SchemaRefs, wanted func(*openapi3.SchemaRef) bool) openapi3.SchemaRefs {
	var kept openapi3.SchemaRefs
	for _, branch := range branches {
		if wanted(branch) {
			kept = append(kept, branch)
		}
	}
	return kept
}
