//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package terminal

import (
	"os"

	"github.com/charmbracelet/x/term"
	"github.com/charmbracelet/x/termios"
	"golang.org/x/sys/unix"
)

// Hush keeps a terminal from showing what is typed in the middle of an answer, until restore is called. What was typed
// is there for the next who reads. Ctrl-C still sends its signal. It changes nothing of anything but a terminal, nor where
// the program is in the background, whose terminal belongs to others.
func Hush(in any) (restore func()) {
	f, ok := in.(*os.File)
	if !ok {
		return func() {}
	}
	fd := int(f.Fd())
	before, err := term.GetState(f.Fd())
	now, failed := termios.GetTermios(fd)
	if group, unknown := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err != nil || failed != nil || unknown != nil || group != unix.Getpgrp() {
		return func() {}
	}
	ispeed, ospeed := uint32(now.Ispeed), uint32(now.Ospeed) //nolint:unconvert // of 64 bits on other systems
	_ = termios.SetTermios(fd, ispeed, ospeed, nil, nil, nil, nil, map[termios.L]bool{termios.ECHO: false})
	return func() { _ = term.Restore(f.Fd(), before) }
}
