package contract_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// seed is what the document that the project was created from names. It is a text for people, taken from a
// web page: some of its lines run into each other.
type seed struct {
	operations []string
	parameters []string
	properties map[string][]string // by schema, each of which is a key
}

var (
	seedOperation = regexp.MustCompile(`^[a-z]+[A-Z]\w*$`)
	seedSchema    = regexp.MustCompile(`^[A-Z]\w+$`)
	seedParameter = regexp.MustCompile(`([a-z_]+)\(in (?:query|path)`)
	seedProperty  = regexp.MustCompile(`([a-z_]+)\((?:array|string|integer|number|boolean|object|[A-Z]\w+)[^()]*\)`)
)

func parseSeed(text string) seed {
	out := seed{properties: map[string][]string{}}
	schema, inSchemas := "", false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "SCHEMAS":
			inSchemas = true
		case line == "SEE ALSO":
			return out
		case inSchemas && seedSchema.MatchString(line):
			schema = line
			out.properties[schema] = nil
		case inSchemas:
			out.properties[schema] = append(out.properties[schema], submatches(seedProperty, line)...)
		case seedOperation.MatchString(line):
			out.operations = append(out.operations, line)
		default:
			out.parameters = append(out.parameters, submatches(seedParameter, line)...)
		}
	}
	return out
}

func submatches(re *regexp.Regexp, line string) []string {
	var out []string
	for _, m := range re.FindAllStringSubmatch(line, -1) {
		out = append(out, m[1])
	}
	return out
}

// Every operation, parameter and schema that the seed names must exist under its name.
func TestSeedNames(t *testing.T) {
	t.Parallel()
	needShared(t, seedPath)
	text, err := os.ReadFile(seedPath)
	if err != nil {
		t.Fatal(err)
	}
	want := parseSeed(string(text))
	if len(want.operations) < 2 || len(want.parameters) < 5 || len(want.properties) < 6 {
		t.Fatalf("the seed has more than was read from it: %+v", want)
	}
	root := load(t, documentPath).Root()
	var ids, names []string
	for _, op := range operations(root) {
		ids = append(ids, op["operationId"].(string))
	}
	for _, p := range parameters(root) {
		names = append(names, p["name"].(string))
	}
	for _, id := range want.operations {
		if !slices.Contains(ids, id) {
			t.Errorf("operation %s is missing", id)
		}
	}
	for _, name := range want.parameters {
		if !slices.Contains(names, name) {
			t.Errorf("parameter %s is missing", name)
		}
	}
	schemas := object(object(root["components"])["schemas"])
	for name, properties := range want.properties {
		if schemas[name] == nil {
			t.Errorf("schema %s is missing", name)
		}
		for _, p := range properties {
			if object(object(schemas[name])["properties"])[p] == nil {
				t.Errorf("schema %s has no property %s", name, p)
			}
		}
	}
}
