package main

import (
	"context"
	"errors"
	"fmt"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/server"
)

const aboutUser = `link prints a one-time link and nothing else: to set the administrator's e-mail address
and password, or, with --email, a new password for a user who forgot theirs. It is good
for a day, and replaces the link before it.`

// user administers the people who sign in.
func user(ctx context.Context, c call) error {
	verb, c := c.subcommand()
	d := deskSettings(c, "user link [--email ADDRESS] [flags]", aboutUser)
	email := d.String("email", "", "e-mail `address` of the user who needs a new password")
	if err := d.read(verb == "link"); err != nil {
		return err
	}
	return d.do(ctx, func(desk *server.Desk) error {
		link, err := desk.UserLink(ctx, *email, d.url(desk))
		if errors.Is(err, model.ErrConflict) {
			return fmt.Errorf("--email is missing: there is an administrator already")
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.out, link)
		return err
	})
}
