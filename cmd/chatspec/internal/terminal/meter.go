package terminal

import (
	"fmt"
	"time"
)

// Meter measures how fast an answer arrives.
type Meter struct {
	Start, First, Last, End time.Time // First and Last are those of text, zero where none has come
	Pieces                  int       // of text, which most servers send token by token
}

func (m *Meter) add() {
	m.Last = time.Now()
	if m.Pieces == 0 {
		m.First = m.Last
	}
	m.Pieces++
}

// String says how it goes: how long it has taken so far, or how fast text comes.
func (m *Meter) String() string {
	if m.Pieces == 0 {
		return "waiting, " + seconds(time.Since(m.Start))
	}
	unit := "tokens"
	if m.Pieces == 1 {
		unit = "token"
	}
	return fmt.Sprintf("%d %s%s, first after %s", m.Pieces, unit, m.speed(m.Pieces), seconds(m.First.Sub(m.Start)))
}

// Summary says how it went. tokens is how many the server has counted, 0 if it has not.
func (m *Meter) Summary(tokens int) string {
	text := seconds(m.End.Sub(m.Start))
	if m.Pieces == 0 {
		return text
	}
	if tokens == 0 {
		tokens = m.Pieces
	}
	return text + ", first after " + seconds(m.First.Sub(m.Start)) + m.speed(tokens)
}

// minSpeedTime is how long text must have come for its speed to mean something.
const minSpeedTime = 100 * time.Millisecond

// speed returns the tokens per second after the first; nothing where too few have come to tell.
func (m *Meter) speed(tokens int) string {
	took := m.Last.Sub(m.First)
	if tokens < 2 || took < minSpeedTime {
		return ""
	}
	return fmt.Sprintf(", %.1f tokens/s", float64(tokens-1)/took.Seconds())
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
