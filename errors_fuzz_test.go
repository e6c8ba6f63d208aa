package picket

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/getsentry/sentry-go"
)

// FuzzExceptionsOf makes trees of errors out of bytes.
func FuzzExceptionsOf(f *testing.F) {
	f.Add([]byte{0})
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	f.Add([]byte{6, 8, 6, 8, 1, 0, 7, 3, 6, 30, 2, 9, 10, 11, 12})
	client := sentryClient(f)
	f.Fuzz(func(t *testing.T, program []byte) {
		err := grow(&program, 0)
		if err == nil {
			return
		}
		list := exceptionsOf(err, callers(0), nil)
		checkTree(t, list)
		event := &sentry.Event{Exception: list}
		before := outline(list)
		fixFrames(event, nil)
		if got := outline(event.Exception); got != before {
			t.Errorf("mending what is well made:\n%s\nwant\n%s", got, before)
		}
		if event = calmly(client, err); event == nil {
			return // sentry-go itself panics
		}
		fixFrames(event, nil)
		checkTree(t, event.Exception)
	})
}

// grow reads one error, nil among them.
func grow(program *[]byte, depth int) error {
	if len(*program) == 0 || depth > 150 {
		return codeError(depth)
	}
	op := (*program)[0]
	*program = (*program)[1:]
	next := func() error { return grow(program, depth+1) }
	switch op % 13 {
	case 0:
		return nil
	case 1:
		return tryWrap("wrap: %w", next())
	case 2:
		return &loopError{next()}
	case 3:
		return causeError{orPlain(next())}
	case 4:
		return (*nilError)(nil)
	case 5:
		return rudeError{next()}
	case 6, 7:
		list := make(listError, op%16)
		for i := range list {
			list[i] = next()
		}
		if op > 128 && len(list) > 0 {
			list[0] = list
		}
		if op%13 == 6 {
			return errors.Join(list...)
		}
		return list
	case 8:
		loop := &loopError{}
		loop.to = tryWrap("%w and %w", loop, next())
		return loop
	case 9:
		return rudeChain{}
	case 10:
		return fresh(0)
	case 11:
		return traced()
	}
	return io.EOF
}

// tryWrap is fmt.Errorf, which does not bear what panics twice.
func tryWrap(format string, list ...any) (err error) {
	defer func() {
		if recover() != nil {
			err = codeError(len(list))
		}
	}()
	return fmt.Errorf(format, list...)
}

func orPlain(err error) error {
	if err == nil {
		return errors.New("plain")
	}
	return err
}

// calmly returns what sentry-go makes of err, nil when it panics.
func calmly(client *sentry.Client, err error) (event *sentry.Event) {
	defer func() {
		if recover() != nil {
			event = nil
		}
	}()
	return client.EventFromException(err, sentry.LevelError)
}

// sentryClient returns a client with a release, lest it ask git for one.
func sentryClient(t testing.TB) *sentry.Client {
	t.Helper()
	client, err := sentry.NewClient(sentry.ClientOptions{Release: "shop@1"})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func benchmarkedError() error {
	return fmt.Errorf("order 7: %w", &queryError{fmt.Errorf("save: %w", errors.New("no stock"))})
}

// deeper calls f from n frames down.
func deeper(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deeper(n-1, f)
}

func BenchmarkExceptionsOf(b *testing.B) {
	err := benchmarkedError()
	b.Run("picket", func(b *testing.B) {
		b.ReportAllocs()
		deeper(20, func() {
			for b.Loop() {
				exceptionsOf(err, callers(1), nil)
			}
		})
	})
	b.Run("sentry-go", func(b *testing.B) {
		client := sentryClient(b)
		b.ReportAllocs()
		deeper(20, func() {
			for b.Loop() {
				client.EventFromException(err, sentry.LevelError)
			}
		})
	})
	b.Run("callers", func(b *testing.B) {
		b.ReportAllocs()
		deeper(20, func() {
			for b.Loop() {
				at := callers(1)
				_ = at
			}
		})
	})
}
