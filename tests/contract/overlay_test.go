package contract_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOverlayReachesTheWire adds fields and a variant to a copy of the document by an overlay, and nothing
// else by hand: they must appear in Go, be written and read, and accumulate.
func TestOverlayReachesTheWire(t *testing.T) {
	t.Parallel()
	dir := overlaid(t, readFile(t, "testdata/overlay/overlay.yaml"))
	writeFile(t, filepath.Join(dir, "main.go"), readFile(t, "testdata/overlay/main.go.txt"))
	got, err := run(t, dir, "go", "run", "-mod=mod", ".")
	if err != nil {
		t.Fatal(err)
	}
	want := `{"model":"m","messages":[{"role":"user","content":[{"type":"x_video","x_video":{"url":"u"}}]}],"x_top":7} <nil>
{"count":null,"flag":null,"kind":"odd","share":null,"voice":null} true false
{"count":1,"extra":{"a":[1]},"flag":true,"kind":"odd","other":{"id":"o"},"share":0.5,"stopping":"","texts":[],"voice":{"id":"v"}} true true
chat.XVideoPart 7 <nil>
yes / because so / because so <nil>
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestOverlayMistakes has additions to the delta that would lose data in silence. They do not compile, and
// the compiler says what is missing.
func TestOverlayMistakes(t *testing.T) {
	t.Parallel()
	const delta, request = "Delta.properties", "CreateChatCompletionRequest.properties"
	for name, test := range map[string]struct{ target, update, want string }{
		"no counterpart": {delta, "{x_thoughts: {type: string, description: is text.}}", "undefined: ResponseMessageHasNoXThoughts"},
		"no rule":        {delta, "{annotations: {x-accumulate: ''}}", "undefined: ListNeedsXAccumulate"},
		"unknown rule":   {delta, "{content: {x-accumulate: apend}}", "undefined: UnknownXAccumulate"},
		"no discriminator": {
			request, "{x_either: {oneOf: [{$ref: '#/components/schemas/ToolName'}, {$ref: '#/components/schemas/CustomVoice'}]}}",
			"undefined: UnionNeedsDiscriminator",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := overlaid(t, "overlay: 1.0.0\ninfo: {title: A mistake, version: 1.0.0}\nactions:\n"+
				"  - target: $.components.schemas."+test.target+"\n    update: "+test.update+"\n")
			if _, err := run(t, dir, "go", "build", "-mod=mod", "./chat"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
}

// overlaid makes a module whose package chat is generated from the document with the overlay, and returns
// its folder.
func overlaid(t *testing.T, overlay string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "overlay.yaml")
	writeFile(t, name, overlay)
	return generated(t, "openapi.yaml", "\n  overlay: {path: "+name+"}")
}

// generated makes a module whose package chat is generated from a document, with further output options, and
// returns its folder.
func generated(t *testing.T, spec, options string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := strings.NewReplacer(
		"output: generated/chat.gen.go", "output: "+filepath.Join(dir, "chat", "chat.gen.go"),
		"output-options:", "output-options:"+options,
	).Replace(readFile(t, filepath.Join(root, "oapi-codegen.yaml")))
	writeFile(t, filepath.Join(dir, "config.yaml"), config)
	writeFile(t, filepath.Join(dir, "chat", "doc.go"), "package chat\n")
	if _, err := run(t, root, "go", "tool", "oapi-codegen", "-config", filepath.Join(dir, "config.yaml"), spec); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "go.sum"), readFile(t, filepath.Join(root, "go.sum")))
	writeFile(t, filepath.Join(dir, "go.mod"), "module overlaid\n\ngo 1.26.0\n\n"+
		"require github.com/chatspec/chatspec v0.0.0\n\nreplace github.com/chatspec/chatspec => "+root+"\n")
	return dir
}

// run runs a command outside any workspace and returns its standard output. The error has what the command
// wrote to standard error.
func run(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out), err
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
