package codec_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/codec"
)

func TestReadString(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`""`:                         "",
		`null`:                       "",
		`"a"`:                        "a",
		` "a b" `:                    "a b",
		"\"\x7f\"":                   "\x7f",
		`"Grüße, 世界 😀"`:              "Grüße, 世界 😀",
		`"\"\\\/\b\f\n\r\t"`:         "\"\\/\b\f\n\r\t",
		`"\u0041\u00e9\u4E16\u0000"`: "A\u00e9\u4e16\x00",
		`"\ud83d\ude00"`:             "😀",
		`"\uD83D\uDE00x"`:            "😀x",
		`"\ud83d"`:                   "\ufffd",
		`"\ud83dx"`:                  "\ufffdx",
		`"\ude00\ud83d"`:             "\ufffd\ufffd",
		`"\ud83d\ud83d\ude00"`:       "\ufffd😀",
		`"\ud83d\u0041"`:             "\ufffdA",
		`"\ud83d\n"`:                 "\ufffd\n",
		`"\ufffd"`:                   "\ufffd",
		"\"\xff\"":                   "\ufffd",
		"\"a\xe4\xb8\"":              "a\ufffd\ufffd",
		"\"\xe4\xb8\\n\x96\"":        "\ufffd\ufffd\n\ufffd",
		"\"\xed\xa0\xbd\"":           "\ufffd\ufffd\ufffd", // a surrogate in UTF-8
		"\"\xc0\xaf\"":               "\ufffd\ufffd",       // an overlong slash
		"\"\xf4\x90\x80\x80\"":       "\ufffd\ufffd\ufffd\ufffd",
		"\"\xef\xbf\xbd\xff\"":       "\ufffd\ufffd",
	} {
		got, err := read(text, (*codec.Decoder).ReadString)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
		var reference string
		if err := json.Unmarshal([]byte(text), &reference); err != nil || reference != want {
			t.Errorf("%s: encoding/json says %q, %v", text, reference, err)
		}
	}
}

// TestStringAtEveryPlace puts each byte and some escapes at every place of strings of all lengths up to
// 17, so at every place of the words in which strings are scanned, with nothing and with much behind.
func TestStringAtEveryPlace(t *testing.T) {
	t.Parallel()
	parts := []string{`\n`, `\"`, `\\`, `\u00e9`, `\ud83d\ude00`, `\ud83d`, `\x`, `\`, "é", "😀"}
	for c := range 256 {
		parts = append(parts, string([]byte{byte(c)}))
	}
	for length := range 18 {
		for place := range length + 1 {
			for _, part := range parts {
				text := fmt.Sprintf("%q", strings.Repeat("a", place)+"?"+strings.Repeat("b", length-place))
				text = strings.Replace(text, "?", part, 1)
				for _, behind := range []string{"", "          "} {
					checkString(t, text+behind)
				}
			}
		}
	}
}

// checkString compares ReadString and Skip with encoding/json.
func checkString(t *testing.T, text string) {
	t.Helper()
	var want string
	refused := json.Unmarshal([]byte(text), &want)
	got, err := read(text, (*codec.Decoder).ReadString)
	if (err == nil) != (refused == nil) {
		t.Fatalf("%q: %v, encoding/json says %v", text, err, refused)
	}
	if err == nil && got != want {
		t.Fatalf("%q: %q, want %q", text, got, want)
	}
	if _, err := read(text, skip); (err == nil) != json.Valid([]byte(text)) {
		t.Fatalf("%q: Skip says %v", text, err)
	}
}

func TestLongString(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"x", "é", "\xff", `\n`, `\u0041`, `\ud83d\ude00`, "xxxxxxxxxxxxxxxxxxxx\\\""} {
		checkString(t, `"`+strings.Repeat(part, 100_000)+`"`)
		checkString(t, `"`+strings.Repeat(part, 100_000))
	}
}

func TestStringsAreCopies(t *testing.T) {
	t.Parallel()
	data := []byte(`{"plain":"plain","esc\n":"esc\n","list":["a"],"raw":[1]}`)
	var d codec.Decoder
	d.Reset(data)
	got := codec.Map(&d, func(v *any, d *codec.Decoder) {
		switch d.Kind() {
		case codec.KindString:
			*v = d.ReadString()
		default:
			*v = string(d.ReadRaw())
		}
	})
	if err := d.End(); err != nil {
		t.Fatal(err)
	}
	for i := range data {
		data[i] = '!'
	}
	if want := `map[esc` + "\n" + `:esc` + "\n" + ` list:["a"] plain:plain raw:[1]]`; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
