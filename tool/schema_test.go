package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	chat "github.com/chatspec/chatspec/generated"
	"github.com/chatspec/chatspec/tool"
)

type (
	scalars struct {
		Text    string
		Flag    bool
		Number  float64
		Int     int
		Small   int8
		Natural uint
		Octet   uint8
		hidden  string //nolint:unused // which encoding/json does not see
		Skipped string `json:"-"`
		Dash    string `json:"-,"` //nolint:staticcheck // that is its name
	}
	optionals struct {
		Pointer *string `json:"pointer"`
		Empty   int     `json:"empty,omitempty"`
		Zero    []int   `json:"zero,omitzero"`
		Double  **bool  `json:"double"`
		Both    *int    `json:"both,omitempty"`
	}
	described struct {
		City   string  `json:"city" jsonschema:"the city, in English"`
		Inner  place   `json:"inner" jsonschema:"where"`
		Parent *tree   `json:"parent" jsonschema:"above"`
		Ratio  float64 `json:"ratio,omitempty" jsonschema:"from 0 to 1"`
	}
	enums struct {
		Unit   string   `json:"unit" enum:"celsius, fahrenheit"`
		Level  int      `json:"level,omitempty" enum:"1,2,3"`
		Colors []string `json:"colors" enum:"red,green"`
		Maybe  *string  `json:"maybe" enum:"x"`
	}
	tree struct {
		Name     string `json:"name"`
		Children []tree `json:"children"`
	}
	list struct {
		Head *node `json:"head"`
	}
	node struct {
		Value int   `json:"value"`
		Next  *node `json:"next,omitempty"`
	}
	husband struct {
		Wife *wife `json:"wife"`
	}
	wife struct {
		Husband *husband `json:"husband"`
	}
	couple struct {
		First husband `json:"first"`
		Other wife    `json:"other"`
	}
	forest []forest
	woods  struct {
		Woods forest `json:"woods"`
	}
	special struct {
		When   time.Time     `json:"when"`
		Data   []byte        `json:"data"`
		Array  [2]int        `json:"array"`
		Bytes  [2]byte       `json:"bytes"`
		Addr   netip.Addr    `json:"addr"`
		Number json.Number   `json:"number"`
		Quoted int           `json:"quoted,string"`
		Wait   time.Duration `json:"wait"`
	}
	base struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	Extra struct {
		Note string `json:"note"`
		Name string `json:"name"`
	}
	tagged struct {
		Tag string `json:"tag"`
	}
	embedding struct {
		base
		*Extra

		tagged `json:"tagged"`
		Tagged tagged `json:"inside"`
		ID     int    `json:"id"`
	}
	Loop struct {
		*Loop

		X int `json:"x"`
	}
	plainID struct {
		ID string
	}
	taggedID struct {
		Number int `json:"ID"`
	}
	dominated struct {
		plainID
		taggedID
	}
	anything struct {
		Any  any             `json:"any"`
		Raw  json.RawMessage `json:"raw,omitempty"`
		Map  map[string]int  `json:"map"`
		Keys map[int]place   `json:"keys,omitempty"`
	}
	nothing struct{}
)

// sent returns the schema that New sends for a T, or why it sends none.
func sent[T any](loose bool) (string, error) {
	t := tool.New("f", "", func(context.Context, T) (string, error) { return "", nil })
	if loose {
		t = t.Loose()
	}
	definition, err := t.Definition()
	if err != nil {
		return "", err
	}
	function := definition.(chat.FunctionTool).Function
	if function.Strict == loose {
		return "", nil
	}
	schema, err := json.Marshal(function.Parameters)
	return string(schema), err
}

// sentTwins is sent with two types of one name, as two packages may have them.
func sentTwins(loose bool) (string, error) {
	type twin struct {
		A []twin `json:"a"`
	}
	type first = twin
	{
		type twin struct {
			B []twin `json:"b"`
		}
		type twins struct {
			A first `json:"a"`
			B twin  `json:"b"`
		}
		return sent[twins](loose)
	}
}

func TestSchemas(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		sent  func(loose bool) (string, error)
		loose bool
		want  string
	}{
		{"scalars", sent[scalars], false, `{"type":"object","properties":{
			"Text":{"type":"string"},"Flag":{"type":"boolean"},"Number":{"type":"number"},"Int":{"type":"integer"},
			"Small":{"type":"integer","minimum":-128,"maximum":127},"Natural":{"type":"integer","minimum":0},
			"Octet":{"type":"integer","minimum":0,"maximum":255},"-":{"type":"string"}},
			"required":["Text","Flag","Number","Int","Small","Natural","Octet","-"],"additionalProperties":false}`},
		{"optional, strict", sent[optionals], false, `{"type":"object","properties":{
			"pointer":{"type":["string","null"]},"empty":{"type":["integer","null"]},
			"zero":{"type":["array","null"],"items":{"type":"integer"}},"double":{"type":["boolean","null"]},
			"both":{"type":["integer","null"]}},
			"required":["pointer","empty","zero","double","both"],"additionalProperties":false}`},
		{"optional, loose", sent[optionals], true, `{"type":"object","properties":{
			"pointer":{"type":["string","null"]},"empty":{"type":"integer"},
			"zero":{"type":"array","items":{"type":"integer"}},"double":{"type":["boolean","null"]},
			"both":{"type":["integer","null"]}},"additionalProperties":false}`},
		{"descriptions", sent[described], false, `{"type":"object","properties":{
			"city":{"type":"string","description":"the city, in English"},
			"inner":{"type":"object","description":"where","properties":{"city":{"type":"string"},
				"unit":{"type":["string","null"],"enum":["celsius","fahrenheit",null]}},"required":["city","unit"],"additionalProperties":false},
			"parent":{"description":"above","anyOf":[{"$ref":"#/$defs/tree"},{"type":"null"}]},
			"ratio":{"type":["number","null"],"description":"from 0 to 1"}},
			"$defs":{"tree":{"type":"object","properties":{"name":{"type":"string"},
				"children":{"type":"array","items":{"$ref":"#/$defs/tree"}}},"required":["name","children"],"additionalProperties":false}},
			"required":["city","inner","parent","ratio"],"additionalProperties":false}`},
		{"enums", sent[enums], false, `{"type":"object","properties":{
			"unit":{"type":"string","enum":["celsius","fahrenheit"]},
			"level":{"type":["integer","null"],"enum":[1,2,3,null]},
			"colors":{"type":"array","items":{"type":"string","enum":["red","green"]}},
			"maybe":{"type":["string","null"],"enum":["x",null]}},
			"required":["unit","level","colors","maybe"],"additionalProperties":false}`},
		{"a type in itself", sent[tree], false, `{"type":"object","properties":{"name":{"type":"string"},
			"children":{"type":"array","items":{"$ref":"#"}}},"required":["name","children"],"additionalProperties":false}`},
		{"a pointer to it", sent[*tree], false, `{"type":"object","properties":{"name":{"type":"string"},
			"children":{"type":"array","items":{"$ref":"#"}}},"required":["name","children"],"additionalProperties":false}`},
		{"a list", sent[list], false, `{"type":"object","properties":{"head":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},
			"$defs":{"node":{"type":"object","properties":{"value":{"type":"integer"},
				"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["value","next"],"additionalProperties":false}},
			"required":["head"],"additionalProperties":false}`},
		{"types in each other", sent[couple], true, `{"type":"object","properties":{
			"first":{"$ref":"#/$defs/husband"},
			"other":{"type":"object","properties":{"husband":{"anyOf":[{"$ref":"#/$defs/husband"},{"type":"null"}]}},"additionalProperties":false}},
			"$defs":{"husband":{"type":"object","properties":{"wife":{"type":["object","null"],"properties":{
				"husband":{"anyOf":[{"$ref":"#/$defs/husband"},{"type":"null"}]}},"additionalProperties":false}},"additionalProperties":false}},
			"required":["first","other"],"additionalProperties":false}`},
		{"a slice of itself", sent[woods], false, `{"type":"object","properties":{"woods":{"$ref":"#/$defs/forest"}},
			"$defs":{"forest":{"type":"array","items":{"$ref":"#/$defs/forest"}}},"required":["woods"],"additionalProperties":false}`},
		{"types with texts of their own", sent[special], false, `{"type":"object","properties":{
			"when":{"type":"string","format":"date-time"},"data":{"type":"string","pattern":"^[A-Za-z0-9+/]*={0,2}$"},
			"array":{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":2},
			"bytes":{"type":"array","items":{"type":"integer","minimum":0,"maximum":255},"minItems":2,"maxItems":2},
			"addr":{"type":"string"},"number":{"type":"number"},"quoted":{"type":"string"},"wait":{"type":"integer"}},
			"required":["when","data","array","bytes","addr","number","quoted","wait"],"additionalProperties":false}`},
		{"embedded", sent[embedding], false, `{"type":"object","properties":{"note":{"type":"string"},
			"tagged":{"type":"object","properties":{"tag":{"type":"string"}},"required":["tag"],"additionalProperties":false},
			"inside":{"type":"object","properties":{"tag":{"type":"string"}},"required":["tag"],"additionalProperties":false},
			"id":{"type":"integer"}},"required":["note","tagged","inside","id"],"additionalProperties":false}`},
		{"embedded in itself", sent[Loop], false, `{"type":"object","properties":{"x":{"type":"integer"}},"required":["x"],"additionalProperties":false}`},
		{"one name by a tag", sent[dominated], false, `{"type":"object","properties":{"ID":{"type":"integer"}},"required":["ID"],"additionalProperties":false}`},
		{"two types with one name", sentTwins, false, `{"type":"object","properties":{
			"a":{"$ref":"#/$defs/twin"},"b":{"$ref":"#/$defs/twin2"}},
			"$defs":{"twin":{"type":"object","properties":{"a":{"type":"array","items":{"$ref":"#/$defs/twin"}}},"required":["a"],"additionalProperties":false},
				"twin2":{"type":"object","properties":{"b":{"type":"array","items":{"$ref":"#/$defs/twin2"}}},"required":["b"],"additionalProperties":false}},
			"required":["a","b"],"additionalProperties":false}`},
		{"anything, loose", sent[anything], true, `{"type":"object","properties":{
			"any":{"type":["string","number","boolean","object","array","null"]},
			"raw":{"type":["string","number","boolean","object","array","null"]},
			"map":{"type":"object","additionalProperties":{"type":"integer"}},
			"keys":{"type":"object","additionalProperties":{"type":"object","properties":{"city":{"type":"string"},
				"unit":{"type":"string","enum":["celsius","fahrenheit"]}},"required":["city"],"additionalProperties":false}}},
			"required":["any","map"],"additionalProperties":false}`},
		{"a map, loose", sent[map[string]int], true, `{"type":"object","additionalProperties":{"type":"integer"}}`},
		{"nothing", sent[nothing], false, `{"type":"object","properties":{},"additionalProperties":false}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := test.sent(test.loose)
			if err != nil {
				t.Fatal(err)
			}
			sameValue(t, "the schema", json.RawMessage(got), json.RawMessage(test.want))
		})
	}
}

// TestSchemaOrder shows that properties come in the order of the fields, which is the order in which a model
// writes them.
func TestSchemaOrder(t *testing.T) {
	t.Parallel()
	got, err := sent[scalars](false)
	if err != nil {
		t.Fatal(err)
	}
	at := -1
	for _, name := range []string{`"Text":`, `"Flag":`, `"Number":`, `"Int":`, `"Small":`, `"Natural":`, `"Octet":`, `"-":`} {
		i := strings.Index(got, name)
		if i <= at {
			t.Errorf("%s is at %d in %s", name, i, got)
		}
		at = i
	}
}

type speaker interface{ Speak() }

func TestSchemasRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		sent  func(loose bool) (string, error)
		loose bool
		want  string
	}{
		{"a string", sent[string], false, "is no JSON object"},
		{"a slice", sent[[]place], false, "is no JSON object"},
		{"bytes", sent[[]byte], false, "is no JSON object"},
		{"any", sent[any], true, "is no JSON object"},
		{"a map, strict", sent[map[string]int], false, "a map has any keys"},
		{"any field, strict", sent[struct{ X any }], false, "can be anything"},
		{"raw JSON, strict", sent[struct{ X json.RawMessage }], false, "can be anything"},
		{"an interface", sent[struct{ X speaker }], true, "is an interface"},
		{"a function", sent[struct{ X func() }], true, "has no form in JSON"},
		{"a channel", sent[struct{ X chan int }], true, "has no form in JSON"},
		{"a complex number", sent[struct{ X complex128 }], true, "has no form in JSON"},
		{"JSON of its own", sent[struct{ X big.Int }], true, "reads JSON by a method of its own"},
		{"an embedded time", sent[struct{ time.Time }], true, "reads JSON by a method of its own"},
		{"deep inside", sent[struct {
			X []map[string]*struct{ Y func() }
		}], true, ".Y: "},
		{"an enum of no numbers", sent[struct {
			X int `enum:"one"`
		}], true, `"one"`},
		{"text in quotes twice", sent[struct {
			X string `json:",string"`
		}], true, "in quotes twice"},
		{"a tag of another package", sent[struct {
			X int `jsonschema:"description=x"`
		}], true, "plain words"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := test.sent(test.loose)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the schema is %s and the error %v, want one with %q", got, err, test.want)
			}
		})
	}
}

// TestSchemaTakesWhatGoWrites writes values as encoding/json does and has them taken as arguments.
func TestSchemaTakesWhatGoWrites(t *testing.T) {
	t.Parallel()
	takes(t, scalars{Text: "x", Small: -5})
	takes(t, optionals{})
	takes(t, tree{Children: []tree{{Name: "x", Children: []tree{}}}})
	takes(t, special{When: time.Unix(0, 0).UTC(), Data: []byte("data"), Number: "1.5", Addr: netip.IPv4Unspecified()})
	takes(t, list{&node{Next: &node{Value: 1}}})
	takes(t, couple{})
	takes(t, woods{forest{{}, {}}})
	takes(t, embedding{Extra: &Extra{}})
}

func takes[T any](t *testing.T, value T) {
	t.Helper()
	format, err := tool.Format[T]()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := decoded[T](string(text), format); err != nil || !reflect.DeepEqual(again, value) {
		t.Errorf("%s is read as %+v, %v", text, again, err)
	}
}

// odds has what is easily read otherwise than it is checked.
type odds struct {
	Unit  string    `json:"unit,omitempty" enum:"celsius,fahrenheit"`
	Small *int8     `json:"small"`
	Units []string  `json:"units" enum:"a,b"`
	Inner *odds     `json:"inner"`
	Whole int64     `json:"whole,string"`
	Data  []byte    `json:"data,omitempty"`
	Fixed [2]bool   `json:"fixed"`
	When  time.Time `json:"when,omitzero"`
}

// valid says whether a value obeys the schema of its type.
func (o *odds) valid() bool {
	foreign := func(unit string) bool { return unit != "a" && unit != "b" }
	return slices.Contains([]string{"", "celsius", "fahrenheit"}, o.Unit) && !slices.ContainsFunc(o.Units, foreign) &&
		(o.Inner == nil || o.Inner.valid())
}

// FuzzDecode has any text decoded: what is accepted obeys the schema, and is accepted again as Go writes it.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"units":["a"],"whole":"5","fixed":[true,false],"inner":{"units":[],"whole":"-1","fixed":[true,true]}}`,
		`{"unit":"kelvin","unit":null,"small":1,"units":[],"whole":"0","fixed":[false,false],"data":"aGk=","when":"2026-01-02T15:04:05Z"}`,
		`{"inner":{"unit":"kelvin"},"inner":{"units":[],"whole":"1","fixed":[true,true]},"units":["b"],"whole":"1","fixed":[true,true]}`,
		`[]`, `{`, ``,
	} {
		f.Add(seed)
	}
	format, err := tool.Format[odds]()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, err := decoded[odds](text, format)
		if err != nil {
			if _, ok := errors.AsType[*tool.AnswerError](err); !ok {
				t.Fatalf("the error is %v", err)
			}
			return
		}
		if !value.valid() {
			t.Fatalf("%q is accepted as %+v", text, value)
		}
		if value.Units == nil {
			value.Units = []string{}
		}
		again, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := decoded[odds](string(again), format); err != nil || !reflect.DeepEqual(value, second) {
			t.Fatalf("%q is written as %s, and read as %+v, %v", text, again, second, err)
		}
	})
}

// decoded is Decode of a text.
func decoded[T any](text string, format chat.ResponseFormat) (T, error) {
	return tool.Decode[T](&chat.CreateChatCompletionResponse{
		Choices: []chat.Choice{{Message: chat.ResponseMessage{Content: text}, FinishReason: chat.FinishReasonStop}},
	}, format)
}
