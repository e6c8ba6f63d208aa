package main

import (
	"context"
	"errors"

	"relay.one/picket/internal/server"
)

// deskFlags are the flags of every subcommand that administers a data directory.
type deskFlags struct {
	*flags
	config server.Config
}

func deskSettings(c call, name, about string) *deskFlags {
	d := &deskFlags{flags: newSettings(c, name, about)}
	d.StringVar(&d.config.Data, "data", defaultData, "`directory` that holds everything")
	d.StringVar(&d.config.Addr, "addr", defaultAddr, "address in the DSN, `host:port`, when no server runs")
	d.StringVar(&d.config.PublicURL, "public-url", "", "`URL` in the DSN; the default is that of the running server")
	return d
}

// read parses the flags, and refuses a verb that is not there.
func (d *deskFlags) read(verbIsKnown bool) error {
	if err := d.parse(); err != nil {
		return err
	}
	if !verbIsKnown {
		d.Usage()
		return errUsage
	}
	return d.config.Check()
}

// do runs f with the data directory open.
func (d *deskFlags) do(ctx context.Context, f func(*server.Desk) error) error {
	desk, err := server.OpenDesk(ctx, d.config.Data)
	if err != nil {
		return err
	}
	return errors.Join(f(desk), desk.Close())
}

// url returns where DSNs point: where the operator says, where the running server
// is, or where one would be.
func (d *deskFlags) url(desk *server.Desk) string {
	if d.config.PublicURL == "" && desk.URL != "" {
		return desk.URL
	}
	return d.config.URL()
}
