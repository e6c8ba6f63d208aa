// Package sqlite is the embedded engine: one file, one writer, group commit.
//
// All writing goes through one goroutine (see writer), so that issues can live in
// its memory and any number of requests share one commit. Reading uses a few
// connections of its own and never waits for the writer.
package sqlite

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/payload"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

//go:embed schema
var schema embed.FS

// Options sets up an engine; the zero value is right.
type Options struct {
	// Retention is how long events, spans, logs and attachments are kept; 0 means 90 days.
	Retention time.Duration
	// Beside opens the file next to a process that serves it, for administration:
	// folding, sweeping and checkpoints are left to that one.
	Beside bool
	// Queue is the most batches that wait for a commit before Write answers ErrBusy; 0 means 1,024.
	Queue int
	// Rules are the rules of outcome that the pipeline has on: executions that are put
	// together anew must end by the same. The zero value has all of them on.
	Rules agent.Rules
	// Log takes what goes wrong in the background; nil means slog.Default.
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Committed, when set, is told how long each commit took and how many jobs it held.
	Committed func(took time.Duration, jobs int)
}

// DB is an open engine. It is safe for concurrent use.
type DB struct {
	path  string
	opt   Options
	codec *payload.Codec

	jobs    chan *job
	closing chan struct{} // closed by Close: no more jobs
	closed  sync.Once
	workers sync.WaitGroup
	senders sync.RWMutex // held for reading while a job is handed over

	readers chan *conn
	days    days
	outbox  outboxSums

	// mu keeps readers of rollups from seeing a fold half done: the writer holds it
	// while it commits a fold and drops what was folded from pending.
	mu        sync.RWMutex
	pending   *pending
	recovered chan struct{} // closed once pending holds what earlier runs left
	lost      error         // why it never will; set before recovered is closed

	commits  atomic.Uint64
	logPages atomic.Int64 // length of the write-ahead log
	copied   atomic.Bool  // copyLog ended: the writer's turn
	events   atomic.Int64
	spans    atomic.Int64
}

var _ store.Store = (*DB)(nil)

// readerCount is how many reads run side by side.
const readerCount = 4

// Open opens the database file, making it when it is not there, and starts the
// writer. A file of a newer version is an error that says so.
func Open(path string, opt Options) (*DB, error) {
	if opt.Retention == 0 {
		opt.Retention = 90 * 24 * time.Hour
	}
	if opt.Queue == 0 {
		opt.Queue = 1024
	}
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	codec, err := payload.New()
	if err != nil {
		return nil, err
	}
	registerVFS()
	db := &DB{path: path, opt: opt, codec: codec, jobs: make(chan *job, opt.Queue), closing: make(chan struct{}),
		readers: make(chan *conn, readerCount), pending: newPending(), recovered: make(chan struct{})}
	w, err := db.openWriter()
	if err != nil {
		return nil, err
	}
	for range readerCount {
		c, err := connect(path, "", readerCacheKiB)
		if err != nil {
			return nil, errors.Join(err, w.c.Close(), db.abandonReaders())
		}
		db.readers <- c
	}
	if err := db.startBeside(w); err != nil {
		return nil, errors.Join(err, w.c.Close(), db.abandonReaders())
	}
	db.workers.Go(w.run)
	return db, nil
}

// startBeside starts what works beside the writer, unless another process does.
func (db *DB) startBeside(w *writer) error {
	if db.opt.Beside {
		close(db.recovered)
		return nil
	}
	c, err := connect(db.path, "", copierCacheKiB)
	if err != nil {
		return err
	}
	if err := db.startRecovery(w); err != nil {
		return errors.Join(err, c.Close())
	}
	db.workers.Go(func() { db.checkpoint(c) })
	return nil
}

func (db *DB) openWriter() (*writer, error) {
	c, err := connect(db.path, writerVFS, writerCacheKiB)
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, c: c, issues: newIssueCache(), tags: rollup.NewTagLimit(), dayWriters: map[int64]*dayWriter{},
		overgrown: map[model.TraceID]bool{}, begun: map[model.ProjectID]bool{},
		folded: db.opt.Now()}
	if err := errors.Join(migrate(c), db.days.load(c), db.outbox.load(c), c.findLog()); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", db.path, err), c.Close())
	}
	c.WALHook(func(_ *sqlite3.Conn, _ string, pages int) error {
		db.logPages.Store(int64(pages))
		return nil
	})
	if err := w.countRows(); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", db.path, err), c.Close())
	}
	return w, nil
}

// Close finishes what was handed to Write, then closes the file. Later calls of
// any method fail.
func (db *DB) Close() error {
	var err error
	db.closed.Do(func() {
		close(db.closing)
		db.senders.Lock() // until nobody hands over a job any more
		close(db.jobs)
		db.senders.Unlock()
		db.workers.Wait()
		err = db.closeReaders()
	})
	return err
}

// closeReaders waits for the reads under way.
func (db *DB) closeReaders() error {
	var errs []error
	for range readerCount {
		errs = append(errs, (<-db.readers).Close())
	}
	return errors.Join(errs...)
}

// abandonReaders closes the readers there are, when opening ends early.
func (db *DB) abandonReaders() error {
	var errs []error
	for len(db.readers) > 0 {
		errs = append(errs, (<-db.readers).Close())
	}
	return errors.Join(errs...)
}

// migrate brings the schema up to date, each step in its own transaction.
func migrate(c *conn) error {
	files, err := fs.Glob(schema, "schema/0*.sql")
	if err != nil {
		return err
	}
	have, err := c.version()
	if err != nil {
		return err
	}
	if have > len(files) {
		return fmt.Errorf("the data was written by a newer picket (schema %d, this one knows %d): start that version, or restore a backup", have, len(files))
	}
	for i := have; i < len(files); i++ {
		if err := c.migrateTo(i+1, files[i]); err != nil {
			return errors.Join(fmt.Errorf("migrate %s: %w", files[i], err), c.rollback())
		}
	}
	return nil
}

// migrateTo does one step, unless another process was quicker.
func (c *conn) migrateTo(version int, name string) error {
	text, err := schema.ReadFile(name)
	if err != nil {
		return err
	}
	if err := c.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	have, err := c.version()
	if err != nil {
		return err
	}
	if have < version {
		if err := c.Exec(fmt.Sprintf("%s; PRAGMA user_version=%d;", text, version)); err != nil {
			return err
		}
		if err := c.migrateDays(version); err != nil {
			return err
		}
	}
	return c.Exec("COMMIT")
}

// migrateDays does what a step does to the tables of every day that is there.
func (c *conn) migrateDays(version int) error {
	text, err := schema.ReadFile(fmt.Sprintf("schema/day_%04d.sql", version))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	list, err := c.days()
	if err != nil {
		return err
	}
	for _, day := range list {
		if err := c.Exec(in(day, stripComments(string(text)))); err != nil {
			return fmt.Errorf("day %d: %w", day, err)
		}
	}
	return nil
}

func (c *conn) version() (v int, err error) {
	_, err = c.bind("PRAGMA user_version").one(func(s *sqlite3.Stmt) { v = s.ColumnInt(0) })
	return v, err
}

// rollback ends a transaction if one is open.
func (c *conn) rollback() error {
	defer c.log.discard()
	if c.GetAutocommit() {
		return nil
	}
	return c.Exec("ROLLBACK")
}

// Bootstrap makes organization "picket" with project "default" (id 1) and a key
// for it when the database is new, and returns that project's first key either way.
func (db *DB) Bootstrap(ctx context.Context) (store.Key, error) {
	key, found, err := db.firstKey(ctx)
	if err != nil || found {
		return key, err
	}
	err = db.do(1, func(t *txn) error { // all at once: another process may do the same
		if there, err := t.c.bind("SELECT 1 FROM organizations").one(func(*sqlite3.Stmt) {}); there || err != nil {
			return err
		}
		o := store.Organization{Slug: "picket", Name: "Picket"}
		if err := t.createOrganization(&o); err != nil {
			return err
		}
		return t.createProject(&store.Project{Org: o.ID, Slug: "default", Name: "Default"})
	})
	if err != nil {
		return key, fmt.Errorf("make the first project: %w", err)
	}
	if key, found, err = db.firstKey(ctx); err == nil && !found {
		err = fmt.Errorf("the first project's key: %w", model.ErrNotFound)
	}
	return key, err
}

// firstKey returns the first key of the first project.
func (db *DB) firstKey(ctx context.Context) (k store.Key, found bool, err error) {
	err = db.read(ctx, func(c *conn) error {
		found, err = c.bind("SELECT " + keyColumns + "1 ORDER BY p.org, p.id, k.id LIMIT 1").one(func(s *sqlite3.Stmt) { k = scanKey(s) })
		return err
	})
	return k, found, err
}

// newPublicKey returns the public half of a DSN: 32 random hexadecimal digits.
func newPublicKey() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// kind wraps an engine's error with the kind that other rooms understand.
func kind(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sqlite3.FULL):
		return fmt.Errorf("%w: %w", model.ErrFull, err)
	case errors.Is(err, sqlite3.BUSY):
		return fmt.Errorf("%w: %w", model.ErrBusy, err)
	case errors.Is(err, sqlite3.CONSTRAINT_UNIQUE):
		return fmt.Errorf("%w: %w", model.ErrConflict, err)
	}
	return err
}
