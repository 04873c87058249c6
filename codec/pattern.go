package codec

import (
	"bytes"
	"slices"
	"unsafe" // to write values to the places where they belong
)

// pattern is a chunk, its JSON, and where in the one and in the other its values are. Most chunks of a stream
// differ from those before them in few values and in nothing else. For them it is enough to see that all
// other bytes are the same, and to write the values into a copy.
type pattern struct {
	text   []byte
	runs   []run // copies that nobody else has; the chunk itself is the first
	links  []link
	values []variable
	varied []variable // those that have ever differed from text; the others are compared as text
	made   []unsafe.Pointer
	again  bool // made may be written to again
}

// variable is a value and what the input at hand has in its place.
type variable struct {
	value
	from, to int // its text there
	saved    int // see scanString
	ascii    bool
	integer  int64
}

// learn makes the pattern that of the chunk that has just been decoded from text.
func (p *pattern) learn(r *recorder, text []byte) {
	p.forget()
	p.text = append(p.text[:0], text...)
	p.links = append(p.links[:0], r.links...)
	for _, v := range r.values {
		p.values = append(p.values, variable{value: v})
	}
	for _, run := range r.runs {
		run.p = run.of.detach(run.p, run.n)
		p.runs = append(p.runs, run)
	}
	p.made = slices.Grow(p.made, len(p.runs))[:len(p.runs)]
	clear(p.made)
}

// forget makes the pattern match nothing.
func (p *pattern) forget() {
	clear(p.runs)
	clear(p.made)
	p.text, p.runs, p.made, p.again = p.text[:0], p.runs[:0], p.made[:0], false
	p.values, p.varied = p.values[:0], p.varied[:0]
}

// match reports whether b is the text of the pattern but for its values, and finds them. d is for reading them.
func (p *pattern) match(d *Decoder, b []byte) bool {
	switch {
	case len(p.text) == 0:
		return false
	case p.compare(d, b, p.varied):
		return true
	case !p.compare(d, b, p.values):
		return false
	}
	for _, v := range p.values {
		same := func(other variable) bool { return other.start == v.start }
		if !bytes.Equal(b[v.from:v.to], p.text[v.start:v.end]) && !slices.ContainsFunc(p.varied, same) {
			p.varied = append(p.varied, v)
		}
	}
	slices.SortFunc(p.varied, func(a, b variable) int { return a.start - b.start })
	p.again = false
	return p.compare(d, b, p.varied)
}

// passing reports whether all values that vary are in memory of which an accumulator keeps nothing.
func (p *pattern) passing() bool {
	return !slices.ContainsFunc(p.varied, func(v variable) bool { return p.kept(v.run) })
}

// kept reports whether an accumulator may keep a pointer to the run, or to one that leads to it.
func (p *pattern) kept(run int) bool {
	for run > 0 {
		i := slices.IndexFunc(p.links, func(l link) bool { return l.to == run })
		if !p.links[i].delta {
			return true
		}
		run = p.links[i].run
	}
	return false
}

// compare finds the values vary in b and compares all that lies between them.
func (p *pattern) compare(d *Decoder, b []byte, vary []variable) bool {
	if d.data = b; d.err != nil {
		d.err = nil
	}
	at, from := 0, 0
	for i := range vary {
		v := &vary[i]
		n := v.start - from
		if len(b)-at < n || string(b[at:at+n]) != string(p.text[from:v.start]) {
			return false
		}
		if !v.scan(d, at+n) {
			return false
		}
		at, from = v.to, v.end
	}
	return string(b[at:]) == string(p.text[from:])
}

// scan finds the value that begins at i.
func (v *variable) scan(d *Decoder, i int) bool {
	v.from = i
	switch v.kind {
	case stringPlace, skippedString:
		end, ascii := scanText(d.data, i)
		if end < len(d.data) && d.data[end] == '"' { // as scanString begins
			v.to, v.saved, v.ascii = end, 0, ascii
			return true
		}
		d.pos = i - 1
		_, v.saved, v.ascii = d.scanString()
		v.to = d.pos - 1
	case skippedNumber:
		d.pos = i
		d.scanNumber("a number")
		v.to = d.pos
	default:
		v.integer, v.to = scanInteger(d.data, i)
		return v.to > 0 && (v.kind != intPlace || int64(int(v.integer)) == v.integer)
	}
	return d.err == nil
}

// avoids reports whether no string that match has found in b ends with word.
func (p *pattern) avoids(b []byte, word string) bool {
	if word == "" {
		return true
	}
	for i := range p.varied {
		v := &p.varied[i]
		if last := v.to - 1; last > v.from && b[last] == word[len(word)-1] && bytes.HasSuffix(b[v.from:v.to], []byte(word)) {
			return false
		}
	}
	return true
}

// write returns the chunk that match has recognized in b: a copy of the pattern's, or with again the one that it
// returned the last time, if that may be.
func (p *pattern) write(d *Decoder, b []byte, again bool) unsafe.Pointer {
	if !again || !p.again {
		for i, r := range p.runs {
			p.made[i] = r.of.clone(d.mem, r.p, r.n)
		}
		for _, l := range p.links {
			*(*unsafe.Pointer)(unsafe.Add(p.made[l.run], l.off)) = p.made[l.to]
		}
		p.again = again && p.passing()
	}
	for i := range p.varied {
		v := &p.varied[i]
		at := unsafe.Add(p.made[v.run], v.off)
		switch v.kind {
		case stringPlace:
			if raw := b[v.from:v.to]; v.ascii && v.saved == 0 { // as copyString would
				*(*string)(at) = d.mem.keep(append(d.mem.room(len(raw)), raw...))
			} else {
				*(*string)(at) = d.copyString(raw, v.saved, v.ascii)
			}
		case intPlace:
			*(*int)(at) = int(v.integer)
		case int64Place:
			*(*int64)(at) = v.integer
		default: // skipped
		}
	}
	return p.made[0]
}
