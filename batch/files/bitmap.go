package files

// bitmap has a bit for each line, from 1.
type bitmap struct{ words []uint64 }

// grow makes room for a line.
func (b *bitmap) grow(line int64) {
	for line/64 >= int64(len(b.words)) {
		b.words = append(b.words, 0)
	}
}

func (b *bitmap) has(line int64) bool { return b.words[line/64]>>(line%64)&1 == 1 }

// set sets a bit, and says whether it was there and not set.
func (b *bitmap) set(line int64) bool {
	if line/64 >= int64(len(b.words)) || b.has(line) {
		return false
	}
	b.words[line/64] |= 1 << (line % 64)
	return true
}
