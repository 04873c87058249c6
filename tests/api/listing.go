package main

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// listing is what a package exports: a sorted line for each constant, variable, function, type, field and
// method, promoted ones included. Names of packages stand for their paths.
func listing(pkg *types.Package) []string {
	l := &lister{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		object := pkg.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		switch object := object.(type) {
		case *types.Const:
			l.add("const %s %s = %s", name, l.text(object.Type()), object.Val().ExactString())
		case *types.TypeName:
			l.typeName(object)
		default:
			l.add("%s", types.ObjectString(object, l.qualify))
		}
	}
	slices.Sort(l.lines)
	return slices.Compact(l.lines)
}

type lister struct {
	pkg   *types.Package
	lines []string
}

func (l *lister) add(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

// qualify is how names of other packages are written.
func (l *lister) qualify(other *types.Package) string {
	if other == l.pkg {
		return ""
	}
	return other.Name()
}

func (l *lister) text(t types.Type) string { return types.TypeString(t, l.qualify) }

func (l *lister) typeName(name *types.TypeName) {
	if alias, ok := name.Type().(*types.Alias); ok {
		l.add("type %s = %s", name.Name(), l.text(alias.Rhs()))
		return
	}
	t := name.Type()
	switch under := t.Underlying().(type) {
	case *types.Struct:
		l.add("type %s struct%s", l.text(t), unexportedFields(under))
		l.fields(name.Name(), under)
	case *types.Interface:
		if !under.IsMethodSet() { // a constraint
			l.add("type %s %s", l.text(t), l.text(under))
			return
		}
		l.add("type %s interface%s", l.text(t), unexportedMethods(under))
	default:
		l.add("type %s %s", l.text(t), l.text(under))
	}
	l.methods(name.Name(), t)
}

// unexportedFields says whether literals of a struct need the names of its fields.
func unexportedFields(t *types.Struct) string {
	for field := range t.Fields() {
		if !field.Exported() {
			return " with unexported fields"
		}
	}
	return ""
}

// unexportedMethods says whether other packages can implement an interface.
func unexportedMethods(t *types.Interface) string {
	for method := range t.Methods() {
		if !method.Exported() {
			return " with unexported methods"
		}
	}
	return ""
}

// fields adds the fields of a struct, also those that an embedded type without an exported name promotes.
func (l *lister) fields(owner string, t *types.Struct) {
	for field := range t.Fields() {
		switch {
		case field.Exported() && field.Embedded():
			l.add("field %s.%s embedded %s", owner, field.Name(), l.text(field.Type()))
		case field.Exported():
			l.add("field %s.%s %s", owner, field.Name(), l.text(field.Type()))
		case field.Embedded():
			if promoted, ok := field.Type().Underlying().(*types.Struct); ok {
				l.fields(owner, promoted)
			}
		}
	}
}

// methods adds what can be called on a value of a type, and on a pointer to one.
func (l *lister) methods(owner string, t types.Type) {
	values, all := types.NewMethodSet(t), types.NewMethodSet(types.NewPointer(t))
	if types.IsInterface(t) {
		all = values
	}
	for method := range all.Methods() {
		if !method.Obj().Exported() {
			continue
		}
		receiver := owner
		if values.Lookup(l.pkg, method.Obj().Name()) == nil {
			receiver = "*" + owner
		}
		l.add("method (%s) %s%s", receiver, method.Obj().Name(), strings.TrimPrefix(l.text(method.Type()), "func"))
	}
}
