package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/chatspec/chatspec/batch"
)

const (
	// barInterval is how often the bar moves, and logInterval how often a line says the same where there is no
	// terminal.
	barInterval = 100 * time.Millisecond
	logInterval = 10 * time.Second
	// rateWindow is how long a time the rate is an average of.
	rateWindow = 15 * time.Second
)

// progress shows on standard error how far a batch is: a bar in a terminal, else a line now and then.
type progress struct {
	c             *console
	total, before int64
	stats         func() batch.Stats
	started       time.Time
	rate          rate

	bars *mpb.Progress // nil without a terminal
	bar  *mpb.Bar

	stop  chan struct{}
	ended sync.WaitGroup
}

// startProgress shows what stats says of a run over total lines, of which some were done before. The caller calls
// end.
func startProgress(c *console, total, before int64, stats func() batch.Stats) *progress {
	p := &progress{c: c, total: total, before: before, stats: stats, started: time.Now(), stop: make(chan struct{})}
	p.rate.add(p.started, 0)
	interval := logInterval
	if isTerminal(c.stderr) {
		interval = barInterval
		p.bars = mpb.New(mpb.WithOutput(c.stderr), mpb.WithRefreshRate(barInterval), mpb.WithAutoRefresh())
		p.bar = p.bars.AddBar(total,
			mpb.BarFillerTrim(), // in a narrow terminal there is no bar, and the blanks around it are still wanted
			mpb.PrependDecorators(decor.Percentage(decor.WC{W: 5}), decor.Name(" ")),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + p.text(time.Now()) })))
	}
	p.ended.Go(func() { p.watch(interval) })
	return p
}

func (p *progress) watch(interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			done := p.stats().Done
			p.rate.add(now, done)
			if p.bar == nil {
				p.c.note("%s", p.text(now))
				continue
			}
			p.bar.SetCurrent(p.before + done)
		case <-p.stop:
			return
		}
	}
}

// text is what is said beside the bar: done, failed, tokens, rate, remaining time.
func (p *progress) text(now time.Time) string {
	s := p.stats()
	parts := []string{
		fmt.Sprintf("%s/%s done", thousands(p.before+s.Done), thousands(p.total)),
		thousands(s.Failed) + " failed",
		thousands(s.Tokens) + " tokens",
	}
	if s.Limited > 0 {
		parts = append(parts, thousands(s.Limited)+" refused for now")
	}
	if rate := p.rate.perSecond(now, s.Done); rate > 0 {
		left := time.Duration(float64(p.total-p.before-s.Done) / rate * float64(time.Second))
		parts = append(parts, fmt.Sprintf("%.1f/s", rate), left.Round(time.Second).String()+" left")
	}
	return strings.Join(parts, ", ")
}

// note writes a line above the bar.
func (p *progress) note(format string, args ...any) {
	c := newConsole(p.c.stdin, p.c.stdout, p.c.stderr, p.c.getenv)
	if p.bars != nil {
		c.stderr = p.bars
	}
	c.note(format, args...)
}

// end ends the bar, and sums up.
func (p *progress) end() {
	close(p.stop)
	p.ended.Wait()
	s := p.stats()
	if p.bar != nil {
		p.bar.SetCurrent(p.before + s.Done)
		if !p.bar.Completed() {
			p.bar.Abort(false)
		}
		p.bars.Wait()
	}
	elapsed := time.Since(p.started)
	p.c.note("%s answered, %s failed, in %v (%.1f/s); %s tokens; %s, %s of them again; %s refused for now",
		thousands(s.Done-s.Failed), thousands(s.Failed), elapsed.Round(10*time.Millisecond), float64(s.Done)/elapsed.Seconds(),
		thousands(s.Tokens), thousands(s.Requests+s.Retries)+" requests", thousands(s.Retries), thousands(s.Limited))
}

// rate is a count over the last while. It is safe for concurrent use.
type rate struct {
	mu     sync.Mutex
	points []point // the first is as old as the window, or the beginning
}

type point struct {
	at    time.Time
	count int64
}

func (r *rate) add(now time.Time, count int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.points = append(r.points, point{now, count})
	for len(r.points) > 2 && now.Sub(r.points[1].at) > rateWindow {
		r.points = r.points[1:]
	}
}

func (r *rate) perSecond(now time.Time, count int64) float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.points[0]
	if elapsed := now.Sub(first.at).Seconds(); elapsed > 0 {
		return float64(count-first.count) / elapsed
	}
	return 0
}

// thousands writes a number with commas.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
