package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// holder is what the lock file says of the process that holds it.
type holder struct {
	PID int    `json:"pid"`
	URL string `json:"url,omitempty"` // where it is reached
}

// dataLock keeps a second process from writing to the same data.
type dataLock struct {
	flock *flock.Flock
	note  string // path of the file that names the holder
}

// errLocked says that another process serves the data directory.
var errLocked = errors.New("in use")

// lockData makes the directory and takes its lock, or says who has it. The lock
// ends with the process, however that ends.
func lockData(dir string) (*dataLock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	l := &dataLock{flock: flock.New(filepath.Join(dir, "picket.lock"), flock.SetPermissions(0o600)), note: filepath.Join(dir, "picket.pid")}
	ok, err := l.flock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if !ok {
		h := readHolder(dir)
		return nil, fmt.Errorf("directory %s is %w by another picket, process %d, at %s: stop that one, or name another directory",
			dir, errLocked, h.PID, h.URL)
	}
	return l, nil
}

// announce writes down who holds the lock.
func (l *dataLock) announce(url string) error {
	b, err := json.Marshal(holder{os.Getpid(), url})
	if err != nil {
		return err
	}
	return os.WriteFile(l.note, b, 0o600)
}

// release gives the lock back.
func (l *dataLock) release() error {
	err := os.Remove(l.note)
	if errors.Is(err, os.ErrNotExist) {
		err = nil // nothing was announced
	}
	return errors.Join(err, l.flock.Unlock())
}

// readHolder returns what the holder wrote down; it may be nothing yet.
func readHolder(dir string) (h holder) {
	b, err := os.ReadFile(filepath.Join(dir, "picket.pid"))
	if err == nil {
		err = json.Unmarshal(b, &h)
	}
	if err != nil {
		return holder{}
	}
	return h
}
