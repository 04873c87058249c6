package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"go/constant"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/mod/semver"
)

// freePackage follows openapi.yaml and not semantic versioning, so that its changes are shown only.
const freePackage = rootModule + "/generated"

// versionName is the constant of the root package that says which version the tree is.
const versionName = "Version"

// compareReleases prints what each module has changed since its last tag. It fails where a change breaks
// importers and the version in the tree does not say so.
func compareReleases(root string) error {
	failed := 0
	for _, dir := range moduleDirs {
		breaks, err := compareRelease(root, dir)
		if err != nil {
			return err
		}
		failed += breaks
	}
	if failed > 0 {
		return fmt.Errorf("changes that break importers, which the version does not allow: %d", failed)
	}
	return nil
}

// compareRelease is that for one module. It returns the number of changes that the version does not allow.
func compareRelease(root, dir string) (int, error) {
	prefix := ""
	if dir != "." {
		prefix = dir + "/"
	}
	tag, err := git(root, "describe", "--tags", "--abbrev=0", "--match", prefix+"v[0-9]*")
	if err != nil {
		fmt.Printf("%s: no tag %sv* to compare with\n", dir, prefix)
		return 0, nil //nolint:nilerr // that is what the error says
	}
	before, err := tagged(root, dir, tag)
	if err != nil {
		return 0, err
	}
	after, err := load(root, dir)
	if err != nil {
		return 0, err
	}
	now, err := version(root)
	if err != nil {
		return 0, err
	}
	allowed := mayBreak(strings.TrimPrefix(tag, prefix), now)
	breaks := 0
	for _, change := range changes(before, after) {
		fmt.Printf("%s: since %s: %s\n", dir, tag, change)
		if change.breaks && !allowed {
			breaks++
		}
	}
	fmt.Printf("%s: compared %s with %s\n", dir, tag, now)
	return breaks, nil
}

// tagged loads a module as it was at a tag.
func tagged(root, dir, tag string) (map[string]*types.Package, error) {
	temp, err := os.MkdirTemp("", "api")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	archive := exec.CommandContext(context.Background(), "git", "archive", "--format=tar", tag)
	archive.Dir = root
	files, err := archive.Output()
	if err != nil {
		return nil, fmt.Errorf("git archive %s: %w", tag, err)
	}
	unpack := exec.CommandContext(context.Background(), "tar", "-x", "-C", temp)
	unpack.Stdin = bytes.NewReader(files)
	if err := unpack.Run(); err != nil {
		return nil, fmt.Errorf("tar: %w", err)
	}
	return load(temp, dir)
}

// version is the one that the tree says of itself.
func version(root string) (string, error) {
	packages, err := load(root, ".")
	if err != nil {
		return "", err
	}
	v, ok := packages[rootModule].Scope().Lookup(versionName).(*types.Const)
	if !ok {
		return "", fmt.Errorf("%s has no %s", rootModule, versionName)
	}
	return "v" + constant.StringVal(v.Val()), nil
}

// mayBreak says whether a version may break importers of an older one: the next major does, and before v1 the
// next minor.
func mayBreak(old, now string) bool {
	if semver.Major(now) == "v0" {
		return semver.Compare(semver.MajorMinor(now), semver.MajorMinor(old)) > 0
	}
	return semver.Compare(semver.Major(now), semver.Major(old)) > 0
}

// change is what one package has otherwise than before.
type change struct {
	path, text string
	breaks     bool
}

func (c change) String() string {
	kind := "addition"
	if c.breaks {
		kind = "BREAK"
	} else if c.path == freePackage {
		kind = "change"
	}
	return fmt.Sprintf("%s: %s: %s", kind, c.path, c.text)
}

// changes compares the packages of two versions, those that break first. apidiff only reports; what breaks is
// in its answer, never in an exit code.
func changes(before, after map[string]*types.Package) []change {
	all := maps.Clone(before)
	maps.Copy(all, after)
	var out []change
	for _, importPath := range slices.Sorted(maps.Keys(all)) {
		switch {
		case after[importPath] == nil:
			out = append(out, change{importPath, "the package is gone", true})
		case before[importPath] == nil:
			out = append(out, change{importPath, "a new package, " + path.Base(importPath), false})
		default:
			for _, c := range apidiff.Changes(before[importPath], after[importPath]).Changes {
				if importPath == rootModule && strings.HasPrefix(c.Message, versionName+": value changed") {
					continue // every release changes it
				}
				out = append(out, change{importPath, c.Message, !c.Compatible && importPath != freePackage})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b change) int { return cmp.Compare(rank(a), rank(b)) })
	return out
}

func rank(c change) int {
	if c.breaks {
		return 0
	}
	return 1
}
