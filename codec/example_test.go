package codec_test

import (
	"fmt"

	"github.com/chatspec/chatspec/codec"
)

// Point has the methods that the templates generate.
type Point struct {
	X, Y int
	Tags []string
}

// DecodeJSON reads the object that comes next.
func (p *Point) DecodeJSON(d *codec.Decoder) {
	*p = Point{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "x":
			p.X = d.ReadInt()
		case "y":
			p.Y = d.ReadInt()
		case "tags":
			p.Tags = codec.Slice(d, func(v *string, d *codec.Decoder) { *v = d.ReadString() })
		default:
			d.Skip()
		}
	}
}

// UnmarshalJSON makes encoding/json decode a Point as it stands in any other type.
func (p *Point) UnmarshalJSON(data []byte) error {
	return codec.Unmarshal(data, p, (*Point).DecodeJSON)
}

func Example() {
	var p Point
	err := codec.Unmarshal([]byte(`{"x":1,"y":2.0,"tags":["a"],"unknown":{}}`), &p, (*Point).DecodeJSON)
	fmt.Println(p, err)
	err = codec.Unmarshal([]byte(`{"x":"1"}`), &p, (*Point).DecodeJSON)
	fmt.Println(err)
	// Output:
	// {1 2 [a]} <nil>
	// json: expected an integer, found a string at byte 5
}

func ExampleDecoder_Tag() {
	var d codec.Decoder
	d.Reset([]byte(`[{"type":"text","text":"hello"},{"n":7,"type":"number"}]`))
	for more := d.Array(); more; more = d.More() {
		switch string(d.Tag("type")) {
		case "text":
			fmt.Println("text:", d.ReadAny())
		default:
			fmt.Printf("unknown: %s\n", d.ReadRaw())
		}
	}
	fmt.Println(d.End())
	// Output:
	// text: map[text:hello type:text]
	// unknown: {"n":7,"type":"number"}
	// <nil>
}
