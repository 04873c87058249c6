package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// programFolders are those of the programs that make one call, by library.
var programFolders = map[string]string{nameBare: "bare", nameOurs: "chatspec", nameOpenAI: "openaigo", nameGoOpenAI: "goopenai"}

// program is what a program that makes one call costs.
type program struct {
	bytes float64
	build float64 // seconds of CPU time, nothing being built before
	start float64 // milliseconds of CPU time from start to end, the call included
}

// programs measures goal 13: programs that make one call.
func (b *bench) programs() error {
	url, err := b.serverURL()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a folder for temporary files
	found := map[string]program{}
	for _, l := range libraries {
		p, err := b.buildProgram(dir, programFolders[l.name])
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		found[l.name] = p
	}
	starts := map[string][]float64{}
	for range b.few(21, 1) {
		for name, folder := range programFolders {
			spent, err := cpuOfCommand(exec.Command(filepath.Join(dir, folder)), "BASE_URL="+url+"/whole/0")
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			starts[name] = append(starts[name], spent*1000)
		}
	}
	for name, p := range found {
		p.start = median(starts[name])
		found[name] = p
	}
	b.judgePrograms(found)
	return nil
}

// buildProgram builds one program twice: with what is built already, for its size, and then from nothing.
func (b *bench) buildProgram(dir, folder string) (program, error) {
	module, err := goOutput("list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return program{}, err
	}
	cold, err := os.MkdirTemp(dir, "cache")
	if err != nil {
		return program{}, err
	}
	env := []string{"GOWORK=off"}
	if !b.quick {
		env = append(env, "GOCACHE="+cold)
	}
	file := filepath.Join(dir, folder)
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", file, "./bench/program/"+folder)
	cmd.Dir = module
	spent, err := cpuOfCommand(cmd, env...)
	if err != nil {
		return program{}, err
	}
	_ = os.RemoveAll(cold) // the folder around it goes too
	info, err := os.Stat(file)
	if err != nil {
		return program{}, err
	}
	return program{bytes: float64(info.Size()), build: spent}, nil
}

// cpuOfCommand runs a command and returns the seconds of CPU time that it and its children took.
func cpuOfCommand(cmd *exec.Cmd, env ...string) (float64, error) {
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", cmd.Path, err, bytes.TrimSpace(out))
	}
	return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), nil
}

// goOutput returns what a go command prints.
func goOutput(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

func (b *bench) judgePrograms(found map[string]program) {
	times := func(name string, of func(program) float64) float64 { return of(found[name]) / of(found[nameBare]) }
	for _, g := range []struct {
		what  string
		limit float64
		of    func(program) float64
	}{
		{"a program of one call, size × bare net/http and encoding/json", 1.06, func(p program) float64 { return p.bytes }},
		{"the same, CPU of a build from nothing", 1.15, func(p program) float64 { return p.build }},
	} {
		b.report.atMost(13, g.what, g.limit, times(nameOurs, g.of), " ×", others{
			number(times(nameOpenAI, g.of)) + " ×", number(times(nameGoOpenAI, g.of)) + " ×",
		})
	}
	t := table{"A program of one call", []string{"", "MB", "s of CPU time to build from nothing", "ms of CPU time for start and call"}, nil}
	size, build := chart{"A program of one call", "MB", nil}, chart{"Its build from nothing", "s of CPU time", nil}
	for _, name := range []string{nameBare, nameOurs, nameGoOpenAI, nameOpenAI} {
		p := found[name]
		t.rows = append(t.rows, []string{name, number(p.bytes / megabyte), number(p.build), number(p.start)})
		size.bars = append(size.bars, bar{name, p.bytes / megabyte})
		build.bars = append(build.bars, bar{name, p.build})
	}
	b.report.tables = append(b.report.tables, t)
	b.report.charts = append(b.report.charts, size, build)
}
