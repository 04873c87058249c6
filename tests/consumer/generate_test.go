package stranger_test

import (
	"archive/zip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chatspec/chatspec"
)

// TestGenerate is a module with an overlay of its own and the line for go generate that the README shows. The
// modules of this repository are published to a proxy that is a folder, so that everything else is as it is for
// anybody: go get, go generate, go mod tidy, go build.
func TestGenerate(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("downloads and builds the command")
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := strangersModule(t)
	_, line, _ := strings.Cut(m.read(t, "main.go"), "//go:generate ")
	line, _, _ = strings.Cut(line, "\n")
	if !strings.Contains(string(readme), "//go:generate "+line+"\n") {
		t.Errorf("README.md does not show %s", line)
	}
	m.run(t, "go", "get", "github.com/chatspec/chatspec@v"+chatspec.Version)
	before := m.read(t, "go.mod") + m.read(t, "go.sum")
	m.run(t, "go", "generate", "./...")
	if after := m.read(t, "go.mod") + m.read(t, "go.sum"); after != before {
		t.Errorf("go generate changed go.mod or go.sum:\n%s\nbefore:\n%s", after, before)
	}
	m.run(t, "go", "mod", "tidy")
	m.run(t, "go", "build", "-mod=readonly", "-o", "own", ".")
	want := []string{"github.com/apapsch/go-jsonmerge/v2", "github.com/chatspec/chatspec", "github.com/google/uuid", "github.com/oapi-codegen/runtime"}
	if got := required(m.read(t, "go.mod")); !slices.Equal(got, want) {
		t.Errorf("go.mod asks for %s, want %s", got, want)
	}

	srv, calls := ownServer(t)
	got := m.run(t, filepath.Join(m.dir, "own"), srv)
	if want := `"because " "so" "" "Yes." "because so" "because so"` + "\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if calls.Load() != 2 {
		t.Errorf("%d calls, want one that is refused and one more", calls.Load())
	}
}

// ownServer refuses the first request, for a while, and streams to the next.
func ownServer(t *testing.T) (url string, calls *atomic.Int32) {
	t.Helper()
	calls = new(atomic.Int32)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "Bearer own-key" || !strings.Contains(string(body), `"mood":"calm"`) {
			t.Errorf("%v %v %s", err, r.Header, body)
		}
		if calls.Add(1) == 1 {
			w.Header().Set("Retry-After-Ms", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"thoughts":"because "}}]}`+"\n\n"+
			`data: {"choices":[{"index":0,"delta":{"thoughts":"so","content":"Yes."}}]}`+"\n\n"+
			`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(srv.Close)
	return srv.URL, calls
}

// required returns the modules that a go.mod requires.
func required(goMod string) (modules []string) {
	for line := range strings.Lines(goMod) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && strings.Contains(fields[0], ".") && strings.HasPrefix(fields[1], "v") {
			modules = append(modules, fields[0])
		}
	}
	slices.Sort(modules)
	return modules
}

// module is the folder of a module, and the environment in which it is built.
type module struct {
	dir string
	env []string
}

// strangersModule copies testdata/own to a folder where the go command finds this repository as if it were
// published, and everything else where it is cached.
func strangersModule(t *testing.T) module {
	t.Helper()
	temp := t.TempDir()
	proxy := filepath.Join(temp, "proxy")
	publish(t, proxy, "github.com/chatspec/chatspec", "../..")
	publish(t, proxy, "github.com/chatspec/chatspec/batch", "../../batch")
	publish(t, proxy, "github.com/chatspec/chatspec/cmd/chatspec", "../../cmd/chatspec")

	m := module{dir: filepath.Join(temp, "own")}
	if err := os.CopyFS(m.dir, os.DirFS("testdata/own")); err != nil {
		t.Fatal(err)
	}
	main := strings.Replace(m.read(t, "main.go"), "@vX.Y.Z", "@v"+chatspec.Version, 1)
	for name, content := range map[string]string{"main.go": main, "go.mod": "module example.com/own\n\ngo 1.26.0\n"} {
		if err := os.WriteFile(filepath.Join(m.dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	known := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOPROXY")
	out, err := known.Output()
	if err != nil {
		t.Fatal(err)
	}
	cache, elsewhere, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	m.env = append(os.Environ(), "GOWORK=off", "GOSUMDB=off", "GOMODCACHE="+filepath.Join(temp, "modules"),
		"GOFLAGS=-modcacherw -trimpath -buildvcs=false", // removable, and compiled once wherever it is
		"GOPROXY=file://"+filepath.ToSlash(proxy)+",file://"+filepath.ToSlash(cache)+"/cache/download,"+elsewhere)
	return m
}

// run runs a command in the module and returns its standard output.
func (m module) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = m.dir, m.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

func (m module) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// publish puts a module into a proxy that is a folder, under its current version.
func publish(t *testing.T, proxy, modulePath, dir string) {
	t.Helper()
	version := "v" + chatspec.Version
	folder := filepath.Join(proxy, filepath.FromSlash(modulePath), "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	goMod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"list": version + "\n", version + ".info": `{"Version":"` + version + `"}`, version + ".mod": string(goMod)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.Create(filepath.Join(folder, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := pack(file, dir, modulePath+"@"+version); err != nil {
		t.Fatal(err)
	}
}

// pack writes what belongs to the module in dir, and not to one below it.
func pack(w io.Writer, dir, prefix string) error {
	archive := zip.NewWriter(w)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if entry.IsDir() {
			_, nested := os.Stat(filepath.Join(dir, name, "go.mod"))
			if nested == nil || strings.HasPrefix(entry.Name(), ".") || name == "bin" {
				return fs.SkipDir
			}
			return nil
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		file, err := archive.Create(path.Join(prefix, name))
		if err == nil {
			_, err = file.Write(data)
		}
		return err
	})
	if err != nil {
		return err
	}
	return archive.Close()
}
