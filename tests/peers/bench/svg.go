package main

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// Sizes of the picture, in pixels.
const (
	svgWidth   = 960
	svgColumns = 2
	svgBar     = 20  // from one bar to the next
	svgLabel   = 130 // the names beside the bars
	svgValue   = 70  // the figures behind them
	svgMargin  = 16
)

// svg draws the charts as bars, two charts side by side.
func (r *report) svg() string {
	var b strings.Builder
	y := svgMargin
	for line := range slices.Chunk(r.charts, svgColumns) {
		tallest := 0
		for i, c := range line {
			c.draw(&b, i*svgWidth/svgColumns+svgMargin, y)
			tallest = max(tallest, len(c.bars))
		}
		y += svgBar*(tallest+1) + svgMargin
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
<style>
text { fill: #1f2328 } .title { font-weight: bold } .bar { fill: #9198a1 } .ours { fill: #1f6feb }
@media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .bar { fill: #656c76 } .ours { fill: #58a6ff } }
</style>
%s</svg>
`, svgWidth, y, b.String())
}

// draw draws a chart with its upper left corner at x and y.
func (c chart) draw(b *strings.Builder, x, y int) {
	largest := 0.0
	for _, bar := range c.bars {
		largest = max(largest, bar.value)
	}
	fmt.Fprintf(b, "<text class=\"title\" x=\"%d\" y=\"%d\">%s</text>\n", x, y+svgBar/2, escape(c.title+", "+c.unit))
	room := float64(svgWidth/svgColumns - svgLabel - svgValue - 2*svgMargin)
	for i, bar := range c.bars {
		top := y + svgBar*(i+1)
		width := max(1, room*bar.value/largest)
		class := "bar"
		if strings.HasPrefix(bar.name, "chatspec") {
			class = "bar ours"
		}
		fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\">%s</text>", x, top+svgBar/2+3, escape(bar.name))
		fmt.Fprintf(b, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>", class, x+svgLabel, top, width, svgBar-5)
		fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", float64(x+svgLabel)+width+5, top+svgBar/2+3, number(bar.value))
	}
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder does not fail
	return b.String()
}
