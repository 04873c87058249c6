package embedded_test

import (
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/chatspec/chatspec/batch/jetstream/embedded"
)

// TestStart starts a server twice on the same folder: not at once, and what the first one had the second one has.
func TestStart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, err := embedded.Start(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Start(folder); err == nil || !strings.Contains(err.Error(), folder) {
		t.Errorf("a second server: %v", err)
	}
	if _, err := bucket(t, s).Put(t.Context(), "key", []byte("value")); err != nil {
		t.Error(err)
	}
	s.Close()
	if s, err = embedded.Start(folder); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if entry, err := bucket(t, s).Get(t.Context(), "key"); err != nil || string(entry.Value()) != "value" {
		t.Errorf("%v %v", entry, err)
	}
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	if _, err := embedded.Start("/dev/null/folder"); err == nil {
		t.Error("started in a folder that cannot be")
	}
}

func bucket(t *testing.T, s *embedded.Server) jetstream.KeyValue {
	t.Helper()
	conn, err := s.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.CreateOrUpdateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return kv
}
