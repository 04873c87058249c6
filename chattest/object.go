package chattest

import (
	"bytes"
	"encoding/json"
	"errors"
)

// object is a JSON object whose members stay in their order, so that what is made of it looks as the server's own
// JSON does.
type object []member

type member struct {
	name  string
	value json.RawMessage
}

// members returns the members of the object in data.
func members(data []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.Join(errors.New("no JSON object"), err)
	}
	var list object
	for d.More() {
		var m member
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		m.name, _ = name.(string) // as the names of members are
		list = append(list, m)
	}
	return list, nil
}

// json returns the object as JSON.
func (o object) json() json.RawMessage {
	data := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			data = append(data, ',')
		}
		data = append(append(data, quote(m.name)+":"...), m.value...)
	}
	return append(data, '}')
}

// quote returns a text as JSON.
func quote(text string) string {
	data, _ := encode(text) // a string has JSON
	return string(data)
}
