package main

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// listingDir has a file for each package.
const listingDir = "api/exported"

// fileName is the name of the file for a package: its path below the root module, with dots for slashes.
func fileName(importPath string) string {
	name := strings.TrimPrefix(importPath, path.Dir(rootModule)+"/")
	if below, ok := strings.CutPrefix(importPath, rootModule+"/"); ok {
		name = below
	}
	return strings.ReplaceAll(name, "/", ".") + ".txt"
}

// readListing returns the lines of each file.
func readListing(root string) (map[string][]string, error) {
	names, err := filepath.Glob(filepath.Join(root, listingDir, "*.txt"))
	if err != nil {
		return nil, err
	}
	listed := map[string][]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		listed[filepath.Base(name)] = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	return listed, nil
}

// writeListing makes the folder have these files and no others.
func writeListing(root string, want map[string][]string) error {
	dir := filepath.Join(root, listingDir)
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, lines := range want {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// difference says for each file which lines are listed and no longer exported (-), and which are exported and
// not listed (+).
func difference(listed, exported map[string][]string) string {
	all := maps.Clone(listed)
	maps.Copy(all, exported)
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		before, after := listed[name], exported[name]
		if slices.Equal(before, after) {
			continue
		}
		fmt.Fprintf(&out, "%s/%s is not what the package exports:\n", listingDir, name)
		lines := slices.Concat(missing("- ", before, after), missing("+ ", after, before))
		slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[2:]+b[:1], b[2:]+a[:1]) })
		for _, line := range lines {
			fmt.Fprintf(&out, "  %s\n", line)
		}
		if len(lines) == 0 {
			out.WriteString("  the order of its lines\n")
		}
	}
	return out.String()
}

// missing returns the lines that are not among others, each behind a sign.
func missing(sign string, lines, others []string) []string {
	var out []string
	for _, line := range lines {
		if !slices.Contains(others, line) {
			out = append(out, sign+line)
		}
	}
	return out
}
