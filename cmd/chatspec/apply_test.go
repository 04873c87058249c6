package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chatspec/chatspec"
)

// What the tests take out of our document, so that the whole document has it in addition.
const (
	textTokens = "        text_tokens: {type: integer, description: counts the tokens of text output.}\n"
	padding    = "        obfuscation:\n          type: string\n          x-accumulate: none\n          description: is padding, so that the length of the chunk does not give the text away.\n"
)

// The places of that, as reports name them.
const (
	tiersAt   = "#/components/schemas/ServiceTier/enum/5, for GET /chat/completions response 200 application/json.data[].service_tier"
	tokensAt  = "#/components/schemas/CompletionTokensDetails/properties/text_tokens, for GET /chat/completions response 200 application/json.data[].usage.completion_tokens_details.text_tokens"
	paddingAt = "POST /chat/completions response 200 text/event-stream.obfuscation"
)

// read returns what is in a file.
func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestApply takes over what a document has lost, through a link to it, and then has nothing left to do.
func TestApply(t *testing.T) {
	t.Parallel()
	spec, whole := file(t, "openapi.yaml", edited(t, tiers, noTiers, textTokens, "")), file(t, "new.yaml", chatspec.Spec)
	if err := os.Chmod(spec, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.yaml")
	if err := os.Symlink(spec, link); err != nil {
		t.Skip(err) // a system without links
	}
	program(t, nil, "apply", "-spec", link, whole).check(t, exitOK, "", "chatspec: added "+tiersAt+"\nchatspec: added "+tokensAt+
		"\nchatspec: 2 additions; now write what the places with \"TODO describe\" mean, and generate\n")
	want := edited(t, tiers, "# TODO describe the value fast\n      "+tiers,
		textTokens, "        text_tokens:\n          type: integer\n          description: TODO describe this field\n")
	if got := read(t, spec); got != want {
		t.Errorf("got\n%s", got)
	}
	if info, err := os.Stat(spec); err != nil || info.Mode().Perm() != 0o640 {
		t.Error(info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error(info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(spec)); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
	program(t, nil, "apply", "-spec", spec, whole).check(t, exitOK, "", "chatspec: nothing to add\n")
	program(t, nil, "drift", "-spec", spec, "-deviations", os.DevNull, whole).check(t, exitOK, "", "chatspec: no differences\n")
}

// TestApplyDryRun shows the edit and leaves the file alone.
func TestApplyDryRun(t *testing.T) {
	t.Parallel()
	text := edited(t, tiers, noTiers, padding, "")
	spec := file(t, "openapi.yaml", text)
	const refusal = "chatspec: refused added " + paddingAt + ": it is streamed: say with x-accumulate how its pieces add up\n"
	programWith(t, nil, chatspec.Spec, "apply", "-dry-run", "-spec", spec, "-").check(t, exitFailure, "--- "+spec+"\n+++ "+spec+`
@@ -423,7 +423,8 @@
       default: medium
     ServiceTier:
       type: string
-      enum: [auto, default, flex, scale, priority]
+      # TODO describe the value fast
+      enum: [auto, default, flex, scale, priority, fast]
       description: |-
         is the processing tier of a request: `+"`auto` as the project is configured,\n"+
		"         `default` the standard one, `flex` cheaper and slower, `scale` capacity paid\n",
		"chatspec: added "+tiersAt+"\n"+refusal+"chatspec: 1 difference left for you\n")
	if read(t, spec) != text {
		t.Error("the file has changed")
	}
}

// TestApplyTheOfficialDocument puts back what was taken out, from the document where it comes from.
func TestApplyTheOfficialDocument(t *testing.T) {
	t.Parallel()
	name := needUpstream(t, "2026-08-21")
	spec := file(t, "openapi.yaml", edited(t, tiers, noTiers, textTokens, ""))
	if got := program(t, nil, "apply", "-spec", spec, name); got.code != exitOK || strings.Count(got.err, "chatspec: added ") != 2 {
		t.Errorf("%+v", got)
	}
	program(t, nil, "drift", "-spec", spec, name).check(t, exitOK, "", "chatspec: no differences beside 139 that are meant\n")
}

// TestApplyFails has what goes wrong: the file stays as it was, and nothing lies beside it.
func TestApplyFails(t *testing.T) {
	t.Parallel()
	text := edited(t, tiers, noTiers)
	spec := file(t, "openapi.yaml", text)
	for _, tc := range []struct{ stdin, want string }{
		{"openapi: 3.1.0\npaths: 5", "standard input:2: #/paths: want an object, not a number"},
		{"", "standard input:1: empty"},
	} {
		programWith(t, nil, tc.stdin, "apply", "-spec", spec, "-").check(t, exitUsage, "", "chatspec: "+tc.want+"\n")
	}
	asJSON := file(t, "openapi.json", `{"openapi": "3.1.0", "paths": {"/chat/completions": {"get": {"parameters": [{"in": "query", "name": "n", "schema": {"enum": ["a"]}}]}}}}`)
	other := strings.Replace(read(t, asJSON), `"a"`, `"a", "b"`, 1)
	programWith(t, nil, other, "apply", "-spec", asJSON, "-").check(t, exitFailure, "",
		"chatspec: refused added GET /chat/completions query n value \"b\": only YAML is edited, not JSON\nchatspec: 1 difference left for you\n")
	asJSON = file(t, "openapi.json", `{"openapi": "3.1.0", "paths": {"/x": {"get": {"parameters": [{"in": "query", "name": "n", "schema": {"properties": {"a": {}}}}]}}}}`)
	other = strings.Replace(read(t, asJSON), `"a": {}`, `"a": {}, "b": {"type": "string"}`, 1)
	programWith(t, nil, other, "apply", "-spec", asJSON, "-").check(t, exitFailure, "",
		"chatspec: refused added GET /x query n.b: only YAML is edited, not JSON\nchatspec: 1 difference left for you\n")
	if read(t, spec) != text {
		t.Error("the file has changed")
	}
	if left, err := os.ReadDir(filepath.Dir(spec)); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}
