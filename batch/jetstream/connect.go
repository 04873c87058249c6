package jetstream

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Server says where a NATS server is, and how one is let in there.
type Server struct {
	URL         string // such as nats://host:4222 or tls://…; several with commas between
	CA          string // the file of a certificate that servers are checked with; empty for those of the system
	Cert, Key   string // the files of a client certificate and its key; empty for none
	Credentials string // the file of a user's JWT and seed; empty for none
	Name        string // what the server calls the connection
}

// Connect connects. Afterwards the connection comes back by itself for as long as it is not closed, to any server of the
// cluster; how long that may take is a matter of the job's [Patience].
func Connect(s Server) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name(s.Name), nats.MaxReconnects(-1), nats.ReconnectWait(reconnectWait),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // else it prints what requests return anyway
	}
	if s.CA != "" {
		opts = append(opts, nats.RootCAs(s.CA))
	}
	if s.Cert != "" || s.Key != "" {
		opts = append(opts, nats.ClientCert(s.Cert, s.Key))
	}
	if s.Credentials != "" {
		opts = append(opts, nats.UserCredentials(s.Credentials))
	}
	conn, err := nats.Connect(s.URL, opts...)
	if err != nil {
		return nil, fmt.Errorf("jetstream: cannot connect to the NATS server %s: %w", redact(s.URL), err)
	}
	return conn, nil
}

// reconnectWait is how long a connection waits before it tries the same server again.
const reconnectWait = 500 * time.Millisecond

// redact leaves passwords and tokens out of addresses.
func redact(addresses string) string {
	list := strings.Split(addresses, ",")
	for i, address := range list {
		u, err := url.Parse(strings.TrimSpace(address))
		switch {
		case err != nil:
			list[i] = "(malformed address)"
		case u.User != nil:
			list[i] = u.Scheme + "://…@" + u.Host
		}
	}
	return strings.Join(list, ",")
}
