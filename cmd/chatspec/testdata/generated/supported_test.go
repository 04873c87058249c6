package generated_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"generated/supported"
)

// TestSupported reads and writes a request with a value for every field that supported.yaml adds.
func TestSupported(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("supported.json")
	if err != nil {
		t.Fatal(err)
	}
	var request supported.CreateChatCompletionRequest
	if err := json.Unmarshal(data, &request); err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(request)
	for i := range v.NumField() {
		if field := v.Type().Field(i); strings.HasPrefix(field.Name, "X") && v.Field(i).IsZero() {
			t.Errorf("supported.json has no %s", field.Name)
		}
	}
	writes(t, request, string(data))
	if request.XLevel != supported.XLevelN1 || *request.XPointer != "b" || request.XTime != "2026-11-23T00:00:00Z" || request.XLong != 1<<60 ||
		request.XUnionItems[0] != supported.CreateChatCompletionRequest_XUnionItems_Item(supported.Text("t")) {
		t.Errorf("%+v", request)
	}
}

// TestSupportedStream adds up every field that supported.yaml adds to the delta.
func TestSupportedStream(t *testing.T) {
	t.Parallel()
	m := read(t, "supported_stream", supported.Codec{}).Choices[0].Message
	if m.XText != "ab" || *m.XCount != 0 || len(m.XPieces) != 2 || m.XPieces[0].Text != "one two" || len(m.XMore) != 3 {
		t.Errorf("%+v", m)
	}
}
