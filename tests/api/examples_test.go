package main

import (
	"go/ast"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// TestEverythingIsInAnExample wants every function and type of the packages that are written by hand, and every union
// of the generated one that is not deprecated, in an example or in a program of examples/. What an example sets, calls
// or looks at counts, also where it does not name its type.
func TestEverythingIsInAnExample(t *testing.T) {
	t.Parallel()
	seen := names{}
	public := map[string]*packages.Package{}
	for _, dir := range []string{".", "chatspecotel"} {
		found, err := loadPackages("../..", dir, &packages.Config{
			Mode:  packages.NeedName | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports,
			Tests: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, pkg := range found {
			if isPublic(pkg) && pkg.ID == pkg.PkgPath && !strings.HasSuffix(pkg.PkgPath, "_test") {
				public[pkg.PkgPath] = pkg
			}
			for _, file := range pkg.Syntax {
				if isExample(pkg.Fset.File(file.Pos()).Name()) {
					seen.addFile(file, pkg.TypesInfo)
				}
			}
		}
	}
	if len(public) != 10 {
		t.Fatalf("found the packages %v", slices.Sorted(maps.Keys(public)))
	}
	for path, pkg := range public {
		for _, object := range wantExamples(pkg) {
			if !seen[fullName(object)] {
				t.Errorf("no example shows %s.%s", path, object.Name())
			}
		}
	}
}

// isExample reports whether a file is there to show how things are used.
func isExample(name string) bool {
	name = filepath.ToSlash(name)
	base := name[strings.LastIndex(name, "/")+1:]
	if strings.HasSuffix(base, "_test.go") {
		return strings.HasPrefix(base, "example")
	}
	return strings.Contains(name, "/examples/")
}

// wantExamples returns what readers of the documentation look for examples of.
func wantExamples(pkg *packages.Package) (objects []types.Object) {
	outdated := deprecated(pkg)
	scope := pkg.Types.Scope()
	for _, name := range scope.Names() {
		object := scope.Lookup(name)
		_, isFunction := object.(*types.Func)
		_, isType := object.(*types.TypeName)
		switch {
		case !object.Exported() || outdated[name]:
		case pkg.Name == "chat":
			union, ok := object.Type().Underlying().(*types.Interface)
			if isType && ok && union.NumMethods() == 1 && !union.Method(0).Exported() {
				objects = append(objects, object)
			}
		case isFunction, isType:
			objects = append(objects, object)
		}
	}
	return objects
}

// deprecated returns the names of the types of a package whose comments say so.
func deprecated(pkg *packages.Package) map[string]bool {
	outdated := map[string]bool{}
	for _, file := range pkg.Syntax {
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || !strings.Contains(group.Doc.Text(), "\nDeprecated: ") {
				continue
			}
			for _, spec := range group.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					outdated[spec.Name.Name] = true
				}
			}
		}
	}
	return outdated
}

// names are the functions and types that examples use, by their full names.
type names map[string]bool

func fullName(object types.Object) string { return object.Pkg().Path() + "." + object.Name() }

func (n names) add(object types.Object) (added bool) {
	if object.Pkg() == nil || n[fullName(object)] {
		return false
	}
	n[fullName(object)] = true
	return true
}

// addFile adds what a file names, and the types of all that it says.
func (n names) addFile(file *ast.File, info *types.Info) {
	ast.Inspect(file, func(node ast.Node) bool {
		if ident, ok := node.(*ast.Ident); ok {
			if object := info.Uses[ident]; object != nil && object.Pkg() != nil {
				n.addType(object.Type())
				if object.Parent() == object.Pkg().Scope() {
					n.add(object)
				}
			}
		}
		if expr, ok := node.(ast.Expr); ok && info.Types[expr].Type != nil {
			n.addType(info.Types[expr].Type)
		}
		return true
	})
}

// addType adds a type and what it is made of, what is asked of its type arguments too, but not the fields of a struct:
// those that an example has to do with are named there.
func (n names) addType(t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		n.add(t.Obj())
		n.addType(types.Unalias(t))
	case *types.Named:
		if !n.add(t.Origin().Obj()) {
			return
		}
		n.addType(t.Underlying())
		for p := range t.Origin().TypeParams().TypeParams() {
			n.addType(p.Constraint())
		}
	case interface{ Elem() types.Type }: // pointers, lists, maps
		n.addType(t.Elem())
	case *types.Signature:
		for _, tuple := range []*types.Tuple{t.Params(), t.Results()} {
			for v := range tuple.Variables() {
				n.addType(v.Type())
			}
		}
	}
}
