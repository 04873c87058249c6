package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chatspec/chatspec"
)

// What the tests take out of our document, so that the whole document has it in addition.
const (
	fast       = "        fast: is another name for `priority`.\n"
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
	spec, whole := file(t, "openapi.yaml", edited(t, tiers, noTiers, fast, "", textTokens, "")), file(t, "new.yaml", chatspec.Spec)
	if err := os.Chmod(spec, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.yaml")
	if err := os.Symlink(spec, link); err != nil {
		t.Skip(err) // a system without links
	}
	program(t, nil, "apply", "-spec", link, whole).check(t, exitOK, "", "chatspec: added "+tiersAt+"\nchatspec: added "+tokensAt+
		"\nchatspec: 2 additions; now write what the places with \"TODO describe\" mean, and generate\n")
	want := edited(t, fast, "        fast: TODO describe this value\n",
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
	text := edited(t, tiers, noTiers, fast, "", padding, "")
	spec := file(t, "openapi.yaml", text)
	const refusal = "chatspec: refused added " + paddingAt + ": it is streamed: say with x-accumulate how its pieces add up\n"
	programWith(t, nil, chatspec.Spec, "apply", "-dry-run", "-spec", spec, "-").check(t, exitFailure, "--- "+spec+"\n+++ "+spec+`
@@ -442,13 +442,14 @@
       default: medium
     ServiceTier:
       type: string
-      enum: [auto, default, flex, scale, priority]
+      enum: [auto, default, flex, scale, priority, fast]
       x-enumDescriptions:
         auto: is what the project is configured for.
         default: is the standard tier.
         flex: is cheaper and slower.
         scale: is capacity that was paid for in advance.
         priority: is quicker.
+        fast: TODO describe this value
       description: is the processing tier of a request.
       default: auto
     PromptCacheRetention:
`,
		"chatspec: added "+tiersAt+"\n"+refusal+"chatspec: 1 difference left for you\n")
	if read(t, spec) != text {
		t.Error("the file has changed")
	}
}

// TestApplyDryRunCounts has several edits: each hunk of the diff says where its lines are in the file that apply writes.
func TestApplyDryRunCounts(t *testing.T) {
	t.Parallel()
	spec, whole := file(t, "openapi.yaml", edited(t, tiers, noTiers, fast, "", textTokens, "")), file(t, "new.yaml", chatspec.Spec)
	diff := program(t, nil, "apply", "-dry-run", "-spec", spec, whole).out
	program(t, nil, "apply", "-spec", spec, whole)
	lines := strings.SplitAfter(read(t, spec), "\n")
	hunks := strings.Split(diff, "\n@@ ")[1:]
	if len(hunks) != 2 {
		t.Fatalf("want two hunks:\n%s", diff)
	}
	for _, hunk := range hunks {
		var from, old, to, now int
		if _, err := fmt.Sscanf(hunk, "-%d,%d +%d,%d @@", &from, &old, &to, &now); err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		for line := range strings.Lines(hunk[strings.Index(hunk, "\n")+1:]) {
			if line[0] != '-' {
				want.WriteString(strings.TrimSuffix(line[1:], "\n") + "\n")
			}
		}
		if got := strings.Join(lines[to-1:to-1+now], ""); got != want.String() {
			t.Errorf("at line %d is\n%s\nwant\n%s", to, got, want.String())
		}
	}
}

// TestApplyTheOfficialDocument puts back what was taken out, from the document where it comes from.
func TestApplyTheOfficialDocument(t *testing.T) {
	t.Parallel()
	name := needUpstream(t, "2026-08-21")
	spec := file(t, "openapi.yaml", edited(t, tiers, noTiers, fast, "", textTokens, ""))
	if got := program(t, nil, "apply", "-spec", spec, name); got.code != exitOK || strings.Count(got.err, "chatspec: added ") != 2 {
		t.Errorf("%+v", got)
	}
	program(t, nil, "drift", "-spec", spec, name).check(t, exitOK, "", "chatspec: no differences beside 139 that are meant\n")
}

// TestApplyFails has what goes wrong: the file stays as it was, and nothing lies beside it.
func TestApplyFails(t *testing.T) {
	t.Parallel()
	text := edited(t, tiers, noTiers, fast, "")
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
