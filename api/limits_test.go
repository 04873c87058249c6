package api_test

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"testing/iotest"

	"github.com/chatspec/chatspec/api"
)

// TestReadBodyExpected reads bodies whose length was announced, rightly or not.
func TestReadBodyExpected(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 4<<10 - 1, 4 << 10, 64<<10 - 1, 64 << 10, 200 << 10} {
		body := bytes.Repeat([]byte("x"), size)
		for _, expected := range []int64{math.MinInt64, -1, 0, 1, int64(size) - 1, int64(size), int64(size) + 1, 1 << 40, math.MaxInt64} {
			for _, limit := range []int64{1, int64(size) - 1, int64(size), int64(size) + 1, math.MaxInt64} {
				got, err := api.ReadBody(iotest.HalfReader(bytes.NewReader(body)), limit, expected)
				var tooLarge *api.TooLargeError
				if want := body[:min(int64(size), max(limit, 0))]; !bytes.Equal(got, want) || errors.As(err, &tooLarge) != (len(want) < size) {
					t.Errorf("size %d, expected %d, limit %d: %d bytes, %v", size, expected, limit, len(got), err)
				}
			}
		}
	}
}

// TestErrorsWithoutACause prints what a program has made by hand, such as for a test of its own.
func TestErrorsWithoutACause(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		new(api.Error), new(api.DecodeError), new(api.ResponseError), new(api.TimeoutError), new(api.TooLargeError),
	} {
		if err.Error() == "" {
			t.Errorf("%T has no text", err)
		}
	}
}
