package codec_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/chatspec/chatspec/codec"
)

// call is a delta of a list element as generated code has them.
type call struct {
	index int
	id    string
	text  string
}

// callAccumulator is what the templates emit for call.
type callAccumulator struct {
	id   codec.Last[string]
	text codec.Text
}

func (a *callAccumulator) Add(c *call) {
	a.id.Add(c.id)
	a.text.Add(c.text)
}

func (*callAccumulator) Place(c *call) (int, string) { return c.index, c.id }

func (a *callAccumulator) Result() string { return a.id.Result() + ":" + a.text.Result() }

type calls = codec.ByIndex[call, string, callAccumulator, *callAccumulator]

func TestByIndex(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		deltas []call
		want   []string
	}{
		"nothing":                {nil, nil},
		"one":                    {[]call{{0, "a", "x"}, {0, "", "y"}}, []string{"a:xy"}},
		"ID repeated":            {[]call{{0, "a", "x"}, {0, "a", "y"}}, []string{"a:xy"}},
		"ID late":                {[]call{{0, "", "x"}, {0, "a", "y"}}, []string{"a:xy"}},
		"interleaved":            {[]call{{0, "a", "x"}, {1, "b", "p"}, {0, "", "y"}, {1, "", "q"}}, []string{"a:xy", "b:pq"}},
		"out of order":           {[]call{{7, "b", "p"}, {2, "a", "x"}}, []string{"a:x", "b:p"}},
		"huge and negative":      {[]call{{math.MaxInt, "b", "p"}, {-5, "a", "x"}}, []string{"a:x", "b:p"}},
		"all numbered 0":         {[]call{{0, "a", "x"}, {0, "b", "p"}, {0, "", "q"}}, []string{"a:x", "b:pq"}},
		"all 0, back to the old": {[]call{{0, "a", "x"}, {0, "b", "p"}, {0, "a", "y"}}, []string{"a:xy", "b:p"}},
		"same ID elsewhere":      {[]call{{0, "a", "x"}, {1, "a", "p"}}, []string{"a:x", "a:p"}},
	}
	for name, test := range tests {
		var list calls
		list.Add(test.deltas)
		if got := list.Result(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestByIndexMany holds the map against the search that it replaces, for each number of elements around the
// one where it takes over.
func TestByIndexMany(t *testing.T) {
	t.Parallel()
	for n := range 40 {
		var list calls
		var want []string
		for round := range 3 {
			for i := range n {
				c := call{index: i / 2, id: string(rune('a' + i)), text: string(rune('0' + round))}
				if i%2 == 1 && round == 2 { // the latest at its index needs no ID
					c.id = ""
				}
				list.Add([]call{c})
			}
		}
		for i := range n {
			want = append(want, string(rune('a'+i))+":012")
		}
		if got := list.Result(); !reflect.DeepEqual(got, want) {
			t.Errorf("%d elements: %q, want %q", n, got, want)
		}
	}
}

func TestOptional(t *testing.T) {
	t.Parallel()
	var o codec.Optional[call, string, callAccumulator, *callAccumulator]
	o.Add(nil)
	if o.Result() != nil || o.Value() != "" {
		t.Error("there is a value")
	}
	o.Add(&call{text: "x"})
	if r := o.Result(); r == nil || *r != ":x" || o.Value() != ":x" {
		t.Error(r)
	}
}

// TestResultsStay adds after a result was taken, which must not change.
func TestResultsStay(t *testing.T) {
	t.Parallel()
	var list codec.List[int]
	list.Add([]int{1, 2})
	list.Add([]int{3})
	before := list.Result()
	list.Add([]int{4})
	_ = append(before, 9)
	if got := list.Result(); !reflect.DeepEqual(before, []int{1, 2, 3}) || !reflect.DeepEqual(got, []int{1, 2, 3, 4}) {
		t.Error(before, got)
	}
	var empty codec.List[int]
	if empty.Add(nil); empty.Result() != nil {
		t.Error("a list that never came is there")
	}
	if empty.Add([]int{}); empty.Result() == nil {
		t.Error("an empty list is lost")
	}

	var last codec.Last[string]
	last.Add("a")
	last.Add("")
	var lastMap codec.LastAny[map[string]int]
	lastMap.Add(map[string]int{"a": 1})
	lastMap.Add(nil)
	if last.Result() != "a" || lastMap.Result()["a"] != 1 {
		t.Error("what a delta leaves out was erased")
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var p codec.Progress
	if p.Seen() != 0 || p.Finished() || p.HasUsage() {
		t.Error("something was seen")
	}
	p.Choice(3, false)
	p.Choice(0, true)
	if p.Seen() != 2 || p.Finished() {
		t.Error(p)
	}
	p.Choice(3, true)
	p.Choice(3, false) // a finish reason is never taken back
	p.Usage(true)
	p.Usage(false)
	if p.Seen() != 2 || !p.Finished() || !p.HasUsage() {
		t.Error(p)
	}
}

func TestEachAndMaybe(t *testing.T) {
	t.Parallel()
	place := func(_ string, i int) int { return i }
	if codec.Each(nil, place) != nil || codec.Maybe(nil, place) != nil {
		t.Error("something from nothing")
	}
	if got := codec.Each([]string{"a", "b"}, place); !reflect.DeepEqual(got, []int{0, 1}) || *codec.Maybe(new("a"), place) != 0 {
		t.Error(got)
	}
}
