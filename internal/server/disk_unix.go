//go:build linux || darwin

package server

import "syscall"

// freeSpace returns how many bytes an ordinary user may still write below dir, and
// whether that is known.
func freeSpace(dir string) (free uint64, known bool) {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return 0, false
	}
	return st.Bavail * uint64(st.Bsize), true
}
