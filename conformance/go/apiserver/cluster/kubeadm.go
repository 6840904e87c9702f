package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"

	"auroch/harness/datastore"
)

// likeKubeadm has the store started under the name etcd, with the arguments that
// kubeadm gives it: mutual TLS for clients, and all that is said of peers. It
// returns what kube-apiserver is told of it.
func likeKubeadm(opts *datastore.Options) ([]string, error) {
	file := func(name string) string { return filepath.Join(opts.Dir, name) }
	if err := writeCertificates(file); err != nil {
		return nil, err
	}
	addrs := make([]string, 3)
	for i := range addrs {
		addr, err := datastore.FreeAddr()
		if err != nil {
			return nil, err
		}
		addrs[i] = addr
	}
	opts.As = "etcd"
	opts.ClientURL, opts.PeerURL = "https://"+addrs[0], "https://"+addrs[1]
	opts.ProgressInterval = 5 * time.Second
	opts.TLS = transport.TLSInfo{
		CertFile: file("server.crt"), KeyFile: file("server.key"), TrustedCAFile: file("ca.crt"),
		ClientCertFile: file("client.crt"), ClientKeyFile: file("client.key"),
	}
	opts.Args = []string{
		"--client-cert-auth=true",
		"--feature-gates=InitialCorruptCheck=true",
		"--listen-metrics-urls=http://" + addrs[2],
		"--peer-cert-file=" + file("server.crt"),
		"--peer-client-cert-auth=true",
		"--peer-key-file=" + file("server.key"),
		"--peer-trusted-ca-file=" + file("ca.crt"),
		"--snapshot-count=10000",
	}
	return []string{
		"--etcd-cafile=" + file("ca.crt"),
		"--etcd-certfile=" + file("client.crt"),
		"--etcd-keyfile=" + file("client.key"),
	}, nil
}

// writeCertificates makes an authority, and has it sign a server and a client.
func writeCertificates(file func(string) string) error {
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	key, err := writePair(file("ca"), authority, authority, nil)
	if err != nil {
		return err
	}
	for i, name := range []string{"server", "client"} {
		certificate := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i) + 2), Subject: pkix.Name{CommonName: name},
			KeyUsage:    x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			NotBefore:   authority.NotBefore, NotAfter: authority.NotAfter,
		}
		if _, err := writePair(file(name), certificate, authority, key); err != nil {
			return err
		}
	}
	return nil
}

// writePair writes a certificate and its new key; without a signer it signs itself.
func writePair(name string, certificate, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if signer == nil {
		signer = key
	}
	signed, err := x509.CreateCertificate(rand.Reader, certificate, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	for suffix, block := range map[string]*pem.Block{
		".crt": {Type: "CERTIFICATE", Bytes: signed},
		".key": {Type: "EC PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(name+suffix, pem.EncodeToMemory(block), 0o600); err != nil {
			return nil, err
		}
	}
	return key, nil
}
