package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/chatspec/chatspec/batch/jetstream"
	"github.com/chatspec/chatspec/batch/jetstream/embedded"
)

const (
	envNATS = "NATS_URL"
	// embeddedServer is the address of the server that is built in, and embeddedStore the folder that it keeps.
	embeddedServer = "embedded"
	embeddedStore  = "chatspec-nats"
	// defaultJob is the name of the job that commands are about unless -job says otherwise.
	defaultJob = "default"
)

// natsHelp is the part of the help that the commands over NATS share.
const natsHelp = `
-nats embedded is a server in the process of the command, which keeps what it
has in the folder of -store. So it can all be tried on one machine, one command
after another. A server of your own is nats-server with JetStream (-js).
`

// natsFlags say which job on which NATS server a command is about.
type natsFlags struct {
	server   jetstream.Server
	store    string
	job      string
	patience time.Duration
}

func (f *natsFlags) declare(fs *flag.FlagSet) {
	fs.StringVar(&f.job, "job", "", "the `NAME` of the job on the NATS server; default "+defaultJob)
	f.declareServer(fs)
}

func (f *natsFlags) declareServer(fs *flag.FlagSet) {
	fs.StringVar(&f.server.URL, "nats", "", "the NATS server at `URL`, or embedded; default $"+envNATS)
	fs.StringVar(&f.server.CA, "nats-ca", "", "trust NATS servers with certificates of the CA in `FILE`")
	fs.StringVar(&f.server.Cert, "nats-cert", "", "show NATS servers the certificate in `FILE`")
	fs.StringVar(&f.server.Key, "nats-key", "", "the key of that certificate is in `FILE`")
	fs.StringVar(&f.server.Credentials, "nats-creds", "", "log in to NATS with the credentials in `FILE`")
	fs.StringVar(&f.store, "store", embeddedStore, "data of -nats embedded is in `DIR`; default "+embeddedStore)
	fs.DurationVar(&f.patience, "patience", time.Duration(jetstream.DefaultPatience), "wait `TIME` for a NATS server that is gone; default 1m")
}

// connect returns a connection to the server, which it starts if it is the embedded one. The caller calls stop when
// done.
func (f *natsFlags) connect(c *console) (conn *nats.Conn, stop func(), err error) {
	f.server.URL = cmp.Or(f.server.URL, c.getenv(envNATS))
	f.server.Name = "chatspec"
	switch {
	case f.server.URL == "":
		return nil, nil, usageError{text: "which NATS server? Want -nats URL, or -nats embedded to try it without one"}
	case f.patience <= 0:
		return nil, nil, usageError{text: "-patience: want a time above 0"}
	case f.server.URL != embeddedServer:
		conn, err = jetstream.Connect(f.server)
		if err != nil {
			return nil, nil, explainNATS(err)
		}
		return conn, conn.Close, nil
	}
	server, err := embedded.Start(f.store)
	if err != nil {
		return nil, nil, explainNATS(err)
	}
	if conn, err = server.Connect(); err != nil {
		server.Close()
		return nil, nil, err
	}
	return conn, func() { conn.Close(); server.Close() }, nil
}

// open opens the job. The caller calls stop when done.
func (f *natsFlags) open(ctx context.Context, c *console) (j *jetstream.Job, stop func(), err error) {
	conn, stop, err := f.connect(c)
	if err != nil {
		return nil, nil, err
	}
	j, err = jetstream.Open(ctx, conn, f.name(), jetstream.Patience(f.patience))
	if err != nil {
		stop()
		return nil, nil, explainOpen(err, f.name())
	}
	return j, stop, nil
}

func (f *natsFlags) name() string { return cmp.Or(f.job, defaultJob) }

// explainOpen says what to do about an error of opening the job of a name.
func explainOpen(err error, name string) error {
	if errors.Is(err, jetstream.ErrNoJob) {
		return failure{fmt.Sprintf("there is no job %s on the NATS server; batch submit makes one", name), err}
	}
	return explainNATS(err)
}

// explainNATS says what to do about an error of a NATS server or of a job.
func explainNATS(err error) error {
	var lost *jetstream.LostError
	var other *jetstream.OtherInputError
	if err == nil {
		return nil
	}
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "jetstream: "), "embedded: ")
	switch {
	case errors.As(err, &lost):
		text = strings.TrimPrefix(lost.Error(), "jetstream: ") + "; what it has stays, and the same command goes on when it is back"
	case errors.As(err, &other):
		text += "; name another with -job"
	case text == err.Error():
		return explainFile(err)
	}
	return failure{text, err}
}

// sometimes says when to tell somebody who waits how far it is.
type sometimes struct{ last time.Time }

func startSometimes() *sometimes { return &sometimes{time.Now()} }

func (s *sometimes) due() bool {
	if time.Since(s.last) < logInterval {
		return false
	}
	s.last = time.Now()
	return true
}
