// Command api holds the exported API of every package against the listing in api/exported, so that nothing
// that importers rely on changes unnoticed, nor without a word in CHANGELOG.md.
//
//	go run .            fail where the listing is not what the code exports, or changed without CHANGELOG.md
//	go run . -update    write the listing
//	go run . -release   say what changed since the last tag, and fail where the version does not allow it
//
// It is a module apart, so that no importer of chatspec ever sees what it depends on.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	root := flag.String("root", "../..", "the `FOLDER` of the repository")
	update := flag.Bool("update", false, "write the listing")
	release := flag.Bool("release", false, "compare with the last tag")
	flag.Parse()
	if err := run(*root, *update, *release); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root string, update, release bool) error {
	if release {
		return compareReleases(root)
	}
	packages, err := loadAll(root)
	if err != nil {
		return err
	}
	want := map[string][]string{}
	for path, pkg := range packages {
		want[fileName(path)] = listing(pkg)
	}
	if update {
		return writeListing(root, want)
	}
	listed, err := readListing(root)
	if err != nil {
		return err
	}
	if text := difference(listed, want); text != "" {
		return errors.New(text + "If that is meant, run make api UPDATE=1 and say in CHANGELOG.md what changes for users.")
	}
	said, err := inChangelog(root)
	if err != nil {
		return err
	}
	fmt.Printf("%d packages export what %s lists; %s\n", len(want), listingDir, said)
	return nil
}
