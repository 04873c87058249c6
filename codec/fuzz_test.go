package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/codec"
)

func addCorpus(f *testing.F) {
	f.Helper()
	for _, text := range corpus {
		if len(text) < 1000 {
			f.Add([]byte(text))
		}
	}
	for _, text := range []string{textEvent, toolEvent, logprobsEvent} {
		f.Add([]byte(text))
	}
}

// FuzzAny: ReadAny accepts what encoding/json accepts into an any, which is valid JSON within the depth
// limit and the range of float64, and gives the same value.
func FuzzAny(f *testing.F) {
	addCorpus(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		checkAny(t, data)
	})
}

// FuzzSkip: Skip accepts what json.Valid accepts, consumes the value and nothing behind it, and ReadRaw
// returns just that.
func FuzzSkip(f *testing.F) {
	addCorpus(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var d codec.Decoder
		d.Reset(data)
		d.Skip()
		if err := d.End(); (err == nil) != json.Valid(data) {
			t.Fatalf("%v, json.Valid says %v", err, err != nil)
		}
		around := []byte("[" + string(data) + ",true]")
		if d.Err() != nil || !json.Valid(around) { // one level too many
			return
		}
		d.Reset(around)
		d.Array()
		raw := d.ReadRaw()
		if !d.More() || !d.ReadBool() || d.More() || d.End() != nil {
			t.Fatalf("Skip did not stop where the value ends: %v", d.Err())
		}
		want := bytes.Trim(data, " \t\r\n")
		if string(want) == "null" {
			want = nil
		}
		if !bytes.Equal(raw, want) {
			t.Fatalf("ReadRaw: %q, want %q", raw, want)
		}
	})
}

// FuzzString: between quotes, anything is read or refused as encoding/json does, as a value, as a name
// and as a tag.
func FuzzString(f *testing.F) {
	for _, text := range []string{
		"", "a", `\n`, `\u00e9`, `\ud83d\ude00`, `\ud83d`, `\ud83d\u0041`, "\xff", "é", "aaaaaaa\"b", "aaaaaaaa\\", "\x1f", `\"\\`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, inside []byte) {
		text := `"` + string(inside) + `"`
		checkString(t, text)
		var want string
		if json.Unmarshal([]byte(text), &want) != nil {
			return
		}
		var d codec.Decoder
		d.Reset([]byte(`{` + text + ` : ` + text + `}`))
		if tag := d.Tag(want); tag == nil || string(tag) != want {
			t.Fatalf("Tag: %q, want %q", tag, want)
		}
		if d.Object(); string(d.Key()) != want {
			t.Fatalf("Key: another name than %q, %v", want, d.Err())
		}
		if got := d.ReadString(); got != want || d.More() || d.End() != nil {
			t.Fatalf("ReadString: %q, %v, want %q", got, d.End(), want)
		}
	})
}

// FuzzInt: ReadInt64 gives the exact value of a number where that is an int64, and refuses all else.
func FuzzInt(f *testing.F) {
	for _, text := range []string{
		"0", "-0", "1.0", "1e2", "1.5", "15e-1", "1.5e1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
		"922337203685477580.7e1", "0e99999", "1e-99999", "10000000000000000000000e-20", "null", "\"1\"", "01", "1e18", "1e19",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 3000 {
			return
		}
		var d codec.Decoder
		d.Reset(data)
		got := d.ReadInt64()
		err := d.End()
		want, ok := exactInt(data)
		if (err == nil) != ok || ok && got != want {
			t.Fatalf("%d, %v, want %d, %v", got, err, want, ok)
		}
		d.Reset(data)
		narrow := d.ReadInt()
		fits := ok && want >= math.MinInt && want <= math.MaxInt
		if (d.End() == nil) != fits || fits && int64(narrow) != want {
			t.Fatalf("int: %d, %v, want %d", narrow, d.Err(), want)
		}
	})
}

// exactInt returns the int64 that data is, by way of math/big.
func exactInt(data []byte) (v int64, ok bool) {
	if !json.Valid(data) {
		return 0, false
	}
	text := strings.Trim(string(data), " \t\r\n")
	if text == "null" {
		return 0, true
	}
	if c := text[0]; c != '-' && (c < '0' || c > '9') {
		return 0, false
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	if strings.Trim(mantissa, "-0.") == "" {
		return 0, true
	}
	if exponent != "" {
		// Beyond this, the digits cannot make up for it, and math/big would take for ever.
		if n, err := strconv.Atoi(exponent); err != nil || n < -4000 || n > 4000 {
			return 0, false
		}
	}
	r, valid := new(big.Rat).SetString(text)
	if !valid || !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	return r.Num().Int64(), true
}

// FuzzTag: Tag gives what is found in the value that ReadAny gives, changes nothing for what is read
// next, and gives nothing of a value that is malformed.
func FuzzTag(f *testing.F) {
	for _, text := range corpus {
		if len(text) < 1000 {
			f.Add([]byte(text), "a")
		}
	}
	for _, text := range []string{
		`{"type":"text"}`, `{"type":"a","type":"b"}`, `{"type":"a","type":1}`, `{"ty\u0070e":"\u0061"}`, `{"type":"a"`, `{"a":{"type":"b"}}`,
	} {
		f.Add([]byte(text), "type")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		var plain, tagged codec.Decoder
		plain.Reset(data)
		value := plain.ReadAny()
		tagged.Reset(data)
		tag := bytes.Clone(tagged.Tag(name))
		if tagged.Err() != nil {
			t.Fatal(tagged.Err())
		}
		if got := tagged.ReadAny(); !reflect.DeepEqual(got, value) || !reflect.DeepEqual(tagged.End(), plain.End()) {
			t.Fatalf("after Tag: %v, %v, want %v, %v", got, tagged.Err(), value, plain.Err())
		}
		object, _ := value.(map[string]any)
		want, found := object[name].(string)
		var input *codec.InputError
		if errors.As(plain.Err(), &input) && value == nil && strings.Contains(input.Msg, "range") {
			return // Tag does not look at numbers
		}
		if found != (tag != nil) || string(tag) != want {
			t.Fatalf("%q, want %q, %v", tag, want, found)
		}
	})
}
