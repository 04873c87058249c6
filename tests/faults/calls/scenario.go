package calls

import (
	"net/http"
	"slices"
	"time"
)

// What every client is given to keep, and to ask.
const (
	Key    = "sk-geheim-7f3a9c51d2e84b06"
	Prompt = "Nobody knows that Rumpelstiltskin is my name."
	Filter = "user-geheim-4711" // in the query of a list
)

// Ask is what a client is asked for.
type Ask string

// The calls. A client that has no list of completions takes the nearest that has a query.
const (
	Create Ask = "create"
	Stream Ask = "stream"
	List   Ask = "list"
)

// Scenario is a server, and what is right to do about it.
type Scenario struct {
	Group string
	Name  string // unique, says what the server does
	Ask   Ask    // Create unless set

	Answers []Answer // to one request each; the last to all that follow
	Query   string   // of the base URL
	TLS     bool     // the server speaks https
	Certify bool     // the client trusts its certificate
	Refused int      // so many connections find nobody listening
	Warm    bool     // a call before has left a connection open
	Large   bool     // the request has a megabyte

	Deadline time.Duration // of the caller's context
	Cancel   bool          // the caller gives up while the client waits

	Want Want
}

// Answer answers one request.
type Answer func(s *Site, w http.ResponseWriter, r *http.Request)

// Want is what is right.
type Want struct {
	Requests int     // that reach the server; none may reach another one
	Answer   bool    // the call succeeds
	Status   int     // of the error, where the server has said no
	Is       []error // what the error is to errors.Is
	Attempts int     // where they are not as many as the requests
	Dials    int     // connections at most, 0 for any number
	Secrets  []Secret
	Client   bool // the secrets are looked for in what is printed of the client, not of the error
}

// Secret is a text that must not be found in what is printed.
type Secret struct{ Name, Text string }

// The secrets. The prompt may be where a server's message quotes it.
var (
	theKey    = Secret{"the key", Key}
	thePrompt = Secret{"the prompt", Prompt}
	theFilter = Secret{"the query", Filter}
)

// Scenarios returns all scenarios, group by group.
func Scenarios() []Scenario {
	all := slices.Concat(
		grouped("Retries by status", statusScenarios()),
		grouped("Waits", waitScenarios()),
		grouped("Connections and attempts", connectionScenarios()),
		grouped("Redirects of a POST", redirectScenarios()),
		grouped("What is printed", leakScenarios()),
	)
	for i := range all {
		if all[i].Ask == "" {
			all[i].Ask = Create
		}
	}
	return all
}

func grouped(group string, scenarios []Scenario) []Scenario {
	for i := range scenarios {
		scenarios[i].Group = group
	}
	return scenarios
}

// Got is what a client made of a scenario.
type Got struct {
	Text     string // of the answer
	Err      error
	Client   any // what a program keeps and may print
	Attempts int // as the client counts them, 0 where it does not
}
