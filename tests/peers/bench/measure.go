package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"
)

// cost is what one unit of work costs: a chunk, a call.
type cost struct {
	ns     float64 // CPU time, user and system
	allocs float64
	bytes  float64
}

// micro is a microsecond in nanoseconds.
const micro = 1000

func cpuOf(c cost) float64    { return c.ns }
func allocsOf(c cost) float64 { return c.allocs }
func bytesOf(c cost) float64  { return c.bytes }

// task is one contender.
type task struct {
	name  string
	units int // of work in one run
	run   func() error
}

// results are the costs of tasks by name, round by round.
type results map[string][]cost

// race measures the tasks in interleaved rounds.
func (b *bench) race(tasks ...task) (results, error) {
	runs := make([]int, len(tasks))
	for i, t := range tasks {
		n, err := calibrate(t, b.slice)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		runs[i] = n
	}
	out := results{}
	for range b.rounds {
		for _, at := range rand.Perm(len(tasks)) { // nobody is always behind the same other
			c, err := sample(tasks[at], runs[at])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", tasks[at].name, err)
			}
			out[tasks[at].name] = append(out[tasks[at].name], c)
		}
	}
	return out, nil
}

// calibrate returns how many runs of t take the time of a slice, after having warmed it up.
func calibrate(t task, slice time.Duration) (int, error) {
	for n := 1; ; n *= 2 {
		c, err := sample(t, n)
		if err != nil {
			return 0, err
		}
		taken := max(1, c.ns*float64(n*t.units))
		if taken >= float64(slice)/4 {
			return max(1, int(math.Ceil(float64(n)*float64(slice)/taken))), nil
		}
	}
}

// sample runs t n times and returns the cost of a unit.
func sample(t task, n int) (cost, error) {
	if err := t.run(); err != nil { // so that nobody pays for what others have left in the caches
		return cost{}, err
	}
	return spent(n*t.units, func() error {
		for range n {
			if err := t.run(); err != nil {
				return err
			}
		}
		return nil
	})
}

// spent returns what each of the units costs that f does.
func spent(units int, f func() error) (cost, error) {
	runtime.GC() // the garbage of others is theirs
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin, err := cpuTime()
	if err != nil {
		return cost{}, err
	}
	if err := f(); err != nil {
		return cost{}, err
	}
	end, err := cpuTime()
	runtime.ReadMemStats(&after)
	n := float64(units)
	return cost{
		ns:     float64(end-begin) / n,
		allocs: float64(after.Mallocs-before.Mallocs) / n,
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / n,
	}, err
}

// median returns the median of a figure over the rounds.
func (r results) median(name string, of func(cost) float64) float64 {
	var list []float64
	for _, c := range r[name] {
		list = append(list, of(c))
	}
	return median(list)
}

// ratio returns by what factor the CPU time of a is that of b.
func (r results) ratio(a, b string) float64 {
	return r.pairs(a, b, cpuOf, func(a, b float64) float64 { return a / b })
}

// above returns by how much a figure of a is above that of b.
func (r results) above(a, b string, of func(cost) float64) float64 {
	return r.pairs(a, b, of, func(a, b float64) float64 { return a - b })
}

// pairs returns the median of what f makes of the figures of a and b in each round.
func (r results) pairs(a, b string, of func(cost) float64, f func(a, b float64) float64) float64 {
	var list []float64
	for i, c := range r[a] {
		list = append(list, f(of(c), of(r[b][i])))
	}
	return median(list)
}

func median[T cmp.Ordered](list []T) (m T) {
	if len(list) == 0 {
		return m
	}
	return slices.Sorted(slices.Values(list))[len(list)/2]
}

// geometricMean is the right mean of ratios.
func geometricMean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(list)))
}
