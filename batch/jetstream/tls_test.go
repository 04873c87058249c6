package jetstream_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/chatspec/chatspec/batch"
	"github.com/chatspec/chatspec/batch/jetstream"
)

// TestTLSAndCredentials works over TLS, with certificates on both sides and a user of an account, and is refused without
// any of them.
func TestTLSAndCredentials(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca, caKey := certify(t, dir, "ca", nil, nil)
	certify(t, dir, "server", ca, caKey)
	certify(t, dir, "client", ca, caKey)
	certify(t, dir, "stranger", nil, nil)
	opts := &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		TLS: true, TLSVerify: true, TLSTimeout: 10, AuthTimeout: 10, TLSConfig: serverTLS(t, dir),
	}
	creds := account(t, opts, dir)
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.WaitForShutdown)
	t.Cleanup(s.Shutdown)
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server does not start")
	}

	file := func(name string) string { return filepath.Join(dir, name) }
	good := jetstream.Server{URL: s.ClientURL(), CA: file("ca.pem"), Cert: file("client.pem"), Key: file("client.key"), Credentials: creds}
	for name, change := range map[string]func(*jetstream.Server){
		"another CA":           func(s *jetstream.Server) { s.CA = file("stranger.pem") },
		"the CA of the system": func(s *jetstream.Server) { s.CA = "" },
		"no certificate":       func(s *jetstream.Server) { s.Cert, s.Key = "", "" },
		"another certificate":  func(s *jetstream.Server) { s.Cert, s.Key = file("stranger.pem"), file("stranger.key") },
		"no credentials":       func(s *jetstream.Server) { s.Credentials = "" },
		"no such file":         func(s *jetstream.Server) { s.Credentials = file("none") },
	} {
		bad := good
		change(&bad)
		conn, err := jetstream.Connect(bad)
		if err == nil {
			conn.Close()
		}
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), bad.URL) {
			t.Errorf("%s: %v", name, err)
		}
	}
	conn, err := jetstream.Connect(good)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	const n = 100
	p := newProvider(t)
	j := create(t, conn, n, jetstream.Options{})
	submit(t, j, prompts(n))
	if err := work(t.Context(), j, batch.Limits{}, p.URL); err != nil {
		t.Fatal(err)
	}
	check(t, j, n)
}

// certify writes name.pem and name.key for 127.0.0.1, signed by an authority, or of a new one.
func certify(t *testing.T, dir, name string, ca *x509.Certificate, caKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: ca == nil, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if ca == nil {
		ca, caKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, &key.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for ext, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name+ext), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// serverTLS is the configuration of a server that wants to see certificates.
func serverTLS(t *testing.T, dir string) *tls.Config {
	t.Helper()
	config, err := server.GenTLSConfig(&server.TLSConfigOpts{
		CertFile: filepath.Join(dir, "server.pem"), KeyFile: filepath.Join(dir, "server.key"),
		CaFile: filepath.Join(dir, "ca.pem"), Verify: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// account gives a server an operator with an account that has JetStream, and returns the credentials of a user of it.
func account(t *testing.T, opts *server.Options, dir string) string {
	t.Helper()
	keys := map[string]nkeys.KeyPair{}
	public := map[string]string{}
	for name, create := range map[string]func() (nkeys.KeyPair, error){
		"operator": nkeys.CreateOperator, "system": nkeys.CreateAccount, "account": nkeys.CreateAccount, "user": nkeys.CreateUser,
	} {
		pair, err := create()
		if err != nil {
			t.Fatal(err)
		}
		if public[name], err = pair.PublicKey(); err != nil {
			t.Fatal(err)
		}
		keys[name] = pair
	}
	operator := jwt.NewOperatorClaims(public["operator"])
	operator.SystemAccount = public["system"]
	resolver := &server.MemAccResolver{}
	for _, name := range []string{"system", "account"} {
		claims := jwt.NewAccountClaims(public[name])
		if name == "account" {
			claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: -1, DiskStorage: -1, Streams: -1, Consumer: -1}
		}
		token, err := claims.Encode(keys["operator"])
		if err == nil {
			err = resolver.Store(public[name], token)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	opts.TrustedOperators, opts.SystemAccount, opts.AccountResolver = []*jwt.OperatorClaims{operator}, public["system"], resolver
	token, err := jwt.NewUserClaims(public["user"]).Encode(keys["account"])
	if err != nil {
		t.Fatal(err)
	}
	seed, err := keys["user"].Seed()
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.FormatUserConfig(token, seed)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "user.creds")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
