package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// root is the root module, seen from this one.
const root = "../.."

// runOverlaid runs this program in a copy of the whole tree in which both packages are generated from the document
// with an overlay.
func runOverlaid(out io.Writer, overlay string, n int64, seed uint64) error {
	dir, err := os.MkdirTemp("", "oracle")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is in the folder for temporary files
	if err := copyTree(dir); err != nil {
		return err
	}
	if err := copyFile(overlay, filepath.Join(dir, "overlay.yaml")); err != nil {
		return err
	}
	for _, config := range []string{"oapi-codegen.yaml", "tests/oracle/oapi-codegen.yaml"} {
		if err := addOverlay(filepath.Join(dir, config)); err != nil {
			return err
		}
		if err := goCommand(out, dir, "tool", "oapi-codegen", "-config", config, "openapi.yaml"); err != nil {
			return err
		}
	}
	return goCommand(out, filepath.Join(dir, "tests", "oracle"), "run", ".",
		"-n", strconv.FormatInt(n, 10), "-seed", strconv.FormatUint(seed, 10))
}

// goCommand runs the go command without a workspace.
func goCommand(out io.Writer, dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s: %w", args[0], err)
	}
	return nil
}

// copyTree copies the files of the project that git knows or would take.
func copyTree(dir string) error {
	list, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return fmt.Errorf("git ls-files: %w", err)
	}
	for name := range bytes.SplitSeq(bytes.TrimRight(list, "\x00"), []byte{0}) {
		err := copyFile(filepath.Join(root, string(name)), filepath.Join(dir, string(name)))
		if err != nil && !os.IsNotExist(err) { // one that is removed, but not yet for git
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// addOverlay makes the generator apply overlay.yaml.
func addOverlay(config string) error {
	data, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	const at = "output-options:\n"
	text := strings.Replace(string(data), at, at+"  overlay: {path: overlay.yaml}\n", 1)
	return os.WriteFile(config, []byte(text), 0o644)
}
