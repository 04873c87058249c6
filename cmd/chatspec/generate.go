package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/internal/generate"
)

// generatedFile is the name of what generate writes, in every folder.
const generatedFile = "chat.gen.go"

func generateCommand() command {
	return command{
		name:    "generate",
		summary: "write a Go package for the API, with fields of your own",
		help: `Writes a Go package: types, a client that returns *http.Response, decoders, and
what adds the chunks of a stream up. It comes from the OpenAPI document that is
built in, with what overlays change. stream.OpenWith reads its streams, and
chatspec.NewDoer gives its client keys and retries. In a //go:generate line, run
it with "go run github.com/chatspec/chatspec/cmd/chatspec@" and a version, which
leaves go.mod as it is.

  chatspec generate -o chat -overlay vllm
  chatspec generate -o internal/chat -overlay vllm -overlay mine.yaml

Overlays that are built in: ` + strings.Join(builtInOverlays(), ", ") + `.
What is wrong with a document or an overlay is said with file, line and JSON
pointer; then nothing is written.
`,
		flags: func(fs *flag.FlagSet) action {
			var g generation
			fs.StringVar(&g.dir, "o", "", "write "+generatedFile+" to the folder `DIR`, which is made if need be")
			fs.StringVar(&g.pkg, "package", "", "call the package `NAME`; default the name of DIR")
			fs.StringVar(&g.spec, "spec", "", "start from the OpenAPI 3.1 document `FILE`, not the one built in")
			fs.Func("overlay", "apply the OpenAPI Overlay `FILE` or one built in; may be repeated", func(name string) error {
				g.overlays = append(g.overlays, name)
				return nil
			})
			return g.run
		},
	}
}

// overlayFolder is where the overlays that are built in stand among the sources.
const overlayFolder = "api/overlays"

// builtInOverlays returns their names.
func builtInOverlays() []string {
	files, _ := fs.Glob(chatspec.Sources, overlayFolder+"/*.yaml") // the pattern is well-formed
	for i, file := range files {
		files[i] = strings.TrimSuffix(path.Base(file), ".yaml")
	}
	return files
}

// generation is what the flags of generate say.
type generation struct {
	dir, pkg, spec string
	overlays       []string
}

func (g *generation) run(ctx context.Context, c *console, args []string) error {
	switch {
	case len(args) > 0:
		return usageError{text: "generate takes no arguments"}
	case g.dir == "":
		return usageError{text: "-o is missing: want a folder"}
	}
	if err := g.namePackage(); err != nil {
		return err
	}
	config, err := g.config()
	if err != nil {
		return err
	}
	target := filepath.Join(g.dir, generatedFile)
	if err := mayReplace(target); err != nil {
		return err
	}
	code, err := generate.Generate(config)
	if problems, ok := errors.AsType[generate.DocumentErrors](err); ok {
		return reportProblems(c, problems)
	}
	if err != nil {
		return err
	}
	if err := writeWhole(ctx, target, code); err != nil {
		return err
	}
	c.note("wrote %s", target)
	return nil
}

// namePackage makes the name of the folder that of the package, unless another is given.
func (g *generation) namePackage() error {
	if g.pkg == "" {
		dir, err := filepath.Abs(g.dir)
		if err != nil {
			return err
		}
		g.pkg = filepath.Base(dir)
	}
	if !token.IsIdentifier(g.pkg) || g.pkg == "_" {
		return usageError{text: fmt.Sprintf("-package: %q is not the name of a Go package", g.pkg)}
	}
	return nil
}

// config reads the files.
func (g *generation) config() (generate.Config, error) {
	config := generate.Config{
		Package:  g.pkg,
		Document: generate.File{Name: "openapi.yaml", Data: []byte(chatspec.Spec)},
		Sources:  chatspec.Sources,
		Version:  chatspec.Version,
	}
	if g.spec != "" {
		data, err := os.ReadFile(g.spec)
		if err != nil {
			return config, inputError{fmt.Errorf("-spec: %w", err)}
		}
		config.Document = generate.File{Name: filepath.ToSlash(g.spec), Data: data}
	}
	for _, name := range g.overlays {
		overlay := generate.File{Name: filepath.ToSlash(name)}
		var err error
		if overlay.Data, err = chatspec.Sources.ReadFile(overlayFolder + "/" + name + ".yaml"); err != nil {
			if overlay.Data, err = os.ReadFile(name); err != nil {
				return config, inputError{fmt.Errorf("-overlay: %w (built in: %s)", err, strings.Join(builtInOverlays(), ", "))}
			}
		}
		config.Overlays = append(config.Overlays, overlay)
	}
	return config, nil
}

// reportProblems says each problem in a line of its own; the last of them is the error.
func reportProblems(c *console, problems generate.DocumentErrors) error {
	last := len(problems) - 1
	for _, problem := range problems[:last] {
		c.note("%v", problem)
	}
	return inputError{problems[last]}
}

// mayReplace refuses to overwrite a file that somebody wrote by hand.
func mayReplace(name string) error {
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if first, _, _ := bytes.Cut(data, []byte("\n")); !bytes.HasPrefix(first, []byte("// Code generated ")) {
		return inputError{fmt.Errorf("%s was not generated, and is left alone", name)}
	}
	return nil
}

// writeWhole writes a file that is either there as a whole or not at all: under another name first, which Go does
// not look at, and not when the context has ended.
func writeWhole(ctx context.Context, name string, data []byte) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a folder of source code
		return err
	}
	file, err := os.CreateTemp(dir, ".*-"+filepath.Base(name))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(data)
	if err == nil {
		err = file.Chmod(0o644)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	return err
}
