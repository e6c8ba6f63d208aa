package sqlite

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// writerVFS is the name under which the writer's file system is registered.
const writerVFS = "picket-writer"

var registerVFS = sync.OnceFunc(func() { vfs.Register(writerVFS, logFS{vfs.Find("")}) })

// logFS is the operating system's file system, but for the write-ahead log, whose
// pages it hands over in one piece per sync: SQLite writes every page and its
// header apart, and the system calls would cost as much as the rest of a commit.
//
// It is for the writer only. SQLite tells readers of a commit (through the
// shared index) after it has synced the log, so that they never miss what is
// still gathered here; and what a crash loses of it no commit has answered for.
// Outside of a transaction nothing may be gathered: see discard.
type logFS struct{ vfs.VFS }

// OpenFilename implements vfs.VFSFilename.
func (v logFS) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, out, err := v.VFS.(vfs.VFSFilename).OpenFilename(name, flags)
	if err == nil && flags&vfs.OPEN_WAL != 0 {
		f = &logFile{File: f}
	}
	return f, out, err
}

// maxGathered is how much of the log is gathered at the most.
const maxGathered = 1 << 20

// logFile is the write-ahead log, its newest stretch gathered in memory.
type logFile struct {
	vfs.File
	gathered []byte
	offset   int64 // where gathered belongs
}

// WriteAt implements io.WriterAt.
func (f *logFile) WriteAt(p []byte, off int64) (int, error) {
	if off != f.offset+int64(len(f.gathered)) || len(f.gathered)+len(p) > maxGathered {
		if err := f.flush(); err != nil {
			return 0, err
		}
		f.offset = off
	}
	f.gathered = append(f.gathered, p...)
	return len(p), nil
}

func (f *logFile) flush() error {
	if len(f.gathered) == 0 {
		return nil
	}
	_, err := f.File.WriteAt(f.gathered, f.offset)
	f.offset += int64(len(f.gathered))
	f.gathered = f.gathered[:0]
	if errors.Is(err, syscall.ENOSPC) {
		// Of any other error SQLite keeps only that there was one.
		return vfs.SystemError(err, sqlite3.FULL)
	}
	return err
}

// discard throws away what is gathered of a transaction that was rolled back: by
// the time of the next write another process may have put its pages there.
func (f *logFile) discard() {
	if f != nil {
		f.gathered = f.gathered[:0]
	}
}

// ReadAt implements io.ReaderAt.
func (f *logFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

// Sync implements vfs.File.
func (f *logFile) Sync(flags vfs.SyncFlag) error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Sync(flags)
}

// Truncate implements vfs.File.
func (f *logFile) Truncate(size int64) error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

// Size implements vfs.File.
func (f *logFile) Size() (int64, error) {
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.File.Size()
}

// Close implements io.Closer.
func (f *logFile) Close() error {
	if err := f.flush(); err != nil {
		f.File.Close()
		return err
	}
	return f.File.Close()
}

// findLog looks up the write-ahead log of a connection that has read something.
func (c *conn) findLog() error {
	f, err := c.FileControl("main", sqlite3.FCNTL_JOURNAL_POINTER)
	if err != nil {
		return fmt.Errorf("find the write-ahead log: %w", err)
	}
	log, ok := f.(*logFile)
	if !ok {
		return fmt.Errorf("the write-ahead log is a %T", f)
	}
	c.log = log
	return nil
}

// Unwrap implements vfs.FileUnwrap.
func (f *logFile) Unwrap() vfs.File { return f.File }
