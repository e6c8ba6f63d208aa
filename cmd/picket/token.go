package main

import (
	"context"
	"fmt"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/server"
	"relay.one/picket/internal/store"
)

const aboutToken = `create makes an API token and prints it and nothing else. It is shown this once: only
its hash is kept.`

// token administers API tokens.
func token(ctx context.Context, c call) error {
	verb, c := c.subcommand()
	d := deskSettings(c, "token create --scope SCOPE… [flags]", aboutToken)
	scopes := &list{check: func(s string) error { return access.CheckScopes([]access.Scope{s}) }}
	d.Var(scopes, "scope", "`scope` that the token has, such as event:read; may be given again")
	name := d.String("name", "command line", "`name` by which the token is listed")
	if err := d.read(verb == "create"); err != nil {
		return err
	}
	if len(scopes.values) == 0 {
		return fmt.Errorf("--scope is missing: there are %v", access.Scopes())
	}
	return d.do(ctx, func(desk *server.Desk) error {
		secret, err := desk.CreateToken(ctx, store.Scope{Org: desk.Key.Org}, *name, scopes.values)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.out, secret)
		return err
	})
}
