// Package embedded starts a NATS server with JetStream in this process, for trying package jetstream without any other.
// It is the only package that links the server.
package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// SyncInterval is how often the files are synced to the disk, and so what a power cut can take. Syncing every message
// would make publishing many times slower.
const SyncInterval = time.Second

// readyTimeout is how long the server may take to recover what its files have.
const readyTimeout = time.Minute

// Server is a NATS server that only this process reaches: it listens nowhere.
type Server struct {
	server *server.Server
	lock   *flock.Flock
}

// Start starts a server that keeps its streams in a folder, which is made where it is not there. Only one process at a
// time may use a folder.
func Start(folder string) (*Server, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(folder, "lock"))
	locked, err := lock.TryLock()
	if err == nil && !locked {
		err = fmt.Errorf("embedded: another process is using %s", folder)
	}
	if err != nil {
		return nil, err
	}
	s := &Server{lock: lock}
	s.server, err = server.NewServer(&server.Options{
		ServerName:   "embedded",
		DontListen:   true,
		NoSigs:       true,
		NoLog:        true,
		JetStream:    true,
		StoreDir:     folder,
		SyncInterval: SyncInterval,
	})
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	s.server.Start()
	if !s.server.ReadyForConnections(readyTimeout) || !s.server.JetStreamEnabled() {
		s.Close()
		return nil, fmt.Errorf("embedded: the server cannot use %s", folder)
	}
	return s, nil
}

// Connect returns a connection to the server. The caller closes it.
func (s *Server) Connect() (*nats.Conn, error) {
	quiet := nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}) // else it prints what requests return anyway
	return nats.Connect("", nats.InProcessServer(s.server), quiet)
}

// Close ends the server, and syncs its files.
func (s *Server) Close() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
	_ = s.lock.Unlock() // the end of the process does it too
}
