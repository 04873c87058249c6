package main

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/chatspec/chatspec/tests/oracle/union"
)

// random makes JSON up. It is not safe for concurrent use.
type random struct{ *rand.Rand }

func newRandom(seed, stream uint64) random { return random{rand.New(rand.NewPCG(seed, stream))} }

// chance is true once in n times.
func (r random) chance(n int) bool { return r.IntN(n) == 0 }

func pick[T any](r random, list []T) T { return list[r.IntN(len(list))] }

// pieces are what strings are put together from: text, escapes of all kinds, halves of surrogate pairs, invalid
// UTF-8, and what looks like JSON or like what a stream has around it.
var pieces = []string{
	"a", " world", "The", "stop", "chatcmpl-123", "gpt-5.4", "tool_calls", "function", "text", "length", "null", "true", "0",
	"Grüße", "世界", "😀", "\u2028", "\u00a0", "\ufeff", "\x7f",
	`\n`, `\t`, `\r`, `\b`, `\f`, `\"`, `\\`, `\/`, `\u0000`, `\u000a`, `\u001f`, `\u0041`, `\u00e9`, `\u00E9`, `\u2028`, `\uffff`, `\ufffd`,
	`\ud83d\ude00`, `\ud83d`, `\ude00`, `\ud83d\u0041`, `\ud83d\ud83d\ude00`, `\ude00\ud83d`,
	"\xff", "\xc3", "\xe4\xb8", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80",
	`{\"a\":`, `\",\"content\":\"`, `[1,2,3]`, `}`, `]`, `:`, `,`, "[DONE]", "data: ", "error", `\"error\"`, "event",
}

// badPieces make a string malformed.
var badPieces = []string{"\x00", "\x01", "\x1f", "\t", "\n", `\x`, `\u12`, `\u12g4`, `\`, `"`}

// str returns a string with its quotes.
func (r random) str() string {
	var s strings.Builder
	switch {
	case r.chance(8):
	case r.chance(40): // often the very same
		return `"chatcmpl-0123456789abcdef"`
	case r.chance(4000):
		s.WriteString(strings.Repeat(pick(r, pieces), 1+r.IntN(20000)))
	default:
		for range 1 + r.IntN(4) {
			s.WriteString(pick(r, pieces))
		}
	}
	if r.chance(2000) {
		s.WriteString(pick(r, badPieces))
	}
	return `"` + s.String() + `"`
}

// numbers are those that readers get wrong: other spellings of integers, both ends of int64 and float64, and
// what is beyond.
var numbers = []string{
	"0", "-0", "1", "-1", "7", "10", "1750000000", "9007199254740993", "0.0", "-0.0", "1.0", "-3.00", "1e0", "1E2", "1e+2", "12e-0", "150e-1", "1.5e1",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "922337203685477580.7e1",
	"2147483648", "4294967296", "1e18", "1e19", "100000000000000000000e-10", "0e99999", "0.1", "-0.31725305318832397", "1.5",
	"1e-7", "-1.9361264e-07", "5e-324", "1e-400", "2.2250738585072011e-308", "1.7976931348623157e308", "179769313486231570000e289", "0.30000000000000004",
}

var badNumbers = []string{"1e400", "-1e309", "01", "-", "1.", ".5", "+1", "1e", "0x1", "1_0", "NaN", "Infinity", "1e+"}

// number returns a number, mostly a small integer.
func (r random) number() string {
	switch {
	case r.chance(3000):
		return pick(r, badNumbers)
	case r.chance(6):
		return pick(r, numbers)
	case r.chance(6):
		return strconv.FormatFloat(r.NormFloat64()*10, 'g', -1, 64)
	}
	return strconv.Itoa(r.IntN(20))
}

// integer returns a number that an int64 takes, nearly always.
func (r random) integer() string {
	if r.chance(25) {
		return pick(r, numbers[:18])
	}
	if r.chance(500) {
		return r.number()
	}
	return strconv.Itoa(r.IntN(1 << r.IntN(40)))
}

// junk returns any value, no deeper than depth.
func (r random) junk(depth int) *node {
	switch n := r.IntN(10); {
	case n == 0:
		return &node{text: "null"}
	case n == 1:
		return &node{text: pick(r, []string{"true", "false"})}
	case n < 4:
		return &node{text: r.number()}
	case n < 7 || depth == 0:
		return &node{text: r.str()}
	}
	tree := &node{open: pick(r, []byte("{["))}
	for range r.IntN(4) {
		tree.members = append(tree.members, member{r.str(), r.junk(depth - 1)})
	}
	return tree
}

// junkDepth is how deep junk goes.
const junkDepth = 3

// value returns JSON for the plain type t, nearly always of the right kind.
func (r random) value(t reflect.Type, depth int) *node {
	switch {
	case r.chance(150):
		return r.junk(junkDepth)
	case r.chance(12):
		return &node{text: "null"}
	}
	if u, ok := reflect.TypeAssert[union.Value](reflect.Zero(t)); ok && t.Kind() == reflect.Struct {
		return r.variant(u, depth)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return r.value(t.Elem(), depth)
	case reflect.Struct:
		return r.object(t, depth)
	case reflect.Slice:
		n := &node{open: '['}
		for range r.length(depth) {
			n.members = append(n.members, member{value: r.value(t.Elem(), depth-1)})
		}
		return n
	case reflect.Map:
		n := &node{open: '{'}
		for range r.length(depth) {
			n.members = append(n.members, member{r.str(), r.value(t.Elem(), depth-1)})
		}
		return n
	case reflect.String:
		return &node{text: r.str()}
	case reflect.Bool:
		return &node{text: pick(r, []string{"true", "false"})}
	case reflect.Int, reflect.Int64:
		return &node{text: r.integer()}
	case reflect.Float64:
		return &node{text: r.number()}
	default:
		return r.junk(junkDepth)
	}
}

// length is that of a list or map; none goes deeper than depth.
func (r random) length(depth int) int {
	if depth <= 0 {
		return 0
	}
	return min(r.IntN(4), r.IntN(4)+1)
}

// object returns an object for a struct, in its order or any other.
func (r random) object(t reflect.Type, depth int) *node {
	n := &node{open: '{'}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if depth <= 0 || r.chance(3) {
			continue
		}
		n.members = append(n.members, member{strconv.Quote(name), r.value(field.Type, depth-1)})
	}
	if r.chance(6) {
		r.Shuffle(len(n.members), func(i, j int) { n.members[i], n.members[j] = n.members[j], n.members[i] })
	}
	if r.chance(6) {
		at := r.IntN(len(n.members) + 1)
		n.members = slices.Insert(n.members, at, member{r.str(), r.junk(junkDepth)})
	}
	return n
}

// variant returns JSON for one of the variants of a union, or for none.
func (r random) variant(u union.Value, depth int) *node {
	v := pick(r, u.Variants())
	n := r.value(v.Type, depth)
	if n.open != '{' || v.Tag == "" || r.chance(10) {
		return n
	}
	value := `"another"`
	if len(v.Values) > 0 && !r.chance(10) {
		value = strconv.Quote(pick(r, v.Values))
	}
	tag := member{strconv.Quote(v.Tag), &node{text: value}}
	n.members = slices.Insert(n.members, r.IntN(len(n.members)+1), tag)
	return n
}
