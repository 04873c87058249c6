package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test binary be the other processes of a run, as the command itself is.
func TestMain(m *testing.M) {
	if role := os.Getenv(childEnv); role != "" {
		os.Exit(runChild(role))
	}
	os.Exit(m.Run())
}

// TestQuick measures everything once: every goal must have a figure, whatever it says.
//
//nolint:paralleltest // the CPU time is that of the process
func TestQuick(t *testing.T) {
	b := newBench(true, oracleEvents, t.Output())
	defer b.close()
	if err := b.measure(nil); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, f := range b.report.figures {
		seen[f.goal] = true
		if strings.HasPrefix(f.got, "failed") || strings.Contains(f.got, "?") || f.limit == "" {
			t.Errorf("%+v", f)
		}
	}
	for goal := range len(parts) {
		if !seen[goal+1] {
			t.Errorf("goal %d has no figure", goal+1)
		}
	}
	dir := t.TempDir()
	if err := b.report.write(dir); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, dir, b.report.summary())
}

// checkFiles holds that the page has every part and the picture is XML.
func checkFiles(t *testing.T, dir, summary string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{summary, "openai-go/v3 v", "go-openai v", "| 14 |", "## Decoding", "10,000,000"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	picture, err := os.Open(filepath.Join(dir, "performance.svg"))
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	bars := 0
	for d := xml.NewDecoder(picture); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			bars++
		}
	}
	if bars < 30 {
		t.Errorf("the picture has %d bars", bars)
	}
}

// TestVerdicts has figures on both sides of their limits.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	var r report
	r.atMost(1, "a", 2, 2, " ×", others{})
	r.atLeast(1, "b", 2, 2, " ×", others{})
	r.atMost(2, "c", 2, 2.0001, " ×", others{})
	r.atLeast(3, "d", 2, 1.9999, " ×", others{})
	r.add(figure{goal: 4, state: met})
	r.add(figure{goal: 4, state: partly})
	r.failed(5, "e", "", errors.New("x"))
	want := []state{met, met, missed, missed, met, partly, missed}
	for i, f := range r.figures {
		if f.state != want[i] {
			t.Errorf("%s: %s, want %s", f.what, f.state, want[i])
		}
	}
	if got := r.summary(); got != "1 of 5 goals met, 1 so far" {
		t.Error(got)
	}
	for v, want := range map[float64]string{
		0: "0", 0.0123: "0.012", 0.5: "0.5", 1: "1", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 1234.4: "1,234", 1234567: "1,234,567", -1234: "-1,234",
	} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, want %s", v, got, want)
		}
	}
	if list, err := parseGoals("2, 3"); err != nil || !list[2] || !list[3] || list[1] {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := parseGoals("15"); err == nil {
		t.Error("there is no goal 15")
	}
}

// TestRace holds that a contender that does twice as much costs twice as much.
//
//nolint:paralleltest // allocations are those of the process
func TestRace(t *testing.T) {
	b := newBench(true, 0, io.Discard)
	var kept []byte
	work := func(n int) func() error {
		return func() error {
			for range n {
				kept = make([]byte, 1<<10)
			}
			return nil
		}
	}
	r, err := b.race(task{"one", 1, work(1000)}, task{"two", 1, work(2000)})
	if err != nil {
		t.Fatal(err)
	}
	if d := r.above("two", "one", allocsOf); d < 990 || d > 1010 || len(kept) == 0 {
		t.Errorf("%v allocations more, want 1000", d)
	}
	if _, err := b.race(task{"fails", 1, func() error { return io.ErrUnexpectedEOF }}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v, want the error", err)
	}
}
