package ui_test

import "syscall"

// ownGroup starts a process in a group of its own, which ends with the tests even if these are killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
