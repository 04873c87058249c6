// Package reference shows an OpenAPI document to people: as one HTML page that loads nothing from anywhere.
//
// The page is put together when it is wanted, from the document and the script of Redoc, so it is never older than
// the document and costs no one who builds the command anything but Go. The script and the notices of what is bundled in
// it are those of the npm package that tests/lint pins, byte by byte: "make docs-script" copies them from there, and
// "make lint" compares.
package reference

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

// The script, an ES module.
//
//go:embed redoc.standalone.js.gz
var script []byte

//go:embed page.html
var pageHTML string

var page = template.Must(template.New("page").Parse(pageHTML))

// offline replaces what the script would load from elsewhere by text: the logo at the foot of the menu.
var offline = strings.NewReplacer(
	"https://cdn.redoc.ly/redoc/logo-mini-full.svg", logo,
	"https://cdn.redoc.ly/redoc/logo-mini.svg", logo,
	"</script", `<\/script`, // which would end the script in HTML, and is the same in JavaScript
)

// logo is the name in place of the logo, as the text of an SVG image.
const logo = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='52' height='18'%3E" +
	"%3Ctext y='13' font-family='sans-serif' font-size='13' fill='%23767790'%3ERedocly%3C/text%3E%3C/svg%3E"

// Page returns the page for a document, YAML or JSON, which is not checked. It has some 2.5 MB, nearly all of them
// script.
func Page(document string) ([]byte, error) {
	zipped, err := gzip.NewReader(bytes.NewReader(script))
	if err != nil {
		return nil, fmt.Errorf("reading the script of the page: %w", err)
	}
	plain, err := io.ReadAll(zipped)
	if err != nil {
		return nil, fmt.Errorf("reading the script of the page: %w", err)
	}
	var out bytes.Buffer
	err = page.Execute(&out, struct {
		Script   template.JS
		Document string
	}{
		template.JS(offline.Replace(string(plain))), //nolint:gosec // it is built in
		document,
	})
	return out.Bytes(), err
}
