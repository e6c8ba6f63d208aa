// Database wraps a database/sql driver, so that queries are spans and breadcrumbs: their
// text without any values, how long they took, and what went wrong.
//
//	go run ./examples/database
//	SENTRY_DSN=… go run ./examples/database
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ncruces/go-sqlite3/driver"

	"relay.one/picket"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "database:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := picket.Init(picket.Options{Environment: "development"}); err != nil {
		return err
	}
	// Every driver can be wrapped; it is registered under a name of its own.
	sql.Register("sqlite3+picket", picket.WrapDriver(&driver.SQLite{}, picket.SQLOptions{Database: "orders"}))
	db, err := sql.Open("sqlite3+picket", ":memory:")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1) // each connection would have a memory of its own
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(settle(ctx, db), db.Close(), picket.Close(ctx))
}

// settle is the job whose queries are watched. A query is reported where its context
// belongs to a transaction, a request or an execution: use the methods with Context.
func settle(ctx context.Context, db *sql.DB) error {
	ctx, job := picket.StartTransaction(ctx, "task", "settle orders")
	defer job.End()
	if err := fill(ctx, db); err != nil {
		return err
	}
	total, err := openTotal(ctx, db, "acme")
	if err != nil {
		return err
	}
	fmt.Println("open orders of acme:", total)

	_, err = db.ExecContext(ctx, "UPDATE invoices SET paid = 1 WHERE customer = ?", "acme")
	if err != nil { // there is no such table
		id := picket.CaptureException(ctx, fmt.Errorf("settle: %w", err))
		fmt.Println("the query failed, event", id, "shows the ones before it")
	}
	return nil
}

// fill works in a database transaction; that is one span around those of its statements.
func fill(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing is left to do after Commit
	if _, err := tx.ExecContext(ctx, "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, dollars INTEGER)"); err != nil {
		return err
	}
	for _, dollars := range []int{40, 25} {
		if _, err := tx.ExecContext(ctx, "INSERT INTO orders (customer, dollars) VALUES (?, ?)", "acme", dollars); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// openTotal asks one thing. The 10 in the query does not leave the program, as little as
// the customer's name.
func openTotal(ctx context.Context, db *sql.DB, customer string) (total int, err error) {
	err = db.QueryRowContext(ctx, "SELECT sum(dollars) FROM orders WHERE customer = ? AND dollars > 10", customer).Scan(&total)
	return total, err
}
