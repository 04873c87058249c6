package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// oracleEvents is how many events goal 14 is about.
const oracleEvents = 10_000_000

// oracle measures goal 14: it runs the command in tests/oracle.
func (b *bench) oracle() error {
	module, err := goOutput("list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "run", ".", "-n", strconv.FormatInt(int64(b.few(int(b.events), 1000)), 10))
	cmd.Dir = filepath.Join(module, "..", "oracle")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, runErr := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		var events, mismatches int64
		if n, _ := fmt.Sscanf(line, "%d events, %d mismatches", &events, &mismatches); n != 2 {
			continue
		}
		f := figure{
			goal: 14, what: "events that json/v2 decodes otherwise", limit: "0 in " + number(oracleEvents),
			got: fmt.Sprintf("%d in %s", mismatches, number(float64(events))), state: missed,
		}
		switch {
		case mismatches == 0 && events >= oracleEvents:
			f.state = met
		case mismatches == 0:
			f.state = partly
		}
		b.report.add(f)
		return nil
	}
	return fmt.Errorf("%w\n%s", runErr, out)
}
