package main

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// node is a JSON value as it is written: names and scalars keep their spelling, and members their order and
// their duplicates.
type node struct {
	text    string   // of a scalar
	open    byte     // '{' or '[', else 0
	members []member // or elements
}

// member is a member of an object, or an element, which has no name.
type member struct {
	name  string // with its quotes
	value *node
}

// parse reads one JSON value. It takes what jsontext takes, duplicate names and invalid UTF-8 included.
func parse(data []byte) (*node, error) {
	d := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	n, err := parseNext(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return n, nil
}

func parseNext(d *jsontext.Decoder) (*node, error) {
	kind := d.PeekKind()
	if kind != '{' && kind != '[' {
		raw, err := d.ReadValue()
		return &node{text: string(raw)}, err
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	n := &node{open: byte(kind)}
	for {
		if next := d.PeekKind(); next == '}' || next == ']' {
			_, err := d.ReadToken()
			return n, err
		}
		var m member
		if kind == '{' {
			name, err := d.ReadValue()
			if err != nil {
				return nil, err
			}
			m.name = string(name)
		}
		value, err := parseNext(d)
		if err != nil {
			return nil, err
		}
		m.value = value
		n.members = append(n.members, m)
	}
}

// append writes the value behind b.
func (n *node) append(b []byte) []byte {
	if n.open == 0 {
		return append(b, n.text...)
	}
	b = append(b, n.open)
	for i, m := range n.members {
		if i > 0 {
			b = append(b, ',')
		}
		if n.open == '{' {
			b = append(append(b, m.name...), ':')
		}
		b = m.value.append(b)
	}
	return append(b, n.open+2) // both brackets have their other half two further on
}

// clone returns a copy that shares nothing.
func (n *node) clone() *node {
	c := *n
	c.members = slices.Clone(n.members)
	for i := range c.members {
		c.members[i].value = c.members[i].value.clone()
	}
	return &c
}

// each calls f for n and everything in it.
func (n *node) each(f func(*node)) {
	f(n)
	for _, m := range n.members {
		m.value.each(f)
	}
}

// plainIntegers writes numbers that are integral, however they are written, without fraction and exponent.
func (n *node) plainIntegers() {
	n.each(func(n *node) {
		if n.open == 0 && strings.ContainsAny(n.text, ".eE") && n.text[0] != '"' {
			n.text = plainInteger(n.text)
		}
	})
}

// manyDigits is beyond what any integer has; larger numbers stay as they are.
const manyDigits = 2000

// plainInteger returns a number without fraction and exponent, or as it is if it needs one.
func plainInteger(text string) string {
	if text == "true" || text == "false" {
		return text
	}
	unsigned, negative := strings.CutPrefix(text, "-")
	mantissa, exponent, _ := strings.Cut(strings.ToLower(unsigned), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	zeros, err := strconv.Atoi(exponent)
	if exponent == "" {
		zeros, err = 0, nil
	}
	trimmed := strings.TrimRight(digits, "0")
	zeros += len(digits) - len(trimmed) - len(fraction)
	switch {
	case trimmed == "":
		trimmed, zeros = "0", 0
	case err != nil, zeros < 0, zeros > manyDigits:
		return text
	}
	if negative {
		trimmed = "-" + trimmed
	}
	return trimmed + strings.Repeat("0", zeros)
}

// unique removes of members with one name all but the last.
func (n *node) unique() {
	n.each(func(n *node) {
		if n.open != '{' || len(n.members) < 2 {
			return
		}
		seen := map[string]bool{}
		kept := make([]member, 0, len(n.members))
		for _, m := range slices.Backward(n.members) {
			name, _ := jsontext.AppendUnquote(nil, m.name) // an error says that there is invalid UTF-8, replaced
			if !seen[string(name)] {
				kept = append(kept, m)
			}
			seen[string(name)] = true
		}
		slices.Reverse(kept)
		n.members = kept
	})
}
