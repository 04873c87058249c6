package terminal

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
)

const (
	// frameEvery is how long a frame stays at least, so that a fast answer costs the terminal little.
	frameEvery = 40 * time.Millisecond
	// framePauses is how many times as long as it took to draw a frame stays at least: a large one takes a while.
	framePauses = 4
	// tickEvery is how often the line about the progress changes when nothing arrives.
	tickEvery = 200 * time.Millisecond
)

// LiveOptions say where a [Live] writes, and how.
type LiveOptions struct {
	// Out gets the answer, piece by piece as these are finished, and nothing else but attributes.
	Out io.Writer
	// Status gets what is only for the eyes: reasoning, what is not finished yet, the progress. Both lead to the same
	// terminal, unless Below is false.
	Status io.Writer
	// Below says that the cursor may be moved, so that what is not finished can be shown below what is.
	Below bool
	// Color says that attributes may be used.
	Color bool
	// Markdown renders the answer; without it lines stay as they are.
	Markdown bool
	// Size returns the columns and rows of the window.
	Size func() (columns, rows int)
}

// Live shows an answer while it arrives. What is finished, a line or a block of Markdown, is written for good and
// never again. Below it stands what is not finished, as far as the window has room, and a line about the progress;
// these are drawn anew. Of a window that becomes narrower it is assumed that it wraps the lines that it shows, as most
// terminals do.
//
// Its methods may be called from several goroutines.
type Live struct {
	options LiveOptions
	kind    Kind
	stop    chan struct{}
	stopped chan struct{}

	mu     sync.Mutex
	meter  Meter
	tail   []byte // what is not finished
	block  block  // the first of the tail
	aside  bool   // whether the tail is reasoning
	asides bool   // whether reasoning is the last that was written
	blocks bool   // whether a block was written, from which the next is a blank line away
	region []int  // the columns of the lines below, as they were drawn
	drawn  time.Time
	pause  time.Duration // until it is drawn again
	err    error         // of Out
}

// NewLive starts to show an answer. The caller calls Close.
func NewLive(options LiveOptions) *Live {
	l := &Live{
		options: options,
		kind:    Kind{Cursor: options.Below, Color: options.Color},
		stop:    make(chan struct{}), stopped: make(chan struct{}),
		meter: Meter{Start: time.Now()},
	}
	l.draw()
	go l.tick()
	return l
}

// tick draws now and then, as time is a part of what is drawn.
func (l *Live) tick() {
	defer close(l.stopped)
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-ticker.C:
			l.mu.Lock()
			if time.Since(l.drawn) >= l.pause {
				l.draw()
			}
			l.mu.Unlock()
		}
	}
}

// Write adds text to the answer. It must have no control characters but line feeds and tabs. The error is that of Out.
func (l *Live) Write(text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(text, false)
	return l.err
}

// Reason adds text to the reasoning before the answer, on the same condition.
func (l *Live) Reason(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(text, true)
}

// Note writes a line to Status, above what is not finished.
func (l *Live) Note(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
	l.status(line + "\n")
	l.draw()
}

// Close writes what is left, takes away what was below, and returns what was measured. Further calls do nothing but
// that. The error is that of Out.
func (l *Live) Close() (Meter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.stop:
		return l.meter, l.err
	default:
	}
	close(l.stop)
	l.mu.Unlock()
	<-l.stopped
	l.mu.Lock()
	l.meter.End = time.Now()
	l.finish(string(l.tail))
	l.tail = nil
	l.erase()
	return l.meter, l.err
}

func (l *Live) add(text string, aside bool) {
	if text == "" {
		return
	}
	l.meter.add()
	if aside != l.aside {
		l.finish(string(l.tail))
		l.tail, l.block, l.aside = nil, block{}, aside
	}
	newLine := strings.Contains(text, "\n") || bytes.HasSuffix(l.tail, []byte("\n"))
	l.tail = append(l.tail, text...)
	if newLine { // otherwise nothing can be finished that was not before
		l.flush()
	}
	if time.Since(l.drawn) >= l.pause {
		l.draw()
	}
}

// flush writes for good what is finished.
func (l *Live) flush() {
	for n := l.finished(); n > 0; n = l.finished() {
		l.finish(string(l.tail[:n]))
		l.tail = l.tail[n:]
	}
}

// finished returns how much of the tail is.
func (l *Live) finished() int {
	if l.options.Markdown && !l.aside {
		return l.block.finished(l.tail)
	}
	return finishedLines(l.tail)
}

// finish writes a part of the text for good.
func (l *Live) finish(text string) {
	rendered := l.render(text)
	if rendered == "" && (l.aside || l.options.Markdown || text == "") {
		return
	}
	l.erase()
	if l.aside {
		l.status(rendered + "\n")
		l.asides = true
		return
	}
	if l.asides {
		l.status("\n")
		l.asides = false
	}
	if l.blocks && l.options.Markdown {
		rendered = "\n" + rendered
	}
	l.blocks = true
	if l.err == nil {
		_, l.err = io.WriteString(l.options.Out, rendered+"\n")
	}
}

// render returns a part of the text as it is shown, without a line feed at the end.
func (l *Live) render(text string) string {
	switch {
	case l.aside:
		return l.kind.Dim(strings.TrimSuffix(text, "\n"))
	case l.options.Markdown:
		columns, _ := l.options.Size()
		return render(text, columns, l.options.Color)
	}
	return strings.TrimSuffix(text, "\n")
}

// draw shows what is not finished, and the progress.
func (l *Live) draw() {
	if !l.options.Below {
		return
	}
	begin := time.Now()
	columns, rows := l.options.Size()
	var lines []string
	if text := strings.ReplaceAll(l.render(string(l.tail)), "\t", "    "); text != "" {
		if l.blocks && l.options.Markdown && !l.aside || l.asides && !l.aside {
			text = "\n" + text
		}
		// A line that fills a row leaves some cursors at its end and some in the next row.
		lines = strings.Split(ansi.Hardwrap(text, max(columns-1, 1), true), "\n")
		lines = lines[max(len(lines)-max(rows-2, 1), 0):]
	}
	lines = append(lines, l.kind.Dim(ansi.Truncate(l.meter.String(), max(columns-1, 1), "")))
	l.status(l.eraser(columns) + strings.Join(lines, "\n"))
	l.region = l.region[:0]
	for _, line := range lines {
		l.region = append(l.region, ansi.StringWidth(line))
	}
	l.drawn = time.Now()
	l.pause = max(frameEvery, framePauses*l.drawn.Sub(begin))
}

// erase takes away what is below.
func (l *Live) erase() {
	if len(l.region) == 0 {
		return
	}
	columns, _ := l.options.Size()
	l.status(l.eraser(columns))
	l.region = l.region[:0]
}

// eraser returns what takes the lines below away, which may have been wrapped since they were drawn.
func (l *Live) eraser(columns int) string {
	if len(l.region) == 0 {
		return ""
	}
	up := -1
	for _, width := range l.region {
		up += max((width+columns-1)/columns, 1)
	}
	if up > 0 {
		return "\r" + ansi.CursorUp(up) + ansi.EraseScreenBelow
	}
	return "\r" + ansi.EraseScreenBelow
}

// status writes to Status. Where nobody can see that, nothing is lost.
func (l *Live) status(text string) { _, _ = io.WriteString(l.options.Status, text) }
