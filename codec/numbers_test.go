package codec_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/chatspec/chatspec/codec"
)

func TestReadInt64(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"null": 0, "0": 0, "-0": 0, "7": 7, "-7": -7, " 42 ": 42,
		"1750000000": 1750000000, "999999999999999999": 999999999999999999,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64,
		"1.0": 1, "-1.000": -1, "0.0": 0, "-0.0e-5": 0, "1e2": 100, "1E+2": 100, "1e0": 1, "10e-1": 1,
		"1.5e1": 15, "0.0001e4": 1, "120e-1": 12, "100.00": 100, "1000000000000000000000e-18": 1000,
		"9223372036854775807.0": math.MaxInt64, "9223372036854775807e0": math.MaxInt64,
		"922337203685477580.7e1": math.MaxInt64, "-0.9223372036854775808e19": math.MinInt64,
		"9007199254740993.0":         9007199254740993, // not exact as a float64
		"0e999999999999999999999999": 0, "-0.00e-99999999999999999999": 0,
		"1" + strings.Repeat("0", 100_000) + "e-100000":          1,
		"0." + strings.Repeat("0", 100_000) + "1e100001":         1,
		"0." + strings.Repeat("0", 99_999) + "12e+0000000100001": 12,
	} {
		if got, err := read(text, (*codec.Decoder).ReadInt64); err != nil || got != want {
			t.Errorf("%.50s: %d, %v, want %d", text, got, err, want)
		}
		if strconv.IntSize == 64 {
			if got, err := read(text, (*codec.Decoder).ReadInt); err != nil || int64(got) != want {
				t.Errorf("%.50s: int %d, %v, want %d", text, got, err, want)
			}
		}
	}
}

func TestReadInt64Refuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"1.5", "-0.1", "1e-1", "15e-1", "1.05e1", "1e-99999999999999999999", "10.01e1",
		"9223372036854775808", "-9223372036854775809", "9223372036854775807.5", "18446744073709551616",
		"92233720368547758070", "1e19", "-1e19", "1e18446744073709551616", "1e9223372036854775808",
		"9223372036854775808e0", "922337203685477580.8e1", "-922337203685477580.9e1", strings.Repeat("9", 100_000),
		"1" + strings.Repeat("0", 100_000), "00", "01", "-", "-a", "1.", "1.e1", "1e", "1e+", "0x1", "1_0", "--1",
		`"1"`, "true", "[1]", "{}", "",
	} {
		if got, err := read(text, (*codec.Decoder).ReadInt64); err == nil || got != 0 && got != 1 {
			t.Errorf("%.50s: %d, %v", text, got, err)
		}
	}
}

func TestReadFloat(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"0", "-0", "1", "-1", "0.1", "0.7", "1.5", "-12.25", "123456789.123456789", "0.000001", "1e0", "1e22", "1e23",
		"1E-7", "-1.9361264e-07", "-0.31725305318832397", "9007199254740991", "9007199254740992", "9007199254740993",
		"9007199254740993.0", "0.9007199254740993", "900719925474.0991", "999999999999999999", "0.999999999999999999",
		"9999999999999999999", "2.2250738585072011e-308", "4.9e-324", "1e-400", "-1e-400", "1.7976931348623157e308",
		"0." + strings.Repeat("0", 400) + "1", "1" + strings.Repeat("0", 308), strings.Repeat("1", 100_000) + "e-100000",
		"0e999999999999",
	} {
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(text, (*codec.Decoder).ReadFloat)
		if err != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%.50s: %v, %v, want %v", text, got, err, want)
		}
	}
	if got, err := read("null", (*codec.Decoder).ReadFloat); got != 0 || err != nil {
		t.Errorf("null: %v, %v", got, err)
	}
	for _, text := range []string{
		"1e309", "-1.7976931348623159e308", "1e999999999999", "NaN", "Infinity", "-Infinity", "inf", "0x1p-2", "1_0",
		".5", "5.", "1e1.0", "--1", "01.5", `"1.5"`, "false", "",
	} {
		if got, err := read(text, (*codec.Decoder).ReadFloat); err == nil {
			t.Errorf("%s: %v", text, got)
		}
	}
}
