package contract_test

import (
	"testing"

	"github.com/chatspec/chatspec"
	"github.com/chatspec/chatspec/cmd/chatspec/drift"
)

// Whatever the components are called and however unions and nulls are written: every parameter, field,
// type, value, limit, default and required flag of the official document is in ours, ours has nothing
// besides, and each exception stands in api/deviations.yaml with its reason.
func TestNothingOfUpstreamIsMissing(t *testing.T) {
	t.Parallel()
	needShared(t, upstreamPath)
	meant := deviations(t)
	upstream, ours := flatten(t, loadDrift(t, upstreamPath)), flatten(t, loadDrift(t, documentPath))
	got := drift.Sift(drift.Diff(ours, upstream), meant)
	for _, d := range got.Rest {
		t.Errorf("not in %s: %s", deviationsPath, d)
	}
	for _, d := range got.Stale {
		t.Errorf("in %s, but no such difference is left: %s", deviationsPath, d)
	}
	t.Logf("%d facts upstream, %d here, %d deviations", len(upstream.List), len(ours.List), len(meant))
}

// deviations are those that openapi.yaml lists.
func deviations(t *testing.T) []drift.Deviation {
	t.Helper()
	meant, err := drift.ParseDeviations(deviationsPath, []byte(chatspec.Deviations))
	if err != nil {
		t.Fatal(err)
	}
	return meant
}

// The list of deviations is read without the official document too, so that it cannot rot unseen.
func TestDeviationsAreWellFormed(t *testing.T) {
	t.Parallel()
	meant := deviations(t)
	seen := map[string]bool{}
	for _, d := range meant {
		if seen[d.String()] {
			t.Errorf("listed twice: %s", d)
		}
		seen[d.String()] = true
	}
}
