package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// typed is a package with this text.
func typed(t *testing.T, path, text string) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "x.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	config := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	pkg, err := config.Check(path, fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

// TestListing has every kind of what can be exported, and what is not.
func TestListing(t *testing.T) {
	t.Parallel()
	got := strings.Join(listing(typed(t, "x", `package x

import "io"

const Limit, hidden = 1 << 20, 2

var ErrGone error

type Kind string

const KindA Kind = "a"

type inner struct{ Deep int }

func (inner) Promoted() {}

type T[P any] struct {
	inner
	io.Reader
	Name   string
	secret int
}

func (*T[P]) Set(name string, more ...P) (n int, err error) { return 0, nil }
func (T[P]) unexported()                                   {}

type Plain struct{ A, B int }

type Sealed interface{ Do(io.Writer) error; sealed() }

type Open interface{ Do() }

type Number interface{ ~int | ~string }

type Same = Plain

type Func func(a int) bool

func New[P any](p P) *T[P] { return nil }
func private()             {}
`)), "\n")
	const want = `const KindA Kind = "a"
const Limit untyped int = 1048576
field Plain.A int
field Plain.B int
field T.Deep int
field T.Name string
field T.Reader embedded io.Reader
func New[P any](p P) *T[P]
method (*T) Set(name string, more ...P) (n int, err error)
method (Open) Do()
method (Sealed) Do(io.Writer) error
method (T) Promoted()
method (T) Read(p []byte) (n int, err error)
type Func func(a int) bool
type Kind string
type Number interface{~int | ~string}
type Open interface
type Plain struct
type Same = Plain
type Sealed interface with unexported methods
type T[P any] struct with unexported fields
var ErrGone error`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestDifference names what is gone, what is new and what changed, in files and whole files.
func TestDifference(t *testing.T) {
	t.Parallel()
	listed := map[string][]string{"a.txt": {"func A()", "func B()", "func C()"}, "gone.txt": {"func G()"}, "same.txt": {"func S()"}}
	exported := map[string][]string{"a.txt": {"func A()", "func B(int)"}, "new.txt": {"func N()"}, "same.txt": {"func S()"}}
	const want = `api/exported/a.txt is not what the package exports:
  - func B()
  + func B(int)
  - func C()
api/exported/gone.txt is not what the package exports:
  - func G()
api/exported/new.txt is not what the package exports:
  + func N()
`
	if got := difference(listed, exported); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := difference(listed, listed); got != "" {
		t.Error(got)
	}
}

// repository is an empty one, with a way to write a file and to run git.
func repository(t *testing.T) (root string, write func(name, text string), do func(args ...string)) {
	t.Helper()
	root = t.TempDir()
	write = func(name, text string) {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	do = func(args ...string) {
		t.Helper()
		args = append([]string{"-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"}, args...)
		if _, err := git(root, args...); err != nil {
			t.Fatal(err)
		}
	}
	do("init", "-q")
	return root, write, do
}

// TestChangelog changes the listing with and without the changelog, committed and not.
func TestChangelog(t *testing.T) {
	t.Parallel()
	root, write, do := repository(t)
	check := func(want string) {
		t.Helper()
		said, err := inChangelog(root)
		if err != nil {
			said = "error: " + err.Error()
		}
		if !strings.Contains(said, want) || strings.HasPrefix(said, "error") != strings.HasPrefix(want, "error") && want != "" {
			t.Errorf("%q, want %q", said, want)
		}
	}
	check("there is no commit")
	write(changelog, "1")
	do("add", ".")
	do("commit", "-q", "-m", "changelog")
	check("no commit has changed the listing")

	write(listingDir+"/x.txt", "func A()\n") // git does not know the file yet
	check("error: api/exported differs from HEAD")
	do("add", ".")
	check("error: api/exported differs from HEAD")
	write(changelog, "2")
	check("CHANGELOG.md differs from HEAD")
	do("commit", "-q", "-a", "-m", "both")
	check("last changed in ")

	write(listingDir+"/x.txt", "func B()\n")
	do("commit", "-q", "-a", "-m", "listing alone")
	if _, err := inChangelog(root); err == nil || !strings.Contains(err.Error(), "did not change with it or after it") {
		t.Error(err)
	}
	write(changelog, "3")
	do("commit", "-q", "-a", "-m", "words later")
	check("last changed in ")
}

// TestRelease has a module that goes on after its tag: with an addition, with a break, and with a version that
// allows it.
func TestRelease(t *testing.T) {
	t.Parallel()
	root, write, do := repository(t)
	write("go.mod", "module "+rootModule+"\n\ngo 1.26.0\n")
	text := "package chatspec\n\nconst Version = \"0.1.0\"\n\nfunc A() {}\n"
	write("x.go", text)
	write("generated/x.go", "package chat\n\nfunc A() {}\n")
	do("add", ".")
	do("commit", "-q", "-m", "first")
	breaks := func(want int) {
		t.Helper()
		got, err := compareRelease(root, ".")
		if got != want || err != nil {
			t.Errorf("%d breaks, %v, want %d", got, err, want)
		}
	}
	breaks(0) // no tag
	do("tag", "v0.1.0")
	write("x.go", text+"func B() {}\n")
	write("generated/x.go", "package chat\n")
	breaks(0)
	text = strings.Replace(text, "func A()", "func A(int)", 1)
	write("x.go", text)
	breaks(1)
	write("x.go", strings.Replace(text, "0.1.0", "0.1.1", 1))
	breaks(1)
	write("x.go", strings.Replace(text, "0.1.0", "0.2.0", 1))
	breaks(0)
}

func TestMayBreak(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		old, now string
		want     bool
	}{
		{"v0.1.0", "v0.1.1", false},
		{"v0.1.9", "v0.2.0", true},
		{"v0.9.0", "v1.0.0", true},
		{"v1.2.0", "v1.3.0", false},
		{"v1.2.0", "v2.0.0", true},
		{"v0.2.0", "v0.1.0", false},
	} {
		if got := mayBreak(tc.old, tc.now); got != tc.want {
			t.Errorf("from %s to %s: %v", tc.old, tc.now, got)
		}
	}
}
