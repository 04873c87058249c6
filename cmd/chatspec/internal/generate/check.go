package generate

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// codecPackage is the package that generated code calls most.
const codecPackage = "github.com/chatspec/chatspec/codec"

// check compiles the generated code, without its imports but for package codec, and returns what is wrong in terms
// of the document. So whatever [preflight] does not know of is found before anything is written.
func (d *document) check(code []byte, sources fs.FS) error {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", code, parser.SkipObjectResolution)
	if err != nil {
		return DocumentErrors{d.problem(nil, "the generated code is no Go: %v", err)}
	}
	imports, err := codecOnly(fset, sources)
	if err != nil {
		return err
	}
	var problems DocumentErrors
	config := types.Config{Importer: imports, Error: func(err error) {
		var failed types.Error
		if !errors.As(err, &failed) || strings.HasPrefix(failed.Msg, "could not import") {
			return
		}
		if len(problems) == 0 { // the others follow from it
			problems = DocumentErrors{d.inDocument(file, failed)}
		}
	}}
	_, _ = config.Check("", fset, []*ast.File{file}, nil) // problems has it
	return problems.orNil()
}

// onlyCodec imports package codec and nothing else.
type onlyCodec struct{ codec *types.Package }

var errNotImported = errors.New("not imported")

func (i onlyCodec) Import(path string) (*types.Package, error) {
	if i.codec != nil && path == codecPackage {
		return i.codec, nil
	}
	return nil, errNotImported // the compiler then takes whatever is asked of the package
}

// codecOnly returns an importer that knows what package codec declares.
func codecOnly(fset *token.FileSet, sources fs.FS) (types.Importer, error) {
	names, err := fs.Glob(sources, "codec/*.go")
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		data, err := fs.ReadFile(sources, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(fset, name, data, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	config := types.Config{IgnoreFuncBodies: true, Importer: onlyCodec{}, Error: func(error) {}}
	pkg, _ := config.Check(codecPackage, fset, files, nil) // it lacks its imports, which declare nothing of it
	return onlyCodec{pkg}, nil
}

var redeclared = regexp.MustCompile(`^(\w+) redeclared in this block`)

// inDocument turns an error of the compiler into one of the document.
func (d *document) inDocument(file *ast.File, failed types.Error) DocumentError {
	if found := redeclared.FindStringSubmatch(failed.Msg); found != nil {
		if path := d.schemaOf(found[1]); path != nil {
			return d.problem(path, "its name in Go, %s, is taken by something else: rename the schema", found[1])
		}
	}
	names := enclosing(file, failed.Pos)
	path := d.schemaOf(names.decl)
	for _, word := range identifier.FindAllString(failed.Msg, -1) {
		if path == nil {
			path = d.schemaCalled(word)
		}
	}
	if path == nil {
		return d.problem(nil, "the generated code does not compile: %s", failed.Msg)
	}
	return d.problem(d.propertyOf(path, names.json, names.field), "%s", reason(failed.Msg))
}

// propertyOf returns the property of a schema that one of the names is, or the schema. Names are as in JSON or Go.
func (d *document) propertyOf(schema []string, names ...string) []string {
	for name := range members(get(d.root, append(slices.Clone(schema), "properties")...)) {
		if slices.Contains(names, name) || slices.Contains(names, codegen.SchemaNameToTypeName(name)) {
			return under(schema, "properties", name)
		}
	}
	return schema
}

var duplicate = regexp.MustCompile(`duplicate typename '(\w+)'`)

// inProperty and inSchema are how the generator names a place.
var (
	inProperty = regexp.MustCompile(`in property "([^"]+)" in schema "([^"]+)"`)
	inSchema   = regexp.MustCompile(`in schema "([^"]+)"`)
)

// inCode is how the generator says which line of its code cannot be read as Go; declared finds what is declared
// there.
var (
	inCode   = regexp.MustCompile(`at line ([0-9]+): `)
	declared = regexp.MustCompile(`^(?:func \(\w* ?\*?|func |type )(\w+)`)
)

// refused turns an error of the generator into one of the document. code is what it had generated all the same.
func (d *document) refused(code string, err error) error {
	if found := inCode.FindStringSubmatch(err.Error()); found != nil {
		lines := strings.Split(code, "\n")
		at, _ := strconv.Atoi(found[1]) // digits
		lines = lines[:min(at, len(lines))]
		for _, line := range slices.Backward(lines) {
			if decl := declared.FindStringSubmatch(line); decl != nil && d.schemaOf(decl[1]) != nil {
				bad := lines[len(lines)-1]
				path := d.propertyOf(d.schemaOf(decl[1]), identifier.FindAllString(bad, -1)...)
				return DocumentErrors{d.problem(path, "the generated code is no Go: %s", strings.TrimSpace(bad))}
			}
		}
	}
	if found := duplicate.FindStringSubmatch(err.Error()); found != nil {
		return DocumentErrors{d.problem(d.schemaOf(found[1]), "two types would be called %s in Go: rename one", found[1])}
	}
	if found := inProperty.FindStringSubmatch(err.Error()); found != nil {
		return DocumentErrors{d.problem([]string{"components", "schemas", found[2], "properties", found[1]}, "%v", err)}
	}
	if found := inSchema.FindStringSubmatch(err.Error()); found != nil {
		return DocumentErrors{d.problem([]string{"components", "schemas", found[1]}, "%v", err)}
	}
	return DocumentErrors{d.problem(nil, "the generator refuses the document: %v", err)}
}

var identifier = regexp.MustCompile(`\w+`)

// reason says what to do about the errors of the compiler that documents are known to cause.
func reason(message string) string {
	switch {
	case strings.HasPrefix(message, "invalid recursive type"):
		return "contains itself: break the circle with x-go-type-skip-optional-pointer: false on an optional property"
	case strings.Contains(message, "field and method with the same name"):
		return "its name in Go is that of a method: set x-go-name"
	case strings.HasSuffix(message, "redeclared"):
		return "two properties have the same name in Go: set x-go-name on one"
	case strings.HasPrefix(message, "cannot use") && strings.Contains(message, ".Result()"), strings.Contains(message, ".Value undefined"):
		return "its type is not that of what it adds up to: " + message
	}
	return "the generated code does not compile: " + message
}

// names says where an error is: the declaration around it, and the field that is talked about there, by its name
// in Go or in JSON.
type names struct{ decl, field, json string }

func enclosing(file *ast.File, pos token.Pos) (found names) {
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil || pos < n.Pos() || pos >= n.End() {
			return n == nil || n == ast.Node(file)
		}
		switch n := n.(type) {
		case *ast.FuncDecl:
			found.decl = n.Name.Name
			if n.Recv != nil && len(n.Recv.List) > 0 {
				found.decl = strings.TrimPrefix(types.ExprString(n.Recv.List[0].Type), "*")
			}
			if n.Recv != nil && n.Name.Pos() <= pos && pos < n.Name.End() {
				found.field = n.Name.Name // a method that has the name of a field
			}
		case *ast.TypeSpec:
			found.decl = n.Name.Name
		case *ast.CaseClause:
			if len(n.List) == 1 {
				if literal, ok := n.List[0].(*ast.BasicLit); ok {
					found.json, _ = strconv.Unquote(literal.Value) // a number is no name
				}
			}
		case *ast.AssignStmt:
			found.field = selected(n.Lhs[0], found.field)
		case *ast.Field:
			if len(n.Names) == 1 && n.Tag != nil || len(n.Names) == 1 && found.field == "" {
				found.field = n.Names[0].Name
			}
		case *ast.CallExpr:
			if method, ok := n.Fun.(*ast.SelectorExpr); ok {
				found.field = selected(method.X, found.field)
			}
		}
		return true
	})
	return found
}

// selected returns the field that x.field selects.
func selected(x ast.Expr, otherwise string) string {
	if s, ok := x.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return otherwise
}

// schemaOf returns the schema that a name of the generated code comes from, nil where it is none.
func (d *document) schemaOf(name string) []string {
	for _, candidate := range []string{name, strings.TrimSuffix(name, "Accumulator"), strings.TrimPrefix(name, "decode"), strings.TrimPrefix(name, "new")} {
		if path := d.schemaCalled(candidate); path != nil {
			return path
		}
	}
	var found []string
	longest := ""
	for schema := range members(get(d.root, "components", "schemas")) {
		if prefix := codegen.SchemaNameToTypeName(schema); strings.HasPrefix(name, prefix) && len(prefix) > len(longest) {
			longest, found = prefix, []string{"components", "schemas", schema} // the type of a property
		}
	}
	return found
}

// schemaCalled returns the schema whose type has this name, but for the case of its first letter.
func (d *document) schemaCalled(name string) []string {
	for schema := range members(get(d.root, "components", "schemas")) {
		if strings.EqualFold(codegen.SchemaNameToTypeName(schema), name) {
			return []string{"components", "schemas", schema}
		}
	}
	return nil
}
