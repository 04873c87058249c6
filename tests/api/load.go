package main

import (
	"errors"
	"fmt"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// rootModule is the path of the root module, below which the others are.
const rootModule = "github.com/chatspec/chatspec"

// moduleDirs are the folders of the modules that others import, and the prefixes of their tags.
var moduleDirs = []string{".", "batch", "chatspecotel", "cmd/chatspec"}

// loadAll returns the public packages of all modules, by import path.
func loadAll(root string) (map[string]*types.Package, error) {
	all := map[string]*types.Package{}
	for _, dir := range moduleDirs {
		found, err := load(root, dir)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, found)
	}
	return all, nil
}

// load returns the public packages of the module in a folder, by import path.
func load(root, dir string) (map[string]*types.Package, error) {
	found, err := loadPackages(root, dir, &packages.Config{Mode: packages.NeedName | packages.NeedTypes})
	if err != nil {
		return nil, err
	}
	public := map[string]*types.Package{}
	for _, pkg := range found {
		if isPublic(pkg) {
			public[pkg.PkgPath] = pkg.Types
		}
	}
	if len(public) == 0 {
		return nil, fmt.Errorf("%s: no public package", dir)
	}
	return public, nil
}

// isPublic reports whether others can import a package, which programs and internal packages are not for.
func isPublic(pkg *packages.Package) bool {
	return pkg.Name != "main" && !slices.Contains(strings.Split(pkg.PkgPath, "/"), "internal")
}

// loadPackages loads all packages of the module in a folder. It sets the folder and the environment of config.
func loadPackages(root, dir string, config *packages.Config) ([]*packages.Package, error) {
	work := "GOWORK=off"
	if dir != "." { // it finds the root module through go.work
		file, err := filepath.Abs(filepath.Join(root, "go.work"))
		if err != nil {
			return nil, err
		}
		work = "GOWORK=" + file
	}
	config.Dir, config.Env = filepath.Join(root, dir), append(os.Environ(), work)
	found, err := packages.Load(config, "./...")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	for _, pkg := range found {
		for _, failed := range pkg.Errors {
			err = errors.Join(err, failed)
		}
	}
	return found, err
}
