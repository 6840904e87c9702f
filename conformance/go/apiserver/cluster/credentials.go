package cluster

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
)

// writeCredentials writes the two files without which kube-apiserver does not
// start: a key to sign service account tokens, and the users' tokens.
func writeCredentials(dir string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(filepath.Join(dir, "sa.key"), block, 0o600); err != nil {
		return err
	}
	users := token + `,admin,admin,"system:masters"` + "\n"
	return os.WriteFile(filepath.Join(dir, "tokens.csv"), []byte(users), 0o600)
}
