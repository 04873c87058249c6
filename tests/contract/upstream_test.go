package contract_test

import (
	"testing"

	"github.com/chatspec/chatspec/tests/contract/internal/facts"
)

// Whatever the components are called and however unions and nulls are written: every parameter, field,
// type, value, limit, default and required flag of the official document is in ours, ours has nothing
// besides, and each exception stands in api/deviations.yaml with its reason.
func TestNothingOfUpstreamIsMissing(t *testing.T) {
	t.Parallel()
	needShared(t, upstreamPath)
	meant, err := facts.LoadDeviations(deviationsPath)
	if err != nil {
		t.Fatal(err)
	}
	upstream, ours := flatten(t, load(t, upstreamPath)), flatten(t, load(t, documentPath))
	rest, stale := facts.Unlisted(facts.Diff(upstream, ours), meant)
	for _, d := range rest {
		t.Errorf("not in %s: %s", deviationsPath, d)
	}
	for _, d := range stale {
		t.Errorf("in %s, but no such difference is left: %s", deviationsPath, d)
	}
	t.Logf("%d facts upstream, %d here, %d deviations", len(upstream), len(ours), len(meant))
}

// The list of deviations is read without the official document too, so that it cannot rot unseen.
func TestDeviationsAreWellFormed(t *testing.T) {
	t.Parallel()
	meant, err := facts.LoadDeviations(deviationsPath)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, d := range meant {
		if seen[d.String()] {
			t.Errorf("listed twice: %s", d)
		}
		seen[d.String()] = true
	}
}
