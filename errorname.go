package picket

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"reflect"
	"sync"
)

// errorKind is what the type of an error tells.
type errorKind struct {
	name, module string // empty for types that say nothing
	stack        bool   // values may carry a stack
}

// kinds remembers errorKinds by reflect.Type. They are facts of the binary.
var kinds sync.Map

func kindOf(err error) errorKind {
	t := reflect.TypeOf(err)
	if k, ok := kinds.Load(t); ok {
		return k.(errorKind)
	}
	k := errorKind{name: t.String()}
	for _, method := range [...]string{"StackFrames", "StackTrace", "GetStackTracer"} {
		if _, ok := t.MethodByName(method); ok {
			k.stack = true
		}
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		if t.Kind() == reflect.Struct {
			_, xerrors := t.FieldByName("frame")
			k.stack = k.stack || xerrors
		}
	}
	k.module = t.PkgPath()
	switch {
	case t.Name() == "", isAnonymous(k.name):
		k.name, k.module = "", ""
	case k.module == "runtime" && isRuntimeText(t.Name()):
		k.name = "runtime.Error"
	}
	kinds.Store(reflect.TypeOf(err), k)
	return k
}

func isRuntimeText(name string) bool {
	return name == "errorString" || name == "errorAddressString" || name == "plainError"
}

// isAnonymous reports whether values of the type only carry a text, a stack or another
// error. The server knows much the same types (internal/group).
func isAnonymous(typ string) bool {
	switch typ {
	case "*errors.errorString", "*errors.joinError", "*fmt.wrapError", "*fmt.wrapErrors",
		"*errors.fundamental", "*errors.withMessage", "*errors.withStack", "*errors.Error", "*errors.Err",
		"*xerrors.errorString", "*xerrors.wrapError", "*xerrors.noWrapError",
		"*errutil.leafError", "*errutil.withPrefix", "*withstack.withStack", "*withmessage.withMessage",
		"*eris.rootError", "*eris.wrapError", "*stacktrace.stacktrace", "*multierr.multiError",
		"*oops.OopsError", "oops.OopsError", "*trace.TraceErr":
		return true
	}
	return false
}

// sentinel is an error that everybody knows by its variable.
type sentinel struct {
	err          error
	name, module string
	text         bool // nobody else says it in these words
}

var sentinels = [...]sentinel{
	{context.Canceled, "context.Canceled", "context", true},
	{context.DeadlineExceeded, "context.DeadlineExceeded", "context", true},
	{io.EOF, "io.EOF", "io", true},
	{io.ErrUnexpectedEOF, "io.ErrUnexpectedEOF", "io", true},
	{io.ErrClosedPipe, "io.ErrClosedPipe", "io", true},
	{sql.ErrNoRows, "sql.ErrNoRows", "database/sql", true},
	{sql.ErrTxDone, "sql.ErrTxDone", "database/sql", true},
	{sql.ErrConnDone, "sql.ErrConnDone", "database/sql", true},
	{driver.ErrBadConn, "driver.ErrBadConn", "database/sql/driver", true},
	{http.ErrAbortHandler, "http.ErrAbortHandler", "net/http", true},
	{http.ErrServerClosed, "http.ErrServerClosed", "net/http", true},
	{http.ErrHandlerTimeout, "http.ErrHandlerTimeout", "net/http", true},
	{net.ErrClosed, "net.ErrClosed", "net", true},
	{os.ErrDeadlineExceeded, "os.ErrDeadlineExceeded", "os", true},
	{fs.ErrNotExist, "fs.ErrNotExist", "io/fs", false},
	{fs.ErrExist, "fs.ErrExist", "io/fs", false},
	{fs.ErrPermission, "fs.ErrPermission", "io/fs", false},
	{fs.ErrClosed, "fs.ErrClosed", "io/fs", false},
}

// sentinelByText finds a sentinel by what sentry-go tells of it.
func sentinelByText(typ, text string) *sentinel {
	for i := range sentinels {
		s := &sentinels[i]
		if s.text && s.err.Error() == text && reflect.TypeOf(s.err).String() == typ {
			return s
		}
	}
	return nil
}

// errorName returns the name of err: the one it gives itself by a method ErrorType, that
// of a well-known variable, else that of its type. It is empty for errors without one.
func errorName(err error, kind errorKind) (name, module string) {
	defer func() {
		if recover() != nil {
			name, module = kind.name, kind.module
		}
	}()
	if e, ok := err.(interface{ ErrorType() string }); ok {
		if name := e.ErrorType(); name != "" {
			return name, kind.module
		}
	}
	for i := range sentinels {
		if s := &sentinels[i]; err == s.err {
			return s.name, s.module
		}
	}
	return kind.name, kind.module
}
