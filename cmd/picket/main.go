// Command picket is Picket: a Sentry-compatible server for AI agents, and what
// administers it. Each subcommand has its own file and its own help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// command is one subcommand.
type command struct {
	name, brief string
	run         func(ctx context.Context, c call) error
}

// commands lists the subcommands. To add one, write its file and a line here.
var commands = []command{
	{"serve", "take telemetry and answer questions", serve},
	{"project", "list and make projects, print a DSN", project},
	{"token", "make API tokens", token},
	{"user", "let people in, and in again", user},
	{"demo", "fill a running server from simulated agents", simulate},
	{"version", "say which build this is", version},
}

// call is what a subcommand is called with.
type call struct {
	args []string
	env  func(string) (string, bool)
	out  io.Writer
	err  io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends us at once
	err := run(ctx, call{os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr})
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

// errUsage says that the command line is wrong; what is wrong has been told.
var errUsage = errors.New("usage")

func exitCode(err error, w io.Writer) int {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintln(w, "picket:", err)
	return 1
}

func run(ctx context.Context, c call) error {
	if len(c.args) == 0 {
		usage(c.err)
		return errUsage
	}
	name := c.args[0]
	c.args = c.args[1:]
	for _, cmd := range commands {
		if cmd.name == name {
			return cmd.run(ctx, c)
		}
	}
	switch name {
	case "help", "-h", "-help", "--help":
		usage(c.out)
		return nil
	}
	fmt.Fprintf(c.err, "picket: there is no command %q\n\n", name)
	usage(c.err)
	return errUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Picket watches AI agents in production. It speaks Sentry's protocol.\n\nUsage: picket COMMAND [flags]\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.brief)
	}
	fmt.Fprint(w, "\nEvery command tells its flags with --help; each flag has a PICKET_… twin in the environment.\n")
}
