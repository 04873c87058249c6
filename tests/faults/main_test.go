package faults_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// TestMain checks after all tests that no goroutine of a client stays behind.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // net/http logs bytes that come when nobody has asked
	status := m.Run()
	if left := leftGoroutines(time.Now().Add(5*time.Second), "chatspec/chatspec", "net/http."); left != "" && status == 0 {
		fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+left)
		status = 1
	}
	os.Exit(status)
}

// leftGoroutines returns the goroutines whose profile holds one of marks, once none is left or time is up.
// It does not count the one that calls it.
func leftGoroutines(deadline time.Time, marks ...string) string {
	for {
		var b bytes.Buffer
		_ = pprof.Lookup("goroutine").WriteTo(&b, 1) // a Buffer does not fail
		var left []string
		for stack := range strings.SplitSeq(b.String(), "\n\n") {
			if strings.Contains(stack, "leftGoroutines") {
				continue
			}
			for _, mark := range marks {
				if strings.Contains(stack, mark) {
					left = append(left, stack)
					break
				}
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
		time.Sleep(time.Millisecond) // closing is done by goroutines of net/http
	}
}
