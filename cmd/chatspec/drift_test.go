package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// upstream is a folder of official documents, which maintainers keep beside the clone.
const upstream = "../../../shared/upstream"

// needUpstream returns the name of an official document, or skips the test where it is not here.
func needUpstream(t *testing.T, date string) string {
	t.Helper()
	name := filepath.Join(upstream, "openai-openapi-"+date+".yaml")
	if _, err := os.Stat(name); err != nil {
		t.Skipf("skipped: %s is not here; it belongs to the material that maintainers keep beside the clone", name)
	}
	return name
}

// file writes a file into a folder of the test.
func file(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// edited is our document with each old text replaced by the new one behind it. Each must be there once.
func edited(t *testing.T, pairs ...string) string {
	t.Helper()
	text := chatspec.Spec
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(text, pairs[i]) != 1 {
			t.Fatalf("%q is there %d times", pairs[i], strings.Count(text, pairs[i]))
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

const noTiers, tiers = "enum: [auto, default, flex, scale, priority]", "enum: [auto, default, flex, scale, priority, fast]"

func TestDriftFromTheOfficialDocument(t *testing.T) {
	t.Parallel()
	program(t, nil, "drift", needUpstream(t, "2026-08-21")).
		check(t, exitOK, "", "chatspec: no differences beside 139 that are meant\n")
	got := program(t, nil, "drift", "-json", "-all", needUpstream(t, "2026-08-21"))
	for line := range strings.Lines(got.out) {
		if !strings.Contains(line, `"reason":"`) {
			t.Errorf("no reason: %s", line)
		}
	}
}

// TestDriftFromAnOlderDocument has all that the older document lacks or has otherwise, read off a diff of the two
// by hand.
func TestDriftFromAnOlderDocument(t *testing.T) {
	t.Parallel()
	got := program(t, nil, "drift", "-json", needUpstream(t, "2026-07-28"))
	found := map[string]bool{}
	for line := range strings.Lines(got.out) {
		var d reportLine
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSpace(string(d.Kind)+" "+d.Old.Pointer+" "+string(d.Old.Value)+string(d.New.Value))] = true
	}
	want := []string{
		"removed #/components/schemas/CompletionTokensDetails/properties/text_tokens",
		"removed #/components/schemas/CreateChatCompletionResponse/properties/metadata",
		"removed #/components/schemas/CreateChatCompletionStreamResponse/properties/obfuscation",
		"removed #/components/schemas/PromptTokensDetails/properties/image_tokens",
		"removed #/components/schemas/PromptTokensDetails/properties/text_tokens",
		`removed #/components/schemas/ServiceTier/enum/5 "fast"`,
	}
	var all []string
	for d := range found {
		all = append(all, d)
	}
	if slices.Sort(all); got.code != exitFailure || !slices.Equal(all, want) {
		t.Errorf("exit code %d,\n%s\nwant\n%s", got.code, strings.Join(all, "\n"), strings.Join(want, "\n"))
	}
}

func TestDriftBetweenVersions(t *testing.T) {
	t.Parallel()
	old, now := file(t, "old.yaml", edited(t, tiers, noTiers)), file(t, "new.yaml", chatspec.Spec)
	const also = " response 200 application/json.service_tier\n"
	program(t, nil, "drift", old, now).check(t, exitFailure, `GET /chat/completions
  added    response 200 application/json.data[].service_tier value "fast"
    `+old+`:445 #/components/schemas/ServiceTier/enum
    `+now+`:445 #/components/schemas/ServiceTier/enum/5
    also GET /chat/completions/{completion_id}`+also+`    also POST /chat/completions request application/json.service_tier
    also POST /chat/completions`+also+`    also in 2 more places, which -json lists
`, "chatspec: 1 difference in 6 places\n")
	program(t, nil, "drift", now, now).check(t, exitOK, "", "chatspec: no differences\n")
	without := program(t, nil, "drift", now, file(t, "without.yaml", edited(t, "    delete:\n", "    x-delete:\n")))
	if !strings.HasPrefix(without.out, "DELETE /chat/completions/{completion_id}\n  removed  the whole operation\n") {
		t.Errorf("%+v", without)
	}
	if got := program(t, nil, "drift", now, old, "-json"); strings.Count(got.out, `{"kind":"removed",`) != 6 || strings.Count(got.out, "\n") != 6 {
		t.Error(got.out)
	}
}

// TestDriftSources reads one document in every way, and finds what the deviations say of a document without
// them.
func TestDriftSources(t *testing.T) {
	t.Parallel()
	root, err := drift.ParseNode("", []byte(chatspec.Spec))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(root.Plain())
	if err != nil {
		t.Fatal(err)
	}
	const stale = "chatspec: 23 deviations without a difference\n"
	for _, text := range []string{chatspec.Spec, string(asJSON), "\uFEFF" + chatspec.Spec, strings.ReplaceAll(chatspec.Spec, "\n", "\r\n")} {
		name := file(t, "x", text)
		got := program(t, nil, "drift", name)
		if got.code != exitFailure || got.err != stale || !strings.HasPrefix(got.out, "Deviations that fit no difference any more\n  removed * response default\n    because: ") {
			t.Errorf("%+v", got)
		}
		programWith(t, nil, text, "drift", "-").check(t, exitFailure, got.out, stale)
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) }))
		program(t, nil, "drift", srv.URL+"/x?key=secret").check(t, exitFailure, got.out, stale)
		program(t, nil, "drift", "-spec", srv.URL, name).check(t, exitOK, "", "chatspec: no differences\n")
		program(t, nil, "drift", "-deviations", os.DevNull, name).check(t, exitOK, "", "chatspec: no differences\n")
		srv.Close()
	}
	got := program(t, nil, "drift", "-json", file(t, "x", chatspec.Spec))
	if strings.Count(got.out, `{"kind":"stale","at":"`) != 23 {
		t.Error(got.out)
	}
}

// TestDriftFromAHostileDocument has names that would repaint the terminal.
func TestDriftFromAHostileDocument(t *testing.T) {
	t.Parallel()
	text := strings.Replace(chatspec.Spec, "        text_tokens: {type: integer", "        \"a\\e[2J\\x9b\": {type: string, enum: [\"\\e[1m\"]}\n        text_tokens: {type: integer", 1)
	for _, args := range [][]string{{"drift"}, {"drift", "-json"}, {"apply", "-dry-run", "-spec", file(t, "openapi.yaml", chatspec.Spec)}} {
		got := programWith(t, nil, text, append(args, "-")...)
		if got.code != exitFailure || !strings.Contains(got.out+got.err, "a[2J") && !strings.Contains(got.out+got.err, `a\u001b[2J`) || strings.ContainsAny(got.out+got.err, "\x1b\u009b") && args[len(args)-1] != "-json" {
			t.Errorf("%v: %+v", args, got)
		}
	}
}

func TestDriftBelowAPrefix(t *testing.T) {
	t.Parallel()
	prefixed := strings.ReplaceAll(chatspec.Spec, "\n  /chat/completions", "\n  /v1/chat/completions")
	program(t, nil, "drift", "-deviations", os.DevNull, file(t, "x", prefixed)).check(t, exitOK, "", "chatspec: no differences\n")
}

func TestDriftWithDeviations(t *testing.T) {
	t.Parallel()
	lacking := file(t, "x.yaml", edited(t, tiers, noTiers))
	list := file(t, "meant.yaml", "- {at: '* *.service_tier', fact: value, kind: removed, reason: it is new}\n")
	program(t, nil, "drift", "-deviations", list, lacking).check(t, exitOK, "", "chatspec: no differences beside 6 that are meant\n")
	got := program(t, nil, "drift", "-all", "-deviations", list, lacking)
	if !strings.Contains(got.out, "    meant: it is new\n") || got.code != exitOK {
		t.Errorf("%+v", got)
	}
	program(t, nil, "drift", "-deviations", list, file(t, "x.yaml", chatspec.Spec)).check(t, exitFailure,
		"Deviations that fit no difference any more\n  removed * *.service_tier value\n    because: it is new\n", "chatspec: 1 deviation without a difference\n")
}

// TestDriftBadInput has what cannot be compared. Each ends with exit code 2, the file, the line and the reason.
func TestDriftBadInput(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, drift.MaxBytes+1))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	for _, tc := range []struct{ source, stdin, want string }{
		{"nix.yaml", "", "nix.yaml: no such file or directory"},
		{".", "", ".: is a directory"},
		{"http://127.0.0.1:1/x?key=secret", "", "http://127.0.0.1:PORT/x: dial tcp 127.0.0.1:PORT: connect: connection refused"},
		{srv.URL + "/nix?key=secret", "", "http://127.0.0.1:PORT/nix: the server answers 404 Not Found"},
		{srv.URL + "/away", "", "http://127.0.0.1:PORT/away: the server sends elsewhere, too often or to plain http"},
		{srv.URL + "/large", "", "http://127.0.0.1:PORT/large: larger than 16 MiB"},
		{"http://%zz", "", "http://%zz: not a URL"},
		{"-", "", "standard input:1: empty"},
		{"-", strings.Repeat("# much\n", drift.MaxBytes/7+1), "standard input: larger than 16 MiB"},
		{"-", "a: b: c", "standard input:1: not YAML: mapping values are not allowed in this context"},
		{"-", "openapi: 3.1.0\npaths: {/chat/completions: {get: 1}}", "standard input:2: #/paths/~1chat~1completions/get: want an object, not a number"},
		{"-", "openapi: 3.1.0\npaths: {/models: {}}", "standard input:2: #/paths: has none of the paths that are compared: /chat/completions"},
	} {
		t.Run(tc.want, func(t *testing.T) {
			t.Parallel()
			programWith(t, nil, tc.stdin, "drift", tc.source).check(t, exitUsage, "", "chatspec: "+tc.want+"\n")
		})
	}
	list := file(t, "meant.yaml", "- {at: x, kind: added}\n")
	program(t, nil, "drift", "-deviations", list, file(t, "x", chatspec.Spec)).
		check(t, exitUsage, "", "chatspec: "+list+":1: #/0: has no reason\n")
}
