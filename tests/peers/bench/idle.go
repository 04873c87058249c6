package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// idleBuffer is what the bare client reads an idle stream into. A small one, so that the floor is low.
const idleBuffer = 512

// footprint is what open streams take, in bytes for each.
type footprint struct{ Heap, Stack, Resident float64 }

// idle measures goal 12: streams that are open and silent, each library in a process of its own.
func (b *bench) idle() error {
	url, err := b.serverURL()
	if err != nil {
		return err
	}
	streams, note := manyStreams(b.few(10_000, 20))
	found := map[string]footprint{}
	for i, l := range libraries {
		cmd, err := child(fmt.Sprintf("%d %d %s/idle/0", i, streams, url))
		if err != nil {
			return err
		}
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		var f footprint
		if err := json.Unmarshal(out, &f); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		found[l.name] = f
	}
	const kb = 1 << 10
	ours, floor, openAI, goOpenAI := found[nameOurs], found[nameBare], found[nameOpenAI], found[nameGoOpenAI]
	what := fmt.Sprintf("an idle stream of %s%s, ", number(float64(streams)), note)
	above := func(f footprint) string { return number((f.Heap-floor.Heap)/kb) + " KB" }
	b.report.atMost(12, what+"heap above bare net/http", 1, (ours.Heap-floor.Heap)/kb, " KB", others{above(openAI), above(goOpenAI)})
	b.report.add(figure{
		12, what + "resident memory", "below both", number(ours.Resident/kb) + " KB",
		verdict(ours.Resident > 0 && ours.Resident < openAI.Resident && ours.Resident < goOpenAI.Resident),
		others{number(openAI.Resident/kb) + " KB", number(goOpenAI.Resident/kb) + " KB"},
	})
	t := table{fmt.Sprintf("An idle stream of %s%s, KB", number(float64(streams)), note), []string{"", "heap", "stacks", "resident"}, nil}
	ch := chart{"An idle stream", "KB of heap", nil}
	for _, name := range []string{nameBare, nameOurs, nameGoOpenAI, nameOpenAI} {
		f := found[name]
		t.rows = append(t.rows, []string{name, number(f.Heap / kb), number(f.Stack / kb), number(f.Resident / kb)})
		ch.bars = append(ch.bars, bar{name, f.Heap / kb})
	}
	b.report.tables = append(b.report.tables, t)
	b.report.charts = append(b.report.charts, ch)
	return nil
}

// runIdle is the process that holds the streams. The role has the number of the library, that of the streams, and the
// base URL.
func runIdle(role string) error {
	allowFiles(wantedFiles)
	fields := strings.Fields(role)
	if len(fields) != 3 {
		return fmt.Errorf("no role %q", role)
	}
	number, err := strconv.Atoi(fields[0])
	if err != nil || number >= len(libraries) {
		return fmt.Errorf("no library %q", fields[0])
	}
	streams, err := strconv.Atoi(fields[1])
	if err != nil {
		return err
	}
	l := libraries[number]
	if l.name == nameBare {
		l.open = openBareIdle
	}
	client := &http.Client{Transport: transport(false, streams)}
	before := measureFootprint()
	o := opening{slots: make(chan struct{}, connectAtOnce)}
	if err := o.begin(l, fields[2], client, streams); err != nil {
		return err
	}
	if err := o.wait(); err != nil {
		return err
	}
	after := measureFootprint()
	n := float64(streams)
	return json.NewEncoder(os.Stdout).Encode(footprint{
		(after.Heap - before.Heap) / n, (after.Stack - before.Stack) / n, (after.Resident - before.Resident) / n,
	})
}

// openBareIdle takes smaller buffers.
func openBareIdle(baseURL string, client *http.Client) (caller, error) {
	return newBare(baseURL, client, idleBuffer), nil
}

// measureFootprint returns what the process holds once garbage is gone.
func measureFootprint() footprint {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{float64(m.HeapAlloc), float64(m.StackInuse), resident()}
}

// resident returns the resident memory of this process in bytes, 0 where Linux does not tell.
func resident() float64 {
	status, _ := os.ReadFile("/proc/self/status") // elsewhere there is none
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	fields := strings.Fields(string(rest))
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseFloat(fields[0], 64) // as Linux writes it
	return kb * (1 << 10)
}
