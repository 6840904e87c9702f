package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

const (
	// Where Debian puts the programs that are not for everybody's path.
	debianPrograms = "/usr/lib/postgresql/15/bin"
	// PostgreSQL refuses to run as root; then it runs as this user, whom every system has.
	nobody = 65534
)

func program(name string) string {
	if debians := filepath.Join(debianPrograms, name); exists(debians) {
		return debians
	}
	return name
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// asItsUser is a command that a process which dies does not leave behind.
func asItsUser(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(program(name), args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return cmd
}

func run(name string, args ...string) error {
	if out, err := asItsUser(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

func giveAway(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	if err := os.Chown(path, nobody, nobody); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("give %s to the user of PostgreSQL: %w", path, err)
	}
	return nil
}
