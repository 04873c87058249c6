package generate_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/internal/generate"
)

// defaultMutations is how many documents TestMutations tries where MUTATIONS does not say.
const defaultMutations = 25

// TestMutations breaks the document in places that look random but are always the same: what comes of it
// compiles, or is refused with a place.
func TestMutations(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("takes minutes under the race detector")
	}
	mutations := defaultMutations
	if n, err := strconv.Atoi(os.Getenv("MUTATIONS")); err == nil {
		mutations = n
	}
	for seed := range mutations {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			t.Parallel()
			document, what := mutated(t, rand.New(rand.NewPCG(uint64(seed), 0)))
			c := config()
			c.Document.Data = document
			code, err := generate.Generate(c)
			var refused generate.DocumentErrors
			if errors.As(err, &refused) && refused[0].Pointer != "#" && refused[0].Line > 0 {
				t.Logf("%s: %v", what, refused[0])
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if err := compile(code); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
}

// mutated changes one place of the document that is built in, and says which.
func mutated(t *testing.T, r *rand.Rand) (document []byte, what string) {
	t.Helper()
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(chatspec.Spec), &root); err != nil {
		t.Fatal(err)
	}
	type place struct {
		parent *yaml.Node
		i      int
		path   string
	}
	var places []place
	var collect func(n *yaml.Node, path string)
	collect = func(n *yaml.Node, path string) {
		step := 1
		if n.Kind == yaml.MappingNode {
			step = 2
		}
		for i := step - 1; i < len(n.Content); i += step {
			name := strconv.Itoa(i)
			if step == 2 {
				name = n.Content[i-1].Value
			}
			places = append(places, place{n, i, path + "/" + name})
			collect(n.Content[i], path+"/"+name)
		}
	}
	collect(root.Content[0], "")
	p := places[r.IntN(len(places))]
	node := p.parent.Content[p.i]
	switch r.IntN(5) {
	case 0:
		what = "delete " + p.path
		from := p.i
		if p.parent.Kind == yaml.MappingNode {
			from--
		}
		p.parent.Content = append(p.parent.Content[:from:from], p.parent.Content[p.i+1:]...)
	case 1:
		with := places[r.IntN(len(places))]
		what = "put " + with.path + " into " + p.path
		*node = *with.parent.Content[with.i]
	case 2:
		text := []string{"", "true", "5", "x", "string", "object", "null", "'#/components/schemas/Delta'"}[r.IntN(8)]
		what = "put " + text + " into " + p.path
		*node = yaml.Node{Kind: yaml.ScalarNode, Value: text}
	case 3:
		with := places[r.IntN(len(places))]
		if p.parent.Kind == yaml.MappingNode && with.parent.Kind == yaml.MappingNode {
			what = "name " + p.path + " " + with.parent.Content[with.i-1].Value
			p.parent.Content[p.i-1].Value = with.parent.Content[with.i-1].Value
		}
	case 4:
		with := places[r.IntN(len(places))]
		if node.Kind == yaml.MappingNode && with.parent.Kind == yaml.MappingNode {
			what = "add " + with.path + " to " + p.path
			node.Content = append(node.Content, with.parent.Content[with.i-1], with.parent.Content[with.i])
		}
	}
	data, err := yaml.Marshal(&root)
	if err != nil {
		t.Skip(err)
	}
	return data, what
}

// exports is where the compiled packages are that generated code may import.
var exports = sync.OnceValues(func() (map[string]string, error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "github.com/chatspec/chatspec/generated").Output()
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		files[name] = file
	}
	return files, err
})

// compile checks code as the compiler does.
func compile(code []byte) error {
	files, err := exports()
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "chat.gen.go", code, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if files[path] == "" {
			return nil, fmt.Errorf("%s is not imported by package generated", path)
		}
		return os.Open(files[path])
	})}
	_, err = config.Check("chat", fset, []*ast.File{file}, nil)
	return err
}
