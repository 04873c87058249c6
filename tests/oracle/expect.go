package main

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var (
	lenient = jsontext.AllowInvalidUTF8(true) // replaced by U+FFFD
	merging = json.JoinOptions(lenient, jsontext.AllowDuplicateNames(true),
		json.WithUnmarshalers(json.UnmarshalFromFunc(checkAny)))
)

// expect decodes data with json/v2 as the types of the document are to be decoded. On purpose that differs in two
// ways: json/v2 refuses 1.0 for an integer, and refuses or merges members with the same name, of which the last
// is to be kept. So where it refuses data, integers are written plainly, which must be enough if duplicates may
// merge; then all but the last of them are removed.
func expect[P any](data []byte) (*P, error) {
	p := new(P)
	if json.Unmarshal(data, p, lenient) == nil {
		return p, nil
	}
	tree, err := parse(data)
	if err != nil {
		return nil, err
	}
	tree.plainIntegers()
	if err := json.Unmarshal(tree.append(nil), new(P), merging); err != nil {
		return nil, err
	}
	tree.unique()
	p = new(P)
	return p, json.Unmarshal(tree.append(nil), p, lenient)
}

// checkAny takes whatever an any takes. json/v2 would merge a duplicate into the value before it, which fails
// where they are of different kinds.
func checkAny(d *jsontext.Decoder, _ *any) error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	tree, err := parse(raw)
	if err != nil {
		return err
	}
	tree.each(func(n *node) {
		if kind := jsontext.Value(n.text).Kind(); kind == '0' && err == nil {
			_, err = strconv.ParseFloat(n.text, 64)
		}
	})
	return err
}
