package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// changelog is where users read what changed.
const changelog = "CHANGELOG.md"

// inChangelog fails where the listing changed and the changelog did not: in the tree against HEAD, and in the
// history, where a commit with the listing needs the changelog in it or in a later one. It returns what was
// looked at.
func inChangelog(root string) (string, error) {
	if _, err := git(root, "rev-parse", "--verify", "HEAD"); err != nil {
		return "there is no commit to look for a change of " + changelog, nil //nolint:nilerr // an archive has no history
	}
	listing, err := git(root, "status", "--porcelain", "--", listingDir)
	if err != nil {
		return "", err
	}
	words, err := git(root, "status", "--porcelain", "--", changelog)
	switch {
	case err != nil:
		return "", err
	case words != "":
		return changelog + " differs from HEAD", nil
	case listing != "":
		return "", errors.New(listingDir + " differs from HEAD, and " + changelog + " does not: say there what changes for users")
	}
	return committed(root)
}

// committed looks at the last commits that changed the listing and the changelog.
func committed(root string) (string, error) {
	listing, err := git(root, "log", "-1", "--format=%h", "--", listingDir)
	if err != nil {
		return "", err
	}
	words, err := git(root, "log", "-1", "--format=%h", "--", changelog)
	switch {
	case err != nil:
		return "", err
	case listing == "":
		return "no commit has changed the listing", nil
	case words == "":
		return "", errors.New("no commit has " + changelog)
	}
	if _, err := git(root, "merge-base", "--is-ancestor", listing, words); err != nil {
		return "", fmt.Errorf("commit %s changed %s, and %s did not change with it or after it: say there what changes for users", listing, listingDir, changelog)
	}
	return "last changed in " + listing + ", and " + changelog + " in " + words, nil
}

// git runs git in a folder and returns what it prints, without space around it.
func git(dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(context.Background(), "git", args...)
	cmd.Dir = dir
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("git %s: %w %s", strings.Join(args, " "), err, said.String())
	}
	return strings.TrimSpace(string(out)), err
}
