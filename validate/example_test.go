package validate_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/chatspec/chatspec/validate"
)

// A request that breaks the document is named by the place and the rule, never by what was sent.
func ExampleValidator_Request() {
	v, err := validate.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	req, err := http.NewRequest(http.MethodPost, "https://api.openai.com/v1/chat/completions", strings.NewReader(
		`{"model": "gpt-5.4", "messages": [{"role": "tool", "content": "It rains."}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Content-Type", "application/json")
	broken, _ := errors.AsType[*validate.Error](v.Request(req))
	fmt.Println(broken.Pointer, broken.Rule)
	fmt.Println(broken)
	// Output:
	// /messages/0/tool_call_id required
	// validate: body /messages/0/tool_call_id: required
}
