package codec_test

import (
	"errors"
	"fmt"
	"reflect"

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
			d.IntTo(&p.X)
		case "y":
			d.IntTo(&p.Y)
		case "tags":
			codec.SliceTo(d, &p.Tags, func(v *string, d *codec.Decoder) { d.StringTo(v) })
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
	if wrong, ok := errors.AsType[*codec.InputError](err); ok {
		fmt.Println(wrong.Msg, "at", wrong.Offset)
	}
	// Output:
	// {1 2 [a]} <nil>
	// expected an integer, found a string at 5
}

// EncodeJSON writes the point.
func (p *Point) EncodeJSON(e *codec.Encoder) {
	e.BeginObject()
	e.Key("x").WriteInt(p.X)
	e.Key("y").WriteInt(p.Y)
	codec.WriteSlice(e.OptionalKey("tags"), p.Tags, func(v *string, e *codec.Encoder) { e.WriteString(*v) })
	e.EndObject()
}

// Chart has members of every kind: what is empty is null or left out.
type Chart struct {
	Origin Point
	Center *Point
	Towns  map[string]Point
}

// DecodeJSON reads the chart that comes next.
func (c *Chart) DecodeJSON(d *codec.Decoder) {
	*c = Chart{}
	for more := d.Object(); more; more = d.More() {
		switch string(d.Key()) {
		case "origin":
			c.Origin.DecodeJSON(d)
		case "center":
			codec.PointerTo(d, &c.Center, (*Point).DecodeJSON)
		case "towns":
			c.Towns = codec.Map(d, (*Point).DecodeJSON)
		default:
			d.Skip()
		}
	}
}

// EncodeJSON writes the chart.
func (c *Chart) EncodeJSON(e *codec.Encoder) {
	e.BeginObject()
	codec.WriteObject(e.Key("origin"), &c.Origin, (*Point).EncodeJSON)
	codec.WritePointer(e.NullableKey("center"), c.Center, (*Point).EncodeJSON)
	codec.WriteMap(e.OptionalKey("towns"), c.Towns, (*Point).EncodeJSON)
	e.EndObject()
}

func ExampleMarshal() {
	for _, c := range []Chart{{}, {
		Origin: Point{X: 1},
		Center: &Point{X: 5, Y: 5},
		Towns:  map[string]Point{"B": {Y: 2}, "A": {X: 2, Tags: []string{"old"}}},
	}} {
		data, err := codec.Marshal(&c, (*Chart).EncodeJSON)
		fmt.Printf("%s %v\n", data, err)
		var back Chart
		err = codec.Unmarshal(data, &back, (*Chart).DecodeJSON)
		fmt.Println(reflect.DeepEqual(c, back), err)
	}
	// Output:
	// {"origin":{"x":0,"y":0},"center":null} <nil>
	// true <nil>
	// {"origin":{"x":1,"y":0},"center":{"x":5,"y":5},"towns":{"A":{"x":2,"y":0,"tags":["old"]},"B":{"x":0,"y":2}}} <nil>
	// true <nil>
}

// A place is a point, a list of points, or unknown.
func ExampleDecoder_Kind() {
	var d codec.Decoder
	for _, text := range []string{`{"x":1,"y":2}`, `[{"x":3},null]`, `null`} {
		d.Reset([]byte(text))
		switch d.Kind() {
		case codec.KindObject:
			fmt.Println(codec.Value(&d, (*Point).DecodeJSON))
		case codec.KindArray:
			points := codec.Slice(&d, func(p **Point, d *codec.Decoder) { *p = codec.Pointer(d, (*Point).DecodeJSON) })
			fmt.Println(*points[0], points[1])
		default:
			d.Skip()
			fmt.Println("unknown")
		}
		if err := d.End(); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// {1 2 []}
	// {3 0 []} <nil>
	// unknown
}

// Many values of one shape, such as the chunks of a stream: only the first is decoded, the others are recognized.
func ExampleChunks() {
	var chunks codec.Chunks[Point]
	for _, text := range []string{`{"x":1,"y":2}`, `{"x":3,"y":4}`, `{"x":5,"y":6}`} {
		p := chunks.Recognize([]byte(text), "", false)
		if p == nil {
			var err error
			if p, err = chunks.Decode([]byte(text), "", (*Point).DecodeJSON); err != nil {
				fmt.Println(err)
				return
			}
		}
		fmt.Println(*p)
	}
	// Output:
	// {1 2 []}
	// {3 4 []}
	// {5 6 []}
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
