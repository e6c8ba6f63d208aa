package model

import "errors"

// The kinds of error that cross rooms. Wrap one with what was being done; the
// HTTP rooms map the kind to a status and strangers see only the kind and a
// short text.
var (
	// ErrNotFound says that the named thing does not exist for this caller.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that the caller's input is wrong; the text names the field and the fix.
	ErrInvalid = errors.New("invalid")
	// ErrConflict says that the thing is already there or has changed meanwhile.
	ErrConflict = errors.New("conflict")
	// ErrBusy says that a queue is full: try again after a moment.
	ErrBusy = errors.New("busy")
	// ErrFull says that the disk is full: nothing can be stored until there is room.
	ErrFull = errors.New("disk full")
	// ErrUnauthorized says that the caller did not show who they are.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden says that the caller may not do this.
	ErrForbidden = errors.New("forbidden")
)
