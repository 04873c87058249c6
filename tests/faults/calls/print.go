package calls

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// Output is what one way to print a value prints.
type Output struct{ Way, Text string }

// Printed returns what the ways to print v print; none where v is nil.
func Printed(v any) (all []Output) {
	if v == nil {
		return nil
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		all = append(all, Output{verb, fmt.Sprintf(verb, v)})
	}
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte(err.Error())
	}
	var slogText, slogJSON bytes.Buffer
	slog.New(slog.NewTextHandler(&slogText, nil)).Error("failed", "value", v)
	slog.New(slog.NewJSONHandler(&slogJSON, nil)).Error("failed", "value", v)
	return append(all, Output{"json", string(text)}, Output{"slog as text", slogText.String()}, Output{"slog as JSON", slogJSON.String()})
}

// Find returns the way that prints the secret, in any form; empty if none does.
func Find(secret string, outputs []Output) string {
	for _, output := range outputs {
		for _, form := range forms(secret) {
			if strings.Contains(output.Text, form) {
				return output.Way
			}
		}
	}
	return ""
}

// forms returns the secret as it is printed: as it is, in a URL, as hexadecimal digits, as bytes, and in base64,
// where three forms differ by what stands before it.
func forms(secret string) []string {
	b := []byte(secret)
	all := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret),
		hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
		strings.Trim(fmt.Sprintf("%v", b), "[]"),
		strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", b), "[]byte{"), "}"),
	}
	for before := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), b...))
		first := []int{0, 2, 3}[before] // the digits that have bits of what stands before
		all = append(all, encoded[first:len(encoded)-1])
	}
	return all
}
