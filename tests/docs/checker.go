package docs

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
)

// preludeFile declares what fragments assume, and imports the packages beyond the standard library that they use.
const preludeFile = "prelude/prelude.go"

// standard lists the packages of the standard library that documents use.
var standard = []string{
	"bytes", "context", "encoding/json", "errors", "fmt", "io", "log", "log/slog", "net/http", "os", "strings", "sync",
	"testing", "testing/synctest", "time",
}

// Checker compiles blocks as far as their types. A block that begins with a package clause is a program of its own.
// Any other is a fragment, of declarations or of statements, which knows the names of the prelude and gets the imports
// that it uses. "…" in a fragment stands for something that is left out. A Checker is for one goroutine.
type Checker struct {
	files    *token.FileSet
	prelude  *ast.File
	packages map[string]string // import paths by the names that fragments have for the packages
	imported types.Importer
}

// NewChecker has the go command compile what the blocks may import.
func NewChecker(ctx context.Context) (*Checker, error) {
	c := &Checker{files: token.NewFileSet(), packages: map[string]string{}}
	var err error
	if c.prelude, err = parser.ParseFile(c.files, preludeFile, nil, parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	for _, imported := range standard {
		c.packages[path.Base(imported)] = imported
	}
	for _, spec := range c.prelude.Imports {
		imported := strings.Trim(spec.Path.Value, `"`)
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		c.packages[name] = imported
	}
	compiled, err := compile(ctx, slices.Sorted(maps.Values(c.packages)))
	if err != nil {
		return nil, err
	}
	c.imported = importer.ForCompiler(c.files, "gc", func(path string) (io.ReadCloser, error) {
		file, ok := compiled[path]
		if !ok {
			return nil, errors.New("documents do not use it yet: add it to the prelude or the list of standard packages")
		}
		return os.Open(file)
	})
	return c, nil
}

// compile returns the files with the exported declarations of packages, and of all that they import.
func compile(ctx context.Context, paths []string) (map[string]string, error) {
	args := append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, paths...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[name] = file
	}
	return files, nil
}

// Check returns what the compiler says against a block. Fragments may leave variables unused and functions without a
// return.
func (c *Checker) Check(b Block) []error {
	file, isFragment, err := c.parse(b)
	if err != nil {
		return []error{err}
	}
	files := []*ast.File{file}
	if isFragment {
		files = append(files, c.prelude)
	}
	var found []error
	conf := types.Config{Importer: c.imported, Error: func(err error) {
		if said, ok := errors.AsType[types.Error](err); !ok || !isFragment || !allowed(said.Msg) {
			found = append(found, err)
		}
	}}
	_, _ = conf.Check(file.Name.Name, c.files, files, nil) // its error is the first of those that it has told
	return found
}

// Declares says whether a package, by the name that fragments have for it, exports a name. It is an error if no package
// has that name.
func (c *Checker) Declares(packageName, name string) (bool, error) {
	imported, ok := c.packages[packageName]
	if !ok {
		return false, fmt.Errorf("no package %s", packageName)
	}
	p, err := c.imported.Import(imported)
	if err != nil {
		return false, err
	}
	return token.IsExported(name) && p.Scope().Lookup(name) != nil, nil
}

// leftOut takes the place of "…": a name that nothing has. What is done with it is not looked at.
const leftOut = "leftOut"

// allowed says whether a fragment may have this fault.
func allowed(message string) bool {
	return message == "undefined: "+leftOut || message == "missing return" || strings.HasPrefix(message, "declared and not used: ")
}

// parse makes a file of a block. Positions in it are those in the document.
func (c *Checker) parse(b Block) (file *ast.File, isFragment bool, err error) {
	at := fmt.Sprintf("\n//line %s:%d\n", b.File, b.Line)
	if _, err := parser.ParseFile(token.NewFileSet(), "", b.Code, parser.PackageClauseOnly); err == nil {
		file, err := parser.ParseFile(c.files, b.File, at+b.Code, 0)
		return file, false, err
	}
	code := strings.ReplaceAll(b.Code, "…", leftOut)
	begin, end := at, ""
	if _, err := parser.ParseFile(token.NewFileSet(), "", "package prelude"+at+code, 0); err != nil {
		begin, end = "\nfunc _() error {"+at, "\n}\n"
	}
	file, err = parser.ParseFile(token.NewFileSet(), b.File, "package prelude"+begin+code+end, 0)
	if err != nil {
		return nil, true, err
	}
	file, err = parser.ParseFile(c.files, b.File, "package prelude\n"+c.imports(file)+begin+code+end, 0)
	return file, true, err
}

// imports returns declarations for the packages that a file names and does not import.
func (c *Checker) imports(file *ast.File) string {
	imports := map[string]string{}
	for _, name := range file.Unresolved {
		if imported, ok := c.packages[name.Name]; ok {
			imports[name.Name] = fmt.Sprintf("import %s %q\n", name.Name, imported)
		}
	}
	var all strings.Builder
	for _, declaration := range imports {
		all.WriteString(declaration)
	}
	return all.String()
}
